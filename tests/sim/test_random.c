/* SPDX-License-Identifier: MIT */
/* Whatever happens to a machine, in whatever order, the books balance (accounts_check), and the
 * same happenings make the same rows. CLB_SEED is the first seed, CLB_SCENARIOS how many are tried.
 * The scenario of a seed that fails is printed, and can be played with clb_sim. */
#include "folder.h"
#include "generate.h"
#include "scenario.h"
#include "store/store_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCENARIOS = 60 };

/* ---- What is in a database ---- */

static void mix(uint64_t *hash, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++)
        *hash = (*hash ^ at[i]) * UINT64_C(0x100000001B3); /* FNV-1a */
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    struct error error = {0};
    if (database_prepare(db, sql, &statement, &error) != 0) {
        fprintf(stderr, "test_random: %s\n", error.text);
        exit(2);
    }
    return statement;
}

static void mix_table(uint64_t *hash, sqlite3 *db, const char *table)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", table);
    sqlite3_stmt *row = prepare(db, sql);
    mix(hash, table, strlen(table) + 1);
    while (sqlite3_step(row) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(row); i++) {
            int type = sqlite3_column_type(row, i);
            mix(hash, &type, sizeof(type));
            const void *bytes = sqlite3_column_blob(row, i);
            if (bytes != NULL)
                mix(hash, bytes, (size_t)sqlite3_column_bytes(row, i));
        }
    }
    sqlite3_finalize(row);
}

/* Of all rows of all tables. */
static uint64_t fingerprint(struct sim *sim)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    sim_settle(sim);
    sqlite3_stmt *tables = prepare(
        sim->store->db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    while (sqlite3_step(tables) == SQLITE_ROW)
        mix_table(&hash, sim->store->db, (const char *)sqlite3_column_text(tables, 0));
    sqlite3_finalize(tables);
    return hash;
}

/* ---- One seed ---- */

struct place {
    char folder[FOLDER_CAPACITY];
    char database[FOLDER_CAPACITY + 16];
};

static int play(const struct place *place, const char *name, const char *text, uint64_t *rows)
{
    struct sim sim;
    folder_empty(place->folder);
    sim_init(&sim, place->database);
    int failures = scenario_play(&sim, name, text);
    *rows = fingerprint(&sim);
    sim_finish(&sim);
    return failures;
}

static bool holds(const struct place *place, uint64_t seed)
{
    char name[64];
    uint64_t rows[2];
    char *text = generate_scenario(seed);
    snprintf(name, sizeof(name), "seed %" PRIu64, seed);
    int failures = play(place, name, text, &rows[0]) + play(place, name, text, &rows[1]);
    if (rows[0] != rows[1]) {
        fprintf(stderr, "%s: played twice, it makes different rows\n", name);
        failures++;
    }
    if (failures != 0)
        fprintf(stderr, "---- %s ----\n%s----\n", name, text);
    free(text);
    return failures == 0;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
    struct place place;
    uint64_t first = from_environment("CLB_SEED", 1);
    uint64_t count = from_environment("CLB_SCENARIOS", SCENARIOS);
    uint64_t failed = 0;
    if (!folder_make(place.folder, place.database))
        return 2;
    for (uint64_t i = 0; i < count; i++)
        failed += !holds(&place, first + i);
    folder_remove(place.folder);
    printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " failed\n", first, first + count - 1,
           failed);
    return failed == 0 ? 0 : 1;
}
