/* SPDX-License-Identifier: MIT */
/* Does the account equal what its heartbeats and its quarter hours add up to? */
#include "verify.h"

#include "pulse.h"
#include "reader.h"
#include "sums.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

void verify_tell(struct verify *verify, const char *sentence)
{
    verify->result->differences++;
    if (verify->report != NULL)
        verify->report(sentence, verify->context);
}

static void refuse(int64_t seq, void *context)
{
    struct verify *verify = context;
    char sentence[128];
    snprintf(sentence, sizeof(sentence),
             "heartbeat %" PRId64 ": its times cannot be, and are not added up", seq);
    verify->result->impossible++;
    verify_tell(verify, sentence);
}

static int check_integrity(struct verify *verify, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(verify->db, "PRAGMA integrity_check(1)", &statement, error);
    if (result != 0)
        return result;
    database_begin_check(verify->db);
    int code = sqlite3_step(statement);
    pulse_beat();
    if (code == SQLITE_ROW)
        snprintf(verify->result->integrity, sizeof(verify->result->integrity), "%.255s",
                 (const char *)sqlite3_column_text(statement, 0));
    else
        result = database_fail(verify->db, error);
    sqlite3_finalize(statement);
    return result;
}

int verify_compare(struct verify *verify, struct error *error)
{
    int result = verify_compare_totals(verify, error);
    return result == 0 ? verify_compare_closed_days(verify, error) : result;
}

int verify_all(struct verify *verify, struct error *error)
{
    struct sums sums = {.refuse = refuse, .context = verify};
    assert(sqlite3_get_autocommit(verify->db) == 0); /* nobody moves what is being compared */
    int result =
        database_integer(verify->db, "SELECT value FROM meta WHERE key = 'pruned_before_ms'",
                         &verify->covered_from_ms, error);
    if (result == 0)
        result = check_integrity(verify, error);
    if (result == 0)
        result = sums_make(verify->db, &sums, error);
    verify->result->heartbeats = sums.heartbeats;
    return result == 0 ? verify_compare(verify, error) : result;
}

int store_verify(struct store_reader *reader, struct store_verify *result, store_report report,
                 void *context, struct error *error)
{
    *result = (struct store_verify){0};
    struct verify verify = {
        .db = reader->db, .result = result, .report = report, .context = context};
    int code = database_exec(reader->db, "BEGIN", error);
    if (code != 0)
        return code;
    code = verify_all(&verify, error);
    sums_drop(reader->db);
    database_exec(reader->db, "COMMIT", NULL);
    return code;
}
