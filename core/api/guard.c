/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { URI_MAX = 4096, ADDRESS_CAPACITY = 64 };

static struct guard_verdict refuse(int status, const char *detail)
{
    return (struct guard_verdict){.status = status, .detail = detail};
}

/* "name:port", where a browser leaves the port out when it is 80. */
static bool host_matches(const char *host, const char *name, int port)
{
    size_t length = strlen(name);
    if (strncasecmp(host, name, length) != 0)
        return false;
    char expected[16];
    snprintf(expected, sizeof(expected), ":%d", port);
    return strcmp(host + length, expected) == 0 || (port == 80 && host[length] == '\0');
}

/* "127.0.0.1:port" or "[::1]:port", whatever the numbers: no name that somebody could point here.
 */
static bool host_is_address(const char *host, int port)
{
    char address[ADDRESS_CAPACITY];
    size_t length = strspn(host, "0123456789.");
    if (host[0] == '[') {
        size_t digits = strspn(host + 1, "0123456789abcdefABCDEF:.");
        length = digits > 0 && host[1 + digits] == ']' ? digits + 2 : 0;
    }
    if (length == 0 || length >= sizeof(address))
        return false;
    memcpy(address, host, length);
    address[length] = '\0';
    return host_matches(host, address, port);
}

/* Bound to another address, which takes a token: that address is ours too. */
static bool host_is_bound(const char *host, const struct guard_policy *policy)
{
    char name[ADDRESS_CAPACITY];
    if (strcmp(policy->host, "0.0.0.0") == 0 || strcmp(policy->host, "::") == 0)
        return host_is_address(host, policy->port);
    snprintf(name, sizeof(name), strchr(policy->host, ':') != NULL ? "[%s]" : "%s", policy->host);
    return host_matches(host, name, policy->port);
}

static bool host_is_ours(const char *host, const struct guard_policy *policy)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (host_matches(host, names[i], policy->port))
            return true;
    return policy->token != NULL && host_is_bound(host, policy);
}

static const char *allowed_origin(const char *origin, const struct guard_policy *policy)
{
    for (char *const *allowed = policy->allowed_origins; allowed != NULL && *allowed != NULL;
         allowed++)
        if (strcmp(*allowed, origin) == 0)
            return *allowed;
    return NULL;
}

static bool origin_is_ours(const char *origin, const struct guard_policy *policy)
{
    static const char scheme[] = "http://";
    return strncmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
           host_is_ours(origin + sizeof(scheme) - 1, policy);
}

/* A link or a bookmark that opens the dashboard comes from another site, and is fine. */
static bool is_navigation(const struct guard_request *request)
{
    return strcmp(request->path, "/") == 0 && request->fetch_mode != NULL &&
           strcmp(request->fetch_mode, "navigate") == 0;
}

static bool is_foreign_fetch(const struct guard_request *request)
{
    const char *site = request->fetch_site;
    return site != NULL && (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0);
}

/* In constant time: how long a comparison takes must not tell how much of a guess was right. */
static bool same_secret(const char *given, const char *secret)
{
    size_t given_length = strlen(given);
    size_t length = strlen(secret);
    unsigned char difference = given_length == length ? 0 : 1;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(secret[i] ^ (given_length > 0 ? given[i % given_length] : 0));
    return difference == 0;
}

static bool token_is_right(const char *authorization, const char *token)
{
    static const char scheme[] = "Bearer ";
    return authorization != NULL && strncasecmp(authorization, scheme, sizeof(scheme) - 1) == 0 &&
           same_secret(authorization + sizeof(scheme) - 1, token);
}

enum guard_uri guard_look_at_uri(const char *uri)
{
    if (strlen(uri) > URI_MAX)
        return GUARD_URI_TOO_LONG;
    return strstr(uri, "%00") != NULL ? GUARD_URI_HAS_NUL : GUARD_URI_FITS;
}

const char *guard_find_path(const char *target, const struct guard_policy *policy)
{
    static const char scheme[] = "http://";
    if (strncasecmp(target, scheme, sizeof(scheme) - 1) != 0)
        return target;
    char host[ADDRESS_CAPACITY + 8]; /* with its port */
    const char *begin = target + sizeof(scheme) - 1;
    size_t length = strcspn(begin, "/");
    if (length >= sizeof(host))
        return target;
    memcpy(host, begin, length);
    host[length] = '\0';
    if (!host_is_ours(host, policy))
        return target;
    return begin[length] != '\0' ? begin + length : "/";
}

void guard_add_header(struct guard_request *request, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **value;
    } kept[] = {
        {"Host", &request->host},
        {"Origin", &request->origin},
        {"Sec-Fetch-Site", &request->fetch_site},
        {"Sec-Fetch-Mode", &request->fetch_mode},
        {"Authorization", &request->authorization},
        {"Access-Control-Request-Method", &request->wanted_method},
    };
    for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (strcasecmp(name, kept[i].name) != 0)
            continue;
        request->host_count += kept[i].value == &request->host;
        request->is_repeated = request->is_repeated || *kept[i].value != NULL;
        *kept[i].value = value;
    }
}

static struct guard_verdict check_address(const struct guard_request *request,
                                          const struct guard_policy *policy)
{
    if (request->host_count != 1 || request->host == NULL)
        return refuse(421, "exactly one Host header is needed");
    if (!host_is_ours(request->host, policy))
        return refuse(421, "this host name is not served here: use 127.0.0.1, localhost or [::1]");
    if (request->uri == GUARD_URI_TOO_LONG)
        return refuse(414, "the address is longer than 4096 bytes");
    if (request->uri == GUARD_URI_HAS_NUL)
        return refuse(400, "the address holds a NUL");
    if (request->is_repeated)
        return refuse(400, "a header that decides who may ask is given more than once");
    return (struct guard_verdict){0};
}

static struct guard_verdict check_origin(const struct guard_request *request,
                                         const struct guard_policy *policy)
{
    struct guard_verdict passed = {0};
    if (request->origin != NULL) {
        passed.cors_origin = allowed_origin(request->origin, policy);
        if (passed.cors_origin == NULL && !origin_is_ours(request->origin, policy))
            return refuse(403, "requests of this origin are not allowed: see api.allowed_origins");
    }
    if (passed.cors_origin == NULL && is_foreign_fetch(request) && !is_navigation(request))
        return refuse(403, "requests from other sites are not allowed");
    return passed;
}

/* A browser asks first, without the token, whether a page of an allowed origin may bring one. */
static bool is_preflight(const struct guard_request *request, const char *cors_origin)
{
    return cors_origin != NULL && request->wanted_method != NULL &&
           strcmp(request->method, "OPTIONS") == 0;
}

static struct guard_verdict check_wish(const struct guard_request *request,
                                       const struct guard_policy *policy, bool asks_first)
{
    if (!asks_first && strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return refuse(405, "only GET and HEAD are served");
    if (request->has_body)
        return refuse(413, "a request has no body here");
    if (!asks_first && policy->token != NULL && !request->is_page &&
        !token_is_right(request->authorization, policy->token))
        return refuse(401, "a bearer token is needed: see api.token_file");
    return (struct guard_verdict){.is_preflight = asks_first};
}

struct guard_verdict guard_check(const struct guard_request *request,
                                 const struct guard_policy *policy)
{
    struct guard_verdict verdict = check_address(request, policy);
    if (verdict.status == 0)
        verdict = check_origin(request, policy);
    if (verdict.status != 0)
        return verdict;
    /* Its page may read why it is refused, too. */
    const char *cors_origin = verdict.cors_origin;
    verdict = check_wish(request, policy, is_preflight(request, cors_origin));
    verdict.cors_origin = cors_origin;
    return verdict;
}
