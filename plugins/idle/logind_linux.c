/* SPDX-License-Identifier: MIT */
/* logind: whether the screen is locked, and what the desktop told it about input: a hint, which
 * comes minutes after the last input, and from many desktops never. */
#include "../desktop/bus.h"
#include "../desktop/bus_address.h"
#include "../desktop/limit.h"
#include "../desktop/people.h"
#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE "org.freedesktop.login1"
#define PLACE   "/org/freedesktop/login1"

struct logind {
    const struct desktop_settings *settings; /* borrowed */
    struct bus *bus;                         /* owned; NULL: closed */
};

static void *create(const struct desktop_settings *settings)
{
    struct logind *self = calloc(1, sizeof(*self));
    if (self != NULL)
        self->settings = settings;
    return self;
}

static void close_bus(void *data)
{
    struct logind *self = data;
    bus_close(self->bus);
    self->bus = NULL;
}

static void destroy(void *data)
{
    if (data != NULL)
        close_bus(data);
    free(data);
}

/* It tells when a session is locked, and when the one that is in front changes. */
static bool open_bus(void *data, int64_t now_ms, clb_error *error)
{
    static const struct bus_object anything = {SERVICE, NULL, "org.freedesktop.DBus.Properties"};
    struct logind *self = data;
    char address[BUS_ADDRESS];
    (void)now_ms;
    if (!bus_address_system(self->settings, address)) {
        snprintf(error->text, sizeof(error->text), "the address of the bus is too long");
        return false;
    }
    self->bus = bus_open(address, error);
    if (self->bus == NULL)
        return false;
    if (bus_listen(self->bus, &anything, "PropertiesChanged"))
        return true;
    snprintf(error->text, sizeof(error->text), "no memory");
    close_bus(self);
    return false;
}

/* The graphical session of the agent's user; for root and services, which have none, that of the
 * person in front of the machine. */
static enum bus_result find_session(struct logind *self, char *path, clb_error *error)
{
    char user[64];
    unsigned uid = geteuid();
    bool is_own = people_has(uid);
    snprintf(user, sizeof(user), PLACE "/user/_%u", uid);
    const struct bus_object owner = {SERVICE, is_own ? user : PLACE "/seat/seat0",
                                     is_own ? SERVICE ".User" : SERVICE ".Seat"};
    struct bus_property session = {.name = is_own ? "Display" : "ActiveSession",
                                   .type = BUS_OBJECT_OF_PAIR};
    enum bus_result result = bus_get(self->bus, &owner, &session, 1, error);
    if (result != BUS_OK)
        return result;
    if (session.is_there && strcmp(session.text, "/") != 0) {
        memcpy(path, session.text, sizeof(session.text));
        return BUS_OK;
    }
    snprintf(error->text, sizeof(error->text), "there is no graphical session");
    return BUS_REFUSED;
}

/* logind reads the same clock. */
static int64_t age_ms(uint64_t since_usec)
{
    return limit_begin(0) - (int64_t)(since_usec / 1000);
}

enum { CLASS, ACTIVE, LOCKED, IDLE, SINCE, PROPERTIES };

static bool fill(const struct bus_property *found, struct input *input, clb_error *error)
{
    *input = (struct input){.knowledge = INPUT_UNKNOWN, .idle_ms = INT64_MAX};
    if (found[CLASS].is_there && strcmp(found[CLASS].text, "user") != 0) {
        snprintf(error->text, sizeof(error->text), "nobody is logged in");
        return false;
    }
    /* Behind another's desktop one sees as little of it. */
    input->is_locked = (found[LOCKED].is_there && found[LOCKED].number != 0) ||
                       (found[ACTIVE].is_there && found[ACTIVE].number == 0);
    /* A hint that was never given has no time. */
    if (found[IDLE].is_there && found[SINCE].is_there && found[SINCE].number != 0) {
        input->knowledge = INPUT_ROUGHLY;
        input->idle_ms = found[IDLE].number != 0 ? age_ms(found[SINCE].number) : 0;
    }
    if (input->knowledge != INPUT_UNKNOWN || input->is_locked)
        return true;
    snprintf(error->text, sizeof(error->text),
             "the desktop has not told it whether there is input");
    return false;
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct logind *self = data;
    char path[BUS_TEXT];
    struct bus_property found[PROPERTIES] = {
        [CLASS] = {.name = "Class", .type = BUS_TEXT_VALUE},
        [ACTIVE] = {.name = "Active", .type = BUS_BOOL},
        [LOCKED] = {.name = "LockedHint", .type = BUS_BOOL},
        [IDLE] = {.name = "IdleHint", .type = BUS_BOOL},
        [SINCE] = {.name = "IdleSinceHintMonotonic", .type = BUS_UINT64},
    };
    const struct bus_object session = {SERVICE, path, SERVICE ".Session"};
    (void)now_ms;
    bus_process(self->bus); /* what came until now is part of what is asked for */
    enum bus_result result = find_session(self, path, error);
    if (result == BUS_OK)
        result = bus_get(self->bus, &session, found, PROPERTIES, error);
    *is_lost = result == BUS_LOST;
    return result == BUS_OK && fill(found, seen, error);
}

static int descriptor(void *data)
{
    struct logind *self = data;
    return bus_descriptor(self->bus);
}

static bool dispatch(void *data, int64_t now_ms)
{
    struct logind *self = data;
    (void)now_ms;
    return bus_process(self->bus);
}

const struct desktop_source input_logind = {.name = "logind",
                                            .create = create,
                                            .destroy = destroy,
                                            .open = open_bus,
                                            .close = close_bus,
                                            .look = look,
                                            .descriptor = descriptor,
                                            .dispatch = dispatch};
