/* SPDX-License-Identifier: MIT */
/* What lies at a path, and is it sound? For who changes nothing. */
#include "reader.h"
#include "salvage.h"
#include "schema.h"

#include <assert.h>
#include <stdio.h>

/* How many steps of SQLite's machine pass between two looks at the time. */
enum { STEPS_BETWEEN_LOOKS = 10000 };

/* The version stands in the header, as an integer with its first byte first. */
static bool is_older(const char *path)
{
    enum { HEADER_BYTES = 64, VERSION_AT = 60 };
    unsigned char header[HEADER_BYTES] = {0};
    if (file_read_start(path, header, sizeof(header)) != HEADER_BYTES)
        return false;
    const unsigned char *at = header + VERSION_AT;
    uint32_t version = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return version > 0 && version < DATABASE_VERSION;
}

/* What was committed last may be all of it, and only in the wal. */
static bool has_wal(const char *path)
{
    char wal[PATH_CAPACITY + 8];
    snprintf(wal, sizeof(wal), "%s-wal", path);
    return file_size(wal) > 0;
}

int store_identify(const char *path, bool is_at_rest, enum store_kind *kind, struct error *error)
{
    enum schema_kind schema;
    *kind = STORE_NONE;
    int result = schema_glance(path, &schema, error);
    if (result == 0 && is_at_rest)
        result = schema_check_wal(path, error);
    if (result != 0 || (schema == SCHEMA_NEW && !has_wal(path)))
        return result;
    *kind = schema == SCHEMA_FIRST_AGENT ? STORE_FIRST_AGENT
            : is_older(path)             ? STORE_OLDER
                                         : STORE_OURS;
    return 0;
}

bool store_is_noted_damaged(const char *path)
{
    return salvage_is_noted(path);
}

static int is_late(void *until_us)
{
    return clock_measure_us() > *(const int64_t *)until_us;
}

int store_quick_check(struct store_reader *reader, int64_t limit_ms, bool *is_complete,
                      struct error *error)
{
    assert(reader->db != NULL && limit_ms > 0);
    int64_t until_us = clock_measure_us() + limit_ms * 1000;
    sqlite3_progress_handler(reader->db, STEPS_BETWEEN_LOOKS, is_late, &until_us);
    struct error reason = {0};
    int result = database_check(reader->db, &reason);
    sqlite3_progress_handler(reader->db, 0, NULL, NULL);
    /* What was interrupted says nothing of the pages. */
    *is_complete = result != EXIT_CODE_DISK || !is_late(&until_us);
    if (result == 0 || !*is_complete)
        return 0;
    return error_set(error, result, "%s", reason.text);
}
