/* SPDX-License-Identifier: MIT */
/*
 * A plugin of the days of 1.0: it is built from the headers beside it and from no others, and uses
 * all that they had. As a detector it tells what it was given as settings, as a sink what it was
 * handed in a batch, so that test_v1_0.c can compare both with what went in on the other side.
 */
#include <clockblock/abi.h>
#include <clockblock/detector.h>
#include <clockblock/plugin.h>
#include <clockblock/services.h>
#include <clockblock/sink.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CLB_ABI_MAJOR != 1 || CLB_ABI_MINOR != 0
#error "this is built from other headers than those of 1.0"
#endif

struct frozen {
    const clb_host *host;
    const clb_log *log;
    const clb_clock *clock;
    const clb_run *run;
    char settings[128]; /* as long as a subject may be */
    int32_t confidence;
    double weight;
};

/* ---- Settings: one of each type ---- */

static const char *const moods[] = {"calm", "wild", NULL};
static const clb_option name_field = {.size = sizeof(clb_option),
                                      .type = CLB_OPTION_STRING,
                                      .flags = CLB_OPTION_REQUIRED,
                                      .key = "name",
                                      .help = "what the rule is called"};
static const clb_option *const rule_fields[] = {&name_field, NULL};

#define OPTION(name, kind, ...)                                                                    \
    static const clb_option name##_option = {.size = sizeof(clb_option),                           \
                                             .type = CLB_OPTION_##kind,                            \
                                             .key = #name,                                         \
                                             .help = "for a test",                                 \
                                             __VA_ARGS__}
OPTION(title, STRING, .flags = CLB_OPTION_REQUIRED | CLB_OPTION_SECRET);
OPTION(confidence, INT, .default_text = "70", .minimum = 0, .maximum = 100);
OPTION(weight, NUMBER, .default_text = "0.5");
OPTION(loud, BOOL, .default_text = "false");
OPTION(pause_sec, DURATION, .default_text = "1.5");
OPTION(folder, PATH, .default_text = "frozen");
OPTION(mood, ENUM, .default_text = "calm", .choices = moods);
OPTION(words, LIST, .default_text = NULL);
OPTION(rules, GROUPS, .fields = rule_fields);
static const clb_option *const options[] = {
    &title_option,  &confidence_option, &weight_option, &loud_option,  &pause_sec_option,
    &folder_option, &mood_option,       &words_option,  &rules_option, NULL};

/* "a+b" of a list, "a/b" of the names in a list of groups. */
static void join(const clb_settings *settings, char *words, char *rules, size_t capacity)
{
    const clb_setting *list = clb_setting_find(settings, "words");
    const clb_setting *groups = clb_setting_find(settings, "rules");
    for (uint32_t i = 0; list != NULL && i < list->count; i++)
        snprintf(words + strlen(words), capacity - strlen(words), "%s%s", i > 0 ? "+" : "",
                 list->items[i]);
    for (uint32_t i = 0; groups != NULL && i < groups->count; i++)
        snprintf(rules + strlen(rules), capacity - strlen(rules), "%s%s", i > 0 ? "/" : "",
                 clb_setting_text(groups->groups[i], "name"));
}

static void read_settings(struct frozen *self, const clb_settings *settings)
{
    char words[60] = "";
    char rules[60] = "";
    const char *folder = clb_setting_text(settings, "folder");
    const char *last = folder != NULL ? strrchr(folder, '/') : NULL;
    join(settings, words, rules, sizeof(words));
    self->confidence = (int32_t)clb_setting_integer(settings, "confidence");
    self->weight = clb_setting_find(settings, "weight")->number;
    snprintf(self->settings, sizeof(self->settings),
             "%s loud=%" PRId64 " pause=%" PRId64 " folder=%s mood=%s words=%s rules=%s set=%u/%u",
             clb_setting_text(settings, "title"), clb_setting_integer(settings, "loud"),
             clb_setting_integer(settings, "pause_sec"), last != NULL ? last : "none",
             clb_setting_text(settings, "mood"), words, rules,
             clb_setting_find(settings, "mood")->is_set, settings->count);
}

/* ---- What detector and sink have in common ---- */

static void CLB_CALL destroy(void *instance)
{
    free(instance);
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    const char *title = clb_setting_text(settings, "title");
    if (title == NULL || strcmp(title, "refuse") == 0) {
        error->code = 7;
        snprintf(error->text, sizeof(error->text), "%s is asked to refuse", host->instance_name);
        return CLB_FAILED;
    }
    struct frozen *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return CLB_FAILED;
    self->host = host;
    self->log = host->get_service(host, CLB_LOG);
    self->clock = host->get_service(host, CLB_CLOCK);
    self->run = host->get_service(host, CLB_RUN);
    read_settings(self, settings);
    *instance = self;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *instance, clb_error *error)
{
    struct frozen *self = instance;
    if (self->log != NULL && self->clock != NULL && self->run != NULL &&
        self->host->get_service(self->host, "clockblock.nothing/1") == NULL)
        return CLB_OK;
    snprintf(error->text, sizeof(error->text), "the host lacks a service of 1.0");
    return CLB_UNAVAILABLE;
}

static int32_t CLB_CALL wait(void *instance, int64_t max_ms)
{
    struct frozen *self = instance;
    int32_t status = self->run->wait(self->host, max_ms);
    return status == CLB_OK && self->run->wake_handle(self->host) >= 0 ? CLB_EVENT : CLB_OK;
}

static void CLB_CALL stop(void *instance)
{
    struct frozen *self = instance;
    if (self->log->enabled(self->host, CLB_LOG_DEBUG))
        self->log->write(self->host, CLB_LOG_DEBUG, "stopped");
}

/* ---- clockblock.detector/1 ---- */

static int32_t CLB_CALL poll(void *instance, const clb_poll *poll, clb_error *error)
{
    struct frozen *self = instance;
    if (self->run->cancelled(self->host)) {
        snprintf(error->text, sizeof(error->text), "cancelled");
        return CLB_UNAVAILABLE;
    }
    clb_observation seen = {.size = sizeof(seen),
                            .state = CLB_ACTIVE,
                            .confidence = self->confidence,
                            .value = self->weight,
                            .activity = "Frozen game",
                            .subject = self->settings};
    poll->emit(poll, &seen);
    clb_observation idle = {.size = sizeof(idle), .state = CLB_INACTIVE};
    idle.value = (double)(poll->deadline_ms - self->clock->monotonic_ms(self->host));
    poll->emit(poll, &idle);
    return CLB_OK;
}

static const clb_detector detector = {.role = CLB_ROLE_EVIDENCE,
                                      .create = create,
                                      .start = start,
                                      .poll = poll,
                                      .wait = wait,
                                      .stop = stop,
                                      .destroy = destroy};

/* ---- clockblock.sink/1 ---- */

static int record_is_sound(const clb_record *record)
{
    return record->size >= sizeof(*record) && record->is_playing == 1 &&
           record->poll_interval_sec == 5 && strlen(record->json) == record->json_bytes;
}

/* Takes all but the last record, and says what it was given. */
static void CLB_CALL deliver(void *instance, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct frozen *self = instance;
    const clb_record *first = batch->records[0];
    const clb_today *today = batch->today;
    int64_t credited_ms = 0;
    int sound = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        credited_ms += batch->records[i]->credited_ms + batch->records[i]->overdraft_ms;
        sound += record_is_sound(batch->records[i]);
    }
    snprintf(error->text, sizeof(error->text),
             "%s %s: %d of %u, seq %" PRId64 " kind %u at %" PRId64 " = %s, %s %s, %" PRId64
             " ms, today %u %" PRId64 " %" PRId64 " %" PRId64 ", %" PRId64 " ms left",
             batch->device_id, batch->epoch, sound, batch->count, first->seq, first->kind,
             first->wall_ms, first->timestamp_utc, first->id, first->activity, credited_ms,
             today->has_allowance, today->used_ms, today->overdraft_ms, today->left_ms,
             batch->deadline_ms - self->clock->monotonic_ms(self->host));
    delivery->accepted = batch->count - 1;
    delivery->outcome = CLB_RETRY;
    delivery->retry_after_ms = 1234;
}

static const clb_sink sink = {.flags = CLB_SINK_NETWORK,
                              .create = create,
                              .start = start,
                              .deliver = deliver,
                              .wait = wait,
                              .stop = stop,
                              .destroy = destroy};

/* ---- The descriptor ---- */

static const void *CLB_CALL get_interface(const char *id)
{
    if (strcmp(id, CLB_DETECTOR) == 0)
        return &detector;
    return strcmp(id, CLB_SINK) == 0 ? &sink : NULL;
}

static const clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = "frozen",
    .version = "1.0",
    .description = "A plugin that was built from the headers of 1.0",
    .options = options,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    return probe->abi_major == CLB_ABI_MAJOR ? &plugin : NULL;
}
