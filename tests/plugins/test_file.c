/* SPDX-License-Identifier: MIT */
/* The sink "file", as the agent loads it. */
#include "batches.h"
#include "fake_host.h"

#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64];
    char path[96];
    struct fake_host fake;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    snprintf(place->folder, sizeof(place->folder), "/tmp/clockblock-file-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/out.jsonl", place->folder);
    fake_host_open(&place->fake, "file");
    fake_host_set_text(&place->fake, "path", place->path);
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    fake_host_close(&place->fake);
    glob_t found;
    char pattern[128];
    snprintf(pattern, sizeof(pattern), "%s/*", place->folder);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            unlink(found.gl_pathv[i]);
        globfree(&found);
    }
    rmdir(place->folder);
    free(place);
    return 0;
}

static clb_delivery deliver(struct place *place, const clb_batch *batch)
{
    clb_delivery delivery = {.size = sizeof(delivery)};
    place->fake.error = (clb_error){.size = sizeof(place->fake.error)};
    place->fake.sink->deliver(place->fake.instance, batch, &delivery, &place->fake.error);
    return delivery;
}

static void assert_delivered(struct place *place, int first, int last)
{
    struct made_batch made;
    batch_make(&made, first, last);
    clb_delivery delivery = deliver(place, &made.batch);
    assert_string_equal("", place->fake.error.text);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(made.batch.count, delivery.accepted);
}

static void put(const char *path, const char *mode, const char *bytes, size_t length)
{
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    assert_int_equal(length, fwrite(bytes, 1, length, file));
    assert_int_equal(0, fclose(file));
}

static size_t read_all(const char *path, char *text, size_t capacity)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, capacity - 1, file);
    fclose(file);
    text[length] = '\0';
    return length;
}

/* What is in a file, as "1 2 gap 3"; each line is whole. */
static void assert_lines_in(const char *path, const char *expected)
{
    static char text[64 * 1024];
    char found[256] = "";
    read_all(path, text, sizeof(text));
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        const char *seq = strstr(line, "\"seq\":");
        size_t used = strlen(found);
        if (strstr(line, "\"gap\"") != NULL)
            snprintf(found + used, sizeof(found) - used, "%sgap", used > 0 ? " " : "");
        else
            snprintf(found + used, sizeof(found) - used, "%s%d", used > 0 ? " " : "",
                     seq != NULL ? atoi(seq + 6) : -1);
        line = end + 1;
    }
    assert_string_equal(expected, found);
}

static void assert_lines(const struct place *place, const char *expected)
{
    assert_lines_in(place->path, expected);
}

static void lines_are_appended_and_private(void **state)
{
    struct place *place = *state;
    struct stat status;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 2);
    assert_delivered(place, 3, 3);
    assert_lines(place, "1 2 3");
    assert_int_equal(0, stat(place->path, &status));
    assert_int_equal(0600, status.st_mode & 0777);
}

static void a_torn_last_line_is_cut_off_and_reported(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 3);
    fake_host_stop(&place->fake);
    put(place->path, "a", "{\"id\":\"x\",\"seq\":4,\"epo", 22); /* the power went */
    fake_host_start(&place->fake);
    assert_non_null(strstr(place->fake.log, "22 bytes of a torn last line"));
    assert_delivered(place, 2, 5); /* the batch whose answer was lost comes again */
    assert_lines(place, "1 2 3 4 5");
}

static void zeroes_in_place_of_a_long_batch_are_cut_off(void **state)
{
    struct place *place = *state;
    static char zeroes[100 * 1000];
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    fake_host_stop(&place->fake);
    put(place->path, "a", zeroes, sizeof(zeroes));
    fake_host_start(&place->fake);
    assert_delivered(place, 2, 2);
    assert_lines(place, "1 2");
}

static void a_file_of_one_torn_line_becomes_empty(void **state)
{
    struct place *place = *state;
    put(place->path, "w", "{\"id\":", 6);
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    assert_lines(place, "1");
}

static void what_was_written_is_not_written_again(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 3);
    assert_delivered(place, 1, 3); /* an answer came too late for the host */
    fake_host_stop(&place->fake);
    fake_host_start(&place->fake);
    assert_delivered(place, 3, 4);
    assert_lines(place, "1 2 3 4");
}

static void another_database_counts_anew(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 3);
    batch_make(&made, 1, 1);
    made.batch.epoch = "00000000-0000-4000-8000-000000000000";
    assert_int_equal(1, deliver(place, &made.batch).accepted);
    assert_lines(place, "1 2 3 1");
}

static void a_gap_at_the_end_does_not_hide_what_was_written(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    batch_make(&made, 1, 3);
    batch_set_kind(&made, 2, CLB_RECORD_GAP);
    fake_host_start(&place->fake);
    assert_int_equal(3, deliver(place, &made.batch).accepted);
    fake_host_stop(&place->fake);
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 3);
    assert_lines(place, "1 2 gap 3");
}

static void records_of_later_days_are_counted_and_not_written(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    batch_make(&made, 1, 2);
    batch_set_kind(&made, 1, 77);
    fake_host_start(&place->fake);
    assert_int_equal(2, deliver(place, &made.batch).accepted);
    assert_lines(place, "1");
}

static void an_empty_batch_is_delivered(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 0);
}

/* A limit on the size of files is a full disk that needs no disk: the first part of the batch still
 * fits. */
static void a_full_disk_leaves_no_part_of_a_batch(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    struct stat before;
    struct stat after;
    struct rlimit limit;
    struct rlimit unlimited;
    batch_make(&made, 2, 8);
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    assert_int_equal(0, stat(place->path, &before));
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &unlimited));
    limit = unlimited;
    limit.rlim_cur = (rlim_t)before.st_size + 100;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
    clb_delivery delivery = deliver(place, &made.batch);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &unlimited));

    assert_int_equal(CLB_RETRY, delivery.outcome);
    assert_int_equal(0, delivery.accepted);
    assert_non_null(strstr(place->fake.error.text, "out.jsonl: cannot be written: "));
    assert_int_equal(0, stat(place->path, &after));
    assert_int_equal(before.st_size, after.st_size);
    assert_delivered(place, 2, 8);
    assert_lines(place, "1 2 3 4 5 6 7 8");
}

static void a_file_that_was_moved_away_is_made_anew(void **state)
{
    struct place *place = *state;
    char moved[128];
    snprintf(moved, sizeof(moved), "%s.1", place->path);
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    assert_int_equal(0, rename(place->path, moved));
    assert_delivered(place, 1, 2);
    assert_lines(place, "2");
    assert_int_equal(0, unlink(place->path));
    assert_delivered(place, 3, 3);
    assert_lines(place, "3");
}

/* ---- Rotation ---- */

/* Two lines of ours fit into a file. */
static void limit_to_two_lines(struct place *place)
{
    fake_host_setting(&place->fake, "max_mb")->number = 0.0007;
}

/* The older files by name: "1 2" and so on; NULL behind the last. */
static void assert_older(const struct place *place, const char *const *expected)
{
    glob_t found;
    char pattern[128];
    size_t count = 0;
    while (expected[count] != NULL)
        count++;
    snprintf(pattern, sizeof(pattern), "%s.????????T??????Z-??????", place->path);
    if (glob(pattern, 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    assert_int_equal(count, found.gl_pathc);
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        assert_lines_in(found.gl_pathv[i], expected[i]);
        assert_int_equal(0, stat(found.gl_pathv[i], &status));
        assert_int_equal(0600, status.st_mode & 0777);
    }
    if (count > 0)
        globfree(&found);
}

static void a_full_file_makes_room_for_a_new_one(void **state)
{
    struct place *place = *state;
    char first[128];
    limit_to_two_lines(place);
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    assert_delivered(place, 2, 7); /* over several files */
    assert_older(place, (const char *const[]){"1 2", "3 4", "5 6", NULL});
    assert_lines(place, "7");
    snprintf(first, sizeof(first), "%s.20260116T120000Z-000000", place->path);
    assert_lines_in(first, "1 2");
    assert_delivered(place, 6, 7); /* the answer came too late */
    assert_delivered(place, 8, 8);
    assert_lines(place, "7 8");
}

static void a_new_day_begins_a_new_file(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    fake_host_setting(&place->fake, "daily")->integer = 1;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    fake_host_stop(&place->fake);
    fake_host_start(&place->fake); /* it knows the day from the file */
    batch_make(&made, 2, 4);
    for (int i = 0; i < 3; i++)
        made.records[i].timestamp_utc =
            i < 2 ? "2026-01-17T00:00:00.000Z" : "2026-01-18T00:00:00.000Z";
    assert_int_equal(3, deliver(place, &made.batch).accepted);
    assert_older(place, (const char *const[]){"1", "2 3", NULL});
    assert_lines(place, "4");
}

static void no_more_than_keep_older_files_are_kept_and_others_left_alone(void **state)
{
    struct place *place = *state;
    char other[128];
    limit_to_two_lines(place);
    fake_host_setting(&place->fake, "keep")->integer = 2;
    snprintf(other, sizeof(other), "%s.20200101T000000Z-000000.gz", place->path);
    put(other, "w", "packed", 6);
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 8);
    assert_older(place, (const char *const[]){"3 4", "5 6", NULL});
    assert_lines(place, "7 8");
    assert_int_equal(0, access(other, F_OK));
}

static void a_host_that_lets_anything_through_does_no_harm(void **state)
{
    struct place *place = *state;
    limit_to_two_lines(place);
    fake_host_setting(&place->fake, "keep")->integer = INT64_MIN;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 7);
    assert_older(place, (const char *const[]){"5 6", NULL});
    fake_host_stop(&place->fake);
    fake_host_setting(&place->fake, "max_mb")->number = 1e300;
    fake_host_start(&place->fake);
    assert_delivered(place, 8, 15);
    assert_lines(place, "7 8 9 10 11 12 13 14 15");
}

static void names_sort_by_order_also_when_the_clock_was_set_back(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    limit_to_two_lines(place);
    fake_host_start(&place->fake);
    batch_make(&made, 1, 2);
    made.records[0].timestamp_utc = made.records[1].timestamp_utc = "2099-01-01T00:00:00.000Z";
    assert_int_equal(2, deliver(place, &made.batch).accepted);
    assert_delivered(place, 3, 7);
    assert_older(place, (const char *const[]){"1 2", "3 4", "5 6", NULL});
}

static void rename_away(const struct place *place)
{
    char older[128];
    snprintf(older, sizeof(older), "%s.20260116T120000Z-000000", place->path);
    assert_int_equal(0, rename(place->path, older));
}

static void killed_in_a_rotation_it_knows_what_was_written(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 3);
    fake_host_stop(&place->fake);
    rename_away(place); /* killed before there was a new one */
    fake_host_close(&place->fake);
    fake_host_open(&place->fake, "file"); /* a new process: it remembers nothing */
    fake_host_set_text(&place->fake, "path", place->path);
    fake_host_start(&place->fake);
    assert_delivered(place, 2, 4);
    assert_lines(place, "4");
    assert_older(place, (const char *const[]){"1 2 3", NULL});
}

static void a_gap_is_written_once_also_across_a_rotation(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    batch_make(&made, 1, 3);
    batch_set_kind(&made, 2, CLB_RECORD_GAP);
    fake_host_start(&place->fake);
    assert_int_equal(3, deliver(place, &made.batch).accepted);
    assert_int_equal(3, deliver(place, &made.batch).accepted);
    assert_lines(place, "1 2 gap");
    for (int moved = 0; moved < 2; moved++) {
        fake_host_close(&place->fake);
        fake_host_open(&place->fake, "file");
        fake_host_set_text(&place->fake, "path", place->path);
        if (moved == 1)
            rename_away(place);
        fake_host_start(&place->fake);
        assert_int_equal(3, deliver(place, &made.batch).accepted);
        assert_lines(place, moved == 0 ? "1 2 gap" : "");
    }
}

static void a_file_may_begin_with_a_gap(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    batch_make(&made, 1, 1);
    batch_set_kind(&made, 0, CLB_RECORD_GAP);
    fake_host_start(&place->fake);
    assert_int_equal(1, deliver(place, &made.batch).accepted);
    fake_host_stop(&place->fake);
    put(place->path, "a", "{\"type\":\"ga", 11);
    fake_host_start(&place->fake);
    assert_delivered(place, 2, 2);
    assert_lines(place, "gap 2");
}

/* A limit on the size of files stops the second part of the batch, not the first. */
static void of_a_batch_over_two_files_the_part_that_is_on_disk_counts(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    struct rlimit limit;
    struct rlimit unlimited;
    char json[1000];
    limit_to_two_lines(place);
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    batch_make(&made, 2, 3);
    memset(json, ' ', sizeof(json));
    memcpy(json, made.json[1], strlen(made.json[1]) - 1);
    json[sizeof(json) - 1] = '}';
    made.records[1].json = json;
    made.records[1].json_bytes = sizeof(json);
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &unlimited));
    limit = unlimited;
    limit.rlim_cur = 800;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
    clb_delivery delivery = deliver(place, &made.batch);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &unlimited));
    assert_int_equal(CLB_RETRY, delivery.outcome);
    assert_int_equal(1, delivery.accepted);
    assert_older(place, (const char *const[]){"1 2", NULL});
    assert_lines(place, "");
    assert_delivered(place, 3, 3);
    assert_lines(place, "3");
}

static void what_a_failed_write_left_is_known_to_the_next_one(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    fake_host_start(&place->fake);
    assert_delivered(place, 1, 1);
    batch_make(&made, 2, 2);
    put(place->path, "a", made.json[0], strlen(made.json[0])); /* it could not be cut off again */
    put(place->path, "a", "\n", 1);
    fake_host_stop(&place->fake);
    fake_host_start(&place->fake);
    assert_delivered(place, 2, 3);
    assert_lines(place, "1 2 3");
}

/* ---- Refused ---- */

static void assert_refused(struct place *place, const char *path, const char *reason)
{
    fake_host_set_text(&place->fake, "path", path);
    assert_int_equal(CLB_OK, fake_host_create(&place->fake));
    assert_int_equal(CLB_FAILED, place->fake.sink->start(place->fake.instance, &place->fake.error));
    if (strstr(place->fake.error.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", place->fake.error.text, reason);
    place->fake.sink->destroy(place->fake.instance);
    place->fake.instance = NULL;
}

static void what_is_no_regular_file_is_refused(void **state)
{
    struct place *place = *state;
    assert_refused(place, place->folder, "cannot be opened");
    assert_int_equal(0, mkfifo(place->path, 0600));
    assert_refused(place, place->path, "is not a regular file");
    assert_refused(place, "/dev/null", "is not a regular file");
    assert_refused(place, "/nowhere/out.jsonl", "its folder is not there");
}

static void somebody_elses_file_is_refused_and_left_as_it_is(void **state)
{
    struct place *place = *state;
    static const char *const files[] = {
        "a token without a line end",     "key = 1;\n", "{\"id\":1}\nnotes",
        "{\"id\":\"a\"}\n{\"settings\":", "{\"a\":1}",  "SQLite format 3"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char text[128];
        put(place->path, "w", files[i], strlen(files[i]));
        assert_refused(place, place->path, "is no file of heartbeats");
        read_all(place->path, text, sizeof(text));
        assert_string_equal(files[i], text);
    }
}

static void a_host_without_services_is_refused(void **state)
{
    struct place *place = *state;
    place->fake.lacks = CLB_RUN;
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_non_null(strstr(place->fake.error.text, CLB_RUN));
    assert_null(place->fake.instance);
}

static void between_deliveries_the_host_waits(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    assert_int_equal(CLB_OK, place->fake.sink->wait(place->fake.instance, 5000));
    assert_int_equal(1, place->fake.waits);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(lines_are_appended_and_private),
        IN_A_PLACE(a_torn_last_line_is_cut_off_and_reported),
        IN_A_PLACE(zeroes_in_place_of_a_long_batch_are_cut_off),
        IN_A_PLACE(a_file_of_one_torn_line_becomes_empty),
        IN_A_PLACE(what_was_written_is_not_written_again),
        IN_A_PLACE(another_database_counts_anew),
        IN_A_PLACE(a_gap_at_the_end_does_not_hide_what_was_written),
        IN_A_PLACE(records_of_later_days_are_counted_and_not_written),
        IN_A_PLACE(an_empty_batch_is_delivered),
        IN_A_PLACE(a_full_disk_leaves_no_part_of_a_batch),
        IN_A_PLACE(a_file_that_was_moved_away_is_made_anew),
        IN_A_PLACE(a_full_file_makes_room_for_a_new_one),
        IN_A_PLACE(a_new_day_begins_a_new_file),
        IN_A_PLACE(no_more_than_keep_older_files_are_kept_and_others_left_alone),
        IN_A_PLACE(a_host_that_lets_anything_through_does_no_harm),
        IN_A_PLACE(names_sort_by_order_also_when_the_clock_was_set_back),
        IN_A_PLACE(killed_in_a_rotation_it_knows_what_was_written),
        IN_A_PLACE(a_gap_is_written_once_also_across_a_rotation),
        IN_A_PLACE(a_file_may_begin_with_a_gap),
        IN_A_PLACE(of_a_batch_over_two_files_the_part_that_is_on_disk_counts),
        IN_A_PLACE(what_a_failed_write_left_is_known_to_the_next_one),
        IN_A_PLACE(what_is_no_regular_file_is_refused),
        IN_A_PLACE(somebody_elses_file_is_refused_and_left_as_it_is),
        IN_A_PLACE(a_host_without_services_is_refused),
        IN_A_PLACE(between_deliveries_the_host_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
