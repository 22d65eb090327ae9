/* SPDX-License-Identifier: MIT */
#include "proc_tree.h"

#include "rule_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

void put_file(const struct tree *tree, const char *name, const char *bytes, size_t length)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", tree->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(length, fwrite(bytes, 1, length, file));
    fclose(file);
}

void put_process(const struct tree *tree, const struct made_process *made)
{
    char path[128];
    char line[256];
    snprintf(path, sizeof(path), "%s/%d", tree->root, made->pid);
    mkdir(path, 0755);
    snprintf(line, sizeof(line), "%d (%s) %c %d 1 1 0 -1 %d 1 0 0 0 0 0 0 0 20 0 1 0 %d 1 2\n",
             made->pid, made->comm, made->state, made->parent,
             made->flags != 0 ? made->flags : 4194560, made->start);
    snprintf(path, sizeof(path), "%d/stat", made->pid);
    put_file(tree, path, line, strlen(line));
    snprintf(path, sizeof(path), "%d/cmdline", made->pid);
    put_file(tree, path, made->arguments, made->bytes);
    snprintf(path, sizeof(path), "%d/cgroup", made->pid);
    if (made->cgroup != NULL)
        put_file(tree, path, made->cgroup, strlen(made->cgroup));
}

void drop(const struct tree *tree, const char *pattern)
{
    char command[160];
    snprintf(command, sizeof(command), "rm -rf %s/%s", tree->root, pattern);
    assert_int_equal(0, system(command)); /* in a folder of this test's own making */
}

void open_scan(struct tree *tree)
{
    scan_destroy(tree->scan);
    tree->scan = scan_create(tree->root, tree->rules, &tree->users);
    assert_non_null(tree->scan);
}

int make_tree(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    struct rule_groups groups;
    snprintf(tree->root, sizeof(tree->root), "/tmp/clockblock-proc-XXXXXX");
    assert_non_null(mkdtemp(tree->root));
    rule_groups_init(&groups);
    tree->error.size = sizeof(tree->error);
    tree->rules = rules_create(&groups.settings, &tree->error);
    assert_non_null(tree->rules);
    assert_true(users_find(&tree->users, NULL, &tree->error));
    open_scan(tree);
    PUT(tree, 1, "init", 'S', 0, 1, "/sbin/init");
    *state = tree;
    return 0;
}

int drop_tree(void **state)
{
    struct tree *tree = *state;
    drop(tree, "");
    scan_destroy(tree->scan);
    rules_destroy(tree->rules);
    free(tree);
    return 0;
}

static void on_found(const struct scan_game *game, void *context)
{
    struct tree *tree = context;
    size_t used = strlen(tree->found);
    if (used > 0)
        used += (size_t)snprintf(tree->found + used, sizeof(tree->found) - used, " ");
    if (game->steam_app != 0)
        used += (size_t)snprintf(tree->found + used, sizeof(tree->found) - used, "%lld/",
                                 (long long)game->steam_app);
    snprintf(tree->found + used, sizeof(tree->found) - used, "%d:%d:%s:%d", game->rule,
             game->confidence, game->program, (int)game->pid);
}

int32_t tree_poll(struct tree *tree, int64_t now_ms)
{
    tree->found[0] = '\0';
    return scan_poll(tree->scan, now_ms, on_found, tree, &tree->error);
}

const char *look(struct tree *tree, int64_t now_ms)
{
    int32_t status = tree_poll(tree, now_ms);
    if (status != CLB_OK)
        fail_msg("%s", tree->error.text);
    return tree->found;
}
