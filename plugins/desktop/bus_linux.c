/* SPDX-License-Identifier: MIT */
#include "bus.h"

#include "bus_owner.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

/* More at once would be somebody who wants to keep us busy: the rest is taken the next time. */
enum { MESSAGES_AT_ONCE = 64, REFUSAL = 256 };

struct bus {
    sd_bus *connection;
    bool has_signal;
    char refusal[REFUSAL]; /* name and text of the last error that was answered */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the connection is ready, which libsystemd itself would wait for without an end. */
static int get_ready(sd_bus *connection)
{
    int64_t end_ms = now_ms() + BUS_LIMIT_MS;
    for (;;) {
        int result = sd_bus_process(connection, NULL);
        if (result < 0)
            return result;
        if (sd_bus_is_ready(connection) > 0)
            return 0;
        int64_t left_ms = end_ms - now_ms();
        if (left_ms <= 0)
            return -ETIMEDOUT;
        int events = sd_bus_get_events(connection);
        struct pollfd polled = {.fd = sd_bus_get_fd(connection), .events = (short)events};
        if (events < 0 || polled.fd < 0)
            return events < 0 ? events : polled.fd;
        if (result == 0 && poll(&polled, 1, (int)left_ms) < 0 && errno != EINTR)
            return -errno;
    }
}

static int connect_to(sd_bus *connection, const char *address)
{
    int descriptor = bus_owner_connect(address);
    int result = descriptor >= 0 ? sd_bus_set_fd(connection, descriptor, descriptor)
                                 : sd_bus_set_address(connection, address);
    if (result < 0 && descriptor >= 0)
        close(descriptor);
    if (result >= 0)
        result = sd_bus_set_bus_client(connection, 1);
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
    for (int i = 0; i < MESSAGES_AT_ONCE; i++)
        if (sd_bus_process(bus->connection, NULL) <= 0)
            break;
    return bus->has_signal || bus_is_lost(bus);
}

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

/* Takes `call` over. `*answer` is the caller's when the result is BUS_OK. */
static enum bus_result send(struct bus *bus, const struct bus_object *object, sd_bus_message *call,
                            sd_bus_message **answer, clb_error *error)
{
    sd_bus_error said = SD_BUS_ERROR_NULL;
    bus->refusal[0] = '\0';
    sd_bus_message_set_auto_start(call, 0);
    int result = sd_bus_call(bus->connection, call, (uint64_t)BUS_LIMIT_MS * 1000, &said, answer);
    enum bus_result is = BUS_OK;
    if (result == -ETIMEDOUT || sd_bus_error_has_name(&said, SD_BUS_ERROR_NO_REPLY))
        is = lose(object, true, error);
    else if (result < 0 && (bus_is_lost(bus) || !sd_bus_error_is_set(&said)))
        is = lose(object, false, error);
    else if (result < 0)
        is = refuse(bus, object, &said, error);
    sd_bus_error_free(&said);
    sd_bus_message_unref(call);
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
