/* SPDX-License-Identifier: MIT */
/* One client of libmosquitto: made for one connection, and given up with it. */
#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include "settings.h"
#include "topics.h"
#include "window.h"

#include <clockblock/sink.h>
#include <stddef.h>

enum { CLIENT_REASON_CAPACITY = 200 };

/* Filled by what the broker says; everything but `window` is the client's. */
struct client {
    struct mosquitto *mosquitto;
    struct window *window;               /* borrowed: where answers to heartbeats go */
    const char *birth;                   /* borrowed: the topic, or NULL */
    bool is_answered;                    /* the broker has answered to our greeting */
    int answer;                          /* with this code; 0: welcome */
    int end;                             /* the code of its goodbye, 0: it said none */
    bool is_greeted;                     /* the caller has told the broker what it retains */
    bool was_born;                       /* Home Assistant has started since this was cleared */
    uint32_t notices;                    /* messages beside the window that are not answered yet */
    int notice_refusal;                  /* the last code by which one was refused, 0: none was */
    char reason[CLIENT_REASON_CAPACITY]; /* of the library, in its words; "" */
};

/* Connects nothing yet. NULL and a sentence when it cannot be made: a person has to act then. */
struct client *client_create(const struct settings *settings, const struct topics *topics,
                             bool speaks_5, struct window *window, clb_error *error);
void client_destroy(struct client *client); /* NULL is fine */

/* Looks the name up, which may take its time, and begins to connect. Returns a code of the library.
 * May run on a thread of its own, while nothing else touches the client. */
int client_connect(struct client *client, const struct settings *settings);

int client_socket(const struct client *client); /* -1: none any more */
bool client_wants_write(const struct client *client);

/* Reads, writes and keeps alive, as far as that goes without waiting. False: the connection ended.
 */
bool client_serve(struct client *client, bool is_ready);

/* Sends a message with QoS 1: *id is that of the answer to come. Returns 0; a refusal of MQTT when
 * the broker would refuse it; or -1: the connection ended. */
int client_publish(struct client *client, const char *topic, const char *bytes, size_t length,
                   bool is_retained, int *id);

/* The same for what is not part of the stream. */
void client_notice(struct client *client, const char *topic, const char *bytes, size_t length);

void client_subscribe(struct client *client, const char *topic);
void client_say_goodbye(struct client *client);

#endif
