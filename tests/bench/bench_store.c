/* SPDX-License-Identifier: MIT */
/* The parts of the benchmark that must not wait for an interpreter. Each prints one number.
 *   bench_store append FILE SECONDS           appends of 4 KB, each with fdatasync, per second
 *   bench_store overwrite FILE SECONDS        the same, but always in the same place
 *   bench_store commits DATABASE SECONDS      heartbeats per second, each committed by itself
 *   bench_store p99 DATABASE SECONDS          milliseconds that 99 of 100 such commits stay below
 *   bench_store wal DATABASE                  bytes of wal per heartbeat of play
 *   bench_store fill DATABASE ROWS FIRST_MS   bytes of a database with that many heartbeats */
#include "platform/process.h"
#include "record/uuid.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POLL_SEC = 5, POLL_MS = POLL_SEC * 1000, PLAY_MS = 3600 * 1000, FLOOR_BYTES = 4096 };
enum { PUT_AT_ONCE = STORE_RING_MAX / 2 };

struct bench {
    struct clock clock;
    struct store *store;
    struct uuid_source ids;
};

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "bench_store: %s\n", what);
    exit(1);
}

static void open_store(struct bench *bench, const char *path)
{
    clock_init_system(&bench->clock);
    struct error error = {0};
    struct store_options options = {
        .path = path, .device_id = "pc-01", .clock = &bench->clock, .retention_days = 60};
    if (store_open(&bench->store, &options, &error) != 0)
        give_up(error.text);
}

/* Play for every other hour. */
static struct heartbeat make_heartbeat(struct bench *bench, int64_t wall_ms)
{
    uint8_t random[UUID_RANDOM_BYTES];
    process_random(random, sizeof(random));
    struct heartbeat heartbeat = {.wall_ms = wall_ms, .poll_interval_sec = POLL_SEC};
    uuid_next(&bench->ids, wall_ms, random, heartbeat.id);
    heartbeat.is_playing = wall_ms / PLAY_MS % 2 == 0;
    if (heartbeat.is_playing) {
        heartbeat.credited_ms = POLL_MS;
        snprintf(heartbeat.activity, sizeof(heartbeat.activity), "Minecraft");
        snprintf(heartbeat.decided_by, sizeof(heartbeat.decided_by), "games");
    }
    return heartbeat;
}

static void put(struct bench *bench, int64_t wall_ms)
{
    struct heartbeat heartbeat = make_heartbeat(bench, wall_ms);
    struct clock *clock = &bench->clock;
    struct tick tick = {.monotonic_ms = clock->monotonic_ms(clock),
                        .boottime_ms = clock->boottime_ms(clock),
                        .wall_ms = wall_ms};
    memcpy(tick.boot_id, clock->boot_id, sizeof(tick.boot_id));
    store_put(bench->store, &heartbeat, &tick, NULL);
}

static void settle(struct bench *bench)
{
    struct error error = {0};
    if (store_settle(bench->store, &error) != 0)
        give_up(error.text);
}

static void close_store(struct bench *bench)
{
    struct error error = {0};
    if (store_close(bench->store, &error) != 0)
        give_up(error.text);
}

static double seconds_since(struct clock *clock, int64_t begun_ms)
{
    return (double)(clock->monotonic_ms(clock) - begun_ms) / 1000;
}

/* As in the agent: the writer has a thread of its own. */
static double measure_commits(const char *path, double seconds)
{
    struct bench bench = {0};
    struct error error = {0};
    double passed = 0;
    int64_t count = 0;
    open_store(&bench, path);
    if (store_start(bench.store, &error) != 0)
        give_up(error.text);
    int64_t wall_ms = bench.clock.wall_ms(&bench.clock);
    int64_t begun_ms = bench.clock.monotonic_ms(&bench.clock);
    while (passed < seconds) {
        put(&bench, wall_ms + count * POLL_MS);
        settle(&bench);
        count++;
        passed = seconds_since(&bench.clock, begun_ms);
    }
    close_store(&bench);
    return (double)count / passed;
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static double measure_p99(const char *path, double seconds)
{
    enum { SAMPLES_MAX = 200000 };
    static int64_t took_us[SAMPLES_MAX];
    struct bench bench = {0};
    struct error error = {0};
    int count = 0;
    open_store(&bench, path);
    if (store_start(bench.store, &error) != 0)
        give_up(error.text);
    int64_t wall_ms = bench.clock.wall_ms(&bench.clock);
    int64_t begun_ms = bench.clock.monotonic_ms(&bench.clock);
    while (count < SAMPLES_MAX && seconds_since(&bench.clock, begun_ms) < seconds) {
        int64_t begun_us = clock_measure_us();
        put(&bench, wall_ms + (int64_t)count * POLL_MS);
        settle(&bench);
        took_us[count++] = clock_measure_us() - begun_us;
    }
    close_store(&bench);
    qsort(took_us, (size_t)count, sizeof(took_us[0]), compare);
    return (double)took_us[count - 1 - count / 100] / 1000;
}

/* So few that the wal is not folded into the database between them. */
static double measure_wal(const char *path)
{
    enum { HEARTBEATS = 100 };
    char wal[4096];
    struct bench bench = {0};
    struct error error = {0};
    struct stat before;
    struct stat after;
    snprintf(wal, sizeof(wal), "%s-wal", path);
    open_store(&bench, path);
    if (store_start(bench.store, &error) != 0)
        give_up(error.text);
    int64_t playing_ms = bench.clock.wall_ms(&bench.clock) / (2 * PLAY_MS) * (2 * PLAY_MS);
    put(&bench, playing_ms);
    settle(&bench);
    int missing = stat(wal, &before);
    for (int64_t i = 1; i <= HEARTBEATS; i++) {
        put(&bench, playing_ms + i * POLL_MS);
        settle(&bench);
    }
    missing += stat(wal, &after);
    close_store(&bench);
    if (missing != 0 || after.st_size <= before.st_size)
        give_up("the wal cannot be measured");
    return (double)(after.st_size - before.st_size) / HEARTBEATS;
}

static double fill(const char *path, int64_t rows, int64_t first_ms)
{
    struct bench bench = {0};
    struct stat status;
    open_store(&bench, path);
    for (int64_t i = 0; i < rows; i++) {
        put(&bench, first_ms + i * POLL_MS);
        if (i % PUT_AT_ONCE == PUT_AT_ONCE - 1)
            settle(&bench);
    }
    close_store(&bench); /* folds the wal into the database */
    if (stat(path, &status) != 0)
        give_up("the database cannot be found");
    return (double)status.st_size;
}

/* What the disk allows: one page after another, each on the disk before the next. Over and over in
 * the same place (as SQLite writes its wal once that is full) or always behind the end. */
static double measure_floor(const char *path, double seconds, bool append)
{
    static const char page[FLOOR_BYTES];
    struct clock clock;
    double passed = 0;
    int64_t count = 0;
    clock_init_system(&clock);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        give_up("the file cannot be made");
    int64_t begun_ms = clock.monotonic_ms(&clock);
    while (passed < seconds) {
        off_t offset = append ? (off_t)count * FLOOR_BYTES : 0;
        if (pwrite(file, page, sizeof(page), offset) != FLOOR_BYTES || fdatasync(file) != 0)
            give_up("the file cannot be written");
        count++;
        passed = seconds_since(&clock, begun_ms);
    }
    close(file);
    return (double)count / passed;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    double number;
    if (argc == 4 && (strcmp(what, "append") == 0 || strcmp(what, "overwrite") == 0))
        number = measure_floor(argv[2], strtod(argv[3], NULL), strcmp(what, "append") == 0);
    else if (argc == 4 && strcmp(what, "commits") == 0)
        number = measure_commits(argv[2], strtod(argv[3], NULL));
    else if (argc == 4 && strcmp(what, "p99") == 0)
        number = measure_p99(argv[2], strtod(argv[3], NULL));
    else if (argc == 3 && strcmp(what, "wal") == 0)
        number = measure_wal(argv[2]);
    else if (argc == 5 && strcmp(what, "fill") == 0)
        number = fill(argv[2], strtoll(argv[3], NULL, 10), strtoll(argv[4], NULL, 10));
    else
        give_up("usage: see the head of bench_store.c");
    printf("%.1f\n", number);
    return 0;
}
