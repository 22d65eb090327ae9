/* SPDX-License-Identifier: MIT */
/* What the API reads of a request before it answers: the guard, the names and values behind the ?,
 * dates and numbers. The text is a request: its first line, headers, and an empty line. Whatever it
 * is, nobody passes who must not. */
#include "api/guard.h"
#include "api/query.h"
#include "record/text.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PORT = 3841 };

static char origin[] = "https://a.lan";
static char *const origins[] = {origin, NULL};
static const struct guard_policy policies[] = {
    {.host = "127.0.0.1", .port = PORT},
    {.host = "localhost", .port = 80, .allowed_origins = origins},
    {.host = "::1", .port = PORT, .token = "s3cret", .allowed_origins = origins},
    {.host = "fd00::5", .port = PORT, .token = "s3cret"},
    {.host = "0.0.0.0", .port = PORT, .token = "s3cret"},
};

/* ---- The guard ---- */

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* Said in another way than the guard does: a host is one of ours, or an address where all are. */
static bool may_be_ours(const char *host, const struct guard_policy *policy)
{
    if (begins(host, "127.0.0.1") || begins(host, "localhost") || begins(host, "[::1]"))
        return true;
    if (policy->token == NULL)
        return false;
    if (strcmp(policy->host, "0.0.0.0") == 0)
        return host[strspn(host, "[]0123456789abcdefABCDEF:.")] == '\0';
    return begins(host, "[fd00::5]");
}

static bool ends_with_port(const char *host, int port)
{
    size_t length = strlen(host);
    return (length > 5 && strcmp(host + length - 5, ":3841") == 0 && port == PORT) ||
           (port == 80 && (host[length - 1] != ':' && strstr(host, ":3841") == NULL));
}

static void check_passed(const struct guard_request *request, const struct guard_policy *policy,
                         const struct guard_verdict *verdict)
{
    assert(request->host_count == 1 && !request->is_repeated && !request->has_body);
    assert(request->uri == GUARD_URI_FITS);
    assert(may_be_ours(request->host, policy) && ends_with_port(request->host, policy->port));
    assert(verdict->is_preflight == (strcmp(request->method, "OPTIONS") == 0));
    if (verdict->is_preflight)
        assert(verdict->cors_origin == origin && request->wanted_method != NULL);
    else if (policy->token != NULL && !request->is_page)
        assert(request->authorization != NULL &&
               strcasecmp(request->authorization, "Bearer s3cret") == 0 &&
               strcmp(request->authorization + 7, "s3cret") == 0);
    if (request->origin != NULL && verdict->cors_origin == NULL)
        assert(strncmp(request->origin, "http://", 7) == 0 &&
               may_be_ours(request->origin + 7, policy));
}

static void try_guard(const struct guard_request *request)
{
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        const struct guard_policy *policy = &policies[i];
        struct guard_verdict verdict = guard_check(request, policy);
        assert((verdict.status != 0) == (verdict.detail != NULL));
        assert(verdict.status == 0 || (verdict.status >= 400 && verdict.status < 500));
        assert(verdict.cors_origin == NULL || (policy->allowed_origins != NULL &&
                                               strcmp(request->origin, verdict.cors_origin) == 0));
        if (verdict.status == 0)
            check_passed(request, policy, &verdict);
    }
}

/* ---- The query ---- */

static void check_shown(const char *shown)
{
    assert(strlen(shown) < QUERY_NAME_CAPACITY && text_is_valid(shown));
}

static void read_value(const char *value, const char *other)
{
    int64_t number;
    int32_t from;
    int32_t to;
    const char *name;
    if (query_number(value, 1, 5000, 200, &number))
        assert(number >= 1 && number <= 5000);
    if (query_number(value, 0, INT64_MAX, 0, &number))
        assert(number == strtoll(value, NULL, 10));
    if (query_days(value, other, &from, &to, &name) == NULL) {
        char text[CIVIL_DATE_CAPACITY];
        assert(from <= to && to - from < QUERY_DAYS_MAX);
        civil_format_date(from, text);
        assert(strcmp(text, value) == 0);
        civil_format_date(to, text);
        assert(strcmp(text, other) == 0);
    } else {
        assert(strcmp(name, "from") == 0 || strcmp(name, "to") == 0);
    }
}

static void read_query(char *query)
{
    static const char *const all[][QUERY_PARAMETERS_MAX] = {
        {"from", "to", "tz"}, {"limit", "before"}, {NULL}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct query_names names = {.names = all[i]};
        char *copy = strdup(query);
        char *rest = NULL;
        const char *last = "";
        assert(copy != NULL);
        for (char *part = strtok_r(copy, "&", &rest); part != NULL;
             part = strtok_r(NULL, "&", &rest)) {
            char *value = strchrnul(part, '=');
            value += *value != '\0';
            if (value[0] != '\0')
                value[-1] = '\0';
            query_add_name(&names, part);
            read_value(last, value);
            last = value;
        }
        check_shown(names.unknown);
        check_shown(names.repeated);
        free(copy);
    }
}

/* ---- The request ---- */

static char *next_part(char **rest, const char *ends)
{
    char *part = *rest;
    size_t length = strcspn(part, ends);
    *rest = part + length + (part[length] != '\0');
    part[length] = '\0';
    return part;
}

static void read_request(char *text)
{
    char *rest = text;
    char *line = next_part(&rest, "\n");
    struct guard_request request = {.method = next_part(&line, " ")};
    char *target = next_part(&line, " ");
    request.uri = guard_look_at_uri(target);
    request.path = next_part(&target, "?");
    request.is_page = strcmp(request.path, "/") == 0;
    read_query(target);
    for (line = next_part(&rest, "\n"); line[0] != '\0'; line = next_part(&rest, "\n")) {
        const char *name = next_part(&line, ":");
        guard_add_header(&request, name, line + strspn(line, " "));
        request.has_body = request.has_body || strcasecmp(name, "Content-Length") == 0;
    }
    try_guard(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* where a byte too many is noticed */
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    read_request(text);
    free(text);
    return 0;
}
