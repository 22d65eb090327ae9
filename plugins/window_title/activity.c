/* SPDX-License-Identifier: MIT */
#include "activity.h"

#include "../desktop/text.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 33, FILLED_MAX = 2048 };

static const char digits[] = "0123456789";

/* What comes next in an activity: a character, or a group when `group` is not empty. */
struct piece {
    char group[NAME_MAX_BYTES];
    char character;
};

static bool take_group(const char *from, size_t length, struct piece *piece)
{
    if (length == 0 || length >= sizeof(piece->group))
        return false;
    memcpy(piece->group, from, length);
    piece->group[length] = '\0';
    return true;
}

/* Returns what is behind the piece. */
static const char *next_piece(const char *at, struct piece *piece)
{
    *piece = (struct piece){.character = *at};
    if (at[0] != '$')
        return at + 1;
    if (at[1] == '$')
        return at + 2;
    if (at[1] == '{') {
        size_t length = strcspn(at + 2, "}");
        if (at[2 + length] == '}' && take_group(at + 2, length, piece))
            return at + 2 + length + 1;
        return at + 1;
    }
    size_t length = strspn(at + 1, digits);
    return take_group(at + 1, length, piece) ? at + 1 + length : at + 1;
}

bool activity_has_groups(const char *activity)
{
    struct piece piece;
    while (*activity != '\0') {
        activity = next_piece(activity, &piece);
        if (piece.group[0] != '\0')
            return true;
    }
    return false;
}

bool activity_check(const char *activity, const struct pattern *pattern, clb_error *error)
{
    struct piece piece;
    while (*activity != '\0') {
        activity = next_piece(activity, &piece);
        if (piece.group[0] == '\0' || pattern_group(pattern, piece.group) > 0)
            continue;
        snprintf(error->text, sizeof(error->text),
                 "its activity names the group %s, which the pattern \"%.120s\" does not have",
                 piece.group, pattern_text(pattern));
        return false;
    }
    return true;
}

void activity_fill(const char *activity, const struct pattern *pattern, const char *text,
                   char filled[ACTIVITY_BYTES])
{
    char whole[FILLED_MAX];
    size_t used = 0;
    struct piece piece;
    while (*activity != '\0') {
        size_t length = 1;
        activity = next_piece(activity, &piece);
        const char *taken = &piece.character;
        if (piece.group[0] != '\0')
            taken = pattern_taken(pattern, pattern_group(pattern, piece.group), text, &length);
        if (length > sizeof(whole) - used)
            length = sizeof(whole) - used;
        if (length > 0)
            memcpy(whole + used, taken, length);
        used += length;
    }
    desktop_text_utf8(filled, ACTIVITY_BYTES, whole, used);
}
