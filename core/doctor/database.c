/* SPDX-License-Identifier: MIT */
/* The database: can it be read, is it sound, is there room, and what lies beside it. */
#include "examine.h"

#include "platform/paths.h"
#include "record/uuid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MB = 1000 * 1000, CHECK_MS = 10 * 1000, FULL_BYTES = 5 * MB, NARROW_BYTES = 100 * MB };

static const char subject[] = "database";

/* ---- Is it one? ---- */

static void tell_error(struct doctor *doctor, const struct error *error)
{
    doctor_problem(doctor, error->code, subject, "%s", error->text);
    if (error->code == EXIT_CODE_DATA)
        doctor_advise(doctor,
                      "restart the agent: the file is put aside, and what can be read of it "
                      "goes into a new one");
    else if (error->code == EXIT_CODE_CONFIG)
        doctor_advise(doctor, "set another db_path, or move that file away");
    else
        doctor_advise(doctor, "look at who may read it: ls -l '%s'", doctor->db_path);
}

/* True: there is one that can be read. */
static bool look_at_kind(struct doctor *doctor)
{
    enum store_kind kind;
    struct error error = {0};
    char path[PATH_CAPACITY];
    struct permission folder;
    struct permission file;
    paths_parent(path, doctor->db_path);
    permission_look(path, &folder);
    permission_look(doctor->db_path, &file);
    if ((folder.is_there && !folder.can_read) || (file.is_there && !file.can_read))
        error_set(&error, EXIT_CODE_DISK, "%s cannot be read by this user", doctor->db_path);
    if (error.code != 0 ||
        store_identify(doctor->db_path, doctor->status == NULL, &kind, &error) != 0) {
        tell_error(doctor, &error);
        return false;
    }
    if (kind == STORE_NONE)
        doctor_ok(doctor, subject, "%s is not there yet: the first start makes it",
                  doctor->db_path);
    if (kind == STORE_FIRST_AGENT)
        doctor_note(doctor, subject, "%s is of the first agent: the next start imports it",
                    doctor->db_path);
    if (kind == STORE_OLDER)
        doctor_note(doctor, subject,
                    "%s is of an older version: the next start backs it up, and "
                    "brings it up to date",
                    doctor->db_path);
    return kind == STORE_OURS;
}

/* ---- Is it sound? ---- */

struct newest {
    int64_t wall_ms;
    struct heartbeat_origin origin;
};

static void take_newest(const struct heartbeat *heartbeat, const struct heartbeat_origin *origin,
                        void *context)
{
    struct newest *newest = context;
    *newest = (struct newest){heartbeat->wall_ms, *origin};
}

static void tell_sound(struct doctor *doctor, const struct newest *newest, bool is_complete)
{
    char age[DOCTOR_DURATION_CAPACITY];
    char epoch[UUID_TEXT_CAPACITY];
    char text[160] = "it holds no heartbeat yet";
    int64_t past_ms = doctor->clock.wall_ms(&doctor->clock) - newest->wall_ms;
    uuid_format(newest->origin.epoch, epoch);
    if (newest->wall_ms != 0)
        snprintf(text, sizeof(text), "the newest heartbeat is %s old (epoch %.8s)",
                 doctor_duration(past_ms, age), epoch);
    doctor_ok(doctor, subject, "%s %s, and %s. Whether its totals are right says clockblock verify",
              doctor->db_path,
              is_complete ? "is sound" : "is large, and sound as far as 10 s of reading tell",
              text);
}

static void look_inside(struct doctor *doctor)
{
    bool is_complete = false;
    struct newest newest = {0};
    struct error error = {0};
    int result = store_reader_look(&doctor->reader, doctor->db_path, &error);
    if (result == 0)
        result = store_quick_check(doctor->reader, CHECK_MS, &is_complete, &error);
    if (result == 0)
        result = store_read_before(doctor->reader, INT64_MAX, 1, take_newest, &newest, &error);
    doctor->newest_ms = newest.wall_ms;
    if (result == 0)
        tell_sound(doctor, &newest, is_complete);
    else
        tell_error(doctor, &error);
}

/* ---- Is there room? ---- */

static void look_at_size(struct doctor *doctor)
{
    char wal[PATH_CAPACITY + 8];
    const struct config *config = doctor->plan.config;
    snprintf(wal, sizeof(wal), "%s-wal", doctor->db_path);
    int64_t bytes = file_size(doctor->db_path) + file_size(wal);
    int64_t max_bytes = config != NULL ? (int64_t)config->store_max_mb * MB : 0;
    if (max_bytes == 0 || bytes < max_bytes - max_bytes / 10)
        return;
    doctor_note(doctor, subject,
                "it has %" PRId64 " of the %" PRId64 " MB that store.max_mb allows: "
                "beyond them the oldest heartbeats go",
                bytes / MB, max_bytes / MB);
    doctor_advise(doctor, "set store.max_mb higher, or retention_days lower");
}

static void look_at_disk(struct doctor *doctor)
{
    char folder[PATH_CAPACITY];
    char ballast[PATH_CAPACITY + 16];
    paths_parent(folder, doctor->db_path);
    int64_t bytes = file_free_bytes(folder);
    if (bytes < 0)
        return; /* there is no folder yet */
    snprintf(ballast, sizeof(ballast), "%s.ballast", doctor->db_path);
    if (bytes < FULL_BYTES) {
        doctor_problem(doctor, EXIT_CODE_DISK, subject,
                       "its disk is full: %" PRId64 " KB are left%s", bytes / 1000,
                       file_exists(ballast) ? "" : ", and the room kept for that is used up");
        doctor_advise(doctor, "free room on the disk of %s", folder);
    } else if (bytes < NARROW_BYTES) {
        doctor_note(doctor, subject, "its disk is nearly full: %" PRId64 " MB are left",
                    bytes / MB);
        doctor_advise(doctor, "free room on the disk of %s", folder);
    }
}

/* ---- What lies beside it ---- */

struct aside {
    char prefix[PATH_CAPACITY];
    char newest[PATH_CAPACITY];
    int count;
};

static bool take_aside(const char *name, void *context)
{
    struct aside *aside = context;
    bool is_one = strncmp(name, aside->prefix, strlen(aside->prefix)) == 0;
    size_t length = strlen(name);
    bool is_beside = length > 4 && name[length - 4] == '-'; /* its own -wal and -shm */
    if (is_one && !is_beside) {
        aside->count++;
        snprintf(aside->newest, sizeof(aside->newest), "%s", name);
    }
    return true;
}

static void look_for_corrupt(struct doctor *doctor)
{
    char folder[PATH_CAPACITY];
    struct aside aside = {.count = 0};
    const char *slash = strrchr(doctor->db_path, '/');
    paths_parent(folder, doctor->db_path);
    snprintf(aside.prefix, sizeof(aside.prefix), "%.*s.corrupt-", PATH_CAPACITY - 16,
             slash != NULL ? slash + 1 : doctor->db_path);
    file_list(folder, take_aside, &aside);
    if (aside.count == 0)
        return;
    doctor_note(doctor, subject,
                "%d damaged database%s put aside, the newest is %s/%s: what could "
                "be read is in the one in use",
                aside.count, aside.count == 1 ? " was" : "s were", folder, aside.newest);
    doctor_advise(doctor,
                  "look for why with the disk's own check (smartctl), and delete it when "
                  "you do not need it: rm '%s.corrupt-'*",
                  doctor->db_path);
}

void examine_database(struct doctor *doctor)
{
    if (store_is_noted_damaged(doctor->db_path)) {
        doctor_problem(doctor, EXIT_CODE_DATA, subject, "%s was found damaged", doctor->db_path);
        doctor_advise(doctor,
                      "restart the agent: the file is put aside, and what can be read of it "
                      "goes into a new one");
    } else if (look_at_kind(doctor)) {
        look_inside(doctor);
    }
    look_at_size(doctor);
    look_at_disk(doctor);
    look_for_corrupt(doctor);
}
