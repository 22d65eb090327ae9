/* SPDX-License-Identifier: MIT */
/* Real processes that stand in for games: copies of the test's own program under other names, which
 * do nothing, whatever their arguments are, until they are killed. */
#ifndef TESTS_STAND_IN_H
#define TESTS_STAND_IN_H

#include <sys/types.h>

/* First in main(): does not return in a stand-in. */
void stand_in_main(void);

enum { STAND_IN_ARGUMENTS_MAX = 12 };

struct stand_in {
    const char *file; /* its name in the folder: what the kernel calls it */
    const char *arguments[STAND_IN_ARGUMENTS_MAX]; /* NULL-terminated, argv[0] first */
    uid_t user;                                    /* 0: ours */
    pid_t pid;                                     /* set by stand_in_run() */
};

/* Starts each as the child of the one before. Returns when all of them are what they should be.
 * They end when the test does, at the latest. */
void stand_in_run(const char *folder, struct stand_in *chain, int count);

/* Ends them and waits for the first. */
void stand_in_end(struct stand_in *chain, int count);

/* Becomes a stand-in; does not return. */
_Noreturn void stand_in_become(const char *folder, const struct stand_in *stand_in);

/* Puts the program into the folder under that name. */
void stand_in_copy(const char *folder, const char *file);

#endif
