/* SPDX-License-Identifier: MIT */
/* What the tests of the store share: a folder of their own, a clock that stands until it is moved,
 * heartbeats, a look at the file from outside, and a disk that fails when it is told to. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_clock.h"
#include "platform/wakeup.h"
#include "record/usage.h"
#include "store/store.h"
#include "zone/civil.h"

/* 2026-01-16T12:00:00Z, a slot border. */
#define NOON_MS      INT64_C(1768564800000)
#define MIDNIGHT_MS  (NOON_MS + 12 * INT64_C(3600000))
#define NOON_DATE    20469
#define NOON_SLOT    (NOON_MS / USAGE_SLOT_MS)
#define FIXTURE_SINK "cloud"
#define FIXTURE_HOUR INT64_C(3600000)
#define FIXTURE_DAY  (24 * FIXTURE_HOUR)

struct fixture {
    char folder[64];
    char path[128];
    struct fake_clock clock;
    struct store_options options;
    struct store *store; /* NULL: closed */
    uint32_t made;       /* heartbeats so far */
};

int fixture_setup(void **state);      /* the store is open, and not started */
int fixture_setup_bare(void **state); /* there is no file yet */
int fixture_teardown(void **state);

void fixture_open(struct fixture *fixture);
void fixture_start(struct fixture *fixture); /* opens it first when it is closed */
void fixture_close(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);
/* Opening fails with this exit code, a sentence that holds `word`, and the file's name. */
void fixture_open_fails(struct fixture *fixture, int code, const char *word);

/* A heartbeat of 5 s at an instant; each has an id of its own. */
struct heartbeat fixture_heartbeat(struct fixture *fixture, int64_t wall_ms, bool is_playing);
void fixture_put(struct fixture *fixture, const struct heartbeat *heartbeat);
/* Puts `count` of them, 5 s apart, the first at `wall_ms`, and waits for their commit. */
void fixture_put_many(struct fixture *fixture, int64_t wall_ms, int count, bool is_playing);
void fixture_settle(struct fixture *fixture);

struct store_reader *fixture_reader(struct fixture *fixture);
struct store_daily fixture_daily(struct fixture *fixture, int32_t date);
/* Moves the cursor of FIXTURE_SINK, as a delivery does. Returns what the store returns. */
int fixture_deliver(struct fixture *fixture, int64_t seq);
struct store_sink_state fixture_sink(struct fixture *fixture);
struct store_health fixture_health(struct fixture *fixture);

/* On a connection of its own: the first column of the first row, -1 when there is none. */
int64_t fixture_integer(const struct fixture *fixture, const char *sql);
void fixture_text(const struct fixture *fixture, const char *sql, char *text, size_t capacity);
/* Changes a file (made when it is not there) from outside. */
void fixture_exec(const char *path, const char *sql);

/* A whole file; the bytes are the caller's, free with free(). */
unsigned char *fixture_read_file(const char *path, size_t *length);
void fixture_write_file(const char *path, const void *bytes, size_t length);
void fixture_assert_same_file(const char *path, const unsigned char *bytes, size_t length);

/* A disk whose calls fail with a code of SQLite from now on (SQLITE_OK: succeed), for every file
 * that SQLite opens after it was put in. */
void faulty_disk_install(void);
void faulty_disk_remove(void);
void faulty_disk_fail_writes(int code);
void faulty_disk_fail_syncs(int code);
void faulty_disk_fail_folding(int code); /* syncs of the database itself, when its wal is folded */
void faulty_disk_repair(void);           /* all succeed */
/* Calls back before each sync, on the thread that makes it. NULL: no more. */
void faulty_disk_on_sync(void (*call)(void *context), void *context);
int64_t faulty_disk_syncs(void);         /* so far */
int64_t faulty_disk_written_bytes(void); /* so far */

#endif
