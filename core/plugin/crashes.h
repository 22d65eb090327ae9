/* SPDX-License-Identifier: MIT */
/*
 * What plugins did to the process: a line in a file for each time that one ended it, and from them
 * who is in quarantine.
 *
 * The file lies beside the database, and its lines are for people too:
 *     1764000000 sink cloud deliver SIGSEGV
 * The third line of an instance within ten minutes puts it into quarantine, until its lines are
 * taken out again.
 */
#ifndef PLUGIN_CRASHES_H
#define PLUGIN_CRASHES_H

#include "error.h"
#include "plugin.h"

enum { CRASHES_MAX = 3, CRASHES_WITHIN_SEC = 600 };

/* From now on a plugin that ends this process is named on standard error, and leaves a line in the
 * file; "": in none. A second call changes nothing. [main] */
void crashes_watch(const char *path);

/* The file of a database. False: too long. */
bool crashes_path(char path[PATH_CAPACITY], const char *db_path);

struct crashes; /* what the file says; NULL says that nothing ever happened */

/* Reads the file. A file that cannot be read says nothing. Owned by the caller. */
struct crashes *crashes_read(const char *path);
void crashes_destroy(struct crashes *crashes); /* NULL is fine */

/* What is known of an instance of this name, and of its plugin. */
struct crashes_view {
    int count;                    /* lines */
    bool is_barred;               /* in quarantine */
    char text[256];               /* "ended the agent 3 times, at last in deliver (SIGSEGV)" */
    char name[INSTANCE_CAPACITY]; /* what has to be released: the instance, or its plugin */
};
void crashes_get(const struct crashes *crashes, enum instance_kind kind, const char *name,
                 const char *plugin, struct crashes_view *view);

/* Takes the lines of this instance or plugin out of the file. EXIT_CODE_CONFIG and a sentence when
 * there are none. */
int crashes_release(const char *path, const char *name, struct error *error);
/* Takes out what is over: lines that are older than ten minutes and keep nobody in quarantine. */
void crashes_tidy(const char *path, int64_t now_sec);

#endif
