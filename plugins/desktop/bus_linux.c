/* SPDX-License-Identifier: MIT */
#include "bus_internal.h"

#include "bus_owner.h"
#include "limit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More would be somebody who wants to keep us busy: for who waits it is an event, and the rest is
 * looked for a second later. */
enum { MESSAGES_AT_ONCE = 64 };

int bus_step(sd_bus *connection, int64_t end_ms)
{
    int result = sd_bus_process(connection, NULL);
    int64_t left_ms = end_ms - limit_begin(0);
    if (result < 0)
        return result;
    if (left_ms <= 0)
        return -ETIMEDOUT;
    if (result > 0)
        return 0;
    int events = sd_bus_get_events(connection);
    struct pollfd polled = {.fd = sd_bus_get_fd(connection), .events = (short)events};
    if (events < 0 || polled.fd < 0)
        return events < 0 ? events : polled.fd;
    return poll(&polled, 1, (int)left_ms) < 0 && errno != EINTR ? -errno : 0;
}

/* Until the connection is ready, which libsystemd itself would wait for without an end. */
static int get_ready(sd_bus *connection)
{
    int64_t end_ms = limit_begin(BUS_LIMIT_MS);
    int result = 0;
    while (result >= 0 && sd_bus_is_ready(connection) <= 0)
        result = bus_step(connection, end_ms);
    return result;
}

static int connect_to(sd_bus *connection, const char *address)
{
    int descriptor;
    int result = bus_owner_connect(address, &descriptor);
    if (result < 0)
        return result;
    result = descriptor >= 0 ? sd_bus_set_fd(connection, descriptor, descriptor)
                             : sd_bus_set_address(connection, address);
    if (result < 0 && descriptor >= 0)
        close(descriptor);
    if (result >= 0)
        result = sd_bus_set_bus_client(connection, 1);
    if (result >= 0)
        result = sd_bus_negotiate_fds(connection, 0); /* nobody shall send us any */
    if (result >= 0)
        result = sd_bus_start(connection);
    return result >= 0 ? get_ready(connection) : result;
}

static const char *why(int result)
{
    return result == -ETIMEDOUT ? "it does not answer" : strerror(-result);
}

struct bus *bus_open(const char *address, clb_error *error)
{
    struct bus *bus = calloc(1, sizeof(*bus));
    if (bus == NULL || sd_bus_new(&bus->connection) < 0) {
        free(bus);
        snprintf(error->text, sizeof(error->text), "no memory");
        return NULL;
    }
    int result = connect_to(bus->connection, address);
    if (result >= 0)
        return bus;
    snprintf(error->text, sizeof(error->text), "the bus %.120s: %s", address, why(result));
    bus_close(bus);
    return NULL;
}

void bus_close(struct bus *bus)
{
    if (bus == NULL)
        return;
    sd_bus_close_unref(bus->connection);
    free(bus);
}

bool bus_is_lost(struct bus *bus)
{
    return sd_bus_is_open(bus->connection) <= 0;
}

int bus_descriptor(struct bus *bus)
{
    return bus_is_lost(bus) ? -1 : sd_bus_get_fd(bus->connection);
}

static int on_signal(sd_bus_message *message, void *data, sd_bus_error *error)
{
    struct bus *bus = data;
    (void)message;
    (void)error;
    bus->has_signal = true;
    return 0;
}

/* A bus that does not let us listen is still one to ask: without this the connection would end. */
static int on_listening(sd_bus_message *message, void *data, sd_bus_error *error)
{
    (void)message;
    (void)data;
    (void)error;
    return 0;
}

bool bus_listen(struct bus *bus, const struct bus_object *from, const char *signal)
{
    int result = sd_bus_match_signal_async(bus->connection, NULL, from->service, from->path,
                                           from->interface, signal, on_signal, on_listening, bus);
    return result >= 0 || bus_is_lost(bus);
}

bool bus_process(struct bus *bus)
{
    bus->has_signal = false;
    for (int i = 0; i < MESSAGES_AT_ONCE && sd_bus_process(bus->connection, NULL) > 0; i++)
        bus->taken++;
    bool is_busy = bus->taken >= MESSAGES_AT_ONCE;
    if (is_busy || bus->has_signal)
        bus->taken = 0;
    return bus->has_signal || is_busy || bus_is_lost(bus);
}
