/* SPDX-License-Identifier: MIT */
#include "pattern.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* The library counts the steps anew from each character on where a match may begin: with this limit
 * the worst pattern takes a tenth of a second on the longest title. */
enum { MATCH_LIMIT = 10 * 1000, DEPTH_LIMIT = 10 * 1000, HEAP_LIMIT_KIB = 1024 };
enum { TEXT_MAX_BYTES = 4096, GROUPS_MAX = 99 };

struct pattern {
    char *text;                   /* owned */
    pcre2_code *code;             /* owned */
    pcre2_match_data *found;      /* owned */
    pcre2_match_context *context; /* owned */
    uint32_t groups;
    bool is_given_up; /* it took too long once */
    bool was_told;    /* that it was */
};

static bool compile(struct pattern *pattern, clb_error *error)
{
    const uint32_t options =
        PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
    int problem = 0;
    PCRE2_SIZE offset = 0;
    PCRE2_UCHAR reason[120] = "";
    pattern->code = pcre2_compile((PCRE2_SPTR)pattern->text, strlen(pattern->text), options,
                                  &problem, &offset, NULL);
    if (pattern->code != NULL)
        return true;
    pcre2_get_error_message(problem, reason, sizeof(reason));
    snprintf(error->text, sizeof(error->text), "the pattern \"%.120s\" is none: %s, at offset %zu",
             pattern->text, (const char *)reason, (size_t)offset);
    return false;
}

static bool prepare(struct pattern *pattern)
{
    pattern->found = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    pattern->context = pcre2_match_context_create(NULL);
    if (pattern->found == NULL || pattern->context == NULL)
        return false;
    pcre2_set_match_limit(pattern->context, MATCH_LIMIT);
    pcre2_set_depth_limit(pattern->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(pattern->context, HEAP_LIMIT_KIB);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &pattern->groups);
    return true;
}

struct pattern *pattern_create(const char *text, clb_error *error)
{
    size_t length = strlen(text);
    struct pattern *pattern = length <= TEXT_MAX_BYTES ? calloc(1, sizeof(*pattern)) : NULL;
    snprintf(error->text, sizeof(error->text), "%s",
             length <= TEXT_MAX_BYTES ? "no memory" : "a pattern is longer than 4096 bytes");
    if (pattern == NULL)
        return NULL;
    pattern->text = malloc(length + 1);
    if (pattern->text == NULL)
        goto fail;
    memcpy(pattern->text, text, length + 1);
    if (!compile(pattern, error) || !prepare(pattern))
        goto fail;
    error->text[0] = '\0';
    return pattern;
fail:
    pattern_destroy(pattern);
    return NULL;
}

void pattern_destroy(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_match_context_free(pattern->context);
    pcre2_match_data_free(pattern->found);
    pcre2_code_free(pattern->code);
    free(pattern->text);
    free(pattern);
}

const char *pattern_text(const struct pattern *pattern)
{
    return pattern->text;
}

int pattern_group(const struct pattern *pattern, const char *name)
{
    char *end;
    long number = name[0] >= '0' && name[0] <= '9'
                      ? strtol(name, &end, 10)
                      : pcre2_substring_number_from_name(pattern->code, (PCRE2_SPTR)name);
    return number > 0 && number <= GROUPS_MAX && number <= (long)pattern->groups ? (int)number : 0;
}

bool pattern_match(struct pattern *pattern, const char *text)
{
    if (pattern->is_given_up)
        return false;
    int result = pcre2_match(pattern->code, (PCRE2_SPTR)text, strlen(text), 0, 0, pattern->found,
                             pattern->context);
    switch (result) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_RECURSELOOP:
    case PCRE2_ERROR_NOMEMORY:
        pattern->is_given_up = true;
        return false;
    default:
        return result >= 0;
    }
}

bool pattern_take_given_up(struct pattern *pattern)
{
    bool is_new = pattern->is_given_up && !pattern->was_told;
    pattern->was_told |= is_new;
    return is_new;
}

/* A group in a look-behind with \K may end before it begins. */
const char *pattern_taken(const struct pattern *pattern, int group, const char *text,
                          size_t *length)
{
    const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(pattern->found);
    assert(group > 0 && (uint32_t)group < pcre2_get_ovector_count(pattern->found));
    PCRE2_SIZE begin = spans[2 * group];
    PCRE2_SIZE end = spans[2 * group + 1];
    *length = 0;
    if (begin == PCRE2_UNSET || end == PCRE2_UNSET || end < begin)
        return NULL;
    *length = end - begin;
    return text + begin;
}
