/* SPDX-License-Identifier: MIT */
/* Instances, and each crossing of the boundary into a plugin. */
#include "plugin.h"

#include "crossing.h"
#include "pulse.h"
#include "record/text.h"
#include "services.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a call may overrun its deadline before the instance counts as wedged. */
enum { GRACE_MS = 5000, START_LIMIT_MS = 10000, STOP_LIMIT_MS = 1000 };

const char *instance_kind_name(enum instance_kind kind)
{
    return kind == INSTANCE_DETECTOR ? "detector" : "sink";
}

static struct instance_calls calls_of(const struct plugin *plugin, enum instance_kind kind)
{
    if (kind == INSTANCE_DETECTOR) {
        const clb_detector *table = plugin->detector;
        assert(table != NULL);
        return (struct instance_calls){table->create, table->start, table->wait, table->stop,
                                       table->destroy};
    }
    const clb_sink *table = plugin->sink;
    assert(table != NULL);
    return (struct instance_calls){table->create, table->start, table->wait, table->stop,
                                   table->destroy};
}

/* No text of a plugin has a reason to be longer: it is bounded before it is looked at. */
enum { TEXT_MAX = 4096 };

/* Copies a text of the plugin's, as far as it can be trusted. */
static void take_text(struct instance *instance, char *target, size_t capacity, const char *given)
{
    text_copy(target, capacity, given);
    if (given == NULL)
        return;
    if (strnlen(given, TEXT_MAX) == TEXT_MAX)
        crossing_break_rule(instance, "a text is longer than 4095 bytes");
    else if (!text_is_valid(given))
        crossing_break_rule(instance, "a text is not UTF-8");
}

static void take_error(struct instance *instance, struct error *error, const clb_error *said,
                       const char *otherwise)
{
    char text[sizeof(said->text) + 1];
    char clean[sizeof(said->text) + 1];
    memcpy(text, said->text, sizeof(said->text));
    text[sizeof(said->text)] = '\0';
    take_text(instance, clean, sizeof(clean), text);
    error_set(error, EXIT_CODE_UNAVAILABLE, "%s", clean[0] != '\0' ? clean : otherwise);
}

static void CLB_CALL on_emit(const clb_poll *poll, const clb_observation *given)
{
    struct instance *instance = poll->host_data;
    if (!crossing_is_in(instance, CROSSING_POLL)) {
        crossing_break_rule(instance, crossing_now() != NULL
                                          ? "emit() outside poll(): what it said is ignored"
                                          : "emit() on another thread: what it said is ignored");
        return;
    }
    if (given == NULL || given->size < sizeof(uint32_t))
        return;
    clb_observation copy = {0};
    memcpy(&copy, given, given->size < sizeof(copy) ? given->size : sizeof(copy));

    struct instance_observation observation = {
        .active = copy.state == CLB_ACTIVE,
        .confidence = copy.confidence < 0     ? 0
                      : copy.confidence > 100 ? 100
                                              : copy.confidence,
        .value = isfinite(copy.value) ? copy.value : 0,
    };
    take_text(instance, observation.activity, sizeof(observation.activity), copy.activity);
    take_text(instance, observation.subject, sizeof(observation.subject), copy.subject);
    instance->see(&observation, instance->see_context);
}

static void free_instance(struct instance *instance)
{
    leaks_close(&instance->leaks);
    wakeup_finish(&instance->wakeup);
    mutex_finish(&instance->lock);
    free(instance);
}

int instance_create(struct instance **instance, const struct plugin *plugin,
                    enum instance_kind kind, const char *name, const clb_settings *settings,
                    struct clock *clock, struct error *error)
{
    struct instance *made = calloc(1, sizeof(*made));
    assert(made != NULL && settings != NULL);
    made->plugin = plugin;
    made->kind = kind;
    made->calls = calls_of(plugin, kind);
    made->clock = clock;
    snprintf(made->name, sizeof(made->name), "%s", name);
    made->host = (clb_host){.size = sizeof(clb_host),
                            .abi_major = CLB_ABI_MAJOR,
                            .abi_minor = CLB_ABI_MINOR,
                            .instance_name = made->name,
                            .host_data = made,
                            .get_service = services_get};
    made->poll = (clb_poll){.size = sizeof(clb_poll), .host_data = made, .emit = on_emit};
    if (wakeup_init(&made->wakeup) != 0) {
        free(made);
        return error_set(error, EXIT_CODE_SOFTWARE, "%s: no descriptor left for it", name);
    }
    mutex_init(&made->lock);
    leaks_open(&made->leaks);

    clb_error said = {.size = sizeof(said)};
    pulse_beat(); /* each of many may take its time */
    crossing_enter(made, CROSSING_CREATE, 0);
    int32_t status = made->calls.create(&made->host, settings, &made->data, &said);
    crossing_leave(status != CLB_OK);
    if (status == CLB_OK) {
        *instance = made;
        return 0;
    }
    struct error reason;
    take_error(made, &reason, &said, "the plugin gives no reason");
    free_instance(made);
    return error_set(error, EXIT_CODE_CONFIG, "%s", reason.text);
}

void instance_destroy(struct instance *instance)
{
    if (instance == NULL)
        return;
    assert(instance->state != INSTANCE_RUNNING);
    pulse_beat();
    crossing_enter(instance, CROSSING_DESTROY, 0);
    instance->calls.destroy(instance->data);
    crossing_leave(false);
    free_instance(instance);
}

int32_t instance_start(struct instance *instance, struct error *error)
{
    assert(instance->state != INSTANCE_RUNNING);
    clb_error said = {.size = sizeof(said)};
    crossing_enter(instance, CROSSING_START, START_LIMIT_MS);
    int32_t status = instance->calls.start(instance->data, &said);
    crossing_leave(status != CLB_OK);
    if (status == CLB_OK)
        instance->state = INSTANCE_RUNNING;
    else
        take_error(instance, error, &said, "it cannot start, and gives no reason");
    return status;
}

void instance_stop(struct instance *instance)
{
    assert(instance->state == INSTANCE_RUNNING);
    crossing_enter(instance, CROSSING_STOP, STOP_LIMIT_MS);
    instance->calls.stop(instance->data);
    crossing_leave(false);
    instance->state = INSTANCE_STOPPED;
}

int32_t instance_wait(struct instance *instance, int64_t until_ms)
{
    struct clock *clock = instance->clock;
    int64_t now_ms = clock->monotonic_ms(clock);
    if (instance->state != INSTANCE_RUNNING || until_ms == INT64_MAX || until_ms <= now_ms) {
        clock->wait(clock, &instance->wakeup, until_ms);
        return CLB_OK;
    }
    crossing_enter(instance, CROSSING_WAIT, until_ms - now_ms);
    int32_t status = instance->calls.wait(instance->data, until_ms - now_ms);
    crossing_leave(false);
    wakeup_clear(&instance->wakeup);
    return status == CLB_EVENT ? CLB_EVENT : CLB_OK;
}

int32_t instance_poll(struct instance *instance, int64_t deadline_ms, instance_see see,
                      void *context, struct error *error)
{
    assert(instance->state == INSTANCE_RUNNING && instance->kind == INSTANCE_DETECTOR);
    clb_error said = {.size = sizeof(said)};
    instance->poll.deadline_ms = deadline_ms;
    instance->see = see;
    instance->see_context = context;
    atomic_store(&instance->busy_until_ms, deadline_ms);
    crossing_enter(instance, CROSSING_POLL, 0);
    int32_t status = instance->plugin->detector->poll(instance->data, &instance->poll, &said);
    crossing_leave(status != CLB_OK);
    if (status != CLB_OK && status != CLB_UNAVAILABLE)
        status = CLB_FAILED;
    if (status != CLB_OK)
        take_error(instance, error, &said, "the plugin gives no reason");
    return status;
}

/* Makes of the answer of a sink what can be: never more taken than was given. */
static void make_consistent(struct instance *instance, const clb_batch *batch,
                            clb_delivery *delivery)
{
    if (delivery->accepted > batch->count) {
        crossing_break_rule(instance, "deliver() takes more records than it was given");
        delivery->accepted = batch->count;
    }
    if (delivery->accepted == batch->count) {
        delivery->outcome = CLB_DELIVERED;
    } else if (delivery->outcome <= CLB_DELIVERED || delivery->outcome > CLB_CONFLICT) {
        crossing_break_rule(instance, "deliver() leaves records and does not say why");
        delivery->outcome = CLB_RETRY;
    }
    if (delivery->retry_after_ms < 0)
        delivery->retry_after_ms = 0;
}

void instance_deliver(struct instance *instance, const clb_batch *batch, clb_delivery *delivery,
                      struct error *error)
{
    assert(instance->state == INSTANCE_RUNNING && instance->kind == INSTANCE_SINK);
    *delivery = (clb_delivery){.size = sizeof(*delivery)};
    clb_error said = {.size = sizeof(said)};
    atomic_store(&instance->busy_until_ms, batch->deadline_ms);
    crossing_enter(instance, CROSSING_DELIVER, 0);
    instance->plugin->sink->deliver(instance->data, batch, delivery, &said);
    crossing_leave(delivery->outcome != CLB_DELIVERED);
    make_consistent(instance, batch, delivery);
    if (delivery->outcome != CLB_DELIVERED)
        take_error(instance, error, &said, "the sink gives no reason");
}

void instance_cancel(struct instance *instance)
{
    atomic_store(&instance->cancelled, true);
    wakeup_signal(&instance->wakeup);
}

bool instance_is_wedged(const struct instance *instance, int64_t now_ms)
{
    long long until_ms = atomic_load(&instance->busy_until_ms);
    return until_ms != 0 && now_ms > until_ms + GRACE_MS;
}

bool instance_is_out_of_service(const struct instance *instance)
{
    return atomic_load(&instance->out_of_service);
}

void instance_get_account(struct instance *instance, struct instance_account *account)
{
    mutex_lock(&instance->lock);
    *account = instance->account;
    mutex_unlock(&instance->lock);
}
