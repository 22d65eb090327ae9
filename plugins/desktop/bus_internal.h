/* SPDX-License-Identifier: MIT */
/* A bus as bus_linux.c, which connects, and bus_call_linux.c, which asks, see it. */
#ifndef DESKTOP_BUS_INTERNAL_H
#define DESKTOP_BUS_INTERNAL_H

#include "bus.h"

#include <systemd/sd-bus.h>

enum { BUS_REFUSAL = 256 };

struct bus {
    sd_bus *connection;        /* owned */
    bool has_signal;           /* one that was listened for came */
    int taken;                 /* messages since bus_process() told of something */
    sd_bus_message *answer;    /* to the call in progress, whose it is */
    char refusal[BUS_REFUSAL]; /* name and text of the last error that was answered */
};

/* Takes one message, or waits for some until end_ms of limit_begin(). Negative: an errno,
 * -ETIMEDOUT at the end. */
int bus_step(sd_bus *connection, int64_t end_ms);

#endif
