/* SPDX-License-Identifier: MIT */
/* The messages that are on their way, in order, until the broker has confirmed each. Pure. */
#ifndef MQTT_WINDOW_H
#define MQTT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* What brokers take from one client at a time unless they are told otherwise. */
enum { WINDOW_SIZE = 20 };

/* Zeroed: empty. */
struct window {
    struct window_entry {
        int id; /* of the message; 0: there is none to wait for */
        bool is_answered;
        int code; /* of MQTT: 0x80 and above are refusals */
    } entries[WINDOW_SIZE];
    uint32_t first;
    uint32_t count;
};

bool window_has_room(const struct window *window);
void window_add(struct window *window, int id);            /* there is room */
void window_add_answered(struct window *window, int code); /* what needs no message */

/* The answer to a message; false: it is none of these. */
bool window_answer(struct window *window, int id, int code);

/* Takes the leading messages that were accepted out, and returns how many they are. */
uint32_t window_take_accepted(struct window *window);

/* The code by which the first message was refused; 0: it was not. */
int window_refusal(const struct window *window);
bool window_is_answered(const struct window *window); /* all of it */

#endif
