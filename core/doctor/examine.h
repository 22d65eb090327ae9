/* SPDX-License-Identifier: MIT */
/* What the examinations share, one file each. Private to this folder. Everything belongs to main.
 */
#ifndef DOCTOR_EXAMINE_H
#define DOCTOR_EXAMINE_H

#include "doctor.h"
#include "generation.h"
#include "platform/permission.h"
#include "store/store.h"

struct json_object;

struct doctor {
    const struct config_options *options;
    struct doctor_report *report;
    struct clock clock;
    struct plan plan;            /* what an agent would run; empty: none can be made */
    char db_path[PATH_CAPACITY]; /* also where the configuration cannot be used */
    struct json_object *status;  /* owned; what the running agent says; NULL: none runs */
    int64_t runner;              /* whose agent that is; of none: who asks */
    struct store_reader *reader; /* owned; NULL: the database cannot be read, or there is none */
    int64_t newest_ms;           /* wall clock of the newest heartbeat; 0: none */
    char systemctl[PERMISSION_USER_CAPACITY + 32];
};

/* ---- Findings: each call adds one ---- */

__attribute__((format(printf, 3, 4))) void doctor_ok(struct doctor *doctor, const char *subject,
                                                     const char *format, ...);
__attribute__((format(printf, 3, 4))) void doctor_note(struct doctor *doctor, const char *subject,
                                                       const char *format, ...);
__attribute__((format(printf, 4, 5))) void
doctor_problem(struct doctor *doctor, int code, const char *subject, const char *format, ...);
/* What to do about the newest of them. */
__attribute__((format(printf, 2, 3))) void doctor_advise(struct doctor *doctor, const char *format,
                                                         ...);
/* How many problems there are so far: whether a subject added some. */
int doctor_problems(const struct doctor *doctor);

enum { DOCTOR_DURATION_CAPACITY = 32 };
/* "40 s", "3 min", "5 h", "12 days". */
const char *doctor_duration(int64_t ms, char text[DOCTOR_DURATION_CAPACITY]);

/* The commands for the service that the agent is, or would be, and for its log: of a user, or of
 * the machine. Borrowed. */
const char *doctor_systemctl(struct doctor *doctor);
const char *doctor_journalctl(const struct doctor *doctor);

/* ---- The examinations, in their order ---- */

void examine_configuration(struct doctor *doctor); /* makes the plan */
void examine_agent(struct doctor *doctor);         /* asks for the status */
void examine_port(struct doctor *doctor);
void examine_files(struct doctor *doctor);
void examine_settings(struct doctor *doctor);
void examine_database(struct doctor *doctor); /* opens the reader */
void examine_detectors(struct doctor *doctor);
void examine_sinks(struct doctor *doctor);
void examine_time(struct doctor *doctor);
void examine_allowance(struct doctor *doctor);

/* Part of those of detectors: can playing_when be true, as they are now? */
void examine_rule(struct doctor *doctor, struct json_object *detectors);

/* The settings of an instance, as its plugin gets them. NULL: it has no plugin, or they are not
 * valid, and the configuration's examination said so. Freed with config_settings_destroy(). */
clb_settings *examine_settings_of(struct doctor *doctor, enum instance_kind kind,
                                  const struct config_instance *instance,
                                  const struct plugin **plugin);

/* Where a sink connects to, by its settings: an address with host and port, or host and port of
 * their own; the proxy that stands before it counts as that. False: nowhere. */
struct endpoint {
    char host[256];
    int port;
    bool is_proxy;
};
bool examine_endpoint(const struct doctor *doctor, const clb_settings *settings,
                      struct endpoint *endpoint);

#endif
