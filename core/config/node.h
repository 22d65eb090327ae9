/* SPDX-License-Identifier: MIT */
/* The tree of what was written, before anything is known about it. Private to this folder. */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include "config.h"

enum node_kind {
    NODE_GROUP,
    NODE_LIST,
    NODE_STRING,
    NODE_INT,
    NODE_NUMBER,
    NODE_BOOL,
    NODE_TEXT /* from the environment or the command line: its type is the option's */
};

enum { NODE_LINE_NOWHERE = 0x7FFFFFFF }; /* not in a file */

struct config_node {
    enum node_kind kind;
    char *name;   /* owned; NULL: an entry of a list */
    char *source; /* owned; a file as the user named it, "environment X", "--set x" or "default" */
    int line;     /* NODE_LINE_NOWHERE: `source` is no file */
    char *text;   /* owned; STRING and TEXT */
    int64_t integer;              /* INT and BOOL */
    double number;                /* NUMBER */
    struct config_node *children; /* owned; GROUP and LIST, in order */
    struct config_node *next;
};

struct config_node *node_create(enum node_kind kind, const char *name, const char *source,
                                int line);
void node_destroy(struct config_node *node); /* with its children and its nexts; NULL is fine */
void node_append(struct config_node *parent, struct config_node *child);
struct config_node *node_find(const struct config_node *group, const char *name);
const char *node_kind_name(const struct config_node *node);

/* scan.c: says what libconfig would not: bytes that are no text, numbers that it would wrap, and
 * included files that it would end the process for. `folder` is that of @include; NULL: a value
 * from outside a file, which may not include. */
bool scan_text(const char *text, size_t length, const char *source, const char *folder,
               struct config_problems *problems);

/* tree.c: the root group of a file's text, or NULL and a problem. `text` is of `length` bytes. */
struct config_node *tree_parse(const char *text, size_t length, const char *source,
                               const char *folder, struct config_problems *problems);
/* A value as it is written in a file, such as "[ 1, 2 ]"; NULL: it is none, and when the reason is
 * worth more than that, a problem says so. */
struct config_node *tree_parse_value(const char *text, const char *name, const char *source,
                                     struct config_problems *problems);

/* overlay.c: puts --set and the environment over the tree. */
void overlay_apply(struct config_node *root, const struct config_options *options,
                   struct config_problems *problems);

/* settings.c: as config_settings(); with `open`, keys that are not known are somebody else's. */
clb_settings *settings_build(const char *folder, const struct config_node *group, const char *where,
                             const clb_option *const *options, const char *const *host_keys,
                             bool open, struct config_problems *problems);

#endif
