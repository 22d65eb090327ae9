/* SPDX-License-Identifier: MIT */
#include "tzdata.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TZIF_MAX_BYTES = 256 * 1024, NAME_MAX_LENGTH = TZDATA_NAME_CAPACITY - 1 };

static const char local_file[] = "/etc/localtime";
static const char name_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789_+-/";

/* Names become paths: they must stay inside the folder. There is no dot among the characters, so
 * none can climb out of it. */
static bool is_safe(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= NAME_MAX_LENGTH && name[0] != '/' &&
           strspn(name, name_characters) == length;
}

static const char *find_folder(void)
{
    const char *folder = getenv("TZDIR");
    return folder != NULL && folder[0] == '/' ? folder : "/usr/share/zoneinfo";
}

static bool path_in_folder(const char *name, char path[PATH_CAPACITY])
{
    return is_safe(name) &&
           snprintf(path, PATH_CAPACITY, "%s/%s", find_folder(), name) < PATH_CAPACITY;
}

static bool read_from_folder(const char *name, char **bytes, size_t *length)
{
    char path[PATH_CAPACITY];
    return path_in_folder(name, path) && file_read(path, TZIF_MAX_BYTES, bytes, length, NULL) == 0;
}

static int read_named(const char *name, char **bytes, size_t *length, struct error *error)
{
    if (read_from_folder(name, bytes, length))
        return 0;
    if (strcmp(name, "UTC") != 0)
        return error_set(error, EXIT_CODE_CONFIG,
                         "there is no time zone \"%s\"; use local, UTC or an IANA name such as "
                         "Europe/Paris (package tzdata)",
                         name);
    *bytes = NULL;
    *length = 0;
    return 0;
}

/* One block of TZif without transitions, in which one type says UTC. */
static size_t put_block(char *bytes)
{
    enum { HEADER = 44, TYPE = 6, VERSION_AT = 4, TYPES_AT = 39, CHARACTERS_AT = 43 };
    memcpy(bytes, "TZif", 4); /* NOLINT(bugprone-not-null-terminated-result): a magic number */
    bytes[VERSION_AT] = '2';
    bytes[TYPES_AT] = 1;
    bytes[CHARACTERS_AT] = 1; /* the empty name of that type */
    return HEADER + TYPE + 1;
}

/* A rule such as "CET-1CEST,M3.5.0,M10.5.0/3" is the footer of TZif data that says nothing else. */
static void wrap_rule(const char *rule, char **bytes, size_t *length)
{
    enum { BLOCKS_BYTES = 2 * 64 };
    size_t capacity = BLOCKS_BYTES + strlen(rule) + sizeof("\n\n");
    *bytes = calloc(1, capacity);
    assert(*bytes != NULL);
    size_t used = put_block(*bytes);
    used += put_block(*bytes + used);
    *length = used + (size_t)snprintf(*bytes + used, capacity - used, "\n%s\n", rule);
}

/* $TZ holds a name, a path or a rule. A colon before it says nothing that matters here. */
static int read_tz(const char *tz, char **bytes, size_t *length, struct error *error)
{
    if (tz[0] == ':')
        tz++;
    if (tz[0] == '/')
        return file_read(tz, TZIF_MAX_BYTES, bytes, length, error);
    if (tz[0] == '\0') /* POSIX: UTC */
        return read_named("UTC", bytes, length, error);
    if (read_from_folder(tz, bytes, length))
        return 0;
    /* Each rule has a digit, and ends in one. */
    if (strlen(tz) <= NAME_MAX_LENGTH && tz[strlen(tz) - 1] >= '0' && tz[strlen(tz) - 1] <= '9') {
        wrap_rule(tz, bytes, length);
        return 0;
    }
    return error_set(error, EXIT_CODE_CONFIG,
                     "there is no time zone \"%.127s\", which $TZ asks for; correct it, or set "
                     "day.timezone to an IANA name such as Europe/Paris (package tzdata)",
                     tz);
}

static int read_local(char **bytes, size_t *length, struct error *error)
{
    const char *tz = getenv("TZ");
    if (tz != NULL)
        return read_tz(tz, bytes, length, error);
    /* A machine that was never told its zone runs in UTC. */
    if (!file_exists(local_file))
        return read_named("UTC", bytes, length, error);
    return file_read(local_file, TZIF_MAX_BYTES, bytes, length, error);
}

int tzdata_read(const char *name, char **bytes, size_t *length, struct error *error)
{
    return strcmp(name, "local") == 0 ? read_local(bytes, length, error)
                                      : read_named(name, bytes, length, error);
}

/* A file of the zone database, by the links that lead to it, is named by its place there. */
static bool name_of_file(const char *file, char iana[TZDATA_NAME_CAPACITY])
{
    char folder[PATH_CAPACITY];
    char path[PATH_CAPACITY];
    if (file_resolve(find_folder(), folder, NULL) != 0 || file_resolve(file, path, NULL) != 0)
        return false;
    size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0 || path[length] != '/' || !is_safe(path + length + 1))
        return false;
    snprintf(iana, TZDATA_NAME_CAPACITY, "%s", path + length + 1);
    return true;
}

bool tzdata_name(const char *name, char iana[TZDATA_NAME_CAPACITY])
{
    char path[PATH_CAPACITY];
    const char *tz = getenv("TZ");
    if (strcmp(name, "local") == 0) {
        if (tz == NULL && file_exists(local_file))
            return name_of_file(local_file, iana);
        name = tz == NULL || tz[0] == '\0' ? "UTC" : tz[0] == ':' ? tz + 1 : tz;
        if (name[0] == '/')
            return name_of_file(name, iana);
        if (strcmp(name, "UTC") != 0 && !(path_in_folder(name, path) && file_is_regular(path)))
            return false;
    }
    return snprintf(iana, TZDATA_NAME_CAPACITY, "%s", name) < TZDATA_NAME_CAPACITY;
}

bool tzdata_identify(const char *name, struct file_identity *identity)
{
    char path[PATH_CAPACITY];
    if (strcmp(name, "local") == 0) {
        const char *tz = getenv("TZ");
        if (tz == NULL)
            return file_identify(local_file, identity);
        name = tz[0] == ':' ? tz + 1 : tz;
        if (name[0] == '/')
            return file_identify(name, identity);
    }
    return path_in_folder(name, path) && file_identify(path, identity);
}

struct names {
    char prefix[NAME_MAX_LENGTH + 1]; /* "", or the folder below the root, with its "/" */
    int depth;
    void (*visit)(const char *name, void *context);
    void *context;
};

/* Names begin with a capital letter; the other files and folders there are none. */
static bool visit_entry(const char *entry, void *context)
{
    enum { DEPTH_MAX = 3 }; /* America/Argentina/Salta */
    const struct names *above = context;
    struct names names = *above;
    char path[PATH_CAPACITY];
    int length = snprintf(names.prefix, sizeof(names.prefix), "%s%s", above->prefix, entry);
    if (entry[0] < 'A' || entry[0] > 'Z' || length >= NAME_MAX_LENGTH ||
        !path_in_folder(names.prefix, path))
        return true;
    if (file_is_regular(path)) {
        names.visit(names.prefix, names.context);
    } else if (++names.depth < DEPTH_MAX) {
        names.prefix[length] = '/';
        names.prefix[length + 1] = '\0';
        file_list(path, visit_entry, &names);
    }
    return true;
}

void tzdata_each(void (*visit)(const char *name, void *context), void *context)
{
    struct names names = {.visit = visit, .context = context};
    file_list(find_folder(), visit_entry, &names);
}
