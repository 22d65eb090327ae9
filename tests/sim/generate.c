/* SPDX-License-Identifier: MIT */
#include "generate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 64 * 1024, EVENTS_MIN = 10, EVENTS_MORE = 50, RUN_INTERVALS_MAX = 300 };

struct generator {
    uint64_t state;
    int interval_sec;
    char *text; /* owned; TEXT_BYTES */
    size_t length;
};

/* ---- Chance: xorshift64* ---- */

static uint64_t draw(struct generator *generator)
{
    generator->state ^= generator->state >> 12;
    generator->state ^= generator->state << 25;
    generator->state ^= generator->state >> 27;
    return generator->state * UINT64_C(0x2545F4914F6CDD1D);
}

static int64_t below(struct generator *generator, int64_t limit)
{
    return (int64_t)(draw(generator) >> 1) % limit;
}

static const char *one_of(struct generator *generator, const char *const *names, int count)
{
    return names[below(generator, count)];
}

#define ONE_OF(generator, ...)                                                                     \
    one_of(generator, (const char *const[]){__VA_ARGS__},                                          \
           (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)))

/* Short ones as often as long ones: half of them below the square root of the limit. */
static int64_t some_ms(struct generator *generator, int64_t limit_ms)
{
    int64_t limit = limit_ms;
    for (int64_t halvings = below(generator, 12); halvings > 0 && limit > 2000; halvings--)
        limit /= 2;
    int64_t ms = 1 + below(generator, limit);
    return below(generator, 2) == 0 && ms > 1000 ? ms / 1000 * 1000 : ms;
}

/* ---- Statements ---- */

__attribute__((format(printf, 2, 3))) static void say(struct generator *generator,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(generator->text + generator->length, TEXT_BYTES - generator->length,
                            format, arguments);
    va_end(arguments);
    assert(written > 0 && (size_t)written < TEXT_BYTES - generator->length);
    generator->length += (size_t)written;
}

/* All of them were quarter hours from UTC in 1970 too. */
static const char *some_zone(struct generator *generator)
{
    return ONE_OF(generator, "UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe",
                  "Asia/Tokyo", "Europe/Helsinki", "Asia/Kathmandu", "Pacific/Apia",
                  "Pacific/Pago_Pago", "America/St_Johns");
}

static void say_allowance(struct generator *generator)
{
    if (below(generator, 4) == 0)
        say(generator, "allowance none\n");
    else
        say(generator, "allowance %dm\n", (int)below(generator, 60));
}

/* Some of them shortly before the clock of some zone changes. */
static void say_start(struct generator *generator)
{
    static const char *const changes[] = {
        "2026-03-28T22:00Z", "2026-10-24T22:00Z", "2026-03-08T05:00Z", "2026-11-01T04:00Z",
        "2026-04-04T13:00Z", "2026-10-03T14:00Z", "2026-12-31T20:00Z", "2028-02-28T20:00Z"};
    if (below(generator, 2) == 0)
        say(generator, "start %s\n", one_of(generator, changes, 8));
    else
        say(generator, "start 20%02d-%02d-%02dT%02d:%02d:%02d.%03dZ\n",
            (int)(25 + below(generator, 5)), (int)(1 + below(generator, 12)),
            (int)(1 + below(generator, 28)), (int)below(generator, 24), (int)below(generator, 60),
            (int)below(generator, 60), (int)below(generator, 1000));
}

static void say_run(struct generator *generator)
{
    int64_t limit_ms = (int64_t)generator->interval_sec * 1000 * RUN_INTERVALS_MAX;
    say(generator, "run %" PRId64 "ms\n", some_ms(generator, limit_ms));
}

static void say_clock(struct generator *generator)
{
    enum { LIMIT_MS = 3 * 24 * 3600 * 1000 };
    if (below(generator, 8) == 0)
        say(generator, "clock to 1970-01-01T00:00:%02dZ\n", (int)below(generator, 60));
    else if (below(generator, 4) == 0)
        say(generator, "clock to 2026-01-16T%02d:59:50Z\n", (int)below(generator, 24));
    else
        say(generator, "clock %s%" PRId64 "ms\n", ONE_OF(generator, "+", "-"),
            some_ms(generator, LIMIT_MS));
}

static void say_reboot(struct generator *generator)
{
    enum { UP_MS = 5 * 60 * 1000, OFF_MS = 30 * 3600 * 1000 };
    int64_t up_ms = some_ms(generator, UP_MS);
    say(generator, "%s %" PRId64 "ms up %" PRId64 "ms\n",
        ONE_OF(generator, "reboot after", "power cut"), up_ms + some_ms(generator, OFF_MS), up_ms);
}

static void say_setting(struct generator *generator)
{
    switch (below(generator, 4)) {
    case 0:
        say(generator, "travel %s\n", some_zone(generator));
        break;
    case 1:
        say(generator, "day starts %s\n", ONE_OF(generator, "00:00", "02:30", "04:00", "23:00"));
        break;
    default:
        say_allowance(generator);
    }
}

static void say_event(struct generator *generator)
{
    enum { HOURS_MS = 30 * 3600 * 1000, MINUTES_MS = 30 * 60 * 1000 };
    switch (below(generator, 16)) {
    case 0:
        say(generator, "idle\n");
        break;
    case 1:
    case 2:
    case 3:
        say(generator, "play %s\n", ONE_OF(generator, "Minecraft", "Factorio", "Chess", ""));
        break;
    case 4:
        say(generator, "sleep %" PRId64 "ms\n", some_ms(generator, HOURS_MS));
        break;
    case 5:
        say(generator, "off %" PRId64 "ms\n", some_ms(generator, MINUTES_MS));
        break;
    case 6:
        say(generator, "crash\n");
        break;
    case 7:
        say_reboot(generator);
        break;
    case 8:
        say_clock(generator);
        break;
    case 9:
        say(generator, "late %d.%d\n", (int)below(generator, 4), (int)below(generator, 10));
        break;
    case 10:
        say_setting(generator);
        break;
    case 11: /* a first sample is needed for it to know the day */
        say(generator, "run 0s\ngrant %s%dm\n", ONE_OF(generator, "", "-"),
            (int)(1 + below(generator, 40)));
        break;
    default:
        break;
    }
}

char *generate_scenario(uint64_t seed)
{
    struct generator generator = {.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1,
                                  .text = malloc(TEXT_BYTES)};
    assert(generator.text != NULL);
    for (int i = 0; i < 8; i++)
        (void)draw(&generator);
    const int intervals[] = {1, 5, 5, 10, 60, 600};
    generator.interval_sec = intervals[below(&generator, 6)];
    say(&generator, "zone %s\ninterval %ds\n", some_zone(&generator), generator.interval_sec);
    say(&generator, "day starts %s\n", ONE_OF(&generator, "00:00", "00:00", "02:30", "04:00"));
    if (below(&generator, 2) == 0)
        say(&generator, "commit each 1m\n");
    say_allowance(&generator);
    say_start(&generator);
    say(&generator, "play Minecraft\n");
    for (int64_t events = EVENTS_MIN + below(&generator, EVENTS_MORE); events > 0; events--) {
        say_run(&generator);
        say_event(&generator);
    }
    say_run(&generator);
    return generator.text;
}
