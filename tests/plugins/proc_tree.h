/* SPDX-License-Identifier: MIT */
/* A tree like /proc in a folder of a test's own, and a scan of it. */
#ifndef TESTS_PROC_TREE_H
#define TESTS_PROC_TREE_H

#include "process_name/rules.h"
#include "process_name/scan.h"

struct tree {
    char root[64];
    struct rules *rules; /* those of rule_groups.h */
    struct users users;
    struct scan *scan;
    clb_error error;
    char found[512]; /* "rule:confidence:program:pid " for each, "app/" before it for Steam's */
};

struct made_process {
    int pid;
    const char *comm;
    char state;
    int parent;
    int start;
    const char *arguments;
    size_t bytes;
    int flags;          /* 0: those of an ordinary process */
    const char *cgroup; /* NULL: none */
};

void put_file(const struct tree *tree, const char *name, const char *bytes, size_t length);
void put_process(const struct tree *tree, const struct made_process *made);

/* PUT(tree, 300, "comm", 'S', 1, 50, "arg0\0arg1"): /proc ends each argument with a NUL. */
#define PUT_IN(tree, pid, comm, state, parent, start, arguments, cgroup)                           \
    put_process(tree,                                                                              \
                &(struct made_process){pid, comm, state, parent, start, arguments,                 \
                                       sizeof(arguments) - (sizeof(arguments) == 1), 0, cgroup})
#define PUT(tree, pid, comm, state, parent, start, arguments)                                      \
    PUT_IN(tree, pid, comm, state, parent, start, arguments, NULL)

/* Removes files; an empty pattern: the whole tree. */
void drop(const struct tree *tree, const char *pattern);

void open_scan(struct tree *tree);
int make_tree(void **state);
int drop_tree(void **state);

int32_t tree_poll(struct tree *tree, int64_t now_ms);
const char *look(struct tree *tree, int64_t now_ms); /* what was found; the poll is CLB_OK */

#define IN_A_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, drop_tree)

#endif
