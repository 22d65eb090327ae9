/* SPDX-License-Identifier: MIT */
/*
 * Damage anywhere in the database or its wal: the store opens all the same, what was not hit is
 * back, what was damaged is kept, and the account is in order.
 *
 * The number of random damages is CLB_FLIPS (default 15 of each kind); the seed is CLB_SEED, or new
 * each time, and is printed.
 */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 1024, WAL_HEADER = 32, FRAME = 24 + PAGE, ROWS = 700, DAY_ROWS = 100 };

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

static int damages(void)
{
    const char *text = getenv("CLB_FLIPS");
    return text != NULL ? atoi(text) : 15;
}

/* ---- A database to damage ---- */

struct image {
    unsigned char *bytes; /* owned; NULL: there is no such file */
    size_t length;
};

struct victim {
    struct image database;
    struct image wal;
    struct image shm;
};

static void path_of(const struct fixture *fixture, const char *suffix, char path[256])
{
    snprintf(path, 256, "%s%s", fixture->path, suffix);
}

static struct image take(const struct fixture *fixture, const char *suffix)
{
    char path[256];
    struct image image = {0};
    path_of(fixture, suffix, path);
    if (access(path, F_OK) == 0)
        image.bytes = fixture_read_file(path, &image.length);
    return image;
}

static void put_back(const struct fixture *fixture, const char *suffix, const struct image *image)
{
    char path[256];
    path_of(fixture, suffix, path);
    remove(path);
    if (image->bytes != NULL)
        fixture_write_file(path, image->bytes, image->length);
}

static void release(struct victim *victim)
{
    free(victim->database.bytes);
    free(victim->wal.bytes);
    free(victim->shm.bytes);
}

enum { CLOSED_DAYS = 30, GRANTS = 12 };

/* Days that were closed, every other one unlimited, and bonus minutes. */
static const char account[] =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29)"
    " INSERT INTO local_days SELECT 1, 20469 - i, (20469 - i) * 86400000, (20470 - i) * 86400000,"
    " iif(i % 2, NULL, 3600000), iif(i <= 12, i * 60000, 0), coalesce(sum(used_ms), 0),"
    " coalesce(sum(overdraft_ms), 0) FROM n LEFT JOIN usage_slots ON slot >= (20469 - i) * 96 AND"
    " slot < (20470 - i) * 96 GROUP BY i;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12)"
    " INSERT INTO grants SELECT i, randomblob(16), 1, 20469 - i, i * 60000, 1768564800000 + i,"
    " 'parent', iif(i % 2, NULL, 'homework ' || i) FROM n;";

/* Two days with a border in a credit, idle time, overdraft, a cursor, a gap, a record that was set
 * aside, closed days and grants. What a killed agent leaves, part of it in the wal, or one that was
 * stopped. */
enum end { STOPPED, KILLED, KILLED_FOLDED };

static struct victim make_victim(struct fixture *fixture, enum end end)
{
    struct error error = {0};
    struct victim victim;
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, ROWS - DAY_ROWS - 2, true);
    struct heartbeat border = fixture_heartbeat(fixture, MIDNIGHT_MS + 2000, true);
    border.overdraft_ms = 2500;
    border.border_ms = MIDNIGHT_MS - 1000;
    border.overdraft_before_ms = 1500;
    fixture_put(fixture, &border);
    fixture_put_many(fixture, MIDNIGHT_MS + 7000, DAY_ROWS, false);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    assert_int_equal(fixture_deliver(fixture, 20), 0);
    fixture_close(fixture);
    fixture_exec(fixture->path, "INSERT INTO quarantine VALUES('cloud', 7, hex(zeroblob(900)),"
                                " 'refused', 1)");
    fixture_exec(fixture->path, account);
    fixture_start(fixture);
    for (int i = 0; i < 40; i++)
        fixture_put_many(fixture, MIDNIGHT_MS + 3600000 + i * 5000, 1, i % 2 == 0);
    if (end == STOPPED)
        fixture_close(fixture);
    if (end ==
        KILLED_FOLDED) /* the wal is there still, and the database is newer than most of it */
        fixture_exec(fixture->path, "PRAGMA wal_checkpoint");
    victim = (struct victim){take(fixture, ""), take(fixture, "-wal"), take(fixture, "-shm")};
    if (end != STOPPED)
        fixture_close(fixture);
    return victim;
}

/* ---- What has to be back ---- */

enum { ALL_ROWS = ROWS - 1 + 40 };

static void id_of(int seq, unsigned char id[16])
{
    uint32_t number = (uint32_t)seq;
    memset(id, 0xC1, 16);
    memcpy(id, &number, sizeof(number));
}

static const unsigned char *find(const unsigned char *from, const unsigned char *end,
                                 const unsigned char *id)
{
    return from < end ? memmem(from, (size_t)(end - from), id, 16) : NULL;
}

/* Is the row in a leaf of the database that was not hit? `hit`: a page that was; `length`: what is
 * left of the file. */
static bool is_in_database(const struct image *image, int seq, size_t hit, size_t length)
{
    unsigned char id[16];
    id_of(seq, id);
    const unsigned char *end = image->bytes + image->length;
    for (const unsigned char *at = find(image->bytes, end, id); at != NULL;
         at = find(at + 1, end, id)) {
        size_t page = (size_t)(at - image->bytes) / PAGE;
        if (image->bytes[page * PAGE] == 0x0D && page != hit && (page + 1) * PAGE <= length)
            return true;
    }
    return false;
}

/* The same for the wal, by frames; those behind the last commit before `length` do not count. */
static bool is_in_wal(const struct image *image, int seq, size_t hit, size_t length)
{
    unsigned char id[16];
    size_t committed = 0;
    if (image->bytes == NULL)
        return false;
    for (size_t i = 0; WAL_HEADER + (i + 1) * FRAME <= length; i++)
        if (memcmp(image->bytes + WAL_HEADER + i * FRAME + 4, "\0\0\0\0", 4) != 0)
            committed = i + 1;
    id_of(seq, id);
    const unsigned char *end = image->bytes + WAL_HEADER + committed * FRAME;
    for (const unsigned char *at = find(image->bytes, end, id); at != NULL;
         at = find(at + 1, end, id)) {
        size_t frame = ((size_t)(at - image->bytes) - WAL_HEADER) / FRAME;
        if (image->bytes[WAL_HEADER + frame * FRAME + 24] == 0x0D && frame != hit)
            return true;
    }
    return false;
}

struct damage {
    bool in_wal;
    bool cut;  /* else a bit flips */
    size_t at; /* offset */
    int bit;
};

static bool has_to_be_back(const struct victim *victim, const struct damage *damage, int seq)
{
    size_t none = (size_t)-1;
    size_t page = damage->cut || damage->in_wal ? none : damage->at / PAGE;
    size_t frame = damage->cut || !damage->in_wal || damage->at < WAL_HEADER
                       ? none
                       : (damage->at - WAL_HEADER) / FRAME;
    size_t length = damage->cut && !damage->in_wal ? damage->at : victim->database.length;
    size_t wal_length = damage->cut && damage->in_wal ? damage->at : victim->wal.length;
    /* One that hits the newest transaction looks like a write that a crash cut short. */
    if (damage->in_wal && !damage->cut && seq == ALL_ROWS)
        return false;
    return is_in_database(&victim->database, seq, page, length) ||
           is_in_wal(&victim->wal, seq, frame, wal_length);
}

static void lay(const struct fixture *fixture, const struct victim *victim,
                const struct damage *damage)
{
    struct image database = victim->database;
    struct image wal = victim->wal;
    struct image *image = damage->in_wal ? &wal : &database;
    unsigned char *copy = malloc(image->length);
    assert_non_null(copy);
    memcpy(copy, image->bytes, image->length);
    image->bytes = copy;
    if (damage->cut)
        image->length = damage->at;
    else
        copy[damage->at] ^= (unsigned char)(1 << damage->bit);
    put_back(fixture, "", &database);
    put_back(fixture, "-wal", &wal);
    put_back(fixture, "-shm", &victim->shm);
    free(copy);
}

/* Reads as a sink would: false when the database turns out to be damaged on the way. */
static bool read_all(struct fixture *fixture, bool back[ALL_ROWS + 1], int *count)
{
    static struct heartbeat rows[200];
    struct heartbeat_origin origin;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    int64_t after = 0;
    int got = 1;
    int result = 0;
    *count = 0;
    memset(back, 0, (ALL_ROWS + 1) * sizeof(back[0]));
    while (result == 0 && got > 0) {
        result = store_read_after(reader, after, 200, rows, &got, &origin, &error);
        for (int i = 0; result == 0 && i < got; i++) {
            unsigned char id[16];
            id_of((int)rows[i].seq, id);
            (*count)++;
            if (rows[i].seq <= ALL_ROWS)
                back[rows[i].seq] = memcmp(id, rows[i].id, 16) == 0;
            after = rows[i].seq;
        }
    }
    store_reader_close(reader);
    return result == 0;
}

static void describe(const struct damage *damage, char text[128])
{
    snprintf(text, 128, "%s at byte %zu of the %s (bit %d)", damage->cut ? "cut" : "flip",
             damage->at, damage->in_wal ? "wal" : "database", damage->bit);
}

static void assert_account_is_sound(struct fixture *fixture, const char *what)
{
    struct store_verify result;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_verify(reader, &result, NULL, NULL, &error), 0);
    store_reader_close(reader);
    if (result.differences != 0 || strcmp(result.integrity, "ok") != 0)
        fail_msg("%s: %d differences, %s", what, (int)result.differences, result.integrity);
}

static int corrupt_files(const struct fixture *fixture)
{
    char command[160];
    char line[16] = "";
    snprintf(command, sizeof(command), "ls %s | grep -c 'corrupt-[0-9TZ.]*$'", fixture->folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof(line), pipe));
    pclose(pipe);
    return atoi(line);
}

static void clear(const struct fixture *fixture)
{
    char command[160];
    /* The ballast stays: it takes time to make, and nothing here depends on it. */
    snprintf(command, sizeof(command),
             "cd %s && rm -f clockblock.db clockblock.db-* clockblock.db.[!b]*", fixture->folder);
    assert_int_equal(system(command), 0);
}

/* Returns whether it was noticed. */
static bool check(struct fixture *fixture, const struct victim *victim, const struct damage *damage)
{
    static bool back[ALL_ROWS + 1];
    char what[128];
    int count;
    describe(damage, what);
    clear(fixture);
    lay(fixture, victim, damage);
    struct error error = {0};
    if (store_open(&fixture->store, &fixture->options, &error) != 0)
        fail_msg("%s: %s", what, error.text);
    /* What is found later ends the agent, and the next start salvages. */
    if (!read_all(fixture, back, &count)) {
        (void)store_close(fixture->store, NULL);
        fixture->store = NULL;
        fixture_open(fixture);
        if (!read_all(fixture, back, &count))
            fail_msg("%s: the salvaged one cannot be read", what);
    }
    if (count > ALL_ROWS)
        fail_msg("%s: heartbeats were invented", what);
    for (int seq = 1; seq <= ALL_ROWS; seq++)
        if (!back[seq] && has_to_be_back(victim, damage, seq))
            fail_msg("%s: heartbeat %d was not hit, and is lost", what, seq);
    bool was_salvaged = corrupt_files(fixture) == 1;
    fixture_put_many(fixture, MIDNIGHT_MS + 7200000, 2, true);
    if (was_salvaged)
        assert_account_is_sound(fixture, what);
    fixture_close(fixture);
    return was_salvaged;
}

static void check_random(struct fixture *fixture, enum end end, bool in_wal, bool cut)
{
    struct victim victim = make_victim(fixture, end);
    size_t length = in_wal ? victim.wal.length : victim.database.length;
    int noticed = 0;
    seed =
        getenv("CLB_SEED") != NULL ? strtoull(getenv("CLB_SEED"), NULL, 10) : (uint64_t)time(NULL);
    print_message("CLB_SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < damages(); i++) {
        struct damage damage = {in_wal, cut, draw(length), (int)draw(8)};
        noticed += check(fixture, &victim, &damage);
    }
    print_message("%d of %d were noticed\n", noticed, damages());
    release(&victim);
}

static void a_bit_of_a_stopped_database_flips(void **state)
{
    check_random(*state, STOPPED, false, false);
}

static void a_bit_of_a_killed_database_flips(void **state)
{
    check_random(*state, KILLED, false, false);
}

static void a_bit_of_the_wal_flips(void **state)
{
    check_random(*state, KILLED, true, false);
}

static void a_stopped_database_is_cut(void **state)
{
    check_random(*state, STOPPED, false, true);
}

static void a_killed_database_is_cut(void **state)
{
    check_random(*state, KILLED, false, true);
}

static void the_wal_is_cut(void **state)
{
    check_random(*state, KILLED, true, true);
}

/* What is left of it would bring pages back that are older than those of the database. */
static void a_wal_that_was_folded_is_cut(void **state)
{
    check_random(*state, KILLED_FOLDED, true, true);
}

/* Each byte of it matters, and none leaves the agent without a database. */
static void every_byte_of_the_header_may_be_wrong(void **state)
{
    struct victim victim = make_victim(*state, STOPPED);
    for (size_t at = 0; at < 100; at++) {
        struct damage damage = {.at = at, .bit = (int)(at % 8)};
        check(*state, &victim, &damage);
    }
    release(&victim);
}

static void every_cut_of_the_first_page(void **state)
{
    struct victim victim = make_victim(*state, STOPPED);
    for (size_t at = 1; at < 1100; at += at < 120 ? 1 : 97) {
        struct damage damage = {.cut = true, .at = at};
        check(*state, &victim, &damage);
    }
    release(&victim);
}

static void what_a_salvage_keeps(void **state)
{
    struct fixture *fixture = *state;
    char before[3][64];
    char after[3][64];
    static const char *const queries[] = {
        "SELECT hex(value) FROM meta WHERE key = 'installation_id'",
        "SELECT hex(uuid) FROM epochs WHERE id = 1",
        "SELECT group_concat(name) FROM (SELECT name FROM names ORDER BY id)",
    };
    struct victim victim = make_victim(fixture, STOPPED);
    for (int i = 0; i < 3; i++)
        fixture_text(fixture, queries[i], before[i], sizeof(before[i]));
    /* The schema: nothing can be read through it. */
    struct damage damage = {.at = 500, .bit = 1};
    clear(fixture);
    memset(victim.database.bytes + 100, 0xEE, PAGE - 100);
    lay(fixture, &victim, &damage);
    fixture_open(fixture);
    for (int i = 0; i < 3; i++) {
        fixture_text(fixture, queries[i], after[i], sizeof(after[i]));
        assert_string_equal(before[i], after[i]);
    }
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT first_seq FROM epochs WHERE id = 2"),
                     ALL_ROWS + 1);
    assert_int_equal(fixture_sink(fixture).delivered_seq, 20);
    assert_int_equal(fixture_integer(fixture, "SELECT length(json) FROM quarantine"), 1800);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM day_splits"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM gaps"), 0);
    assert_non_null(strstr(fixture_health(fixture).event, "739 heartbeats were salvaged, 0 "));
    fixture_put_many(fixture, MIDNIGHT_MS + 7200000, 1, true);
    assert_int_equal(fixture_integer(fixture, "SELECT epoch FROM heartbeats ORDER BY seq DESC"), 2);
    assert_account_is_sound(fixture, "the schema is gone");
    release(&victim);
}

/* ---- The household's account ----------------------------------------------------------------- */

static int64_t count_closed_days(const struct fixture *fixture)
{
    return fixture_integer(fixture, "SELECT count(*) FROM local_days WHERE device = 1 AND"
                                    " start_ms = date * 86400000 AND end_ms = start_ms + 86400000"
                                    " AND allowance_ms IS iif((20469 - date) % 2, NULL, 3600000)"
                                    " AND granted_ms = coalesce((SELECT sum(granted_ms) FROM grants"
                                    " WHERE device = 1 AND date = local_days.date), 0)");
}

static int64_t count_grants(const struct fixture *fixture)
{
    return fixture_integer(fixture, "SELECT count(*) FROM grants WHERE length(uuid) = 16 AND"
                                    " date = 20469 - id AND granted_ms = id * 60000 AND"
                                    " wall_ms = 1768564800000 + id AND granted_by = 'parent' AND"
                                    " note IS iif(id % 2, NULL, 'homework ' || id)");
}

/* Rows in tables that they were not in, or changed ones. */
static void assert_nothing_is_mistaken(const struct fixture *fixture, const char *what)
{
    if (fixture_integer(fixture, "SELECT count(*) FROM local_days") != count_closed_days(fixture))
        fail_msg("%s: closed days were invented", what);
    if (fixture_integer(fixture, "SELECT count(*) FROM grants") != count_grants(fixture))
        fail_msg("%s: grants were invented", what);
    if (fixture_integer(fixture, "SELECT count(*) FROM day_splits") > 1 ||
        fixture_integer(fixture, "SELECT count(*) FROM gaps WHERE reason <> 'damaged'") > 0 ||
        fixture_integer(fixture, "SELECT count(*) FROM daily_rollups") > 2 ||
        fixture_integer(fixture, "SELECT count(*) FROM usage_slots WHERE slot < 1965072 - 1") > 0)
        fail_msg("%s: rows came into a table that is not theirs", what);
}

static void a_salvage_keeps_the_account_of_the_household(void **state)
{
    struct fixture *fixture = *state;
    char before[1024];
    char after[1024];
    static const char sessions[] =
        "SELECT group_concat(id || ' ' || device || ' ' || activity || ' ' || start_ms || ' ' ||"
        " end_ms || ' ' || used_ms || ' ' || overdraft_ms) FROM sessions";
    struct victim victim = make_victim(fixture, STOPPED);
    fixture_text(fixture, sessions, before, sizeof(before));
    assert_true(strlen(before) > 500);
    struct damage damage = {.at = 3, .bit = 1};
    clear(fixture);
    lay(fixture, &victim, &damage);
    fixture_open(fixture);
    assert_int_equal(count_closed_days(fixture), CLOSED_DAYS);
    assert_int_equal(count_grants(fixture), GRANTS);
    assert_nothing_is_mistaken(fixture, "the header");
    fixture_text(fixture, sessions, after, sizeof(after));
    assert_string_equal(before, after);
    assert_account_is_sound(fixture, "the header");
    release(&victim);
}

/* Nobody can make the session of pruned heartbeats again, whole or in part. */
static void sessions_of_pruned_heartbeats_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    unsigned char *bytes;
    size_t length;
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS, 400, true);
    fixture_put_many(fixture, NOON_MS + FIXTURE_HOUR, 10, true);
    fixture->clock.wall_ms = NOON_MS + 30 * FIXTURE_DAY + 50 * 5000;
    assert_int_equal(store_prune(fixture->store, NULL, &error), 0);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 360);
    fixture_close(fixture);
    /* And a day of which only an earlier version is found. */
    fixture_exec(fixture->path, "INSERT INTO local_days VALUES(1, 20469, 1768521600000,"
                                " 1768608000000, NULL, 7, 5000, 0)");
    bytes = fixture_read_file(fixture->path, &length);
    bytes[3] ^= 1;
    fixture_write_file(fixture->path, bytes, length);
    free(bytes);
    fixture_open(fixture);
    assert_int_equal(corrupt_files(fixture), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM sessions"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT used_ms FROM sessions WHERE id = 1 AND"
                                              " start_ms = 1768564795000"),
                     2000000);
    assert_account_is_sound(fixture, "pruned");
    assert_int_equal(fixture_integer(fixture, "SELECT used_ms FROM local_days"), 2050000);
    assert_int_equal(fixture_integer(fixture, "SELECT granted_ms FROM local_days"), 0);
    fixture_exec(fixture->path, "DELETE FROM local_days"); /* it is lived in again */
    fixture_put_many(fixture, NOON_MS + FIXTURE_HOUR + 50000, 3, true);
    assert_int_equal(fixture_integer(fixture, "SELECT used_ms FROM sessions WHERE id = 401"),
                     65000);
    assert_account_is_sound(fixture, "pruned, and gone on with");
}

/* Whichever page is lost, the rows of all others are back, and the account is in order. */
static void a_page_takes_its_own_rows_along_and_no_others(void **state)
{
    struct fixture *fixture = *state;
    struct victim victim = make_victim(fixture, STOPPED);
    int without_days = 0;
    int without_grants = 0;
    for (size_t page = 1; page < victim.database.length / PAGE; page++) {
        char what[32];
        unsigned char kept[PAGE];
        unsigned char *bytes = victim.database.bytes + page * PAGE;
        struct damage damage = {.at = 3, .bit = 1};
        snprintf(what, sizeof(what), "page %zu", page + 1);
        memcpy(kept, bytes, PAGE);
        memset(bytes, 0, PAGE);
        clear(fixture);
        lay(fixture, &victim, &damage);
        memcpy(bytes, kept, PAGE);
        fixture_open(fixture);
        assert_nothing_is_mistaken(fixture, what);
        without_days += count_closed_days(fixture) < CLOSED_DAYS;
        without_grants += count_grants(fixture) < GRANTS;
        assert_account_is_sound(fixture, what);
        fixture_put_many(fixture, MIDNIGHT_MS + 7200000, 2, true);
        assert_account_is_sound(fixture, what);
        fixture_close(fixture);
    }
    assert_in_range(without_days, 1, 4);
    assert_in_range(without_grants, 1, 3);
    release(&victim);
}

/* A page of heartbeats is gone: each sink that has not passed it is told. */
static void a_hole_is_a_gap(void **state)
{
    struct fixture *fixture = *state;
    struct victim victim = make_victim(fixture, STOPPED);
    unsigned char id[16];
    id_of(300, id);
    const unsigned char *at =
        find(victim.database.bytes, victim.database.bytes + victim.database.length, id);
    size_t page = (size_t)(at - victim.database.bytes) / PAGE;
    memset(victim.database.bytes + page * PAGE, 0, PAGE);
    put_back(fixture, "", &victim.database);
    fixture_open(fixture);
    int64_t missing = ALL_ROWS - fixture_integer(fixture, "SELECT count(*) FROM heartbeats");
    assert_in_range(missing, 5, 30);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(count) FROM gaps WHERE sink = 'cloud' AND"
                                              " reason = 'damaged' AND from_seq <= 300 AND"
                                              " to_seq >= 300"),
                     missing);
    assert_account_is_sound(fixture, "a page of heartbeats");
    fixture_reopen(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM gaps"), 1);
    release(&victim);
}

/* A crash between any two steps of a salvage: the next start goes on. */
static void a_salvage_that_was_cut_off_goes_on(void **state)
{
    struct fixture *fixture = *state;
    char from[256];
    char to[256];
    struct victim victim = make_victim(fixture, KILLED);
    struct damage damage = {.at = 3, .bit = 1};
    for (int moved = 0; moved <= 3; moved++) {
        static const char *const companions[] = {"", "-wal", "-shm"};
        clear(fixture);
        lay(fixture, &victim, &damage);
        snprintf(from, sizeof(from), "%s.damaged", fixture->path);
        fixture_write_file(from, ".corrupt-then", 13);
        snprintf(from, sizeof(from), "%s.salvage", fixture->path);
        fixture_write_file(from, "half", 4);
        for (int i = 0; i < moved; i++) {
            snprintf(from, sizeof(from), "%s%s", fixture->path, companions[i]);
            snprintf(to, sizeof(to), "%s.corrupt-then%s", fixture->path, companions[i]);
            assert_int_equal(rename(from, to), 0);
        }
        fixture_open(fixture);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), ALL_ROWS);
        snprintf(from, sizeof(from), "%s.damaged", fixture->path);
        assert_int_not_equal(access(from, F_OK), 0);
        fixture_close(fixture);
        /* Once more with the note still there: it was done. */
        fixture_write_file(from, ".corrupt-then", 13);
        fixture_open(fixture);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 2);
        fixture_close(fixture);
    }
    release(&victim);
}

/* A page that only sinks read is found damaged by them, and the writer hears of it. */
static void damage_that_a_reader_finds_ends_the_agent(void **state)
{
    struct fixture *fixture = *state;
    static bool back[ALL_ROWS + 1];
    int count;
    struct error error = {0};
    struct victim victim = make_victim(fixture, STOPPED);
    unsigned char id[16];
    id_of(300, id);
    fixture_start(fixture);
    FILE *file = fopen(fixture->path, "r+b");
    assert_non_null(file);
    const unsigned char *at =
        find(victim.database.bytes, victim.database.bytes + victim.database.length, id);
    long page = (long)(at - victim.database.bytes) / PAGE;
    assert_int_equal(fseek(file, page * PAGE, SEEK_SET), 0);
    for (int i = 0; i < PAGE; i++)
        fputc(0xEE, file);
    fclose(file);
    assert_false(read_all(fixture, back, &count));
    fake_clock_advance(&fixture->clock, 61000);
    for (int i = 0; i < 1000 && !fixture_health(fixture).failed_for_good; i++)
        usleep(10000);
    assert_true(fixture_health(fixture).failed_for_good);
    (void)store_close(fixture->store, &error);
    fixture->store = NULL;
    fixture->clock.waiting = NULL;
    fixture_open(fixture);
    assert_true(read_all(fixture, back, &count));
    assert_in_range(count, ALL_ROWS - 30, ALL_ROWS - 5);
    release(&victim);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_bare, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_bit_of_a_stopped_database_flips),
        TEST(a_bit_of_a_killed_database_flips),
        TEST(a_bit_of_the_wal_flips),
        TEST(a_stopped_database_is_cut),
        TEST(a_killed_database_is_cut),
        TEST(the_wal_is_cut),
        TEST(a_wal_that_was_folded_is_cut),
        TEST(every_byte_of_the_header_may_be_wrong),
        TEST(every_cut_of_the_first_page),
        TEST(what_a_salvage_keeps),
        TEST(a_salvage_keeps_the_account_of_the_household),
        TEST(sessions_of_pruned_heartbeats_are_kept),
        TEST(a_page_takes_its_own_rows_along_and_no_others),
        TEST(a_hole_is_a_gap),
        TEST(a_salvage_that_was_cut_off_goes_on),
        TEST(damage_that_a_reader_finds_ends_the_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
