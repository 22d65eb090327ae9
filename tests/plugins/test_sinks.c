/* SPDX-License-Identifier: MIT */
/* The parts of the sinks that need no server: bodies, answers, and the file of lines. */
#include "file/lines.h"
#include "http_ingest/answer.h"
#include "http_ingest/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char epoch[] = "b977f6c6-c3e2-4f93-97a2-8a9c8084d794";
enum { RECORDS_MAX = 8 };

/* A batch of records first..last. */
struct made_batch {
    clb_batch batch;
    clb_record records[RECORDS_MAX];
    const clb_record *pointers[RECORDS_MAX];
    char json[RECORDS_MAX][160];
};

static void make_batch(struct made_batch *made, int first, int last)
{
    memset(made, 0, sizeof(*made));
    made->batch = (clb_batch){.size = sizeof(clb_batch),
                              .records = made->pointers,
                              .device_id = "pc \"1\"",
                              .epoch = epoch};
    for (int seq = first; seq <= last; seq++) {
        uint32_t i = made->batch.count++;
        snprintf(made->json[i], sizeof(made->json[i]), "{\"id\":\"x\",\"seq\":%d,\"epoch\":\"%s\"}",
                 seq, epoch);
        made->records[i] = (clb_record){.size = sizeof(clb_record),
                                        .kind = CLB_RECORD_HEARTBEAT,
                                        .seq = seq,
                                        .poll_interval_sec = 5,
                                        .is_playing = 1,
                                        .json = made->json[i],
                                        .json_bytes = (uint32_t)strlen(made->json[i]),
                                        .id = "an-id",
                                        .timestamp_utc = "2026-01-16T12:00:00.000Z"};
        made->pointers[i] = &made->records[i];
    }
}

/* ---- http_ingest ---- */

static void a_body_is_an_array_of_whole_records(void **state)
{
    (void)state;
    struct made_batch made;
    struct body body = {NULL, 0, 0};
    char expected[512];
    make_batch(&made, 1, 2);
    assert_true(body_write(&body, &made.batch, false));
    snprintf(expected, sizeof(expected), "[%s,%s]", made.json[0], made.json[1]);
    assert_int_equal(strlen(expected), body.length);
    assert_memory_equal(expected, body.bytes, body.length);
    body_finish(&body);
}

static void a_strict_receiver_gets_the_first_agents_five_keys(void **state)
{
    (void)state;
    static const char expected[] = "[{\"id\":\"an-id\",\"device_id\":\"pc "
                                   "\\\"1\\\"\",\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\","
                                   "\"is_playing\":true,\"poll_interval_sec\":5}]";
    struct made_batch made;
    struct body body = {NULL, 0, 0};
    make_batch(&made, 1, 1);
    assert_true(body_write(&body, &made.batch, true));
    assert_int_equal(sizeof(expected) - 1, body.length);
    assert_memory_equal(expected, body.bytes, body.length);
    body_finish(&body);
}

static void each_status_means_what_the_contract_says(void **state)
{
    (void)state;
    static const struct {
        long status;
        int32_t outcome;
    } cases[] = {
        {200, CLB_DELIVERED},  {204, CLB_DELIVERED},  {408, CLB_RETRY},    {425, CLB_RETRY},
        {429, CLB_RETRY},      {500, CLB_RETRY},      {503, CLB_RETRY},    {413, CLB_TOO_LARGE},
        {400, CLB_BAD_RECORD}, {422, CLB_BAD_RECORD}, {409, CLB_CONFLICT}, {401, CLB_HOLD},
        {403, CLB_HOLD},       {407, CLB_HOLD},       {301, CLB_HOLD},     {404, CLB_HOLD},
        {405, CLB_HOLD},       {410, CLB_HOLD},       {415, CLB_HOLD},     {418, CLB_HOLD}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(cases[i].outcome, answer_outcome(cases[i].status));
}

static void a_refusal_says_what_to_do(void **state)
{
    (void)state;
    char text[256];
    answer_sentence(401, "no\nsuch token", text, sizeof(text));
    assert_string_equal("the server answers 401: check device_token (no such token)", text);
}

static void retry_after_is_seconds_or_something_else(void **state)
{
    (void)state;
    assert_int_equal(120000, answer_retry_seconds("120"));
    assert_int_equal(-1, answer_retry_seconds("Wed, 21 Oct 2026 07:28:00 GMT"));
    assert_int_equal(-1, answer_retry_seconds("-5"));
    assert_int_equal(-1, answer_retry_seconds(""));
}

/* ---- file ---- */

struct place {
    char folder[64];
    char path[96];
    struct lines *lines;
    clb_error error;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    snprintf(place->folder, sizeof(place->folder), "/tmp/clockblock-lines-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/out.jsonl", place->folder);
    place->lines = lines_create(place->path);
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    lines_destroy(place->lines);
    unlink(place->path);
    rmdir(place->folder);
    free(place);
    return 0;
}

static void append(struct place *place, int first, int last)
{
    struct made_batch made;
    make_batch(&made, first, last);
    assert_int_equal(CLB_OK, lines_append(place->lines, &made.batch, &place->error));
}

/* The seqs in the file, as "1 2 3". */
static void assert_seqs(const struct place *place, const char *expected)
{
    char seqs[128] = "";
    char line[256];
    FILE *file = fopen(place->path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        int64_t seq;
        char of[37];
        assert_int_equal('\n', line[strlen(line) - 1]);
        assert_true(lines_parse(line, &seq, of));
        snprintf(seqs + strlen(seqs), sizeof(seqs) - strlen(seqs), "%s%d", seqs[0] ? " " : "",
                 (int)seq);
    }
    fclose(file);
    assert_string_equal(expected, seqs);
}

static void lines_are_appended_and_private(void **state)
{
    struct place *place = *state;
    struct stat status;
    assert_int_equal(CLB_OK, lines_open(place->lines, &place->error));
    append(place, 1, 2);
    append(place, 3, 3);
    assert_seqs(place, "1 2 3");
    assert_int_equal(0, stat(place->path, &status));
    assert_int_equal(0600, status.st_mode & 0777);
}

static void after_a_crash_nothing_is_torn_and_nothing_is_there_twice(void **state)
{
    struct place *place = *state;
    assert_int_equal(CLB_OK, lines_open(place->lines, &place->error));
    append(place, 1, 3);
    lines_close(place->lines);
    FILE *file = fopen(place->path, "a");
    fputs("{\"id\":\"x\",\"seq\":4,\"epo", file); /* the power went */
    fclose(file);
    assert_int_equal(CLB_OK, lines_open(place->lines, &place->error));
    append(place, 2, 5); /* the batch whose answer was lost comes again */
    assert_seqs(place, "1 2 3 4 5");
}

static void a_file_of_somebody_else_is_left_alone(void **state)
{
    struct place *place = *state;
    FILE *file = fopen(place->path, "w");
    fputs("a secret without a line end", file);
    fclose(file);
    assert_int_equal(CLB_FAILED, lines_open(place->lines, &place->error));
    struct stat status;
    assert_int_equal(0, stat(place->path, &status));
    assert_int_equal(27, status.st_size);
}

static void a_file_that_was_moved_away_is_made_anew(void **state)
{
    struct place *place = *state;
    char moved[128];
    snprintf(moved, sizeof(moved), "%s.1", place->path);
    assert_int_equal(CLB_OK, lines_open(place->lines, &place->error));
    append(place, 1, 1);
    assert_int_equal(0, rename(place->path, moved));
    append(place, 2, 2);
    assert_seqs(place, "2");
    unlink(moved);
}

static void what_is_no_regular_file_is_refused(void **state)
{
    struct place *place = *state;
    struct lines *lines = lines_create(place->folder);
    assert_int_equal(CLB_FAILED, lines_open(lines, &place->error));
    assert_non_null(strstr(place->error.text, place->folder));
    lines_destroy(lines);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_an_array_of_whole_records),
        cmocka_unit_test(a_strict_receiver_gets_the_first_agents_five_keys),
        cmocka_unit_test(each_status_means_what_the_contract_says),
        cmocka_unit_test(a_refusal_says_what_to_do),
        cmocka_unit_test(retry_after_is_seconds_or_something_else),
        IN_A_PLACE(lines_are_appended_and_private),
        IN_A_PLACE(after_a_crash_nothing_is_torn_and_nothing_is_there_twice),
        IN_A_PLACE(a_file_of_somebody_else_is_left_alone),
        IN_A_PLACE(a_file_that_was_moved_away_is_made_anew),
        IN_A_PLACE(what_is_no_regular_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
