/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "platform/clock.h"
#include "platform/standard_error.h"
#include "zone/civil.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_int log_level = LOG_LEVEL_INFO;
static atomic_int log_format = LOG_FORMAT_TEXT;
static atomic_bool to_journal;
static struct clock *log_clock; /* set before other threads start */

static const char *const level_names[] = {"", "error", "warning", "info", "debug"};
/* Those of syslog(3). */
static const char *const journal_levels[] = {"", "<3>", "<4>", "<6>", "<7>"};

void log_init(enum log_level level, enum log_format format, struct clock *clock)
{
    log_clock = clock;
    log_find_journal();
    log_set(level, format);
}

void log_find_journal(void)
{
    atomic_store(&to_journal, standard_error_is_journal());
}

bool log_is_journal(void)
{
    return atomic_load(&to_journal);
}

void log_set(enum log_level level, enum log_format format)
{
    atomic_store(&log_level, (int)level);
    atomic_store(&log_format, (int)format);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load(&log_level);
}

static void write_text(enum log_level level, const char *stamp, const char *part, const char *text)
{
    /* One call for the whole line: lines of several threads then do not mix. */
    if (log_is_journal())
        fprintf(stderr, "%s%s: %s\n", journal_levels[level], part, text);
    else
        fprintf(stderr, "%s%s%s %s: %s\n", stamp, stamp[0] != '\0' ? " " : "", level_names[level],
                part, text);
}

static void write_json(enum log_level level, const char *stamp, const char *part, const char *text)
{
    struct json_object *line = json_object_new_object();
    assert(line != NULL);
    if (stamp[0] != '\0')
        json_object_object_add(line, "timestamp_utc", json_object_new_string(stamp));
    json_object_object_add(line, "level", json_object_new_string(level_names[level]));
    json_object_object_add(line, "part", json_object_new_string(part));
    json_object_object_add(line, "message", json_object_new_string(text));
    fprintf(stderr, "%s%s\n", log_is_journal() ? journal_levels[level] : "",
            json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
                                                     JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(line);
}

/* A line is a line: what others put into a message must not start a second one. */
static void flatten(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
}

void log_write(enum log_level level, const char *part, const char *format, ...)
{
    assert(level >= LOG_LEVEL_ERROR && level <= LOG_LEVEL_DEBUG);
    if (!log_enabled(level))
        return;

    char text[1536];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    flatten(text);

    char stamp[CIVIL_TIMESTAMP_CAPACITY] = "";
    if (log_clock != NULL)
        civil_format_timestamp(log_clock->wall_ms(log_clock), stamp);
    if (atomic_load(&log_format) == LOG_FORMAT_JSON)
        write_json(level, stamp, part, text);
    else
        write_text(level, stamp, part, text);
}
