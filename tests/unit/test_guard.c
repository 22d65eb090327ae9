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
static const struct guard_policy on_v6 = {.host = "fd00::5", .port = 3841, .token = "s3cret"};
static const struct guard_policy on_all = {.host = "0.0.0.0", .port = 3841, .token = "s3cret"};
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
    {&on_v6, {ASK, .host = "[fd00::5]:3841", .authorization = "Bearer s3cret"}, 0, NULL},
    {&on_v6, {ASK, .host = "fd00::5:3841", .authorization = "Bearer s3cret"}, 421, NULL},
    {&on_v6, {ASK, .host = "[fd00::6]:3841", .authorization = "Bearer s3cret"}, 421, NULL},
    /* Bound to all addresses: each of them is ours, and a name is not. */
    {&on_all, {ASK, .host = "192.168.1.5:3841", .authorization = "Bearer s3cret"}, 0, NULL},
    {&on_all, {ASK, .host = "[fe80::1]:3841", .authorization = "Bearer s3cret"}, 0, NULL},
    {&on_all, {ASK, .host = "192.168.1.5:3841"}, 401, NULL},
    {&on_all, {ASK, .host = "192.168.1.5"}, 421, NULL},
    {&on_all, {ASK, .host = "192.168.1.5:3842"}, 421, NULL},
    {&on_all, {ASK, .host = "evil.com:3841"}, 421, NULL},
    {&on_all, {ASK, .host = "1.evil.com:3841"}, 421, NULL},
    {&on_all, {ASK, .host = "[fe80::1:3841"}, 421, NULL},
    {&on_all, {ASK, .host = "[fe80::1]evil.com:3841"}, 421, NULL},
    {&on_all, {ASK, .host = "[evil.com]:3841"}, 421, NULL},
    {&on_all, {ASK, .host = ":3841"}, 421, NULL},
    {&on_all, {ASK, .host = "[]:3841"}, 421, NULL},
    {&on_all, {ASK, .host = "["}, 421, NULL},
    {&plain, {ASK, .host = "192.168.1.5:3841"}, 421, NULL},
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
    /* Repeated headers, and addresses that end before their end */
    {&plain, {HERE, .is_repeated = true}, 400, NULL},
    {&plain, {HERE, .uri = GUARD_URI_HAS_NUL}, 400, NULL},
    /* Preflights: see below for those that pass */
    {&with_origins,
     {.method = "OPTIONS",
      .path = "/",
      .host = "[::1]:3841",
      .host_count = 1,
      .origin = "https://a.lan"},
     405,
     origin_a},
    {&with_origins,
     {.method = "OPTIONS",
      .path = "/",
      .host = "[::1]:3841",
      .host_count = 1,
      .origin = "http://127.0.0.1:3841",
      .wanted_method = "GET"},
     405,
     NULL},
    {&with_origins,
     {.method = "OPTIONS",
      .path = "/",
      .host = "[::1]:3841",
      .host_count = 1,
      .origin = "https://evil.com",
      .wanted_method = "GET"},
     403,
     NULL},
    {&with_origins,
     {.method = "POST",
      .path = "/",
      .host = "[::1]:3841",
      .host_count = 1,
      .origin = "https://a.lan",
      .wanted_method = "GET"},
     405,
     origin_a},
    /* Method, body, length */
    {&plain, {.method = "HEAD", .path = "/", .host = "[::1]:3841", .host_count = 1}, 0, NULL},
    {&plain, {.method = "POST", .path = "/", .host = "[::1]:3841", .host_count = 1}, 405, NULL},
    {&plain, {.method = "OPTIONS", .path = "/", .host = "[::1]:3841", .host_count = 1}, 405, NULL},
    {&plain, {.method = "get", .path = "/", .host = "[::1]:3841", .host_count = 1}, 405, NULL},
    {&plain, {HERE, .has_body = true}, 413, NULL},
    {&plain, {HERE, .uri = GUARD_URI_TOO_LONG}, 414, NULL},
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
    /* The dashboard itself needs none, but all the rest. */
    {&with_token, {HERE, .is_page = true}, 0, NULL},
    {&with_token, {HERE, .is_page = true, .authorization = "Bearer x"}, 0, NULL},
    {&with_token, {HERE, .is_page = true, .origin = "http://evil.com"}, 403, NULL},
    {&with_token, {HERE, .is_page = true, .fetch_site = "cross-site"}, 403, NULL},
    {&with_token, {HERE, .is_page = true, .has_body = true}, 413, NULL},
    {&with_token, {ASK, .is_page = true, .host = "evil.com:3841"}, 421, NULL},
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
                                          .uri = GUARD_URI_TOO_LONG};
    (void)state;
    assert_int_equal(guard_check(&request, &with_token).status, 421);
}

static void headers_are_taken_down_by_name(void **state)
{
    struct guard_request request = {.method = "GET", .path = "/"};
    (void)state;
    guard_add_header(&request, "hOST", "127.0.0.1:3841");
    guard_add_header(&request, "Accept", "text/html");
    guard_add_header(&request, "Accept", "application/json");
    guard_add_header(&request, "origin", "");
    guard_add_header(&request, "SEC-FETCH-SITE", "none");
    guard_add_header(&request, "Sec-Fetch-Mode", "cors");
    guard_add_header(&request, "Authorization", "Bearer x");
    guard_add_header(&request, "Access-Control-Request-Method", "GET");
    assert_string_equal(request.host, "127.0.0.1:3841");
    assert_string_equal(request.origin, "");
    assert_string_equal(request.fetch_site, "none");
    assert_string_equal(request.fetch_mode, "cors");
    assert_string_equal(request.authorization, "Bearer x");
    assert_string_equal(request.wanted_method, "GET");
    assert_int_equal(request.host_count, 1);
    assert_false(request.is_repeated);
    guard_add_header(&request, "AUTHORIZATION", "Bearer y");
    assert_true(request.is_repeated);
    guard_add_header(&request, "Host", "evil.com");
    assert_int_equal(request.host_count, 2);
}

/* The browser does not send the token along. */
static void a_page_of_an_allowed_origin_may_ask_first(void **state)
{
    const struct guard_policy policy = {
        .host = "127.0.0.1", .port = 3841, .token = "s3cret", .allowed_origins = origins};
    struct guard_request request = {.method = "OPTIONS",
                                    .path = "/status",
                                    .host = "127.0.0.1:3841",
                                    .host_count = 1,
                                    .origin = "https://a.lan",
                                    .wanted_method = "GET"};
    (void)state;
    struct guard_verdict verdict = guard_check(&request, &policy);
    assert_int_equal(verdict.status, 0);
    assert_true(verdict.is_preflight);
    assert_ptr_equal(verdict.cors_origin, origin_a);
    request.method = "GET";
    verdict = guard_check(&request, &policy);
    assert_int_equal(verdict.status, 401);
    assert_false(verdict.is_preflight);
    assert_ptr_equal(verdict.cors_origin, origin_a);
}

static void an_address_may_name_our_host(void **state)
{
    (void)state;
    static const char *const targets[][2] = {
        {"/health", "/health"},
        {"http://127.0.0.1:3841/health", "/health"},
        {"HTTP://LocalHost:3841/", "/"},
        {"http://[::1]:3841", "/"},
        {"http://127.0.0.1:3841//x", "//x"},
        {"http://127.0.0.1:3842/health", "http://127.0.0.1:3842/health"},
        {"http://evil.example/health", "http://evil.example/health"},
        {"http://user@127.0.0.1:3841/", "http://user@127.0.0.1:3841/"},
        {"https://127.0.0.1:3841/", "https://127.0.0.1:3841/"},
        {"http://", "http://"},
        {"//127.0.0.1:3841/", "//127.0.0.1:3841/"},
        {"*", "*"},
    };
    for (unsigned i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        assert_string_equal(guard_find_path(targets[i][0], &plain), targets[i][1]);
    char longest[512];
    memset(longest, '1', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memcpy(longest, "http://", 7);
    assert_string_equal(guard_find_path(longest, &plain), longest);
}

static void an_address_is_short_and_ends_at_its_end(void **state)
{
    char uri[4098];
    (void)state;
    memset(uri, 'x', sizeof(uri));
    uri[4097] = '\0';
    assert_int_equal(guard_look_at_uri(uri), GUARD_URI_TOO_LONG);
    uri[4096] = '\0';
    assert_int_equal(guard_look_at_uri(uri), GUARD_URI_FITS);
    assert_int_equal(guard_look_at_uri("/health%00.html"), GUARD_URI_HAS_NUL);
    assert_int_equal(guard_look_at_uri("/daily?date=2026-01-16%00"), GUARD_URI_HAS_NUL);
    assert_int_equal(guard_look_at_uri("/daily?date=%30%31"), GUARD_URI_FITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_let_in_by_the_table),
        cmocka_unit_test(the_host_is_checked_first),
        cmocka_unit_test(headers_are_taken_down_by_name),
        cmocka_unit_test(a_page_of_an_allowed_origin_may_ask_first),
        cmocka_unit_test(an_address_may_name_our_host),
        cmocka_unit_test(an_address_is_short_and_ends_at_its_end),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
