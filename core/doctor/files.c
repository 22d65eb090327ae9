/* SPDX-License-Identifier: MIT */
/* The state folder and the files of an agent in it: one user has to own them all. Whoever once ran
 * the agent with sudo left files there that it cannot write since. */
#include "examine.h"

#include "platform/paths.h"

#include <stdio.h>

static const char subject[] = "files";

/* Of the files that lie beside a database. */
static const char *const suffixes[] = {"",      "-wal",     "-shm",     ".lock",
                                       ".sock", ".crashes", ".ballast", ".damaged"};
enum { SUFFIXES_COUNT = sizeof(suffixes) / sizeof(suffixes[0]) };

static void tell_owner(struct doctor *doctor, const char *path, int64_t owner, int64_t expected)
{
    char has[PERMISSION_USER_CAPACITY];
    char needs[PERMISSION_USER_CAPACITY];
    permission_user_name(owner, has);
    permission_user_name(expected, needs);
    doctor_problem(doctor, EXIT_CODE_DISK, subject,
                   "%s belongs to %s, and the agent of %s needs it", path, has, needs);
    doctor_advise(doctor, "stop the agent, run sudo chown %s: '%s'* and start it again", needs,
                  doctor->db_path);
}

/* Whose the database is, or will be. */
static int64_t expected_owner(const struct doctor *doctor, const struct permission *folder)
{
    struct permission database;
    if (doctor->status != NULL)
        return doctor->runner;
    if (folder->is_there && folder->owner != 0 && !folder->is_shared)
        return folder->owner;
    permission_look(doctor->db_path, &database);
    return database.is_there && permission_user() == 0 ? database.owner : permission_user();
}

static void look_at_owners(struct doctor *doctor, int64_t expected)
{
    for (int i = 0; i < SUFFIXES_COUNT; i++) {
        char path[PATH_CAPACITY + 16];
        struct permission file;
        snprintf(path, sizeof(path), "%s%s", doctor->db_path, suffixes[i]);
        permission_look(path, &file);
        /* Root may write whatever it is, and an agent of root that runs does so. */
        if (!file.is_there || file.owner == expected || (expected == 0 && doctor->status != NULL))
            continue;
        tell_owner(doctor, path, file.owner, expected);
        return; /* the advice is for all of them */
    }
}

static void tell_unwritable(struct doctor *doctor, const char *path, bool is_folder)
{
    char name[PERMISSION_USER_CAPACITY];
    permission_user_name(permission_user(), name);
    if (file_is_read_only(path)) {
        doctor_problem(doctor, EXIT_CODE_DISK, subject, "%s is on a disk that takes nothing", path);
        doctor_advise(doctor, "look for why it is mounted read-only (a failing disk is, too), or "
                              "set another db_path");
        return;
    }
    doctor_problem(doctor, EXIT_CODE_DISK, subject, "%s cannot be written by %s", path, name);
    doctor_advise(doctor, "run the agent as who owns it, or give it to %s: sudo chown %s: '%s'%s",
                  name, name, path, is_folder ? "; a folder needs chmod u+rwx, too" : "");
}

/* The agent makes the folder: in the first one above it that is there. */
static bool can_be_made(const char *folder)
{
    char above[PATH_CAPACITY];
    char path[PATH_CAPACITY];
    struct permission found;
    snprintf(path, sizeof(path), "%s", folder);
    for (;;) {
        paths_parent(above, path);
        permission_look(above, &found);
        if (found.is_there)
            return found.is_folder && found.can_write;
        snprintf(path, sizeof(path), "%s", above);
    }
}

static void look_at_folder(struct doctor *doctor, const char *path, const struct permission *folder)
{
    struct permission database;
    permission_look(doctor->db_path, &database);
    if (!folder->is_there && !can_be_made(path)) {
        doctor_problem(doctor, EXIT_CODE_DISK, subject,
                       "the folder %s is not there, and cannot be "
                       "made by this user",
                       path);
        doctor_advise(doctor, "make it: sudo install -d -o \"$(id -un)\" -m 700 '%s'", path);
    } else if (folder->is_there && !folder->is_folder) {
        doctor_problem(doctor, EXIT_CODE_DISK, subject, "%s is no folder", path);
        doctor_advise(doctor, "move it away, or set another db_path");
    } else if (folder->is_there && !folder->can_write) {
        tell_unwritable(doctor, path, true);
    } else if (database.is_there && !database.can_write) {
        tell_unwritable(doctor, doctor->db_path, false);
    }
}

void examine_files(struct doctor *doctor)
{
    char path[PATH_CAPACITY];
    struct permission folder;
    int before = doctor_problems(doctor);
    paths_parent(path, doctor->db_path);
    permission_look(path, &folder);
    look_at_owners(doctor, expected_owner(doctor, &folder));
    /* What an agent that runs may write it knows better. */
    if (doctor->status == NULL && doctor_problems(doctor) == before)
        look_at_folder(doctor, path, &folder);
    if (doctor_problems(doctor) == before)
        doctor_ok(doctor, subject, "%s %s", path,
                  folder.is_there ? "and the files in it can be used" : "will be made");
}
