/* SPDX-License-Identifier: MIT */
/* The pure parts of http_ingest: bodies, answers and headers. */
#include "batches.h"
#include "http_ingest/answer.h"
#include "http_ingest/body.h"
#include "http_ingest/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_body(struct body *body, const char *expected)
{
    assert_int_equal(strlen(expected), body->length);
    assert_memory_equal(expected, body->bytes, body->length);
    body_finish(body);
}

static void a_body_is_an_array_of_whole_records(void **state)
{
    (void)state;
    struct made_batch made;
    struct body body = {0};
    char expected[512];
    batch_make(&made, 1, 2);
    assert_true(body_write(&body, &made.batch, false));
    assert_int_equal(1, body.first_seq);
    assert_int_equal(2, body.last_seq);
    snprintf(expected, sizeof(expected), "[%s,%s]", made.json[0], made.json[1]);
    assert_body(&body, expected);
}

static void a_strict_receiver_gets_the_first_agents_five_keys(void **state)
{
    (void)state;
    struct made_batch made;
    struct body body = {0};
    batch_make(&made, 1, 1);
    made.batch.device_id = "pc \"1\"\\\n\xC3\xA9";
    made.records[0].is_playing = 0;
    assert_true(body_write(&body, &made.batch, true));
    assert_body(&body, "[{\"id\":\"an-id\",\"device_id\":\"pc \\\"1\\\"\\\\\\u000a\xC3\xA9\","
                       "\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\",\"is_playing\":false,"
                       "\"poll_interval_sec\":5}]");
}

static void only_heartbeats_are_sent(void **state)
{
    (void)state;
    struct made_batch made;
    struct body body = {0};
    batch_make(&made, 1, 3);
    batch_set_kind(&made, 0, CLB_RECORD_GAP);
    batch_set_kind(&made, 2, 77);
    assert_true(body_write(&body, &made.batch, false));
    assert_int_equal(1, body.count);
    assert_int_equal(2, body.first_seq);
    char expected[256];
    snprintf(expected, sizeof(expected), "[%s]", made.json[1]);
    assert_body(&body, expected);
}

static void each_status_means_what_the_contract_says(void **state)
{
    (void)state;
    static const struct {
        long status;
        int32_t outcome;
    } cases[] = {
        {200, CLB_DELIVERED}, {201, CLB_DELIVERED},  {204, CLB_DELIVERED},  {299, CLB_DELIVERED},
        {408, CLB_RETRY},     {425, CLB_RETRY},      {429, CLB_RETRY},      {500, CLB_RETRY},
        {502, CLB_RETRY},     {503, CLB_RETRY},      {507, CLB_RETRY},      {599, CLB_RETRY},
        {413, CLB_TOO_LARGE}, {400, CLB_BAD_RECORD}, {422, CLB_BAD_RECORD}, {409, CLB_CONFLICT},
        {401, CLB_HOLD},      {403, CLB_HOLD},       {407, CLB_HOLD},       {301, CLB_HOLD},
        {304, CLB_HOLD},      {308, CLB_HOLD},       {404, CLB_HOLD},       {405, CLB_HOLD},
        {410, CLB_HOLD},      {415, CLB_HOLD},       {418, CLB_HOLD},       {451, CLB_HOLD}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(cases[i].outcome, answer_outcome(cases[i].status));
}

static void a_refusal_says_what_to_do(void **state)
{
    (void)state;
    char text[400];
    char long_body[300];
    answer_sentence(401, "no\nsuch token", text, sizeof(text));
    assert_string_equal("the server answers 401 Unauthorized: check device_token (no such token)",
                        text);
    answer_sentence(302, "", text, sizeof(text));
    assert_string_equal("the server answers 302 a redirect, and these are not followed: check "
                        "endpoint_url",
                        text);
    memset(long_body, 'x', sizeof(long_body));
    long_body[sizeof(long_body) - 1] = '\0';
    answer_sentence(500, long_body, text, sizeof(text));
    assert_true(strlen(text) < 250);
}

static void retry_after_is_seconds_or_something_else(void **state)
{
    (void)state;
    assert_int_equal(120000, answer_retry_seconds("120"));
    assert_int_equal(0, answer_retry_seconds("0"));
    assert_int_equal(-1, answer_retry_seconds("Wed, 21 Oct 2026 07:28:00 GMT"));
    assert_int_equal(-1, answer_retry_seconds("-5"));
    assert_int_equal(-1, answer_retry_seconds("5x"));
    assert_int_equal(-1, answer_retry_seconds(""));
    assert_int_equal(3600000,
                     answer_clamp_retry_ms(answer_retry_seconds("99999999999999999999999999")));
    assert_int_equal(0, answer_clamp_retry_ms(-7));
}

static void a_header_is_checked_before_it_is_sent(void **state)
{
    (void)state;
    static const char *const good[] = {"Prefer: resolution=ignore-duplicates", "X-A:b",
                                       "Host: other.example", "apikey: \t a b\tc"};
    static const char *const bad[] = {"",
                                      ":",
                                      "no colon",
                                      "a b: c",
                                      "X-Empty:",
                                      "X-Blank: ",
                                      "X-Split: a\r\nX-Other: b",
                                      "X-Control: \x01",
                                      "Content-Type: text/plain",
                                      "CONTENT-LENGTH: 1",
                                      "Idempotency-Key: mine",
                                      "expect: 100-continue"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_null(header_problem(good[i], true));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(header_problem(bad[i], false));
    assert_null(header_problem("Authorization: Basic eDp5", false));
    assert_non_null(header_problem("authorization: Basic eDp5", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_an_array_of_whole_records),
        cmocka_unit_test(a_strict_receiver_gets_the_first_agents_five_keys),
        cmocka_unit_test(only_heartbeats_are_sent),
        cmocka_unit_test(each_status_means_what_the_contract_says),
        cmocka_unit_test(a_refusal_says_what_to_do),
        cmocka_unit_test(retry_after_is_seconds_or_something_else),
        cmocka_unit_test(a_header_is_checked_before_it_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
