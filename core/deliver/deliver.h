/* SPDX-License-Identifier: MIT */
/*
 * Delivery: one worker thread per sink takes batches after the sink's cursor, hands them to the
 * sink, and moves the cursor when the sink has durably taken them. A sink that fails delays only
 * itself, and nothing is given up: what was not taken is offered again.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "config/config.h"
#include "error.h"
#include "platform/clock.h"
#include "plugin/plugin.h"
#include "store/store.h"

struct deliver;

enum deliver_state {
    DELIVER_STARTING,
    DELIVER_OK,
    DELIVER_RETRYING,
    DELIVER_HOLDING,
    DELIVER_WEDGED,
    DELIVER_REFUSED,    /* its plugin cannot be loaded */
    DELIVER_QUARANTINED /* its plugin did harm, and is not called */
};

struct deliver_spec {
    const struct config_instance *config; /* borrowed for as long as the sink lives */
    struct instance *instance;  /* owned by the caller until deliver_create() succeeded; NULL: the
                                   agent runs without it, and its heartbeats wait */
    enum deliver_state absence; /* then: DELIVER_REFUSED or DELIVER_QUARANTINED */
    char reason[512];           /* and why */
};

/* Fills in today's totals, for each batch. [any thread] */
typedef void (*deliver_today)(void *context, clb_today *today);

/* Takes over the instances; each has its cursor in the store already. `store` and `clock` are
 * borrowed. [main] */
int deliver_create(struct deliver **deliver, const struct deliver_spec *specs, int count,
                   struct store *store, const char *db_path, struct clock *clock,
                   deliver_today today, void *today_context, struct error *error);
int deliver_start(struct deliver *deliver, struct error *error); /* the workers. [main] */

/* Without workers: delivers what waits, each sink until it is empty or fails. For one heartbeat
 * from the command line. Returns the number of sinks that failed. [main] */
int deliver_once(struct deliver *deliver);

/* As detect_stop() and detect_destroy(). [main] */
bool deliver_stop(struct deliver *deliver, int64_t until_ms);
void deliver_destroy(struct deliver *deliver);

int deliver_count(const struct deliver *deliver);

struct deliver_view {
    char name[INSTANCE_CAPACITY];
    const char *plugin; /* static */
    bool is_network;
    enum deliver_state state;
    int64_t last_success_ms; /* wall clock; 0: none yet */
    int64_t last_attempt_ms; /* wall clock; 0: none yet */
    int64_t next_attempt_ms; /* monotonic */
    int64_t delivered;       /* records, since the start */
    int64_t attempts;
    int64_t failures;
    int64_t failures_in_row;
    char reason[512]; /* "": none; what the newest failure said */
    struct instance_account account;
};
void deliver_get(struct deliver *deliver, int index, struct deliver_view *view); /* [any thread] */
const char *deliver_state_name(enum deliver_state state);

/* The machine may have got a way out: sinks that go over the network and wait for their next
 * attempt try now. [any thread] */
void deliver_network_changed(struct deliver *deliver);

/* Records from the quarantine that are sent once more, each alone. */
struct deliver_replay {
    int64_t seq; /* 0: all of the sink */
    bool is_busy;
    int64_t accepted; /* taken, and out of the quarantine */
    int64_t refused;  /* refused again, and still there */
    char reason[512]; /* why the newest of them; "": none */
};
/* Asks the worker of a sink to do that. A sentence when it cannot: no such sink, or it has no
 * plugin. [any thread] */
int deliver_start_replay(struct deliver *deliver, const char *sink, int64_t seq,
                         struct error *error);
/* Without workers: does what was asked for. [main] */
void deliver_replay_once(struct deliver *deliver);
/* How far it got. False: no such sink. [any thread] */
bool deliver_get_replay(struct deliver *deliver, const char *sink, struct deliver_replay *replay);

#endif
