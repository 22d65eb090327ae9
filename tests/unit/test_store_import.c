/* SPDX-License-Identifier: MIT */
/* The first agent's database becomes one of ours. */
#include "store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD_TABLES                                                                                 \
    "CREATE TABLE heartbeats (id TEXT PRIMARY KEY, device_id TEXT NOT NULL, timestamp_utc TEXT"    \
    " NOT NULL, is_playing INTEGER NOT NULL, poll_interval_sec INTEGER NOT NULL, synced_at TEXT);" \
    "CREATE TABLE daily_rollups (device_id TEXT NOT NULL, date_utc TEXT NOT NULL, minutes_used"    \
    " REAL NOT NULL, minutes_overdraft REAL NOT NULL, last_heartbeat_at TEXT NOT NULL, updated_at" \
    " TEXT NOT NULL, PRIMARY KEY (device_id, date_utc));"

/* Five heartbeats of which three are synced, out of order, on 2026-01-15 and 2026-01-16. */
#define OLD_HEARTBEATS                                                                             \
    "INSERT INTO heartbeats VALUES"                                                                \
    "('c0000000-0000-4000-8000-000000000003', 'old-pc', '2026-01-16T00:00:02Z', 1, 5, 'x'),"       \
    "('c0000000-0000-4000-8000-000000000001', 'old-pc', '2026-01-15T23:59:52.000000Z', 1, 5,"      \
    " 'x'),"                                                                                       \
    "('c0000000-0000-4000-8000-000000000002', 'old-pc', '2026-01-15T23:59:57.250000Z', 0, 5,"      \
    " 'x'),"                                                                                       \
    "('c0000000-0000-4000-8000-000000000004', 'old-pc', '2026-01-16T00:00:07Z', 1, 5, NULL),"      \
    "('c0000000-0000-4000-8000-000000000005', 'old-pc', '2026-01-16T00:00:12Z', 1, 7200, NULL);"

#define OLD_DAYS                                                                                   \
    "INSERT INTO daily_rollups VALUES"                                                             \
    "('old-pc', '2026-01-15', 0.08333333333333333, 0, '2026-01-15T23:59:57.250000Z',"              \
    " '2026-01-15T23:59:57.250000Z'),"                                                             \
    "('old-pc', '2026-01-16', 0.16666666666666666, 0, '2026-01-16T00:00:12Z',"                     \
    " '2026-01-16T00:00:12Z');"

static void make_old(const struct fixture *fixture, const char *more)
{
    fixture_exec(fixture->path, OLD_TABLES OLD_HEARTBEATS);
    fixture_exec(fixture->path, more);
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

static void assert_backup(const struct fixture *fixture, const char *suffix, int64_t heartbeats)
{
    struct fixture backup = *fixture;
    struct stat status;
    snprintf(backup.path, sizeof(backup.path), "%s/clockblock.db.first-agent%s", fixture->folder,
             suffix);
    assert_int_equal(stat(backup.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(fixture_integer(&backup, "SELECT count(*) FROM heartbeats"), heartbeats);
    assert_int_equal(fixture_integer(&backup, "PRAGMA application_id"), 0);
}

static int64_t day_used(struct fixture *fixture, int32_t date)
{
    fixture->options.device_id = "old-pc";
    struct store_daily daily = fixture_daily(fixture, date);
    fixture->options.device_id = "pc-01";
    return daily.found ? daily.used_ms : -1;
}

static void its_heartbeats_are_taken_over_in_order(void **state)
{
    struct fixture *fixture = *state;
    char text[64];
    make_old(fixture, OLD_DAYS);
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "PRAGMA application_id"), 0x434C4F42);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 5);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats WHERE"
                                              " hex(id) = printf('C00000000000400080000000%08d',"
                                              " seq)"),
                     5);
    assert_int_equal(fixture_integer(fixture, "SELECT wall_ms FROM heartbeats WHERE seq = 2") -
                         MIDNIGHT_MS,
                     -FIXTURE_DAY - 2750);
    assert_int_equal(fixture_integer(fixture, "SELECT credited_ms FROM heartbeats WHERE seq = 1"),
                     5000);
    assert_int_equal(fixture_integer(fixture, "SELECT credited_ms FROM heartbeats WHERE seq = 2"),
                     0);
    assert_int_equal(fixture_integer(fixture, "SELECT credited_ms FROM heartbeats WHERE seq = 5"),
                     3600000); /* no interval is longer */
    fixture_text(fixture, "SELECT device_id FROM heartbeats_readable WHERE seq = 3", text,
                 sizeof(text));
    assert_string_equal(text, "old-pc");
    assert_backup(fixture, "", 5);
}

static void its_minutes_are_the_same_to_the_millisecond(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, OLD_TABLES OLD_HEARTBEATS OLD_DAYS
                 "DELETE FROM heartbeats WHERE poll_interval_sec = 7200");
    fixture_open(fixture);
    assert_int_equal(day_used(fixture, NOON_DATE - 1), 8000); /* 3 s came before midnight */
    assert_int_equal(day_used(fixture, NOON_DATE), 7000);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(used_ms) FROM usage_slots"), 15000);
    assert_sound(fixture);
}

static void our_own_device_and_seq_go_on(void **state)
{
    struct fixture *fixture = *state;
    make_old(fixture, OLD_DAYS);
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 1, true);
    assert_int_equal(fixture_integer(fixture, "SELECT max(seq) FROM heartbeats"), 6);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 2);
    assert_int_equal(fixture_daily(fixture, NOON_DATE).used_ms, 5000);
    fixture_reopen(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 6);
    assert_sound(fixture);
}

static void what_was_synced_is_not_sent_again(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    make_old(fixture, OLD_DAYS "UPDATE heartbeats SET synced_at = 'x'");
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 2, true);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    assert_int_equal(fixture_sink(fixture).pending, 2);
    assert_int_equal(fixture_sink(fixture).delivered_seq, 5);
}

static void minutes_of_pruned_heartbeats_are_kept(void **state)
{
    struct fixture *fixture = *state;
    make_old(fixture, OLD_DAYS "INSERT INTO daily_rollups VALUES"
                               "('old-pc', '2025-11-01', 100.5, 0, '2025-11-01T20:00:00Z',"
                               " '2025-11-01T20:00:00Z')");
    fixture_open(fixture);
    int32_t date = civil_date(2025, 11, 1);
    assert_int_equal(day_used(fixture, date), 6030000);
    assert_int_equal(
        fixture_integer(fixture, "SELECT sum(used_ms) FROM usage_slots s JOIN names n ON"
                                 " n.id = s.activity WHERE name = 'imported (time of day unknown)'"
                                 " AND slot BETWEEN 20393 * 96 + 48 AND 20393 * 96 + 54"),
        6030000);
    assert_int_equal(fixture_integer(fixture, "SELECT max(used_ms) FROM usage_slots"
                                              " WHERE slot < 20394 * 96"),
                     900000);
    assert_sound(fixture);
}

static void a_day_that_is_partly_pruned_keeps_its_minutes(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, OLD_TABLES OLD_HEARTBEATS OLD_DAYS
                 "DELETE FROM heartbeats WHERE poll_interval_sec = 7200;"
                 "UPDATE daily_rollups SET minutes_used = 800 WHERE date_utc = '2026-01-15'");
    fixture_open(fixture);
    assert_int_equal(day_used(fixture, NOON_DATE - 1), 800 * 60000); /* more than half a day */
    assert_int_equal(day_used(fixture, NOON_DATE), 7000);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(used_ms) FROM usage_slots"
                                              " WHERE slot / 96 = 20468"),
                     800 * 60000);
    assert_sound(fixture);
}

static void an_idle_day_that_is_pruned_is_kept(void **state)
{
    struct fixture *fixture = *state;
    make_old(fixture, OLD_DAYS "INSERT INTO daily_rollups VALUES"
                               "('old-pc', '2025-11-01', 0, 0, '2025-11-01T20:00:00Z',"
                               " '2025-11-01T20:00:00Z')");
    fixture_open(fixture);
    assert_int_equal(day_used(fixture, civil_date(2025, 11, 1)), 0);
    assert_sound(fixture);
}

static void devices_keep_their_names(void **state)
{
    struct fixture *fixture = *state;
    make_old(fixture, "UPDATE heartbeats SET device_id = 'second-pc' WHERE is_playing = 0");
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats_readable WHERE"
                                              " device_id = 'second-pc'"),
                     1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 3);
    assert_sound(fixture);
}

static void devices_have_their_own_sessions(void **state)
{
    struct fixture *fixture = *state;
    make_old(fixture, "UPDATE heartbeats SET device_id = 'second-pc' WHERE synced_at IS NULL");
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM sessions WHERE device ="
                                              " (SELECT id FROM devices WHERE device_id ="
                                              " 'second-pc') AND id >= 4"),
                     2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM sessions"), 4);
    assert_sound(fixture);
}

static void the_same_device_goes_on_in_its_epoch(void **state)
{
    struct fixture *fixture = *state;
    make_old(fixture, "UPDATE heartbeats SET device_id = 'pc-01'");
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 1, true);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM devices"), 1);
    assert_sound(fixture);
}

static void an_empty_one_is_taken_over(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_exec(fixture->path, OLD_TABLES);
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 2, true);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    assert_int_equal(fixture_sink(fixture).pending, 2);
    assert_backup(fixture, "", 0);
    assert_sound(fixture);
}

static void a_backup_is_never_written_over(void **state)
{
    struct fixture *fixture = *state;
    char path[160];
    snprintf(path, sizeof(path), "%s.first-agent", fixture->path);
    fixture_write_file(path, "mine", 4);
    make_old(fixture, OLD_DAYS);
    fixture_open(fixture);
    fixture_assert_same_file(path, (const unsigned char *)"mine", 4);
    assert_backup(fixture, "-2", 5);
}

/* The first agent, or its machine, died between two commits. `copy` is what lay on the disk. */
static void copy_as_after_a_crash(struct fixture *fixture, const char *journal_mode,
                                  const char *suffix)
{
    char from[160];
    char to[160];
    char sql[80];
    size_t length;
    sqlite3 *db = NULL;
    make_old(fixture, OLD_DAYS);
    snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s; PRAGMA cache_size = 1", journal_mode);
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    bool is_wal = strcmp(journal_mode, "WAL") == 0;
    /* Uncommitted rows, more than the cache holds, so that they are in the file already. */
    assert_int_equal(
        sqlite3_exec(db,
                     "BEGIN; WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n"
                     " WHERE i < 1099) INSERT INTO heartbeats SELECT"
                     " printf('c0000000-0000-4000-8000-%012d', i), 'old-pc',"
                     " '2026-01-16T01:00:00Z', 0, 5, NULL FROM n",
                     NULL, NULL, NULL),
        SQLITE_OK);
    if (is_wal)
        assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    const char *const suffixes[] = {"", suffix};
    for (int i = 0; i < 2; i++) {
        snprintf(from, sizeof(from), "%s%s", fixture->path, suffixes[i]);
        snprintf(to, sizeof(to), "%s/crashed.db%s", fixture->folder, suffixes[i]);
        unsigned char *bytes = fixture_read_file(from, &length);
        assert_true(length > 1000);
        fixture_write_file(to, bytes, length);
        free(bytes);
    }
    sqlite3_close(db);
    snprintf(fixture->path, sizeof(fixture->path), "%s/crashed.db", fixture->folder);
}

static void its_hot_journal_is_honoured(void **state)
{
    struct fixture *fixture = *state;
    copy_as_after_a_crash(fixture, "DELETE", "-journal");
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 5);
    assert_sound(fixture);
}

static void its_wal_is_honoured(void **state)
{
    struct fixture *fixture = *state;
    copy_as_after_a_crash(fixture, "WAL", "-wal");
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 1005);
    assert_sound(fixture);
}

static void one_that_is_in_use_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *db = NULL;
    make_old(fixture, OLD_DAYS);
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    size_t length;
    struct error error = {0};
    struct store *store = NULL;
    assert_int_not_equal(store_open(&store, &fixture->options, &error), 0);
    assert_non_null(strstr(error.text, fixture->path));
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    unsigned char *bytes = fixture_read_file(fixture->path, &length);
    assert_memory_equal(bytes, "SQLite format 3", 16);
    free(bytes);
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 5);
}

static void what_a_crashed_import_left_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    char path[160];
    make_old(fixture, OLD_DAYS);
    snprintf(path, sizeof(path), "%s.import", fixture->path);
    fixture_write_file(path, "half", 4);
    snprintf(path, sizeof(path), "%s.import-wal", fixture->path);
    fixture_write_file(path, "half", 4);
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 5);
    snprintf(path, sizeof(path), "%s.import", fixture->path);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_sound(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_bare, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(its_heartbeats_are_taken_over_in_order),
        TEST(its_minutes_are_the_same_to_the_millisecond),
        TEST(our_own_device_and_seq_go_on),
        TEST(what_was_synced_is_not_sent_again),
        TEST(minutes_of_pruned_heartbeats_are_kept),
        TEST(a_day_that_is_partly_pruned_keeps_its_minutes),
        TEST(an_idle_day_that_is_pruned_is_kept),
        TEST(devices_keep_their_names),
        TEST(devices_have_their_own_sessions),
        TEST(the_same_device_goes_on_in_its_epoch),
        TEST(an_empty_one_is_taken_over),
        TEST(a_backup_is_never_written_over),
        TEST(its_hot_journal_is_honoured),
        TEST(its_wal_is_honoured),
        TEST(one_that_is_in_use_is_left_alone),
        TEST(what_a_crashed_import_left_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
