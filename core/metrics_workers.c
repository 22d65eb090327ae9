/* SPDX-License-Identifier: MIT */
/* What the agent says of its detectors and sinks to Prometheus: families with a sample for each. */
#include "metrics.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

enum { US_PER_MS = 1000 };

/* Writes what a family has to say of one of them; nothing when that is not known. */
typedef void (*put_word)(struct exposition *page, const char *const *labels, const void *word);

struct family {
    const char *name;
    enum exposition_type type;
    const char *help;
    put_word put;
};

/* Words of `size` bytes each begin with the name of theirs. */
static void add_families(struct exposition *page, const struct family *families, int count,
                         const char *key, const void *words, size_t size, int words_count)
{
    for (int i = 0; i < count; i++) {
        exposition_family(page, families[i].name, families[i].type, families[i].help);
        for (int word = 0; word < words_count; word++) {
            const char *place = (const char *)words + (size_t)word * size;
            const char *labels[] = {key, place, NULL};
            families[i].put(page, labels, place);
        }
    }
}

static void put_state(struct exposition *page, const char *const *labels, const char *state,
                      bool is_it)
{
    const char *both[] = {labels[0], labels[1], "state", state, NULL};
    exposition_integer(page, both, is_it);
}

/* ---- Detectors ---- */

struct detector_word {
    struct detect_view view; /* its name comes first */
    int64_t now_ms;
};
static_assert(offsetof(struct detector_word, view.name) == 0, "see add_families()");

static void put_detector_state(struct exposition *page, const char *const *labels, const void *word)
{
    const struct detector_word *detector = word;
    for (int i = DETECT_STARTING; i <= DETECT_QUARANTINED; i++)
        put_state(page, labels, detect_state_name((enum detect_state)i),
                  (int)detector->view.state == i);
}

static void put_polls(struct exposition *page, const char *const *labels, const void *word)
{
    const struct detector_word *detector = word;
    exposition_integer(page, labels, detector->view.polls);
}

static void put_poll_failures(struct exposition *page, const char *const *labels, const void *word)
{
    const struct detector_word *detector = word;
    exposition_integer(page, labels, detector->view.failures);
}

static void put_poll_time(struct exposition *page, const char *const *labels, const void *word)
{
    const struct detector_word *detector = word;
    if (detector->view.polls > 0)
        exposition_seconds(page, labels, detector->view.poll_us);
}

static void put_poll_age(struct exposition *page, const char *const *labels, const void *word)
{
    const struct detector_word *detector = word;
    if (detector->view.polled_ms != 0)
        exposition_seconds(page, labels, (detector->now_ms - detector->view.polled_ms) * US_PER_MS);
}

static const struct family of_detectors[] = {
    {"clockblock_detector_state", EXPOSITION_GAUGE, "1 for the state that the detector is in.",
     put_detector_state},
    {"clockblock_detector_polls_total", EXPOSITION_COUNTER, "How often the detector looked.",
     put_polls},
    {"clockblock_detector_failures_total", EXPOSITION_COUNTER,
     "How often it could not be started, or could not look.", put_poll_failures},
    {"clockblock_detector_last_poll_seconds", EXPOSITION_GAUGE, "How long its newest look took.",
     put_poll_time},
    {"clockblock_detector_last_poll_age_seconds", EXPOSITION_GAUGE, "How long ago that was.",
     put_poll_age},
};

void metrics_add_detectors(struct exposition *page, const struct status_source *source)
{
    struct detect *detect = source->generation->detect;
    int count = detect_count(detect);
    struct detector_word *words = calloc((size_t)count + 1, sizeof(words[0]));
    assert(words != NULL);
    for (int i = 0; i < count; i++) {
        detect_get(detect, i, &words[i].view);
        words[i].now_ms = source->clock->monotonic_ms(source->clock);
    }
    add_families(page, of_detectors, sizeof(of_detectors) / sizeof(of_detectors[0]), "detector",
                 words, sizeof(words[0]), count);
    free(words);
}

/* ---- Sinks ---- */

struct sink_word {
    struct deliver_view view; /* its name comes first */
    bool is_known;            /* what follows was read */
    struct store_sink_state state;
    int64_t wall_ms;
};
static_assert(offsetof(struct sink_word, view.name) == 0, "see add_families()");

static void put_sink_state(struct exposition *page, const char *const *labels, const void *word)
{
    const struct sink_word *sink = word;
    for (int i = DELIVER_STARTING; i <= DELIVER_QUARANTINED; i++)
        put_state(page, labels, deliver_state_name((enum deliver_state)i),
                  (int)sink->view.state == i);
}

static void put_pending(struct exposition *page, const char *const *labels, const void *word)
{
    const struct sink_word *sink = word;
    if (sink->is_known)
        exposition_integer(page, labels, sink->state.pending);
}

static void put_oldest(struct exposition *page, const char *const *labels, const void *word)
{
    const struct sink_word *sink = word;
    int64_t age_ms = sink->wall_ms - sink->state.oldest_pending_ms;
    bool waits = sink->state.pending > 0 && age_ms > 0; /* not when the clock was set back */
    if (sink->is_known)
        exposition_seconds(page, labels, waits ? age_ms * US_PER_MS : 0);
}

static void put_delivered(struct exposition *page, const char *const *labels, const void *word)
{
    const struct sink_word *sink = word;
    exposition_integer(page, labels, sink->view.delivered);
}

static void put_attempts(struct exposition *page, const char *const *labels, const void *word)
{
    const struct sink_word *sink = word;
    exposition_integer(page, labels, sink->view.attempts);
}

static void put_failures(struct exposition *page, const char *const *labels, const void *word)
{
    const struct sink_word *sink = word;
    exposition_integer(page, labels, sink->view.failures);
}

static void put_last_success(struct exposition *page, const char *const *labels, const void *word)
{
    const struct sink_word *sink = word;
    if (sink->view.last_success_ms != 0)
        exposition_seconds(page, labels, sink->view.last_success_ms * US_PER_MS);
}

static const struct family of_sinks[] = {
    {"clockblock_sink_state", EXPOSITION_GAUGE, "1 for the state that the sink is in.",
     put_sink_state},
    {"clockblock_sink_pending_heartbeats", EXPOSITION_GAUGE,
     "Heartbeats that it does not have yet.", put_pending},
    {"clockblock_sink_oldest_pending_seconds", EXPOSITION_GAUGE,
     "How old the oldest of them is; 0: it has all.", put_oldest},
    {"clockblock_sink_delivered_total", EXPOSITION_COUNTER,
     "Heartbeats that it took, since the configuration was read.", put_delivered},
    {"clockblock_sink_attempts_total", EXPOSITION_COUNTER,
     "How often it was tried, since the configuration was read.", put_attempts},
    {"clockblock_sink_failures_total", EXPOSITION_COUNTER, "How many of these failed.",
     put_failures},
    {"clockblock_sink_last_success_timestamp_seconds", EXPOSITION_GAUGE,
     "When it last took something.", put_last_success},
};

static void read_sink(const struct status_source *source, int index, struct sink_word *word)
{
    deliver_get(source->generation->deliver, index, &word->view);
    word->wall_ms = source->clock->wall_ms(source->clock);
    word->is_known = store_read_sink(source->reader, word->view.name, &word->state, NULL) == 0 &&
                     word->state.found;
}

void metrics_add_sinks(struct exposition *page, const struct status_source *source)
{
    int count = deliver_count(source->generation->deliver);
    struct sink_word *words = calloc((size_t)count + 1, sizeof(words[0]));
    assert(words != NULL);
    for (int i = 0; i < count; i++)
        read_sink(source, i, &words[i]);
    add_families(page, of_sinks, sizeof(of_sinks) / sizeof(of_sinks[0]), "sink", words,
                 sizeof(words[0]), count);
    free(words);
}
