/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails, or loses its power, at the n-th operation, n from 1 until nothing fails any
 * more: in everyday life, while a killed agent's database is recovered, while a damaged one is
 * salvaged, and while an old one is migrated. Whatever happened, what was told to be stored is
 * there, in order, and nothing else is; the account is in order; and the next heartbeat is stored.
 *
 * CLB_STEP (default 11) goes through the operations in steps, 1: through all of them. CLB_SEED
 * chooses what a power cut takes.
 */
#include "crash_disk.h"
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIFE = 24, PRUNED = 6 };

struct scene {
    const char *name;
    /* Puts files there, and sets made and told. */
    void (*prepare)(struct fixture *fixture);
    bool makes_epochs; /* a salvage does */
};

static int64_t told;     /* heartbeats up to this seq were said to be stored */
static int64_t told_old; /* and those up to this may be pruned */
static int64_t cursor;   /* of the sink, as it was said to be stored */

static int number_of(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : otherwise;
}

static void clear(const struct fixture *fixture)
{
    char command[512];
    /* The ballast stays: it takes time to make, and nothing here depends on it. */
    snprintf(command, sizeof(command),
             "cd %s && rm -f clockblock.db clockblock.db-* clockblock.db.[!b]*", fixture->folder);
    assert_int_equal(system(command), 0);
}

/* Some of what an agent does. Errors are what this is about: it goes on as an agent would. */
static void live(struct fixture *fixture)
{
    struct error error = {0};
    int64_t deleted = 0;
    if (store_open(&fixture->store, &fixture->options, &error) != 0) {
        fixture->store = NULL;
        return;
    }
    bool has_sink = store_sink_enable(fixture->store, FIXTURE_SINK, false, &error) == 0;
    for (int i = 0; i < LIFE; i++) {
        int64_t wall_ms = NOON_MS + (int64_t)fixture->made * 5000;
        struct heartbeat heartbeat = fixture_heartbeat(fixture, wall_ms, i % 3 != 0);
        fixture_put(fixture, &heartbeat);
        if (store_settle(fixture->store, &error) == 0)
            told = fixture_health(fixture).durable_seq;
        if (fixture_health(fixture).failed_for_good)
            break;
        if (has_sink && i % 8 == 7 && told > 0 && fixture_deliver(fixture, told) == 0)
            cursor = told;
    }
    told_old = cursor > PRUNED ? PRUNED : cursor;
    fixture->clock.wall_ms = NOON_MS + 30 * FIXTURE_DAY + PRUNED * 5000;
    (void)store_prune(fixture->store, &deleted, &error);
    fixture->clock.wall_ms = NOON_MS;
    (void)store_close(fixture->store, &error);
    fixture->store = NULL;
}

static void check_rows(struct fixture *fixture, const char *what)
{
    static struct heartbeat rows[1000];
    struct heartbeat_origin origin;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    int64_t after = 0;
    int64_t previous_number = 0;
    bool seen[1000] = {false};
    int got = 1;
    while (got > 0) {
        assert_int_equal(store_read_after(reader, after, 1000, rows, &got, &origin, &error), 0);
        for (int i = 0; i < got; i++) {
            uint32_t id;
            memcpy(&id, rows[i].id, sizeof(id));
            if (id <= previous_number || id > fixture->made)
                fail_msg("%s: heartbeat %d out of order or invented", what, (int)id);
            if (rows[i].wall_ms != NOON_MS + (int64_t)(id - 1) * 5000)
                fail_msg("%s: heartbeat %d was changed", what, (int)id);
            previous_number = id;
            seen[rows[i].seq] = true;
            after = rows[i].seq;
        }
    }
    for (int64_t seq = told_old + 1; seq <= told; seq++)
        if (!seen[seq])
            fail_msg("%s: heartbeat %d was stored, and is lost", what, (int)seq);
    store_reader_close(reader);
    struct store_sink_state sink = fixture_sink(fixture);
    if (cursor > 0 && sink.delivered_seq < cursor)
        fail_msg("%s: the cursor went back", what);
}

static void check_account(struct fixture *fixture, const char *what)
{
    struct store_verify result;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_verify(reader, &result, NULL, NULL, &error), 0);
    store_reader_close(reader);
    if (result.differences != 0 || strcmp(result.integrity, "ok") != 0)
        fail_msg("%s: %d differences, %s", what, (int)result.differences, result.integrity);
}

static void check_after(struct fixture *fixture, const struct scene *scene, const char *what)
{
    struct error error = {0};
    char note[160];
    snprintf(note, sizeof(note), "%s.damaged", fixture->path);
    /* A disk that fails whenever it is asked is taken for damaged, and rightly so. */
    bool was_noted = access(note, F_OK) == 0;
    fixture->store = NULL;
    if (store_open(&fixture->store, &fixture->options, &error) != 0)
        fail_msg("%s: it does not open again: %s", what, error.text);
    check_rows(fixture, what);
    int64_t wall_ms = NOON_MS + (int64_t)fixture->made * 5000;
    fixture_put_many(fixture, wall_ms, 1, true);
    told = fixture_health(fixture).durable_seq;
    check_rows(fixture, what);
    check_account(fixture, what);
    if (!scene->makes_epochs && !was_noted &&
        fixture_integer(fixture, "SELECT count(*) FROM epochs") != 1)
        fail_msg("%s: it was taken for damaged", what);
    fixture_close(fixture);
}

static void play(struct fixture *fixture, const struct scene *scene, enum crash_kind kind)
{
    static const char *const kinds[] = {"nothing fails", "one fails", "all fail from", "full from",
                                        "power cut at"};
    char what[128];
    int total = 0;
    int step = number_of("CLB_STEP", 11);
    uint64_t seed = (uint64_t)number_of("CLB_SEED", 1);
    for (int at = 1; total == 0 || at <= total + step; at += step) {
        snprintf(what, sizeof(what), "%s: %s operation %d", scene->name, kinds[kind], at);
        clear(fixture);
        fixture->made = 0;
        told = told_old = cursor = 0;
        scene->prepare(fixture);
        crash_disk_arm(kind, at, seed * 1000003 + (uint64_t)at);
        live(fixture);
        total = crash_disk_disarm(fixture->folder);
        check_after(fixture, scene, what);
        if (at > 5000)
            fail_msg("%s: there is no end", what);
    }
    print_message("%s: %s each of %d operations\n", scene->name, kinds[kind], total);
}

/* ---- Scenes ---- */

static void prepare_nothing(struct fixture *fixture)
{
    (void)fixture;
}

static void copy_beside(const struct fixture *fixture, const char *suffix, bool back)
{
    char from[256];
    char to[256];
    size_t length;
    snprintf(from, sizeof(from), "%s%s", fixture->path, suffix);
    snprintf(to, sizeof(to), "%s/saved%s", fixture->folder, suffix);
    const char *source = back ? to : from;
    if (access(source, F_OK) != 0)
        return;
    unsigned char *bytes = fixture_read_file(source, &length);
    fixture_write_file(back ? from : to, bytes, length);
    free(bytes);
}

/* What a killed agent leaves: rows in the wal that are not in the database. */
static void prepare_killed(struct fixture *fixture)
{
    struct error error = {0};
    fixture_open(fixture);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    fixture_put_many(fixture, NOON_MS, 30, true);
    fixture_reopen(fixture);
    fixture_put_many(fixture, NOON_MS + 30 * 5000, 10, true);
    assert_int_equal(fixture_deliver(fixture, 9), 0);
    copy_beside(fixture, "", false);
    copy_beside(fixture, "-wal", false);
    fixture_close(fixture);
    clear(fixture);
    copy_beside(fixture, "", true);
    copy_beside(fixture, "-wal", true);
    told = 40;
    cursor = 9;
    told_old = PRUNED;
}

static void prepare_damaged(struct fixture *fixture)
{
    prepare_killed(fixture);
    FILE *file = fopen(fixture->path, "r+b");
    assert_non_null(file);
    fputs("what is this", file);
    fclose(file);
}

/* As an old version left it. */
static void prepare_old(struct fixture *fixture)
{
    size_t length;
    unsigned char *sql = fixture_read_file(FIXTURES "/version_1.sql", &length);
    sql[length] = '\0';
    fixture_exec(fixture->path, (const char *)sql);
    free(sql);
    fixture->made = 120;
    told = 120;
    cursor = 20;
    told_old = PRUNED;
}

static void everyday(void **state, enum crash_kind kind)
{
    static const struct scene scene = {"everyday life", prepare_nothing, false};
    play(*state, &scene, kind);
}

static void recovery(void **state, enum crash_kind kind)
{
    static const struct scene scene = {"recovery", prepare_killed, false};
    play(*state, &scene, kind);
}

static void migration(void **state, enum crash_kind kind)
{
    static const struct scene scene = {"migration", prepare_old, false};
    play(*state, &scene, kind);
}

static void salvage(void **state, enum crash_kind kind)
{
    static const struct scene scene = {"salvage", prepare_damaged, true};
    play(*state, &scene, kind);
}

#define SCENE_TESTS(scene)                                                                         \
    static void scene##_one_operation_fails(void **state)                                          \
    {                                                                                              \
        scene(state, CRASH_FAIL_ONCE);                                                             \
    }                                                                                              \
    static void scene##_all_fail_from_one_on(void **state)                                         \
    {                                                                                              \
        scene(state, CRASH_FAIL_ON);                                                               \
    }                                                                                              \
    static void scene##_the_disk_is_full_from_one_on(void **state)                                 \
    {                                                                                              \
        scene(state, CRASH_FULL);                                                                  \
    }                                                                                              \
    static void scene##_the_power_is_cut(void **state)                                             \
    {                                                                                              \
        scene(state, CRASH_POWER_CUT);                                                             \
    }
SCENE_TESTS(everyday)
SCENE_TESTS(recovery)
SCENE_TESTS(migration)
SCENE_TESTS(salvage)

static int setup(void **state)
{
    crash_disk_install();
    return fixture_setup_bare(state);
}

static int teardown(void **state)
{
    int result = fixture_teardown(state);
    crash_disk_remove();
    return result;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TESTS(scene)                                                                               \
    TEST(scene##_one_operation_fails), TEST(scene##_all_fail_from_one_on),                         \
        TEST(scene##_the_disk_is_full_from_one_on), TEST(scene##_the_power_is_cut)
    const struct CMUnitTest tests[] = {TESTS(everyday), TESTS(recovery), TESTS(migration),
                                       TESTS(salvage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
