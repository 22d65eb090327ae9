/* SPDX-License-Identifier: MIT */
/* A message bus (D-Bus), as sources ask services on it: every call has a time limit, what comes
 * back is checked, and a bus that is gone or silent is noticed. It knows no service. All of it is
 * called by one thread. */
#ifndef DESKTOP_BUS_H
#define DESKTOP_BUS_H

#include <clockblock/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUS_LIMIT_MS = 400, BUS_TEXT = 256 };

struct bus;

/* Whom a call is for. Everything is borrowed for the call. */
struct bus_object {
    const char *service; /* its name on the bus: "org.freedesktop.login1"; it is never started */
    const char *path;
    const char *interface;
};

enum bus_result {
    BUS_OK,
    BUS_REFUSED, /* it answered, with an error or with what nobody asked for */
    BUS_LOST     /* no answer within BUS_LIMIT_MS, or the bus is gone: close it */
};

enum bus_type { BUS_BOOL, BUS_UINT64, BUS_TEXT_VALUE, BUS_OBJECT_OF_PAIR };

/* One property that is wanted, and what it was found to be. */
struct bus_property {
    const char *name;   /* static */
    enum bus_type type; /* BUS_OBJECT_OF_PAIR: (so), of which the path is taken */
    bool is_there;      /* false: the object has none of this name and type, or it is too long */
    uint64_t number;    /* of a bool: 0 or 1 */
    char text[BUS_TEXT];
};

/* Connects within BUS_LIMIT_MS. NULL: `error` says why not. Owned by the caller. */
struct bus *bus_open(const char *address, clb_error *error);
void bus_close(struct bus *bus); /* NULL: nothing */

/* What becomes readable when something came, and -1 when the bus is gone. */
int bus_descriptor(struct bus *bus);
bool bus_is_lost(struct bus *bus);

/* From now on bus_process() tells of signals that fit. NULL stands for any. False: no memory. */
bool bus_listen(struct bus *bus, const struct bus_object *from, const char *signal);
/* Takes what has come, without waiting. True: a signal that was listened for came, or far too much,
 * or the bus is gone. */
bool bus_process(struct bus *bus);

/* All that is wanted in one call. */
enum bus_result bus_get(struct bus *bus, const struct bus_object *object,
                        struct bus_property *properties, size_t count, clb_error *error);

/* Calls a method without arguments that answers with a single value. The text is owned by the
 * caller: free(). */
enum bus_result bus_call_text(struct bus *bus, const struct bus_object *object, const char *method,
                              char **text, clb_error *error);
enum bus_result bus_call_number(struct bus *bus, const struct bus_object *object,
                                const char *method, enum bus_type type, uint64_t *number,
                                clb_error *error);

/* Whether the name or the text of the last error that was answered has this in it. */
bool bus_refusal_has(const struct bus *bus, const char *part);

#endif
