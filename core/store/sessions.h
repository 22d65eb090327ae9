/* SPDX-License-Identifier: MIT */
/*
 * Sessions: contiguous play of one activity. A session has the number of its first heartbeat, and
 * so those that are made of the heartbeats again are the same ones. Private to this folder.
 */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "error.h"
#include "record/heartbeat.h"

struct session {
    int64_t id;     /* the seq of its first heartbeat; 0: there is none */
    int64_t device; /* 0: nothing is known */
    int64_t activity;
    int64_t start_ms;
    int64_t end_ms;
    int64_t used_ms;
    int64_t overdraft_ms;
};

enum { SESSION_COLUMNS = 7 };
/* Its columns, in the order of the table. */
void session_columns(const struct session *session, int64_t values[SESSION_COLUMNS]);

/* The newest session of the device goes on with a heartbeat that has credit, or ends before it, and
 * *session is then the one that it begins. True: it goes on. Pure. */
bool session_take(struct session *session, const struct heartbeat *heartbeat, int64_t activity);

/* Adds a heartbeat to its session. The caller holds a transaction. */
struct record;
int sessions_record(struct record *record, const struct heartbeat *heartbeat, int64_t activity,
                    struct error *error);

#endif
