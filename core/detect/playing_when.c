/* SPDX-License-Identifier: MIT */
/* The expression playing_when, by recursive descent:
 *
 *   or  = and { "or" and }        and = not { "and" not }        not = "not" not | name | "(" or
 * ")"
 */
#include "detect.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 32 };

struct parser {
    const char *text;
    const char *next; /* where the current word begins */
    int word_length;  /* 0: the end */
    const struct detect_name *names;
    int count;
    struct fuse_rule *rule;
    struct error *error;
    int nesting;
    bool inverted; /* an odd number of nots stands before what is parsed */
};

static int complain(struct parser *parser, const char *what)
{
    return error_set(parser->error, EXIT_CODE_CONFIG, "column %d: %s",
                     (int)(parser->next - parser->text) + 1, what);
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void advance(struct parser *parser)
{
    const char *next = parser->next + parser->word_length;
    next += strspn(next, " \t\r\n");
    int length = 0;
    while (is_name_character(next[length]))
        length++;
    if (length == 0 && *next != '\0')
        length = 1;
    parser->next = next;
    parser->word_length = length;
}

static bool at(const struct parser *parser, const char *word)
{
    return (int)strlen(word) == parser->word_length &&
           memcmp(parser->next, word, strlen(word)) == 0;
}

static int emit(struct parser *parser, enum fuse_operation operation, int detector)
{
    struct fuse_rule *rule = parser->rule;
    if (rule->count == FUSE_STEPS_MAX)
        return complain(parser, "the expression is too long");
    rule->deciding[rule->count] = operation == FUSE_DETECTOR && !parser->inverted;
    rule->steps[rule->count++] = (struct fuse_step){operation, detector};
    return 0;
}

static int parse_name(struct parser *parser)
{
    char name[INSTANCE_CAPACITY];
    char what[512];
    snprintf(name, sizeof(name), "%.*s", parser->word_length, parser->next);
    for (int i = 0; i < parser->count; i++) {
        if (!at(parser, parser->names[i].name))
            continue;
        int result = emit(parser, FUSE_DETECTOR, i);
        advance(parser);
        return result;
    }

    const char *known[FUSE_STEPS_MAX + 1] = {NULL};
    for (int i = 0; i < parser->count && i < FUSE_STEPS_MAX; i++)
        known[i] = parser->names[i].name;
    const char *near = config_nearest(name, known);
    snprintf(what, sizeof(what), "there is no enabled detector \"%s\"%s%s%s", name,
             near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
             near != NULL ? "\"?)" : "");
    return complain(parser, what);
}

static int parse_or(struct parser *parser);

static int parse_group(struct parser *parser)
{
    if (++parser->nesting > NESTING_MAX)
        return complain(parser, "the parentheses are nested too deep");
    advance(parser);
    int result = parse_or(parser);
    if (result == 0 && !at(parser, ")"))
        result = complain(parser, "a \")\" is missing");
    if (result == 0)
        advance(parser);
    parser->nesting--;
    return result;
}

static int parse_not(struct parser *parser)
{
    bool outer = parser->inverted;
    int nots = 0;
    for (; at(parser, "not"); nots++) {
        parser->inverted = !parser->inverted;
        advance(parser);
    }

    int result;
    if (at(parser, "("))
        result = parse_group(parser);
    else if (parser->word_length == 0)
        result = complain(parser, "the expression ends where a detector's name is expected");
    else if (!is_name_character(*parser->next) || at(parser, "and") || at(parser, "or"))
        result = complain(parser, "a detector's name, \"not\" or \"(\" is expected");
    else
        result = parse_name(parser);

    parser->inverted = outer;
    if (result == 0 && nots % 2 == 1)
        result = emit(parser, FUSE_NOT, -1);
    return result;
}

static int parse_and(struct parser *parser)
{
    int result = parse_not(parser);
    while (result == 0 && at(parser, "and")) {
        advance(parser);
        result = parse_not(parser);
        if (result == 0)
            result = emit(parser, FUSE_AND, -1);
    }
    return result;
}

static int parse_or(struct parser *parser)
{
    int result = parse_and(parser);
    while (result == 0 && at(parser, "or")) {
        advance(parser);
        result = parse_and(parser);
        if (result == 0)
            result = emit(parser, FUSE_OR, -1);
    }
    return result;
}

static int any_evidence(struct parser *parser)
{
    int found = 0;
    for (int i = 0; i < parser->count; i++) {
        if (!parser->names[i].is_evidence)
            continue;
        int result = emit(parser, FUSE_DETECTOR, i);
        if (result == 0 && found++ > 0)
            result = emit(parser, FUSE_OR, -1);
        if (result != 0)
            return result;
    }
    return 0;
}

int playing_when_parse(const char *text, const struct detect_name *names, int count,
                       struct fuse_rule *rule, struct error *error)
{
    static_assert(FUSE_DEPTH_MAX > NESTING_MAX * 2 + 2, "each open parenthesis holds two operands");
    memset(rule, 0, sizeof(*rule));
    struct parser parser = {.text = text != NULL ? text : "",
                            .next = text != NULL ? text : "",
                            .names = names,
                            .count = count,
                            .rule = rule,
                            .error = error};
    if (text == NULL)
        return any_evidence(&parser);

    advance(&parser);
    int result = parse_or(&parser);
    if (result == 0 && parser.word_length > 0)
        result = complain(&parser, "\"and\", \"or\" or the end is expected");
    return result;
}
