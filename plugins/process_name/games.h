/* SPDX-License-Identifier: MIT */
/* The list of games, conf/games.conf: what well-known games are called, and what is no game. Pure.
 *
 *   [games]
 *   Stardew Valley = StardewValley, Stardew Valley.exe
 *   Minecraft = java, javaw.exe with net.minecraft.client.main.Main
 *   [not games]
 *   steam, steamwebhelper
 *   steam_app 250820
 *
 * A line that begins with # is a comment. */
#ifndef PROCESS_NAME_GAMES_H
#define PROCESS_NAME_GAMES_H

#include <stddef.h>
#include <stdint.h>

enum { GAMES_NAMES_MAX = 32 };

/* What a line says. Borrowed from the text. */
struct games_entry {
    const char *title;     /* NULL: these are no games */
    const char *arguments; /* NULL: whatever they are */
    const char *names[GAMES_NAMES_MAX];
    size_t count;
    int64_t steam_app; /* of [not games]; 0: names */
};

/* NULL, or what is wrong with the entry: then that is the answer. */
typedef const char *(*games_found)(const struct games_entry *entry, void *context);

/* Reads all lines of `text`, into which it writes. NULL, or what is wrong with the line whose
 * number is in `line` then. */
const char *games_parse(char *text, games_found found, void *context, int *line);

#endif
