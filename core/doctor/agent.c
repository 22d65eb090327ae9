/* SPDX-License-Identifier: MIT */
/* Does an agent run on this database, is it the same program, and does it store? */
#include "examine.h"

#include "clockblock_paths.h"
#include "control/control.h"
#include "json.h"
#include "platform/paths.h"
#include "platform/tcp_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char subject[] = "agent";

static bool find_socket(const struct doctor *doctor, struct permission *permission)
{
    char path[PATH_CAPACITY];
    bool fits = snprintf(path, sizeof(path), "%s.sock", doctor->db_path) < (int)sizeof(path);
    *permission = (struct permission){0};
    if (fits)
        permission_look(path, permission);
    return permission->is_there;
}

/* ---- None answers ---- */

/* Root has installed it, and looks: the service of each user is the default. */
static bool tell_of_user(struct doctor *doctor)
{
    char own[PERMISSION_USER_CAPACITY];
    char name[PERMISSION_USER_CAPACITY];
    const struct config *config = doctor->plan.config;
    if (permission_is_person(doctor->runner) || config == NULL ||
        !tcp_owner((int)config->api_port, name))
        return false;
    permission_user_name(doctor->runner, own);
    if (strcmp(name, own) == 0)
        return false;
    doctor_note(doctor, subject,
                "none is running for the machine; the user %s has port %d, and may run one", name,
                (int)config->api_port);
    doctor_advise(doctor,
                  "look at that one: sudo -u %s clockblock doctor. One for the machine would "
                  "count beside it, in an account of its own",
                  name);
    return true;
}

static void tell_none(struct doctor *doctor)
{
    if (tell_of_user(doctor))
        return;
    doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject,
                   "none is running on %s: nothing is counted", doctor->db_path);
    if (doctor->plan.config == NULL)
        doctor_advise(doctor, "correct the configuration first: without it no agent starts");
    else
        doctor_advise(doctor,
                      "start it: %s enable --now clockblock, or clockblock run in a "
                      "terminal. Why it does not stay up: %s",
                      doctor_systemctl(doctor), doctor_journalctl(doctor));
}

/* Its socket is only for its own user, and its folder as a rule too. */
static bool tell_foreign(struct doctor *doctor)
{
    char path[PATH_CAPACITY];
    char name[PERMISSION_USER_CAPACITY];
    struct permission found;
    paths_parent(path, doctor->db_path);
    if (!find_socket(doctor, &found))
        permission_look(path, &found);
    if (!found.is_there || found.can_read || found.owner == permission_user())
        return false;
    permission_user_name(found.owner, name);
    doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject,
                   "one of the user %s may be running on %s, and only %s may ask it", name,
                   doctor->db_path, name);
    doctor_advise(doctor, "run sudo -u %s clockblock doctor", name);
    return true;
}

static void tell_silent(struct doctor *doctor, const char *reason)
{
    doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject, "%s", reason);
    doctor_advise(doctor, "restart it: %s restart clockblock; its log says more: %s",
                  doctor_systemctl(doctor), doctor_journalctl(doctor));
}

/* ---- One answers ---- */

static void tell_running(struct doctor *doctor)
{
    char since[DOCTOR_DURATION_CAPACITY];
    char name[PERMISSION_USER_CAPACITY];
    const char *version = json_get_text(doctor->status, "version");
    int64_t up_ms = (int64_t)json_get_number(doctor->status, "uptime_sec") * 1000;
    permission_user_name(doctor->runner, name);
    doctor_duration(up_ms, since);
    if (strcmp(version, CLOCKBLOCK_VERSION) == 0) {
        doctor_ok(doctor, subject, "version %s is running for %s as %s", version, since, name);
        return;
    }
    doctor_note(doctor, subject,
                "version %s is running for %s as %s, and this program is version %s", version,
                since, name, CLOCKBLOCK_VERSION);
    doctor_advise(doctor, "restart it: %s restart clockblock", doctor_systemctl(doctor));
}

static void compare_configuration(struct doctor *doctor)
{
    const char *theirs = json_get_text(doctor->status, "config");
    const struct config *config = doctor->plan.config;
    if (config == NULL || strcmp(theirs, config->file) == 0)
        return;
    doctor_note(doctor, subject, "it runs with %s, and this command reads %s", theirs,
                config->file);
    doctor_advise(doctor, "restart it if it is to use that one, or give this command --config %s",
                  theirs);
}

static void look_at_store(struct doctor *doctor)
{
    struct json_object *store = json_get(doctor->status, "store");
    const char *event = json_get_text(store, "event");
    if (strcmp(json_get_text(store, "health"), "ok") != 0) {
        doctor_problem(doctor, EXIT_CODE_DISK, subject,
                       "heartbeats are not being stored: %s; %s wait in memory",
                       json_get_text(store, "problem"), json_get_text(store, "waiting"));
        doctor_advise(doctor,
                      "free room on the disk of %s, or see to it that it can be written; "
                      "they are stored as soon as it can",
                      doctor->db_path);
    }
    if (json_get_number(store, "dropped") > 0) {
        doctor_problem(doctor, EXIT_CODE_DISK, subject, "%s heartbeats were lost: no room for them",
                       json_get_text(store, "dropped"));
        doctor_advise(doctor, "free room on the disk of %s", doctor->db_path);
    }
    if (event[0] != '\0')
        doctor_note(doctor, subject, "%s: %s", json_get_text(store, "event_at"), event);
}

/* Whose agent it would be: root may ask for another, who has the folder. */
static void expect_runner(struct doctor *doctor)
{
    char path[PATH_CAPACITY];
    struct permission folder;
    paths_parent(path, doctor->db_path);
    permission_look(path, &folder);
    if (permission_user() == 0 && folder.is_there && !folder.is_shared)
        doctor->runner = folder.owner;
}

void examine_agent(struct doctor *doctor)
{
    char *answer = NULL;
    struct error error = {0};
    struct permission socket;
    expect_runner(doctor);
    int result = control_ask(doctor->db_path, "status", NULL, CONTROL_LOOK_SEC, &answer, &error);
    if (result == CONTROL_NOBODY && !tell_foreign(doctor))
        tell_none(doctor);
    if (result != 0 && result != CONTROL_NOBODY)
        tell_silent(doctor, error.text);
    if (result != 0)
        return;
    doctor->status = json_tokener_parse(answer);
    free(answer);
    if (json_get(doctor->status, "version") == NULL) {
        tell_silent(doctor, "one is running, and gave no clear answer");
        json_object_put(doctor->status);
        doctor->status = NULL;
        return;
    }
    if (find_socket(doctor, &socket))
        doctor->runner = socket.owner;
    tell_running(doctor);
    compare_configuration(doctor);
    look_at_store(doctor);
}
