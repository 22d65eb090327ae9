/* SPDX-License-Identifier: MIT */
/* Instances, and each crossing of the boundary into a plugin. */
#include "plugin.h"

#include "record/text.h"
#include "services.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a call may overrun its deadline before the instance counts as wedged. */
enum { GRACE_MS = 5000, START_LIMIT_MS = 10000, STOP_LIMIT_MS = 1000 };

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

/* Takes over what a plugin said, as far as it can be trusted. */
static void take_error(struct error *error, const clb_error *said, const char *otherwise)
{
    char text[sizeof(said->text) + 1];
    char clean[sizeof(said->text) + 1];
    memcpy(text, said->text, sizeof(said->text));
    text[sizeof(said->text)] = '\0';
    text_copy(clean, sizeof(clean), text);
    error_set(error, EXIT_CODE_UNAVAILABLE, "%s", clean[0] != '\0' ? clean : otherwise);
}

static void enter(struct instance *instance, int64_t limit_ms)
{
    atomic_store(&instance->busy_until_ms,
                 instance->clock->monotonic_ms(instance->clock) + limit_ms);
}

static void leave(struct instance *instance)
{
    atomic_store(&instance->busy_until_ms, 0);
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
    if (wakeup_init(&made->wakeup) != 0) {
        free(made);
        return error_set(error, EXIT_CODE_SOFTWARE, "%s: no descriptor left for it", name);
    }

    clb_error said = {.size = sizeof(said)};
    int32_t status = made->calls.create(&made->host, settings, &made->data, &said);
    if (status == CLB_OK) {
        *instance = made;
        return 0;
    }
    struct error reason;
    take_error(&reason, &said, "the plugin gives no reason");
    wakeup_finish(&made->wakeup);
    free(made);
    return error_set(error, EXIT_CODE_CONFIG, "%s", reason.text);
}

void instance_destroy(struct instance *instance)
{
    if (instance == NULL)
        return;
    assert(instance->state != INSTANCE_RUNNING);
    instance->calls.destroy(instance->data);
    wakeup_finish(&instance->wakeup);
    free(instance);
}

int32_t instance_start(struct instance *instance, struct error *error)
{
    assert(instance->state != INSTANCE_RUNNING);
    clb_error said = {.size = sizeof(said)};
    enter(instance, START_LIMIT_MS);
    int32_t status = instance->calls.start(instance->data, &said);
    leave(instance);
    if (status == CLB_OK)
        instance->state = INSTANCE_RUNNING;
    else
        take_error(error, &said, "it cannot start, and gives no reason");
    return status;
}

void instance_stop(struct instance *instance)
{
    assert(instance->state == INSTANCE_RUNNING);
    enter(instance, STOP_LIMIT_MS);
    instance->calls.stop(instance->data);
    leave(instance);
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
    enter(instance, until_ms - now_ms);
    int32_t status = instance->calls.wait(instance->data, until_ms - now_ms);
    leave(instance);
    wakeup_clear(&instance->wakeup);
    return status == CLB_EVENT ? CLB_EVENT : CLB_OK;
}

struct poll_call {
    void (*see)(const struct instance_observation *observation, void *context);
    void *context;
};

static void CLB_CALL on_emit(const clb_poll *poll, const clb_observation *given)
{
    const struct poll_call *call = poll->host_data;
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
    text_copy(observation.activity, sizeof(observation.activity), copy.activity);
    text_copy(observation.subject, sizeof(observation.subject), copy.subject);
    call->see(&observation, call->context);
}

int32_t instance_poll(struct instance *instance, int64_t deadline_ms,
                      void (*see)(const struct instance_observation *observation, void *context),
                      void *context, struct error *error)
{
    assert(instance->state == INSTANCE_RUNNING && instance->kind == INSTANCE_DETECTOR);
    struct poll_call call = {see, context};
    clb_poll poll = {
        .size = sizeof(poll), .deadline_ms = deadline_ms, .host_data = &call, .emit = on_emit};
    clb_error said = {.size = sizeof(said)};
    atomic_store(&instance->busy_until_ms, deadline_ms);
    int32_t status = instance->plugin->detector->poll(instance->data, &poll, &said);
    leave(instance);
    if (status != CLB_OK && status != CLB_UNAVAILABLE)
        status = CLB_FAILED;
    if (status != CLB_OK)
        take_error(error, &said, "the plugin gives no reason");
    return status;
}

void instance_deliver(struct instance *instance, const clb_batch *batch, clb_delivery *delivery,
                      struct error *error)
{
    assert(instance->state == INSTANCE_RUNNING && instance->kind == INSTANCE_SINK);
    assert(batch->count > 0);
    *delivery = (clb_delivery){.size = sizeof(*delivery)};
    clb_error said = {.size = sizeof(said)};
    atomic_store(&instance->busy_until_ms, batch->deadline_ms);
    instance->plugin->sink->deliver(instance->data, batch, delivery, &said);
    leave(instance);

    if (delivery->accepted > batch->count)
        delivery->accepted = batch->count;
    if (delivery->accepted == batch->count)
        delivery->outcome = CLB_DELIVERED;
    else if (delivery->outcome <= CLB_DELIVERED || delivery->outcome > CLB_CONFLICT)
        delivery->outcome = CLB_RETRY;
    if (delivery->retry_after_ms < 0)
        delivery->retry_after_ms = 0;
    if (delivery->outcome != CLB_DELIVERED)
        take_error(error, &said, "the sink gives no reason");
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
