/* SPDX-License-Identifier: MIT */
/* What window_title reads: rules that users write, titles that others choose, and GNOME's answer.
 * The text is three lines of a rule (title, app, activity), and behind them a title; all of it is
 * also an answer of the GNOME extension. */
#include "desktop/text.h"
#include "window_rules.h"
#include "window_title/gnome_json.h"
#include "window_title/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_clean(const char *text)
{
    char again[WINDOW_TITLE_BYTES];
    desktop_text_utf8(again, sizeof(again), text, strlen(text));
    return strcmp(again, text) == 0;
}

static void read_answer(const char *text, size_t length)
{
    struct window window;
    bool is_read = gnome_json_read(text, length, &window);
    assert(memchr(window.title, '\0', sizeof(window.title)) != NULL && is_clean(window.title));
    assert(memchr(window.app, '\0', sizeof(window.app)) != NULL && is_clean(window.app));
    if (!is_read || !window.is_focused)
        assert(window.title[0] == '\0' && window.app[0] == '\0');
}

static void match(struct match_rules *rules, const char *title, size_t length, const char *app)
{
    static const size_t capacities[] = {1, 2, 5, 64, WINDOW_TITLE_BYTES};
    int rule;
    const char *pattern;
    for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
        struct window window = {.is_focused = true, .is_fullscreen = i % 2 == 0};
        desktop_text_latin1(window.title, capacities[i], title, length);
        assert(strlen(window.title) < capacities[i] && is_clean(window.title));
        desktop_text_utf8(window.title, capacities[i], title, length);
        assert(strlen(window.title) < capacities[i] && is_clean(window.title));
        desktop_text_utf8(window.app, sizeof(window.app), app, strlen(app));
        struct match found = match_window(rules, &window);
        assert(found.rule == -1 || found.rule == 0);
        assert(strlen(found.activity) < ACTIVITY_BYTES && is_clean(found.activity));
        while (match_next_slow(rules, &rule, &pattern))
            assert(rule == 0);
    }
}

/* A server's bytes do not end with a NUL. */
static void match_bytes(struct match_rules *rules, const char *title, size_t length,
                        const char *app)
{
    char *bytes = malloc(length > 0 ? length : 1);
    assert(bytes != NULL);
    memcpy(bytes, title, length);
    match(rules, bytes, length, app);
    free(bytes);
}

static char *next_line(char **rest)
{
    char *line = *rest;
    size_t length = strcspn(line, "\n");
    *rest = line + length + (line[length] != '\0');
    line[length] = '\0';
    return line;
}

static void try_rule(char *text, size_t size)
{
    clb_error error = {.size = sizeof(error)};
    struct window_rules made;
    char *rest = text;
    const char *title = next_line(&rest);
    const char *app = next_line(&rest);
    const char *activity = next_line(&rest);
    struct window_rule rule = {.activity = activity, .fullscreen = size % 5 == 0};
    rule.title[0] = title[0] != '\0' ? title : NULL;
    rule.app[0] = app[0] != '\0' && size % 2 == 0 ? app : NULL;
    rule.exclude[0] = app[0] != '\0' && size % 3 == 0 ? app : NULL;
    window_rules_init(&made, &rule, 1, size % 4 > 0);
    struct match_rules *rules = match_create(&made.settings, &error);
    assert((rules == NULL) == (error.text[0] != '\0'));
    if (rules != NULL)
        match_bytes(rules, rest, size - (size_t)(rest - text), app);
    match_destroy(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* where a byte too many is noticed */
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    read_answer(text, size);
    try_rule(text, size);
    free(text);
    return 0;
}
