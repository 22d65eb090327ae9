/* SPDX-License-Identifier: MIT */
/* What the service manager shows of the agent, as in `systemctl status`: that it is up, and a
 * sentence on how it fares. Others may read it: no title of a window is in it, but for pieces of
 * one that keep_titles made the name of an activity. All on main. */
#ifndef CORE_BULLETIN_H
#define CORE_BULLETIN_H

#include "generation.h"
#include "server.h"

enum { BULLETIN_CAPACITY = 512 };
enum { BULLETIN_RETRY_MS = 500 };

/* What the sentence is made of. */
struct bulletin_news {
    struct sampler_view view;
    int64_t waiting;    /* heartbeats, for the sink that has most to get */
    int sinks;          /* that wait for some */
    const char *notice; /* "": none; what a person should know */
};
/* "Playing Minecraft; today 83 min used, 0 over, 37 left; 12 heartbeats wait for 2 sinks". Pure. */
void bulletin_write(const struct bulletin_news *news, char text[BULLETIN_CAPACITY]);

/* Whom to ask. All borrowed for the call. */
struct bulletin_source {
    struct clock *clock;
    struct store *store;
    struct store_reader *reader;
    struct sampler *sampler;
    const struct generation *generation;
    const struct server *server;
};

struct bulletin {
    bool is_up;        /* the service manager knows that the agent is up */
    bool is_owed;      /* it could not be told so */
    bool has_old_plan; /* the configuration of before goes on: the new one cannot be used */
    char state[256];   /* as it was told: what is worth telling at once */
    char text[BULLETIN_CAPACITY]; /* as it was told */
    int64_t told_ms;              /* monotonic */
};

/* After each heartbeat: tells what is new, numbers at most once a minute. The first time it also
 * tells that the agent is up, and so after each reload. */
void bulletin_issue(struct bulletin *bulletin, const struct bulletin_source *source);
/* The service manager waits to hear that the agent is up, and could not be told yet: a bulletin is
 * to be issued again within BULLETIN_RETRY_MS. */
bool bulletin_is_owed(const struct bulletin *bulletin);
/* A reload begins; the next bulletin ends it. */
void bulletin_begin_reload(struct bulletin *bulletin);
/* The agent ends. */
void bulletin_end(void);

#endif
