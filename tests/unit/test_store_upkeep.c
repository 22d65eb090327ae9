/* SPDX-License-Identifier: MIT */
/* What keeps a database in order over the years: migrations, backups, the cap, the ballast, and
 * what happens when somebody takes the file away. */
#include "store/account.h"
#include "store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OLD_ROWS = 120 };

static void beside(const struct fixture *fixture, const char *suffix, char path[256])
{
    snprintf(path, 256, "%s%s", fixture->path, suffix);
}

static bool is_beside(const struct fixture *fixture, const char *suffix)
{
    char path[256];
    beside(fixture, suffix, path);
    return access(path, F_OK) == 0;
}

static int64_t integer_of(const char *path, const char *sql)
{
    struct fixture other = {0};
    snprintf(other.path, sizeof(other.path), "%.127s", path);
    return fixture_integer(&other, sql);
}

static int mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (int)(status.st_mode & 0777);
}

static void assert_sound(struct fixture *fixture)
{
    struct store_verify result;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_verify(reader, &result, NULL, NULL, &error), 0);
    store_reader_close(reader);
    assert_int_equal(result.differences, 0);
    assert_string_equal(result.integrity, "ok");
}

/* ---- Migrations ---- */

static void lay_version(struct fixture *fixture, int version)
{
    size_t length;
    char file[256];
    snprintf(file, sizeof(file), FIXTURES "/version_%d.sql", version);
    unsigned char *sql = fixture_read_file(file, &length);
    sql[length] = '\0';
    fixture_exec(fixture->path, (const char *)sql);
    free(sql);
    fixture->made = OLD_ROWS;
}

static void lay_old(struct fixture *fixture)
{
    lay_version(fixture, 1);
}

/* Those of the heartbeats that are there: each begins where the row before is no play of its
 * activity that ended when it began. */
static void assert_old_sessions(struct fixture *fixture, int64_t used_ms)
{
    int64_t expected = fixture_integer(
        fixture,
        "SELECT count(*) FROM (SELECT credited_ms, lag(credited_ms, 1, 0) OVER w AS before_ms,"
        " activity IS lag(activity) OVER w AS same, wall_ms - lag(wall_ms) OVER w AS apart_ms"
        " FROM heartbeats WINDOW w AS (ORDER BY seq)) WHERE credited_ms > 0 AND NOT (before_ms > 0"
        " AND same AND apart_ms = 5000)");
    assert_true(expected > 10);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM sessions"), expected);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(used_ms) FROM sessions"), used_ms);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(overdraft_ms) FROM sessions"), 2500);
}

static void assert_old_content(struct fixture *fixture)
{
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats WHERE"
                                              " wall_ms = 1768564800000 + (seq - 1) * 5000"),
                     OLD_ROWS);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(used_ms) FROM usage_slots"), 400000);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(overdraft_ms) FROM daily_rollups"), 2500);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats_readable WHERE"
                                              " activity = 'Pac-Man' AND epoch ="
                                              " 'c9d2e848-9a07-450b-8aa0-f433ac39993c'"),
                     40);
    assert_int_equal(fixture_sink(fixture).delivered_seq, 20);
    assert_int_equal(fixture_integer(fixture, "SELECT delivered_seq FROM sink_cursors WHERE"
                                              " sink = 'log' AND delivered_gap = 0"),
                     0);
    assert_old_sessions(fixture, 400000);
    assert_sound(fixture);
}

static void an_old_database_is_migrated(void **state)
{
    struct fixture *fixture = *state;
    char backup[256];
    lay_old(fixture);
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "PRAGMA user_version"), 3);
    assert_old_content(fixture);
    fixture_put_many(fixture, NOON_MS + OLD_ROWS * 5000, 1, true);
    assert_int_equal(fixture_health(fixture).durable_seq, OLD_ROWS + 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 1);
    beside(fixture, ".v1-backup", backup);
    assert_int_equal(mode_of(backup), 0600);
    assert_int_equal(integer_of(backup, "PRAGMA user_version"), 1);
    assert_int_equal(integer_of(backup, "SELECT count(*) FROM heartbeats"), OLD_ROWS);
}

static void version_2_is_migrated(void **state)
{
    struct fixture *fixture = *state;
    static const char *const unchanged[] = {
        "SELECT group_concat(hex(id) || seq || wall_ms || epoch || is_playing || credited_ms ||"
        " overdraft_ms || flags || coalesce(activity, 0) || coalesce(decided_by, 0)) FROM"
        " heartbeats",
        "SELECT group_concat(seq || border_ms || overdraft_before_ms) FROM day_splits",
        "SELECT group_concat(device || slot || activity || used_ms || overdraft_ms) FROM"
        " usage_slots",
        "SELECT group_concat(device || date_utc || used_ms || overdraft_ms || last_heartbeat_ms ||"
        " updated_ms) FROM daily_rollups",
        "SELECT group_concat(sink || delivered_seq || enabled || coalesce(inflight_seq, 0) ||"
        " failures || coalesce(retry_at_ms, 0) || coalesce(last_error, '') || delivered_gap) FROM"
        " sink_cursors",
        "SELECT group_concat(id || hex(uuid) || coalesce(sink, '') || epoch || from_seq || to_seq"
        " || count || reason || wall_ms) FROM gaps",
        "SELECT group_concat(sink || seq || json || reason || wall_ms) FROM quarantine",
        "SELECT group_concat(id || name) FROM names",
        "SELECT hex(uuid) || first_seq || created_ms FROM epochs",
    };
    enum { UNCHANGED = sizeof(unchanged) / sizeof(unchanged[0]), CAPACITY = 16384 };
    static char before[UNCHANGED][CAPACITY];
    static char after[CAPACITY];
    char backup[256];
    struct fixture old = {0};
    lay_version(fixture, 2);
    for (int i = 0; i < UNCHANGED; i++) {
        fixture_text(fixture, unchanged[i], before[i], CAPACITY);
        assert_true(strlen(before[i]) > 10);
    }
    fixture_open(fixture);
    beside(fixture, ".v2-backup", backup);
    snprintf(old.path, sizeof(old.path), "%.127s", backup);
    assert_int_equal(fixture_integer(fixture, "PRAGMA user_version"), 3);
    assert_int_equal(fixture_integer(&old, "PRAGMA user_version"), 2);
    assert_int_equal(mode_of(backup), 0600);
    for (int i = 0; i < UNCHANGED; i++) {
        fixture_text(fixture, unchanged[i], after, CAPACITY);
        assert_string_equal(before[i], after);
        fixture_text(&old, unchanged[i], after, CAPACITY);
        assert_string_equal(before[i], after);
    }
    assert_old_sessions(fixture, 505000);
    assert_sound(fixture);
    /* The newest session goes on. */
    int64_t sessions = fixture_integer(fixture, "SELECT count(*) FROM sessions");
    struct heartbeat next = fixture_heartbeat(fixture, NOON_MS + 122 * 5000, true);
    snprintf(next.activity, sizeof(next.activity), "Pac-Man");
    fixture_put(fixture, &next);
    fixture_settle(fixture);
    assert_int_equal(fixture_health(fixture).durable_seq, 123);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM sessions"), sessions);
    assert_sound(fixture);
}

static void what_a_migration_left_behind_can_be_put_back(void **state)
{
    struct fixture *fixture = *state;
    char backup[256];
    lay_old(fixture);
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS + OLD_ROWS * 5000, 5, true);
    fixture_close(fixture);
    beside(fixture, ".v1-backup", backup);
    assert_int_equal(rename(backup, fixture->path), 0);
    fixture_open(fixture);
    assert_old_content(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT first_seq FROM epochs WHERE id = 2"),
                     OLD_ROWS + 1);
}

static void without_a_backup_nothing_is_migrated(void **state)
{
    struct fixture *fixture = *state;
    char part[256];
    lay_old(fixture);
    beside(fixture, ".v1-backup.part", part);
    assert_int_equal(mkdir(part, 0700), 0);
    beside(fixture, ".v1-backup.part/x", part);
    fixture_write_file(part, "x", 1);
    fixture_open_fails(fixture, EXIT_CODE_DISK, "stays at version 1");
    assert_int_equal(fixture_integer(fixture, "PRAGMA user_version"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), OLD_ROWS);
    remove(part);
    beside(fixture, ".v1-backup.part", part);
    rmdir(part);
    fixture_open(fixture);
    assert_old_content(fixture);
}

/* ---- Backups ---- */

static void a_backup_is_made_while_the_agent_runs(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    char backup[256];
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 100, true);
    struct store_reader *reader = fixture_reader(fixture);
    beside(fixture, ".copy", backup);
    assert_int_equal(store_backup(reader, backup, NOON_MS, &error), 0);
    assert_int_equal(mode_of(backup), 0600);
    assert_int_equal(integer_of(backup, "SELECT count(*) FROM heartbeats"), 100);
    fixture_put_many(fixture, NOON_MS + 500000, 1, true);
    size_t length;
    unsigned char *before = fixture_read_file(backup, &length);
    assert_int_equal(store_backup(reader, backup, NOON_MS, &error), EXIT_CODE_USAGE);
    assert_non_null(strstr(error.text, backup));
    fixture_assert_same_file(backup, before, length);
    free(before);
    store_reader_close(reader);
}

struct replacing {
    struct fixture *fixture;
    struct store_reader *reader;
    const char *other;
    int64_t used_ms; /* what was read once it was replaced, while a statement was in use */
};

static int64_t read_used(struct fixture *fixture, struct store_reader *reader)
{
    struct store_daily total;
    struct error error = {0};
    assert_int_equal(store_read_usage(reader, fixture->options.device_id, NOON_MS - FIXTURE_HOUR,
                                      NOON_MS + FIXTURE_HOUR, &total, &error),
                     0);
    return total.used_ms;
}

static void replace_and_read(const char *activity, int64_t used_ms, int64_t overdraft_ms,
                             void *context)
{
    (void)activity;
    (void)used_ms;
    (void)overdraft_ms;
    struct replacing *replacing = context;
    char wal[256];
    beside(replacing->fixture, "-wal", wal); /* belongs to the old one */
    remove(wal);
    assert_int_equal(rename(replacing->other, replacing->fixture->path), 0);
    replacing->used_ms = read_used(replacing->fixture, replacing->reader);
}

/* Each answer is of one database, and the next one of that which is there then. */
static void a_reader_follows_once_its_rows_are_read(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    char backup[256];
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 10, true);
    struct store_reader *reader = fixture_reader(fixture);
    beside(fixture, ".copy", backup);
    assert_int_equal(store_backup(reader, backup, NOON_MS, &error), 0);
    fixture_put_many(fixture, NOON_MS + 50000, 10, true);
    fixture_close(fixture);
    struct replacing replacing = {.fixture = fixture, .reader = reader, .other = backup};
    assert_int_equal(store_each_activity(reader, fixture->options.device_id, NOON_MS,
                                         NOON_MS + FIXTURE_HOUR, replace_and_read, &replacing,
                                         &error),
                     0);
    assert_int_equal(replacing.used_ms, 100000);
    assert_int_equal(read_used(fixture, reader), 50000);
    store_reader_close(reader);
}

/* What was numbered since the backup was made would be numbered again. */
static void a_backup_that_is_put_back_begins_a_new_epoch(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    char backup[256];
    char first[64];
    char second[64];
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 100, true);
    struct store_reader *reader = fixture_reader(fixture);
    beside(fixture, ".copy", backup);
    assert_int_equal(store_backup(reader, backup, NOON_MS, &error), 0);
    store_reader_close(reader);
    fixture_put_many(fixture, NOON_MS + 500000, 20, true);
    uuid_format(store_origin(fixture->store)->epoch, first);
    fixture_close(fixture);
    assert_int_equal(rename(backup, fixture->path), 0);
    fixture_open(fixture);
    uuid_format(store_origin(fixture->store)->epoch, second);
    assert_string_not_equal(first, second);
    assert_non_null(strstr(fixture_health(fixture).event, "a backup of 2026-01-16T12:00:00.000Z"));
    fixture_put_many(fixture, NOON_MS + 500000, 1, true);
    assert_int_equal(fixture_health(fixture).durable_seq, 101);
    fixture_reopen(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 2);
    assert_sound(fixture);
}

/* ---- The cap ---- */

/* Until what is in the database fits, and then its file does with some room to spare: rows may be
 * in the wal still, and the room is given back last. */
static void wait_until_small(struct fixture *fixture, int64_t cap_bytes, int64_t spare_bytes)
{
    static const char used[] = "SELECT (page_count - freelist_count) * page_size FROM"
                               " pragma_page_count, pragma_freelist_count, pragma_page_size";
    static const char pages[] = "SELECT page_count FROM pragma_page_count";
    int64_t bytes = cap_bytes + spare_bytes;
    struct stat status = {0};
    bool is_small = false;
    for (int i = 0; i < 10000 && !is_small; i++) {
        fake_clock_advance(&fixture->clock, 61000);
        usleep(2000);
        fixture_exec(fixture->path, "PRAGMA wal_checkpoint");
        assert_int_equal(stat(fixture->path, &status), 0);
        is_small = fixture_integer(fixture, used) <= cap_bytes &&
                   fixture_integer(fixture, pages) * 1024 <= bytes && status.st_size <= bytes;
    }
    assert_true(is_small);
}

static void at_the_cap_the_oldest_go_and_who_misses_them_is_told(void **state)
{
    enum { ROWS = 12000 };
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, ROWS, true);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    assert_int_equal(fixture_deliver(fixture, 50), 0);
    assert_int_equal(store_sink_enable(fixture->store, "log", true, &error), 0);
    store_set_retention(fixture->store, 30, 300000);
    wait_until_small(fixture, 300000, 160000);
    fixture_close(fixture);

    int64_t oldest = fixture_integer(fixture, "SELECT min(seq) FROM heartbeats");
    assert_in_range(oldest, ROWS / 2, ROWS - 1);
    assert_int_equal(fixture_sink(fixture).delivered_seq, oldest - 1);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(count) FROM gaps WHERE sink = 'cloud' AND"
                                              " reason = 'store_full'"),
                     oldest - 1 - 50);
    assert_int_equal(fixture_integer(fixture, "SELECT min(from_seq) FROM gaps"), 51);
    assert_int_equal(fixture_integer(fixture, "SELECT max(to_seq) FROM gaps"), oldest - 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM gaps WHERE sink <> 'cloud'"),
                     0);
    assert_int_equal(fixture_integer(fixture, "SELECT delivered_seq FROM sink_cursors WHERE"
                                              " sink = 'log'"),
                     ROWS);
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(used_ms) FROM daily_rollups"),
                     ROWS * INT64_C(5000));
    assert_sound(fixture);
}

static void without_a_cap_nothing_goes(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 12000, true);
    fake_clock_advance(&fixture->clock, 61000);
    fixture_put_many(fixture, NOON_MS + 12000 * 5000, 1, true);
    fake_clock_advance(&fixture->clock, 61000);
    fixture_settle(fixture);
    fixture_close(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 12001);
}

/* ---- A clock that stepped ---- */

static void a_clock_that_stepped_before_the_start_deletes_nothing_for_a_day(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS - 40 * FIXTURE_DAY, 50, true);
    struct heartbeat stepped = fixture_heartbeat(fixture, NOON_MS, true);
    stepped.flags = HEARTBEAT_CLOCK_STEP;
    fixture_put(fixture, &stepped);
    fixture_close(fixture);
    fixture_start(fixture);
    fake_clock_advance(&fixture->clock, FIXTURE_DAY - 60000);
    /* When the second one is stored, the writer has been through with what was due at the first. */
    fixture_put_many(fixture, NOON_MS + 5000, 1, true);
    fixture_put_many(fixture, NOON_MS + 10000, 1, true);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 53);
    for (int i = 0; i < 2000 && fixture_health(fixture).rows > 3; i++) {
        fake_clock_advance(&fixture->clock, 61000);
        usleep(5000);
    }
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 3);
}

/* ---- Files that vanish ---- */

static void a_database_that_is_deleted_is_made_anew(void **state)
{
    struct fixture *fixture = *state;
    static struct heartbeat rows[100];
    struct heartbeat_origin origin;
    struct error error = {0};
    int count = 0;
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 30, true);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    struct store_reader *reader = fixture_reader(fixture); /* was there before, and follows */
    assert_int_equal(store_read_after(reader, 0, 100, rows, &count, &origin, &error), 0);
    assert_int_equal(unlink(fixture->path), 0);
    fixture_put_many(fixture, NOON_MS + 30 * 5000, 1, true);
    assert_int_equal(store_read_after(reader, 0, 100, rows, &count, &origin, &error), 0);
    assert_int_equal(count, 31);
    store_reader_close(reader);
    assert_non_null(strstr(fixture_health(fixture).event, "was deleted"));
    assert_int_equal(mode_of(fixture->path), 0600);
    fixture_put_many(fixture, NOON_MS + 31 * 5000, 1, true);
    fixture_close(fixture);
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT max(seq) FROM heartbeats"), 32);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 1);
    assert_true(fixture_sink(fixture).found);
    assert_non_null(strstr(fixture_health(fixture).event, "was deleted"));
    assert_sound(fixture);
}

static void a_folder_that_is_deleted_is_made_anew(void **state)
{
    struct fixture *fixture = *state;
    char command[320];
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 30, true);
    /* The writer may notice at once, and make a file while rm is at work: then once more. */
    snprintf(command, sizeof(command), "rm -rf %s || rm -rf %s", fixture->folder, fixture->folder);
    assert_int_equal(system(command), 0);
    /* Nobody wrote: the look of each minute notices. */
    for (int i = 0; i < 1000 && access(fixture->path, F_OK) != 0; i++) {
        fake_clock_advance(&fixture->clock, 61000);
        usleep(5000);
    }
    fixture_close(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 30);
}

static void another_file_in_its_place_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    char other[256];
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 30, true);
    beside(fixture, ".other", other);
    fixture_exec(other, "CREATE TABLE t(a)");
    assert_int_equal(rename(other, fixture->path), 0);
    struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS + 30 * 5000, true);
    fixture_put(fixture, &heartbeat);
    assert_int_equal(store_settle(fixture->store, &error), EXIT_CODE_DISK);
    assert_non_null(strstr(error.text, "another file"));
    assert_true(fixture_health(fixture).failed_for_good);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM t"), 0);
}

/* ---- The ballast ---- */

static void the_ballast_goes_when_the_disk_is_full_and_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_start(fixture);
    assert_true(is_beside(fixture, ".ballast"));
    faulty_disk_fail_writes(SQLITE_FULL);
    struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS, true);
    fixture_put(fixture, &heartbeat);
    assert_int_equal(store_settle(fixture->store, &error), EXIT_CODE_DISK);
    assert_false(is_beside(fixture, ".ballast"));
    faulty_disk_repair();
    fixture_settle(fixture);
    for (int i = 0; i < 1000 && !is_beside(fixture, ".ballast"); i++) {
        fake_clock_advance(&fixture->clock, 61000);
        usleep(5000);
    }
    assert_true(is_beside(fixture, ".ballast"));
}

static int setup(void **state)
{
    faulty_disk_install();
    return fixture_setup_bare(state);
}

static int teardown(void **state)
{
    faulty_disk_repair();
    int result = fixture_teardown(state);
    faulty_disk_remove();
    return result;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_old_database_is_migrated),
        TEST(version_2_is_migrated),
        TEST(what_a_migration_left_behind_can_be_put_back),
        TEST(without_a_backup_nothing_is_migrated),
        TEST(a_backup_is_made_while_the_agent_runs),
        TEST(a_reader_follows_once_its_rows_are_read),
        TEST(a_backup_that_is_put_back_begins_a_new_epoch),
        TEST(at_the_cap_the_oldest_go_and_who_misses_them_is_told),
        TEST(without_a_cap_nothing_goes),
        TEST(a_clock_that_stepped_before_the_start_deletes_nothing_for_a_day),
        TEST(a_database_that_is_deleted_is_made_anew),
        TEST(a_folder_that_is_deleted_is_made_anew),
        TEST(another_file_in_its_place_is_left_alone),
        TEST(the_ballast_goes_when_the_disk_is_full_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
