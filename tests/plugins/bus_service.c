/* SPDX-License-Identifier: MIT */
/* A service on a bus that answers what a test tells it: bus_service ADDRESS NAME. A line on its
 * standard input is a command, after which it prints "ok"; the first "ok" says that it has its
 * name.
 *
 *   property PATH NAME TYPE VALUE   TYPE: b, t, s, or (so) with "id path"
 *   answer PATH MEMBER TYPE VALUE   what the method answers; TYPE s, b or t
 *   fail PATH MEMBER ERROR TEXT     or which error
 *   forget PATH MEMBER              neither of them, and no property of that name, any more
 *   signal PATH INTERFACE MEMBER TEXT
 *
 * A VALUE of "@N" is a text of N letters. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

enum { ENTRIES_MAX = 32, LINE_MAX_BYTES = 8192 };

struct entry {
    char kind; /* of the command; 0: free */
    char path[128], member[64], type[64];
    char *value; /* owned */
};

static struct entry entries[ENTRIES_MAX];

static void check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "bus_service: %s: %s\n", what, strerror(-result));
    exit(1);
}

static int append(sd_bus_message *message, const char *type, const char *value)
{
    char id[64], path[128];
    if (strcmp(type, "b") == 0)
        return sd_bus_message_append(message, "b", strcmp(value, "true") == 0);
    if (strcmp(type, "t") == 0)
        return sd_bus_message_append(message, "t", (uint64_t)strtoull(value, NULL, 10));
    if (strcmp(type, "(so)") == 0 && sscanf(value, "%63s %127s", id, path) == 2)
        return sd_bus_message_append(message, "(so)", id, path);
    return sd_bus_message_append(message, "s", value);
}

static int answer_all(sd_bus_message *call)
{
    sd_bus_message *reply = NULL;
    const char *path = sd_bus_message_get_path(call);
    check(sd_bus_message_new_method_return(call, &reply), "reply");
    check(sd_bus_message_open_container(reply, 'a', "{sv}"), "array");
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        const struct entry *entry = &entries[i];
        if (entry->kind != 'p' || strcmp(entry->path, path) != 0)
            continue;
        check(sd_bus_message_open_container(reply, 'e', "sv"), "entry");
        check(sd_bus_message_append(reply, "s", entry->member), "name");
        check(sd_bus_message_open_container(reply, 'v', entry->type), "variant");
        check(append(reply, entry->type, entry->value), "value");
        check(sd_bus_message_close_container(reply), "variant");
        check(sd_bus_message_close_container(reply), "entry");
    }
    check(sd_bus_message_close_container(reply), "array");
    check(sd_bus_send(NULL, reply, NULL), "send");
    sd_bus_message_unref(reply);
    return 1;
}

static int on_message(sd_bus_message *call, void *data, sd_bus_error *error)
{
    (void)data;
    if (sd_bus_message_is_method_call(call, NULL, NULL) <= 0)
        return 0;
    const char *member = sd_bus_message_get_member(call);
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        const struct entry *entry = &entries[i];
        if (entry->kind == 'p' && strcmp(entry->path, sd_bus_message_get_path(call)) == 0 &&
            sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "GetAll") > 0)
            return answer_all(call);
        if ((entry->kind != 'a' && entry->kind != 'f') || strcmp(entry->member, member) != 0 ||
            strcmp(entry->path, sd_bus_message_get_path(call)) != 0)
            continue;
        if (entry->kind == 'f')
            return sd_bus_error_set(error, entry->type, entry->value);
        sd_bus_message *reply = NULL;
        check(sd_bus_message_new_method_return(call, &reply), "reply");
        check(append(reply, entry->type, entry->value), "value");
        check(sd_bus_send(NULL, reply, NULL), "send");
        sd_bus_message_unref(reply);
        return 1;
    }
    return 0; /* libsystemd answers that there is no such object */
}

static char *value_of(const char *text)
{
    if (text[0] != '@')
        return strdup(text);
    size_t length = strtoul(text + 1, NULL, 10);
    char *value = malloc(length + 1);
    if (value == NULL)
        exit(1);
    memset(value, 'x', length);
    value[length] = '\0';
    return value;
}

static void keep(char kind, const char *path, const char *member, const char *type,
                 const char *value)
{
    struct entry *entry = NULL;
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        if (entries[i].kind != 0 && strcmp(entries[i].path, path) == 0 &&
            strcmp(entries[i].member, member) == 0) {
            entry = &entries[i];
            break;
        }
        if (entries[i].kind == 0 && entry == NULL)
            entry = &entries[i];
    }
    if (entry == NULL)
        exit(1);
    free(entry->value);
    *entry = (struct entry){.kind = kind, .value = kind != 0 ? value_of(value) : NULL};
    snprintf(entry->path, sizeof(entry->path), "%s", path);
    snprintf(entry->member, sizeof(entry->member), "%s", member);
    snprintf(entry->type, sizeof(entry->type), "%s", type);
}

static void obey(sd_bus *bus, const char *line)
{
    char word[16] = "", path[128] = "", member[64] = "", type[64] = "";
    int at = 0;
    sscanf(line, "%15s %127s %63s %63s %n", word, path, member, type, &at);
    const char *value = at > 0 ? line + at : "";
    if (strcmp(word, "signal") == 0)
        check(sd_bus_emit_signal(bus, path, member, type, "s", value), "signal");
    else
        keep(strcmp(word, "forget") == 0 ? '\0' : word[0], path, member, type, value);
}

/* All whole lines that came; false at the end of the input. */
static bool read_commands(sd_bus *bus)
{
    static char line[LINE_MAX_BYTES];
    if (fgets(line, sizeof(line), stdin) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    obey(bus, line);
    check(sd_bus_flush(bus), "flush");
    puts("ok");
    return true;
}

int main(int argc, char **argv)
{
    sd_bus *bus = NULL;
    if (argc != 3)
        return 64;
    setvbuf(stdin, NULL, _IONBF, 0); /* so that poll() sees all that was not read */
    setvbuf(stdout, NULL, _IOLBF, 0);
    check(sd_bus_new(&bus), "new");
    check(sd_bus_set_address(bus, argv[1]), "address");
    check(sd_bus_set_bus_client(bus, 1), "client");
    check(sd_bus_start(bus), "start");
    check(sd_bus_add_filter(bus, NULL, on_message, NULL), "filter");
    check(sd_bus_request_name(bus, argv[2], 0), "name");
    puts("ok");
    for (;;) {
        int result = sd_bus_process(bus, NULL);
        check(result, "process");
        struct pollfd polled[] = {{.fd = sd_bus_get_fd(bus), .events = POLLIN},
                                  {.fd = STDIN_FILENO, .events = POLLIN}};
        if (poll(polled, 2, result > 0 ? 0 : -1) > 0 && polled[1].revents != 0 &&
            !read_commands(bus))
            break;
    }
    sd_bus_flush_close_unref(bus);
    return 0;
}
