/* SPDX-License-Identifier: MIT */
/* Settings from the environment and the command line, put over those of the file. What is put later
 * wins: the environment first, then the command line. */
#include "node.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 256 };
static const char prefix[] = "CLOCKBLOCK_";

/* Finds the group on the way to a setting, and makes it when it is not there. */
static struct config_node *enter(struct config_node *parent, const char *name, const char *source)
{
    struct config_node *child = node_find(parent, name);
    if (child == NULL) {
        child = node_create(NODE_GROUP, name, source, NODE_LINE_NOWHERE);
        node_append(parent, child);
    }
    return child->kind == NODE_GROUP ? child : NULL;
}

static void replace(struct config_node *group, const char *name, const char *value,
                    const char *source)
{
    struct config_node *node = node_find(group, name);
    if (node == NULL) {
        node = node_create(NODE_TEXT, name, source, NODE_LINE_NOWHERE);
        node_append(group, node);
    }
    node_destroy(node->children);
    node->children = NULL;
    free(node->text);
    free(node->source);
    node->kind = NODE_TEXT;
    node->line = NODE_LINE_NOWHERE;
    node->text = strdup(value);
    node->source = strdup(source);
    assert(node->text != NULL && node->source != NULL);
}

/* `path` is "api.port", and is taken apart. */
static bool put(struct config_node *root, char *path, const char *value, const char *source)
{
    struct config_node *group = root;
    char *name = path;
    for (char *dot = strchr(name, '.'); dot != NULL; dot = strchr(name, '.')) {
        *dot = '\0';
        group = name[0] != '\0' ? enter(group, name, source) : NULL;
        if (group == NULL)
            return false;
        name = dot + 1;
    }
    if (name[0] == '\0')
        return false;
    replace(group, name, value, source);
    return true;
}

static void put_set(struct config_node *root, const char *set, struct config_problems *problems)
{
    char path[PATH_MAX_BYTES];
    char source[PATH_MAX_BYTES + 8];
    const char *equals = strchr(set, '=');
    snprintf(path, sizeof(path), "%.*s", equals != NULL ? (int)(equals - set) : (int)strlen(set),
             set);
    snprintf(source, sizeof(source), "--set %s", path);
    struct config_node place = {.source = source, .line = NODE_LINE_NOWHERE};
    if (equals == NULL || !put(root, path, equals + 1, source))
        config_problem(problems, &place,
                       "write it as --set path=value, such as --set api.port=4000");
}

/* CLOCKBLOCK_DETECTORS__GAMES__INTERVAL_SEC is detectors.games.interval_sec. */
static void put_environment(struct config_node *root, const char *variable,
                            struct config_problems *problems)
{
    char path[PATH_MAX_BYTES];
    char source[PATH_MAX_BYTES + 16];
    size_t used = 0;
    const char *equals = strchr(variable, '=');
    if (strncmp(variable, prefix, sizeof(prefix) - 1) != 0 || equals == NULL ||
        strncmp(variable, "CLOCKBLOCK_CONFIG=", 18) == 0)
        return;
    snprintf(source, sizeof(source), "environment %.*s",
             (int)(equals - variable < PATH_MAX_BYTES ? equals - variable : PATH_MAX_BYTES - 1),
             variable);
    for (const char *c = variable + sizeof(prefix) - 1; c < equals && used < sizeof(path) - 1;
         c++) {
        if (c[0] == '_' && c[1] == '_' && c + 2 < equals) {
            path[used++] = '.';
            c++;
        } else {
            path[used++] = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
        }
    }
    path[used] = '\0';
    struct config_node place = {.source = source, .line = NODE_LINE_NOWHERE};
    if (!put(root, path, equals + 1, source))
        config_problem(problems, &place, "this name leads to no setting");
}

void overlay_apply(struct config_node *root, const struct config_options *options,
                   struct config_problems *problems)
{
    for (char *const *variable = options->environment; variable != NULL && *variable != NULL;
         variable++)
        put_environment(root, *variable, problems);
    for (const char *const *set = options->sets; set != NULL && *set != NULL; set++)
        put_set(root, *set, problems);
}
