/* SPDX-License-Identifier: MIT */
#include "games.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
    while (is_space(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && is_space(text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

/* Cuts the text at the first `mark`, and returns what stands behind it; NULL: there is none. */
static char *split(char *text, const char *mark)
{
    char *at = strstr(text, mark);
    if (at == NULL)
        return NULL;
    *at = '\0';
    return at + strlen(mark);
}

static const char *parse_names(char *text, struct games_entry *entry)
{
    for (char *rest; text != NULL; text = rest) {
        rest = split(text, ",");
        const char *name = trim(text);
        if (name[0] == '\0')
            return "a name is empty";
        if (entry->count == GAMES_NAMES_MAX)
            return "there are too many names in it";
        entry->names[entry->count++] = name;
    }
    return NULL;
}

static const char *parse_game(char *text, struct games_entry *entry)
{
    char *names = split(text, "=");
    if (names == NULL)
        return "a game is written as: title = name of a program, another one";
    entry->title = trim(text);
    if (entry->title[0] == '\0')
        return "the title is empty";
    char *arguments = split(names, " with ");
    if (arguments != NULL)
        entry->arguments = trim(arguments);
    if (entry->arguments != NULL && entry->arguments[0] == '\0')
        return "there is nothing behind with";
    return parse_names(names, entry);
}

static const char *parse_not_game(char *text, struct games_entry *entry)
{
    static const char app[] = "steam_app ";
    if (strncmp(text, app, sizeof(app) - 1) != 0)
        return parse_names(text, entry);
    char *end;
    entry->steam_app = strtoll(text + sizeof(app) - 1, &end, 10);
    return entry->steam_app > 0 && *end == '\0' ? NULL : "that is no number of a Steam app";
}

enum section { SECTION_NONE, SECTION_GAMES, SECTION_NOT_GAMES };

static const char *parse_section(const char *text, enum section *section)
{
    if (strcmp(text, "[games]") == 0)
        *section = SECTION_GAMES;
    else if (strcmp(text, "[not games]") == 0)
        *section = SECTION_NOT_GAMES;
    else
        return "there are [games] and [not games]";
    return NULL;
}

static const char *parse_line(char *text, enum section *section, games_found found, void *context)
{
    struct games_entry entry = {0};
    if (text[0] == '\0' || text[0] == '#')
        return NULL;
    if (text[0] == '[')
        return parse_section(text, section);
    if (*section == SECTION_NONE)
        return "[games] or [not games] comes first";
    const char *problem =
        *section == SECTION_GAMES ? parse_game(text, &entry) : parse_not_game(text, &entry);
    return problem != NULL ? problem : found(&entry, context);
}

const char *games_parse(char *text, games_found found, void *context, int *line)
{
    enum section section = SECTION_NONE;
    *line = 0;
    for (char *rest; text != NULL; text = rest) {
        rest = split(text, "\n");
        ++*line;
        const char *problem = parse_line(trim(text), &section, found, context);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}
