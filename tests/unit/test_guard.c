/* SPDX-License-Identifier: MIT */
#include "api/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char origin_a[] = "https://a.lan";
static char origin_b[] = "http://b.lan:8080";
static char *const origins[] = {origin_a, origin_b, NULL};

static const struct guard_policy plain = {.host = "127.0.0.1", .port = 3841};
static const struct guard_policy with_origins = {
    .host = "127.0.0.1", .port = 3841, .allowed_origins = origins};
static const struct guard_policy with_token = {
    .host = "192.168.1.5", .port = 3841, .token = "s3cret", .allowed_origins = origins};
static const struct guard_policy on_80 = {.host = "127.0.0.1", .port = 80};

struct guard_case {
    const struct guard_policy *policy;
    struct guard_request request;
    int status;
    const char *cors_origin;
};

/* A request that passes, but for what is named behind these. */
#define ASK  .method = "GET", .path = "/health", .host_count = 1
#define HERE ASK, .host = "127.0.0.1:3841"

static const struct guard_case cases[] = {
    /* Host */
    {&plain, {HERE}, 0, NULL},
    {&plain, {ASK, .host = "localhost:3841"}, 0, NULL},
    {&plain, {ASK, .host = "LocalHost:3841"}, 0, NULL},
    {&plain, {ASK, .host = "[::1]:3841"}, 0, NULL},
    {&plain, {ASK, .host = NULL}, 421, NULL},
    {&plain, {.method = "GET", .path = "/", .host = NULL, .host_count = 0}, 421, NULL},
    {&plain, {.method = "GET", .path = "/", .host = "127.0.0.1:3841", .host_count = 2}, 421, NULL},
    {&plain, {ASK, .host = ""}, 421, NULL},
    {&plain, {ASK, .host = "127.0.0.1"}, 421, NULL},
    {&plain, {ASK, .host = "127.0.0.1:3842"}, 421, NULL},
    {&plain, {ASK, .host = "127.0.0.1:38410"}, 421, NULL},
    {&plain, {ASK, .host = "127.0.0.1:3841 "}, 421, NULL},
    {&plain, {ASK, .host = "127.0.0.10:3841"}, 421, NULL},
    {&plain, {ASK, .host = "localhost.evil.com:3841"}, 421, NULL},
    {&plain, {ASK, .host = "evil.com:3841"}, 421, NULL},
    {&plain, {ASK, .host = "192.168.1.5:3841"}, 421, NULL},
    {&on_80, {ASK, .host = "127.0.0.1"}, 0, NULL},
    {&on_80, {ASK, .host = "127.0.0.1:80"}, 0, NULL},
    {&on_80, {ASK, .host = "localhostx"}, 421, NULL},
    {&with_token, {ASK, .host = "192.168.1.5:3841", .authorization = "Bearer s3cret"}, 0, NULL},
    {&with_token, {ASK, .host = "192.168.1.6:3841", .authorization = "Bearer s3cret"}, 421, NULL},
    /* Origin */
    {&plain, {HERE, .origin = "http://127.0.0.1:3841"}, 0, NULL},
    {&plain, {HERE, .origin = "http://localhost:3841"}, 0, NULL},
    {&plain, {HERE, .origin = "http://127.0.0.1:8080"}, 403, NULL},
    {&plain, {HERE, .origin = "https://127.0.0.1:3841"}, 403, NULL},
    {&plain, {HERE, .origin = "http://evil.com"}, 403, NULL},
    {&plain, {HERE, .origin = "http://evil.com:3841"}, 403, NULL},
    {&plain, {HERE, .origin = "null"}, 403, NULL},
    {&plain, {HERE, .origin = ""}, 403, NULL},
    {&plain, {HERE, .origin = "https://a.lan"}, 403, NULL},
    {&with_origins, {HERE, .origin = "https://a.lan"}, 0, origin_a},
    {&with_origins, {HERE, .origin = "http://b.lan:8080"}, 0, origin_b},
    {&with_origins, {HERE, .origin = "http://a.lan"}, 403, NULL},
    {&with_origins, {HERE, .origin = "https://a.lan:443"}, 403, NULL},
    {&with_origins, {HERE, .origin = "https://a.lan.evil.com"}, 403, NULL},
    {&with_origins, {HERE, .origin = "null"}, 403, NULL},
    {&with_origins, {HERE, .origin = "http://127.0.0.1:3841"}, 0, NULL},
    /* Sec-Fetch-Site */
    {&plain, {HERE, .fetch_site = "same-origin"}, 0, NULL},
    {&plain, {HERE, .fetch_site = "none", .fetch_mode = "navigate"}, 0, NULL},
    {&plain, {HERE, .fetch_site = "cross-site", .fetch_mode = "no-cors"}, 403, NULL},
    {&plain, {HERE, .fetch_site = "same-site", .fetch_mode = "cors"}, 403, NULL},
    {&plain, {HERE, .fetch_site = "cross-site"}, 403, NULL},
    {&plain, {HERE, .fetch_site = "cross-site", .fetch_mode = "navigate"}, 403, NULL},
    {&plain,
     {.method = "GET",
      .path = "/",
      .host = "127.0.0.1:3841",
      .host_count = 1,
      .fetch_site = "cross-site",
      .fetch_mode = "navigate"},
     0,
     NULL},
    {&plain,
     {.method = "GET",
      .path = "/",
      .host = "127.0.0.1:3841",
      .host_count = 1,
      .fetch_site = "cross-site",
      .fetch_mode = "no-cors"},
     403,
     NULL},
    {&with_origins, {HERE, .origin = "https://a.lan", .fetch_site = "cross-site"}, 0, origin_a},
    {&with_origins, {HERE, .fetch_site = "cross-site"}, 403, NULL},
    {&with_origins, {HERE, .origin = "https://c.lan", .fetch_site = "cross-site"}, 403, NULL},
    /* Method, body, length */
    {&plain, {.method = "HEAD", .path = "/", .host = "[::1]:3841", .host_count = 1}, 0, NULL},
    {&plain, {.method = "POST", .path = "/", .host = "[::1]:3841", .host_count = 1}, 405, NULL},
    {&plain, {.method = "OPTIONS", .path = "/", .host = "[::1]:3841", .host_count = 1}, 405, NULL},
    {&plain, {.method = "get", .path = "/", .host = "[::1]:3841", .host_count = 1}, 405, NULL},
    {&plain, {HERE, .has_body = true}, 413, NULL},
    {&plain, {HERE, .is_too_long = true}, 414, NULL},
    /* Token */
    {&plain, {HERE, .authorization = "Bearer whatever"}, 0, NULL},
    {&with_token, {HERE, .authorization = "Bearer s3cret"}, 0, NULL},
    {&with_token, {HERE, .authorization = "bearer s3cret"}, 0, NULL},
    {&with_token, {HERE}, 401, NULL},
    {&with_token, {HERE, .authorization = ""}, 401, NULL},
    {&with_token, {HERE, .authorization = "Bearer "}, 401, NULL},
    {&with_token, {HERE, .authorization = "Bearer s3cre"}, 401, NULL},
    {&with_token, {HERE, .authorization = "Bearer s3crets"}, 401, NULL},
    {&with_token, {HERE, .authorization = "Bearer s3creT"}, 401, NULL},
    {&with_token, {HERE, .authorization = "Bearer x3cret"}, 401, NULL},
    {&with_token, {HERE, .authorization = "Bearer s3crets3cret"}, 401, NULL},
    {&with_token, {HERE, .authorization = "Basic s3cret"}, 401, NULL},
    {&with_token, {HERE, .authorization = "s3cret"}, 401, NULL},
    /* A token opens no door to foreign pages. */
    {&with_token, {HERE, .authorization = "Bearer s3cret", .origin = "http://evil.com"}, 403, NULL},
    {&with_token,
     {HERE, .authorization = "Bearer s3cret", .origin = "http://192.168.1.5:3841"},
     0,
     NULL},
};

static void requests_are_let_in_by_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guard_verdict verdict = guard_check(&cases[i].request, cases[i].policy);
        if (verdict.status != cases[i].status || verdict.cors_origin != cases[i].cors_origin)
            fail_msg("case %zu: %d instead of %d, origin %s", i, verdict.status, cases[i].status,
                     verdict.cors_origin != NULL ? verdict.cors_origin : "none");
        if ((verdict.status != 0) != (verdict.detail != NULL && verdict.detail[0] != '\0'))
            fail_msg("case %zu: the sentence does not fit", i);
    }
}

/* A stranger learns nothing about what is behind the first check. */
static void the_host_is_checked_first(void **state)
{
    const struct guard_request request = {.method = "POST",
                                          .path = "/",
                                          .host = "evil.com:3841",
                                          .host_count = 1,
                                          .origin = "http://evil.com",
                                          .has_body = true,
                                          .is_too_long = true};
    (void)state;
    assert_int_equal(guard_check(&request, &with_token).status, 421);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_let_in_by_the_table),
        cmocka_unit_test(the_host_is_checked_first),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
