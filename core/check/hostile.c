/* SPDX-License-Identifier: MIT */
/* Settings that nobody would wish for, and that a user could write all the same. */
#include "given.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A growing text. */
struct text {
    char *bytes; /* owned */
    size_t used;
    size_t capacity;
};

static void add(struct text *text, const char *more)
{
    size_t length = strlen(more);
    if (text->used + length + 1 > text->capacity) {
        text->capacity = (text->used + length + 1) * 2;
        text->bytes = realloc(text->bytes, text->capacity);
        assert(text->bytes != NULL);
    }
    memcpy(text->bytes + text->used, more, length + 1);
    text->used += length;
}

/* A string as it is written in a file. */
static void add_quoted(struct text *text, const char *string)
{
    char escaped[8];
    add(text, "\"");
    for (const char *c = string; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned)*c);
        else
            snprintf(escaped, sizeof(escaped), "%c", *c);
        add(text, escaped);
    }
    add(text, "\"");
}

static void add_field(struct text *text, const clb_option *field, const char *string)
{
    char number[64];
    add(text, field->key);
    add(text, " = ");
    snprintf(number, sizeof(number), "%lld", (long long)field->maximum);
    if (field->type == CLB_OPTION_LIST) {
        add(text, "[ ");
        add_quoted(text, string);
        add(text, " ]");
    } else if (field->type == CLB_OPTION_ENUM) {
        add_quoted(text, field->choices[0]);
    } else if (field->type == CLB_OPTION_BOOL) {
        add(text, "true");
    } else if (field->type == CLB_OPTION_GROUPS) {
        add(text, "( )");
    } else if (field->type == CLB_OPTION_STRING || field->type == CLB_OPTION_PATH) {
        add_quoted(text, string);
    } else {
        add(text, number);
    }
    add(text, "; ");
}

static void add_groups(struct text *text, const clb_option *option, const char *string, int count)
{
    add(text, "( ");
    for (int i = 0; i < count; i++) {
        add(text, i > 0 ? ", { " : "{ ");
        for (size_t j = 0; option->fields[j] != NULL; j++) {
            clb_option field = given_option(option->fields[j]);
            add_field(text, &field, string);
        }
        add(text, "}");
    }
    add(text, " )");
}

struct hostile {
    const struct subject *subject;
    clb_option option;
    void (*visit)(const clb_settings *settings, const char *what, void *context);
    void *context;
};

/* Visits the given settings with another value for the option, if the configuration takes it. */
static void try(const struct hostile *hostile, const char *value, const char *kind)
{
    struct config_problems problems = {0};
    struct text set = {0};
    char what[GIVEN_KEY_BYTES + 64];
    const char *sets[GIVEN_SETS_MAX + 2];
    given_without(hostile->subject, hostile->option.key, sets);
    size_t count = 0;
    while (sets[count] != NULL)
        count++;
    add(&set, hostile->option.key);
    add(&set, "=");
    add(&set, value);
    sets[count] = set.bytes;
    sets[count + 1] = NULL;
    snprintf(what, sizeof(what), "%.200s is %s", hostile->option.key, kind);
    clb_settings *settings = config_settings_of_sets(
        given_nowhere, sets, hostile->subject->plugin.descriptor.options, &problems);
    if (settings != NULL)
        hostile->visit(settings, what, hostile->context);
    config_settings_destroy(settings);
    config_problems_finish(&problems);
    free(set.bytes);
}

static const struct {
    const char *kind;
    const char *text;
} hostile_texts[] = {
    {"empty", ""},
    {"a space", " "},
    {"not ASCII", "\xC3\x9Cn\xC3\xAF \xF0\x9F\x8E\xAE \xE6\x97\xA5\xE6\x9C\xAC"},
    {"a format", "%s%n%x%5000d%p%n"},
    {"a way up", "../../../../../../etc/passwd"},
    {"a shell's", "\"; `true` $(true) | & \\ '"},
    {"control characters", "\x01\x1B[31m\r\n\t\x7F"},
    {"a URL without a host", "http://"},
    {"a number", "-1"},
};
enum { HOSTILE_TEXTS = sizeof(hostile_texts) / sizeof(hostile_texts[0]) };

static char *long_text(void)
{
    enum { LONG_BYTES = 100000 };
    char *text = malloc(LONG_BYTES + 1);
    assert(text != NULL);
    memset(text, 'x', LONG_BYTES);
    text[LONG_BYTES] = '\0';
    return text;
}

static void try_texts(const struct hostile *hostile)
{
    char *text = long_text();
    for (int i = 0; i < HOSTILE_TEXTS; i++)
        try(hostile, hostile_texts[i].text, hostile_texts[i].kind);
    try(hostile, text, "100,000 letters");
    for (size_t i = 0; hostile->option.choices != NULL && hostile->option.choices[i] != NULL; i++)
        try(hostile, hostile->option.choices[i], "one of its choices");
    free(text);
}

static void try_numbers(const struct hostile *hostile)
{
    static const char *const numbers[] = {"0",
                                          "1",
                                          "-1",
                                          "0.001",
                                          "2147483647",
                                          "-2147483648",
                                          "4294967296",
                                          "2000000000",
                                          "-2000000000",
                                          "9000000000000000",
                                          "-9000000000000000",
                                          "1e300",
                                          "true",
                                          "false",
                                          NULL};
    char border[64];
    for (size_t i = 0; numbers[i] != NULL; i++)
        try(hostile, numbers[i], numbers[i]);
    snprintf(border, sizeof(border), "%.17g", hostile->option.minimum);
    try(hostile, border, "at the lower border of its range");
    snprintf(border, sizeof(border), "%.17g", hostile->option.maximum);
    try(hostile, border, "at the upper border of its range");
}

static void try_lists(const struct hostile *hostile)
{
    enum { MANY = 5000 };
    struct text many = {0};
    try_texts(hostile);
    try(hostile, "[ ]", "an empty list");
    try(hostile, "[ \"\", \"\" ]", "a list of empty strings");
    for (int i = 0; i < MANY; i++)
        add(&many, i > 0 ? ",entry" : "entry");
    try(hostile, many.bytes, "a list of 5,000 entries");
    free(many.bytes);
}

static void try_groups(const struct hostile *hostile)
{
    enum { MANY = 500 };
    struct text groups = {0};
    char *text = long_text();
    for (int i = 0; i < HOSTILE_TEXTS + 2; i++) {
        bool is_many = i == HOSTILE_TEXTS + 1;
        const char *string = is_many ? "x" : i == HOSTILE_TEXTS ? text : hostile_texts[i].text;
        const char *kind = is_many              ? "500 groups"
                           : i == HOSTILE_TEXTS ? "a group with 100,000 letters"
                                                : hostile_texts[i].kind;
        groups.used = 0;
        add_groups(&groups, &hostile->option, string, is_many ? MANY : 1);
        try(hostile, groups.bytes, kind);
    }
    try(hostile, "( )", "a list without groups");
    free(text);
    free(groups.bytes);
}

void given_hostile(const struct subject *subject,
                   void (*visit)(const clb_settings *settings, const char *what, void *context),
                   void *context)
{
    given_or_skip(subject);
    const clb_option *const *options = subject->plugin.descriptor.options;
    for (; options != NULL && *options != NULL; options++) {
        const struct hostile hostile = {subject, given_option(*options), visit, context};
        if (hostile.option.type == CLB_OPTION_GROUPS)
            try_groups(&hostile);
        else if (hostile.option.type == CLB_OPTION_LIST)
            try_lists(&hostile);
        else if (hostile.option.type == CLB_OPTION_STRING ||
                 hostile.option.type == CLB_OPTION_PATH || hostile.option.type == CLB_OPTION_ENUM)
            try_texts(&hostile);
        else
            try_numbers(&hostile);
    }
}
