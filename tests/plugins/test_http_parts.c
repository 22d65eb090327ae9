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

static const char one_object[] = "{\"id\":\"an-id\",\"device_id\":\"pc "
                                 "\\\"1\\\"\",\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\","
                                 "\"is_playing\":true,\"poll_interval_sec\":5}";

static struct body_form form_of(bool is_lines, const char *const *names, uint32_t count)
{
    struct body_form form = {.is_lines = is_lines};
    clb_error error = {.size = sizeof(error)};
    if (!fields_read(&form.fields, names, count, &error))
        fail_msg("%s", error.text);
    return form;
}

/* Reads it `step` bytes at a time, as a network takes it. */
static void assert_reads(struct body *body, const char *expected, size_t step)
{
    char text[2048];
    size_t used = 0;
    size_t got;
    assert_int_equal(strlen(expected), body->length);
    while ((got = body_read(body, text + used, step)) > 0) {
        used += got;
        assert_true(got <= step && used + step < sizeof(text));
    }
    text[used] = '\0';
    assert_string_equal(expected, text);
}

static void assert_body(const struct body_form *form, const struct made_batch *made,
                        const char *expected)
{
    struct body body = {0};
    assert_true(body_begin(&body, form, made->batch.records, made->batch.count));
    for (size_t step = 1; step < 1000; step += step / 2 + 1) {
        assert_reads(&body, expected, step);
        body_rewind(&body);
    }
    body_finish(&body);
}

static void a_body_is_an_array_of_whole_records_or_lines_of_them(void **state)
{
    (void)state;
    struct made_batch made;
    char expected[1024];
    batch_make(&made, 1, 2);
    struct body_form form = form_of(false, NULL, 0);
    snprintf(expected, sizeof(expected), "[%s,%s]", made.json[0], made.json[1]);
    assert_body(&form, &made, expected);
    form.is_lines = true;
    snprintf(expected, sizeof(expected), "%s\n%s\n", made.json[0], made.json[1]);
    assert_body(&form, &made, expected);
}

static void a_body_begins_again_in_its_midst(void **state)
{
    (void)state;
    struct made_batch made;
    struct body body = {0};
    char text[100];
    char expected[1024];
    batch_make(&made, 1, 2);
    struct body_form form = form_of(false, NULL, 0);
    assert_true(body_begin(&body, &form, made.batch.records, made.batch.count));
    assert_int_equal(sizeof(text), body_read(&body, text, sizeof(text)));
    body_rewind(&body);
    snprintf(expected, sizeof(expected), "[%s,%s]", made.json[0], made.json[1]);
    assert_reads(&body, expected, 70);
    body_finish(&body);
}

static void a_strict_receiver_gets_the_first_agents_five_keys(void **state)
{
    (void)state;
    static const char *const names[] = {"first_agent"};
    struct made_batch made;
    char expected[1024];
    batch_make(&made, 1, 2);
    struct body_form form = form_of(false, names, 1);
    snprintf(expected, sizeof(expected), "[%s,%s]", one_object, one_object);
    assert_body(&form, &made, expected);
}

static void a_receiver_gets_the_keys_that_were_chosen(void **state)
{
    (void)state;
    static const char *const names[] = {"flags", "activity", "seq"};
    struct made_batch made;
    batch_make(&made, 7, 7);
    struct body_form form = form_of(true, names, 3);
    assert_body(&form, &made,
                "{\"seq\":7,\"activity\":\"a, {b}\",\"flags\":[\"first\",\"late\"]}\n");
}

static void a_gap_is_sent_whole(void **state)
{
    (void)state;
    static const char *const names[] = {"first_agent"};
    struct made_batch made;
    char expected[1024];
    batch_make(&made, 1, 1);
    batch_set_kind(&made, 0, CLB_RECORD_GAP);
    struct body_form form = form_of(false, names, 1);
    snprintf(expected, sizeof(expected), "[%s]", made.json[0]);
    assert_body(&form, &made, expected);
}

static void a_key_that_is_none_is_named(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"id", "ids"}, {"all", "id"}, {"id", ""}};
    struct fields fields;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clb_error error = {.size = sizeof(error)};
        assert_false(fields_read(&fields, cases[i], 2, &error));
        assert_non_null(strstr(error.text, i == 1 ? "fields[0]" : "fields[1]"));
    }
}

static void what_is_no_record_becomes_no_more_than_an_empty_object(void **state)
{
    (void)state;
    static const char *const cases[] = {"",           "x",        "{",     "{}",     "[1,2]",
                                        "{\"id\":1",  "{\"id\"",  "{\"id", "{\"i\\", "{\"id\":\"\\",
                                        "{\"a\":[1}", "{\"a\":]}"};
    static const char *const names[] = {"id"};
    struct body_form form = form_of(false, names, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* Exactly as large as promised: a sanitizer sees what is beyond. */
        char *copy = malloc(strlen(cases[i]) + 2);
        assert_non_null(copy);
        size_t length = fields_copy(&form.fields, cases[i], strlen(cases[i]), copy);
        assert_int_equal(2, length);
        assert_memory_equal("{}", copy, 2);
        free(copy);
    }
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
                                      "Content-Encoding: gzip",
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
        cmocka_unit_test(a_body_is_an_array_of_whole_records_or_lines_of_them),
        cmocka_unit_test(a_body_begins_again_in_its_midst),
        cmocka_unit_test(a_strict_receiver_gets_the_first_agents_five_keys),
        cmocka_unit_test(a_receiver_gets_the_keys_that_were_chosen),
        cmocka_unit_test(a_gap_is_sent_whole),
        cmocka_unit_test(a_key_that_is_none_is_named),
        cmocka_unit_test(what_is_no_record_becomes_no_more_than_an_empty_object),
        cmocka_unit_test(each_status_means_what_the_contract_says),
        cmocka_unit_test(a_refusal_says_what_to_do),
        cmocka_unit_test(retry_after_is_seconds_or_something_else),
        cmocka_unit_test(a_header_is_checked_before_it_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
