/* SPDX-License-Identifier: MIT */
#include "bus_internal.h"

#include "limit.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bus_refusal_has(const struct bus *bus, const char *part)
{
    return strstr(bus->refusal, part) != NULL;
}

/* What the error says is of no concern to the log: it may quote what nobody should read. */
static enum bus_result refuse(struct bus *bus, const struct bus_object *object,
                              const sd_bus_error *said, clb_error *error)
{
    snprintf(bus->refusal, sizeof(bus->refusal), "%s: %s", said->name,
             said->message != NULL ? said->message : "");
    if (sd_bus_error_has_names(said, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
        snprintf(error->text, sizeof(error->text), "%s is not on the bus", object->service);
    else
        snprintf(error->text, sizeof(error->text), "%s answered with %.80s", object->service,
                 said->name);
    return BUS_REFUSED;
}

static enum bus_result refuse_type(const struct bus_object *object, clb_error *error)
{
    snprintf(error->text, sizeof(error->text), "%s answered with something else", object->service);
    return BUS_REFUSED;
}

static enum bus_result lose(const struct bus_object *object, bool is_late, clb_error *error)
{
    if (is_late)
        snprintf(error->text, sizeof(error->text), "%s does not answer", object->service);
    else
        snprintf(error->text, sizeof(error->text), "the bus is gone");
    return BUS_LOST;
}

static int on_answer(sd_bus_message *message, void *data, sd_bus_error *error)
{
    struct bus *bus = data;
    (void)error;
    bus->answer = sd_bus_message_ref(message);
    return 1;
}

/* The call of libsystemd has no end while other messages come, and keeps them all: a bus that is
 * somebody's own could hold up and fill an agent of root's. */
static int await(struct bus *bus, sd_bus_message *call)
{
    sd_bus_slot *slot = NULL;
    int64_t end_ms = limit_begin(BUS_LIMIT_MS);
    bus->answer = NULL;
    int result = sd_bus_call_async(bus->connection, &slot, call, on_answer, bus, UINT64_MAX);
    while (result >= 0 && bus->answer == NULL)
        result = bus_step(bus->connection, end_ms);
    sd_bus_slot_unref(slot); /* no answer after this */
    return bus->answer != NULL ? 0 : result;
}

/* Takes `call` over. `*answer` is the caller's when the result is BUS_OK. */
static enum bus_result send(struct bus *bus, const struct bus_object *object, sd_bus_message *call,
                            sd_bus_message **answer, clb_error *error)
{
    bus->refusal[0] = '\0';
    sd_bus_message_set_auto_start(call, 0);
    int result = await(bus, call);
    sd_bus_message_unref(call);
    if (result < 0)
        return lose(object, result == -ETIMEDOUT, error);
    const sd_bus_error *said = sd_bus_message_get_error(bus->answer);
    if (said == NULL) {
        *answer = bus->answer;
        return BUS_OK;
    }
    enum bus_result is = sd_bus_error_has_name(said, SD_BUS_ERROR_NO_REPLY)
                             ? lose(object, !bus_is_lost(bus), error)
                             : refuse(bus, object, said, error);
    sd_bus_message_unref(bus->answer);
    return is;
}

static enum bus_result call(struct bus *bus, const struct bus_object *object, const char *method,
                            sd_bus_message **answer, clb_error *error)
{
    sd_bus_message *message = NULL;
    if (sd_bus_message_new_method_call(bus->connection, &message, object->service, object->path,
                                       object->interface, method) < 0)
        return lose(object, false, error);
    return send(bus, object, message, answer, error);
}

enum bus_result bus_call_text(struct bus *bus, const struct bus_object *object, const char *method,
                              char **text, clb_error *error)
{
    sd_bus_message *answer = NULL;
    const char *found;
    enum bus_result result = call(bus, object, method, &answer, error);
    if (result != BUS_OK)
        return result;
    *text = sd_bus_message_read(answer, "s", &found) > 0 ? strdup(found) : NULL;
    sd_bus_message_unref(answer);
    return *text != NULL ? BUS_OK : refuse_type(object, error);
}

static bool read_number(sd_bus_message *message, enum bus_type type, uint64_t *number)
{
    int is_true;
    if (type == BUS_UINT64)
        return sd_bus_message_read_basic(message, SD_BUS_TYPE_UINT64, number) > 0;
    assert(type == BUS_BOOL);
    if (sd_bus_message_read_basic(message, SD_BUS_TYPE_BOOLEAN, &is_true) <= 0)
        return false;
    *number = is_true != 0;
    return true;
}

enum bus_result bus_call_number(struct bus *bus, const struct bus_object *object,
                                const char *method, enum bus_type type, uint64_t *number,
                                clb_error *error)
{
    sd_bus_message *answer = NULL;
    enum bus_result result = call(bus, object, method, &answer, error);
    if (result != BUS_OK)
        return result;
    bool is_read = read_number(answer, type, number);
    sd_bus_message_unref(answer);
    return is_read ? BUS_OK : refuse_type(object, error);
}

/* ---- Properties ---- */

static bool read_property(sd_bus_message *message, struct bus_property *property)
{
    static const char *const types[] = {"b", "t", "s", "(so)"};
    const char *text = NULL;
    const char *contents = NULL;
    if (sd_bus_message_peek_type(message, NULL, &contents) <= 0 ||
        strcmp(contents, types[property->type]) != 0)
        return false;
    sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, contents);
    if (property->type == BUS_OBJECT_OF_PAIR)
        property->is_there = sd_bus_message_read(message, "(so)", NULL, &text) > 0;
    else if (property->type == BUS_TEXT_VALUE)
        property->is_there = sd_bus_message_read(message, "s", &text) > 0;
    else
        property->is_there = read_number(message, property->type, &property->number);
    if (text != NULL && snprintf(property->text, BUS_TEXT, "%s", text) >= BUS_TEXT)
        property->is_there = false;
    sd_bus_message_exit_container(message);
    return true;
}

static struct bus_property *find(struct bus_property *properties, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(properties[i].name, name) == 0)
            return &properties[i];
    return NULL;
}

static bool read_properties(sd_bus_message *message, struct bus_property *properties, size_t count)
{
    int result = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
    while (result > 0 &&
           (result = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
        const char *name;
        if (sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &name) <= 0)
            return false;
        struct bus_property *property = find(properties, count, name);
        if (property == NULL || !read_property(message, property))
            sd_bus_message_skip(message, "v");
        result = sd_bus_message_exit_container(message);
    }
    return result >= 0;
}

enum bus_result bus_get(struct bus *bus, const struct bus_object *object,
                        struct bus_property *properties, size_t count, clb_error *error)
{
    sd_bus_message *message = NULL;
    sd_bus_message *answer = NULL;
    for (size_t i = 0; i < count; i++)
        properties[i].is_there = false;
    if (sd_bus_message_new_method_call(bus->connection, &message, object->service, object->path,
                                       "org.freedesktop.DBus.Properties", "GetAll") < 0)
        return lose(object, false, error);
    sd_bus_message_append(message, "s", object->interface);
    enum bus_result result = send(bus, object, message, &answer, error);
    if (result != BUS_OK)
        return result;
    bool is_read = read_properties(answer, properties, count);
    sd_bus_message_unref(answer);
    return is_read ? BUS_OK : refuse_type(object, error);
}
