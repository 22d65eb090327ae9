/* SPDX-License-Identifier: MIT */
/* What may lie at db_path when the agent starts. */
#include "store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int count_files(const struct fixture *fixture)
{
    char command[160];
    char line[16] = "";
    snprintf(command, sizeof(command), "ls -A %s | wc -l", fixture->folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof(line), pipe));
    pclose(pipe);
    return atoi(line);
}

/* Refused, and neither changed nor joined by anything. */
static void assert_refused(struct fixture *fixture, int code, const char *word)
{
    size_t length;
    int files = count_files(fixture);
    unsigned char *before = fixture_read_file(fixture->path, &length);
    fixture_open_fails(fixture, code, word);
    fixture_assert_same_file(fixture->path, before, length);
    assert_int_equal(count_files(fixture), files);
    free(before);
}

static void an_empty_file_is_a_new_database(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    fixture_write_file(fixture->path, "", 0);
    assert_int_equal(chmod(fixture->path, 0644), 0);
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 1, true);
    assert_int_equal(fixture_daily(fixture, NOON_DATE).used_ms, 5000);
    assert_int_equal(fixture_integer(fixture, "PRAGMA page_size"), 1024);
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_folder_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    fixture_open_fails(fixture, EXIT_CODE_CONFIG, "db_path");
    assert_int_equal(count_files(fixture), 1);
}

static void an_unmarked_database_of_another_program_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, "CREATE TABLE heartbeats(pulse); CREATE TABLE patients(name)");
    assert_refused(fixture, EXIT_CODE_CONFIG, "another program");
}

static void one_whose_tables_only_sound_like_ours_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path,
                 "CREATE TABLE heartbeats(pulse); CREATE TABLE daily_rollups(average)");
    assert_refused(fixture, EXIT_CODE_CONFIG, "another program");
}

static void a_foreign_wal_database_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, "PRAGMA journal_mode = WAL; CREATE TABLE t(a)");
    assert_refused(fixture, EXIT_CODE_CONFIG, "another program");
}

static void a_reader_refuses_what_is_not_ours(void **state)
{
    struct fixture *fixture = *state;
    struct store_reader *reader = NULL;
    struct error error = {0};
    assert_int_not_equal(store_reader_open(&reader, fixture->path, &error), 0);
    assert_non_null(strstr(error.text, fixture->path));
    assert_false(access(fixture->path, F_OK) == 0); /* looking makes no file */
    fixture_exec(fixture->path, "CREATE TABLE t(a)");
    assert_int_equal(store_reader_open(&reader, fixture->path, &error), EXIT_CODE_CONFIG);
    assert_non_null(strstr(error.text, fixture->path));
    fixture_exec(fixture->path, "CREATE TABLE heartbeats(pulse)");
    assert_int_equal(store_reader_open(&reader, fixture->path, &error), EXIT_CODE_CONFIG);
    assert_null(reader);
}

static void a_folder_that_cannot_be_written_is_told(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() == 0) {
        print_message("skipped: root may write everywhere\n");
        skip();
    }
    assert_int_equal(chmod(fixture->folder, 0500), 0);
    fixture_open_fails(fixture, EXIT_CODE_DISK, "cannot be written");
    assert_int_equal(chmod(fixture->folder, 0700), 0);
}

static void a_path_below_a_file_is_told(void **state)
{
    struct fixture *fixture = *state;
    char file[160];
    snprintf(file, sizeof(file), "%s", fixture->path);
    fixture_write_file(file, "x", 1);
    snprintf(fixture->path, sizeof(fixture->path), "%s/clockblock.db/a.db", fixture->folder);
    struct error error = {0};
    struct store *store = NULL;
    assert_int_equal(store_open(&store, &fixture->options, &error), EXIT_CODE_DISK);
    assert_non_null(strstr(error.text, file));
}

static void one_that_is_nothing_but_damage_is_kept_and_made_anew(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 100, true);
    fixture_close(fixture);
    size_t length;
    unsigned char *bytes = fixture_read_file(fixture->path, &length);
    memset(bytes + 200, 0xFF, length - 200);
    fixture_write_file(fixture->path, bytes, length);
    free(bytes);
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 0);
    assert_non_null(
        strstr(fixture_health(fixture).event, "clockblock.db.corrupt-20260116T120000Z"));
    fixture_put_many(fixture, NOON_MS, 1, true);
}

static bool has_tick_after(struct fixture *fixture, const char *sql)
{
    struct tick tick;
    fixture_close(fixture);
    fixture_exec(fixture->path, sql);
    fixture_open(fixture);
    return store_last_tick(fixture->store, &tick);
}

static void a_last_tick_that_cannot_be_is_none(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 3, true);
    assert_true(has_tick_after(fixture, "UPDATE last_tick SET wall_ms = wall_ms + 1"));
    assert_false(has_tick_after(fixture, "UPDATE last_tick SET wall_ms = 4611686018427387904"));
    assert_false(has_tick_after(fixture, "UPDATE last_tick SET wall_ms = -4611686018427387904"));
    assert_false(has_tick_after(fixture, "UPDATE last_tick SET wall_ms = 0, boottime_ms ="
                                         " 9223372036854775807"));
    assert_false(has_tick_after(fixture, "UPDATE last_tick SET boottime_ms = 0, monotonic_ms ="
                                         " -9223372036854775807"));
    /* The next one is written over it. */
    fixture_put_many(fixture, NOON_MS + 15000, 1, true);
    assert_true(has_tick_after(fixture, "SELECT 1"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_bare, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_file_is_a_new_database),
        TEST(a_folder_is_refused),
        TEST(an_unmarked_database_of_another_program_is_refused),
        TEST(one_whose_tables_only_sound_like_ours_is_refused),
        TEST(a_foreign_wal_database_is_refused),
        TEST(a_reader_refuses_what_is_not_ours),
        TEST(a_folder_that_cannot_be_written_is_told),
        TEST(a_path_below_a_file_is_told),
        TEST(one_that_is_nothing_but_damage_is_kept_and_made_anew),
        TEST(a_last_tick_that_cannot_be_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
