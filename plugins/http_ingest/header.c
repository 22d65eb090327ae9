/* SPDX-License-Identifier: MIT */
#include "header.h"

#include <stddef.h>
#include <string.h>

static const char authorization[] = "authorization";
static const char *const own_names[] = {"content-type",      "content-encoding", "content-length",
                                        "transfer-encoding", "expect",           "idempotency-key"};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_name(const char *line, size_t length, const char *name)
{
    if (strlen(name) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (lower(line[i]) != name[i])
            return false;
    return true;
}

/* The characters of a token in RFC 9110. */
static size_t name_length(const char *line)
{
    return strspn(line, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

const char *header_problem(const char *line, bool has_token)
{
    size_t length = name_length(line);
    const char *value = line + length + 1;
    if (length == 0 || line[length] != ':')
        return "is no header: write it as \"Name: value\"";
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++)
        if (is_name(line, length, own_names[i]))
            return "is set by the agent itself: leave it out";
    if (has_token && is_name(line, length, authorization))
        return "is set from the token: leave it out, or the token";
    value += strspn(value, " \t");
    if (*value == '\0')
        return "has no value";
    for (; *value != '\0'; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7F)
            return "holds a control character";
    return NULL;
}
