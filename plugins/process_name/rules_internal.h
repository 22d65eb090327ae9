/* SPDX-License-Identifier: MIT */
/* What rules.c makes and match.c asks. */
#ifndef PROCESS_NAME_RULES_INTERNAL_H
#define PROCESS_NAME_RULES_INTERNAL_H

#include "names.h"
#include "rules.h"

struct rule {
    char *activity;    /* owned */
    char *arguments;   /* owned; NULL: whatever they are */
    char **names;      /* owned, NULL-terminated */
    char **excluded;   /* owned, NULL-terminated */
    int64_t steam_app; /* 0: none */
};

struct rules {
    struct rule *list; /* owned; the user's come first */
    int count;
    int capacity;
    int own; /* how many are the user's */
    bool any_steam;
    bool has_apps;     /* one has a steam_app */
    char *text;        /* owned; of the list of games, which `not_games` points into */
    int64_t *not_apps; /* owned; Steam apps that are no games */
    size_t not_app_count;
    struct names names;     /* of all rules */
    struct names cut_names; /* the first 15 characters of the longer ones */
    struct names not_games;
    struct names cut_not_games;
};

#endif
