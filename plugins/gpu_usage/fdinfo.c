/* SPDX-License-Identifier: MIT */
#include "fdinfo.h"

#include <string.h>

/* A piece of the text. */
struct span {
    const char *at;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span span)
{
    while (span.length > 0 && is_blank(*span.at)) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.at[span.length - 1]))
        span.length--;
    return span;
}

static bool is_word(struct span span, const char *word)
{
    return span.length == strlen(word) && memcmp(span.at, word, span.length) == 0;
}

/* Takes `prefix` off a key. */
static bool has_prefix(struct span key, const char *prefix, struct span *rest)
{
    size_t length = strlen(prefix);
    if (key.length <= length || memcmp(key.at, prefix, length) != 0)
        return false;
    *rest = (struct span){key.at + length, key.length - length};
    return true;
}

bool fdinfo_parse_number(const char *text, size_t length, const char *unit, uint64_t *number)
{
    uint64_t value = 0;
    size_t at = 0;
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++) {
        uint64_t digit = (uint64_t)(text[at] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    struct span rest = trim((struct span){text + at, length - at});
    if (at == 0 || (rest.length > 0 && (unit == NULL || !is_word(rest, unit))))
        return false;
    *number = value;
    return true;
}

/* Names are shown to people and kept: nothing but visible ASCII. */
static bool copy_name(char name[FDINFO_NAME_CAPACITY], struct span span)
{
    if (span.length == 0 || span.length >= FDINFO_NAME_CAPACITY)
        return false;
    for (size_t i = 0; i < span.length; i++)
        if (span.at[i] <= ' ' || span.at[i] > '~')
            return false;
    memcpy(name, span.at, span.length);
    name[span.length] = '\0';
    return true;
}

/* The engine of that name, a new one if need be; NULL: there are too many. */
static struct fdinfo_engine *engine_of(struct fdinfo *info, struct span name)
{
    for (int i = 0; i < info->count; i++)
        if (is_word(name, info->engines[i].name))
            return &info->engines[i];
    if (info->count == FDINFO_ENGINES_MAX)
        return NULL;
    struct fdinfo_engine *engine = &info->engines[info->count];
    memset(engine, 0, sizeof(*engine));
    engine->capacity = 1;
    if (!copy_name(engine->name, name))
        return NULL;
    info->count++;
    return engine;
}

static void take_number(struct span value, const char *unit, uint64_t *number, bool *has)
{
    uint64_t parsed;
    if (!fdinfo_parse_number(value.at, value.length, unit, &parsed))
        return;
    *number = parsed;
    *has = true;
}

static void take_capacity(struct fdinfo *info, struct span name, struct span value)
{
    uint64_t capacity;
    if (!fdinfo_parse_number(value.at, value.length, NULL, &capacity) || capacity == 0 ||
        capacity > FDINFO_CAPACITY_MAX)
        return;
    struct fdinfo_engine *engine = engine_of(info, name);
    if (engine != NULL)
        engine->capacity = (uint32_t)capacity;
}

static void take_counter(struct fdinfo *info, struct span key, struct span value)
{
    struct span name;
    struct fdinfo_engine *engine = NULL;
    if (has_prefix(key, "drm-engine-capacity-", &name)) {
        take_capacity(info, name, value);
    } else if (has_prefix(key, "drm-engine-", &name)) {
        engine = engine_of(info, name);
        if (engine != NULL)
            take_number(value, "ns", &engine->busy_ns, &engine->has_busy_ns);
    } else if (has_prefix(key, "drm-total-cycles-", &name)) {
        engine = engine_of(info, name);
        if (engine != NULL)
            take_number(value, NULL, &engine->total_cycles, &engine->has_total_cycles);
    } else if (has_prefix(key, "drm-cycles-", &name)) {
        engine = engine_of(info, name);
        if (engine != NULL)
            take_number(value, NULL, &engine->cycles, &engine->has_cycles);
    }
}

static void take_line(struct fdinfo *info, struct span line)
{
    const char *colon = memchr(line.at, ':', line.length);
    if (colon == NULL)
        return;
    size_t length = (size_t)(colon - line.at);
    struct span key = {line.at, length};
    struct span value = trim((struct span){colon + 1, line.length - length - 1});
    if (is_word(key, "drm-driver"))
        copy_name(info->driver, value);
    else if (is_word(key, "drm-pdev"))
        copy_name(info->device, value);
    else if (is_word(key, "drm-client-id"))
        take_number(value, NULL, &info->client, &info->has_client);
    else
        take_counter(info, key, value);
}

/* Cycles without those that went by say nothing (msm gives them beside the nanoseconds). */
static bool counts(const struct fdinfo_engine *engine)
{
    return engine->has_busy_ns || (engine->has_cycles && engine->has_total_cycles);
}

bool fdinfo_parse(const char *text, size_t length, struct fdinfo *info)
{
    const char *end;
    int kept = 0;
    memset(info, 0, sizeof(*info));
    while ((end = memchr(text, '\n', length)) != NULL) {
        size_t line = (size_t)(end - text);
        take_line(info, (struct span){text, line});
        text += line + 1;
        length -= line + 1;
    }
    for (int i = 0; i < info->count; i++)
        if (counts(&info->engines[i]))
            info->engines[kept++] = info->engines[i];
    info->count = kept;
    return info->driver[0] != '\0';
}
