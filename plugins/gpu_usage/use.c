/* SPDX-License-Identifier: MIT */
#include "use.h"

#include <assert.h>
#include <string.h>

static struct use_counter *counter_of(struct use_client *client, const char *name, bool *is_new)
{
    *is_new = false;
    for (int i = 0; i < client->count; i++)
        if (strcmp(client->counters[i].name, name) == 0)
            return &client->counters[i];
    if (client->count == FDINFO_ENGINES_MAX)
        return NULL;
    struct use_counter *counter = &client->counters[client->count++];
    memset(counter, 0, sizeof(*counter));
    memcpy(counter->name, name, sizeof(counter->name));
    *is_new = true;
    return counter;
}

static void begin_anew(struct use_counter *counter, uint64_t value)
{
    counter->largest = value;
    counter->lower = 0;
}

/* How far the counter went, in its own unit; at most `possible` is believed. */
static double advance(struct use_counter *counter, uint64_t value, double possible)
{
    if (value < counter->largest) {
        if (++counter->lower >= USE_LOWER_MAX)
            begin_anew(counter, value);
        return 0;
    }
    double step = (double)(value - counter->largest);
    begin_anew(counter, value);
    return step > possible * USE_LEAP ? 0 : step;
}

static double as_percent(double step, double possible)
{
    double percent = possible > 0 ? step / possible * 100 : 0;
    return percent < 100 ? percent : 100;
}

static double measure(struct use_client *client, const struct fdinfo_engine *engine,
                      double elapsed_ns)
{
    bool is_new;
    struct use_counter *counter = counter_of(client, engine->name, &is_new);
    if (counter == NULL)
        return 0;
    uint64_t before = counter->total;
    counter->total = engine->total_cycles;
    uint64_t value = engine->has_busy_ns ? engine->busy_ns : engine->cycles;
    if (is_new || !client->was_read) {
        begin_anew(counter, value);
        return 0;
    }
    double possible = elapsed_ns;
    if (!engine->has_busy_ns)
        possible = engine->total_cycles > before ? (double)(engine->total_cycles - before) : 0;
    possible *= engine->capacity;
    return as_percent(advance(counter, value, possible), possible);
}

bool use_update(struct use_client *client, const struct fdinfo *info, int64_t now_ms,
                double percents[FDINFO_ENGINES_MAX])
{
    int64_t elapsed_ms = now_ms - client->read_ms;
    memset(percents, 0, FDINFO_ENGINES_MAX * sizeof(percents[0]));
    if (client->was_read && elapsed_ms >= 0 && elapsed_ms < USE_ELAPSED_MIN_MS)
        return false;
    if (elapsed_ms < 0)
        client->was_read = false;
    for (int i = 0; i < info->count; i++)
        percents[i] = measure(client, &info->engines[i], (double)elapsed_ms * 1e6);
    client->read_ms = now_ms;
    client->was_read = true;
    return true;
}

void use_skip(struct use_client *client, int64_t now_ms)
{
    client->read_ms = now_ms;
}

void use_add(struct use_sum *sum, int device, const char *engine, double percent)
{
    int at = 0;
    while (at < sum->count &&
           (sum->parts[at].device != device || strcmp(sum->parts[at].name, engine) != 0))
        at++;
    if (at == USE_PARTS_MAX)
        return;
    if (at == sum->count) {
        sum->count++;
        sum->parts[at].device = device;
        sum->parts[at].percent = 0;
        memset(sum->parts[at].name, 0, FDINFO_NAME_CAPACITY);
        memcpy(sum->parts[at].name, engine, strnlen(engine, FDINFO_NAME_CAPACITY - 1));
    }
    sum->parts[at].percent += percent;
}

double use_highest(const struct use_sum *sum, int *device)
{
    double highest = 0;
    *device = -1;
    for (int i = 0; i < sum->count; i++) {
        if (sum->parts[i].percent <= highest)
            continue;
        highest = sum->parts[i].percent;
        *device = sum->parts[i].device;
    }
    return highest < 100 ? highest : 100;
}

bool use_samples_add(struct use_samples *samples, bool is_busy)
{
    int busy = 0;
    assert(samples->of >= 1 && samples->of <= USE_SAMPLES_MAX);
    samples->bits = samples->bits << 1 | is_busy;
    for (int i = 0; i < samples->of; i++)
        busy += (int)(samples->bits >> i & 1);
    return busy >= samples->needed;
}
