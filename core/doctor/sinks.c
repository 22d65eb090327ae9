/* SPDX-License-Identifier: MIT */
/* Each sink that is switched on: did it get through lately, and can its receiver be reached now?
 * Nothing is delivered: a connection is made, and closed again. */
#include "examine.h"

#include "json.h"
#include "platform/tcp_ask.h"
#include "store/delivery.h"
#include "zone/civil.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REACH_MS = 4000 };

/* What is known of a sink, from the running agent or from what is stored. */
struct word {
    char subject[INSTANCE_CAPACITY + 16];
    const char *name;
    char state[32];  /* "": no agent runs */
    char error[512]; /* what the newest attempt said; "": nothing bad */
    char success[CIVIL_TIMESTAMP_CAPACITY];
    int64_t pending;
    int64_t oldest_ms; /* how long the oldest of these waits */
    int64_t quarantined;
    bool is_new; /* it never ran */
};

/* ---- What the agent, or the store, says ---- */

static struct json_object *find(struct doctor *doctor, const char *name)
{
    struct json_object *sinks = json_get(doctor->status, "sinks");
    for (size_t i = 0; sinks != NULL && i < json_object_array_length(sinks); i++) {
        struct json_object *sink = json_object_array_get_idx(sinks, i);
        if (strcmp(json_get_text(sink, "name"), name) == 0)
            return sink;
    }
    return NULL;
}

static void ask_agent(struct json_object *sink, struct word *word)
{
    snprintf(word->state, sizeof(word->state), "%.31s", json_get_text(sink, "state"));
    snprintf(word->error, sizeof(word->error), "%.511s", json_get_text(sink, "last_error"));
    snprintf(word->success, sizeof(word->success), "%.31s", json_get_text(sink, "last_success"));
    word->pending = (int64_t)json_get_number(sink, "pending");
    word->oldest_ms = (int64_t)json_get_number(sink, "oldest_pending_sec") * 1000;
    word->quarantined = (int64_t)json_get_number(sink, "quarantined");
}

static void ask_store(struct doctor *doctor, struct word *word)
{
    struct store_sink_state state = {0};
    struct store_delivery delivery = {0};
    struct error ignored;
    if (doctor->reader == NULL ||
        store_read_sink(doctor->reader, word->name, &state, &ignored) != 0 ||
        store_read_delivery(doctor->reader, word->name, 0, &delivery, &ignored) != 0)
        return;
    snprintf(word->error, sizeof(word->error), "%s", delivery.last_error);
    word->is_new = !state.found;
    word->pending = state.pending;
    if (state.oldest_pending_ms != 0)
        word->oldest_ms = doctor->clock.wall_ms(&doctor->clock) - state.oldest_pending_ms;
    word->quarantined = delivery.quarantined;
}

/* ---- What that means ---- */

static const char *waiting(const struct word *word, char text[96])
{
    char age[DOCTOR_DURATION_CAPACITY];
    snprintf(text, 96, "nothing waits for it");
    if (word->pending == 1)
        snprintf(text, 96, "1 heartbeat waits for it, for %s",
                 doctor_duration(word->oldest_ms, age));
    else if (word->is_new)
        snprintf(text, 96, "it has not begun yet");
    else if (word->pending > 1)
        snprintf(text, 96, "%" PRId64 " heartbeats wait for it, the oldest for %s", word->pending,
                 doctor_duration(word->oldest_ms, age));
    return text;
}

static void tell_trouble(struct doctor *doctor, const struct word *word)
{
    char text[96];
    const char *state = word->state;
    doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, word->subject, "%s%s%s; %s",
                   state[0] != '\0' ? state : "its last attempt failed",
                   word->error[0] != '\0' ? ": " : "", word->error, waiting(word, text));
    if (strcmp(state, "quarantined") == 0)
        doctor_advise(doctor,
                      "its plugin has a bug: install another version, and run clockblock "
                      "plugins release %s. Nothing is lost meanwhile",
                      word->name);
    else if (strcmp(state, "wedged") == 0)
        doctor_advise(doctor, "its plugin hangs: restart the agent, and tell its author");
    else if (strcmp(state, "refused") == 0)
        doctor_advise(doctor, "see above: configuration");
    else if (strcmp(state, "holding") == 0)
        doctor_advise(doctor,
                      "the receiver will not take them as they are sent: correct its "
                      "address, token or password in sinks.%s, then run %s reload clockblock",
                      word->name, doctor_systemctl(doctor));
    else
        doctor_advise(doctor, "it is tried again by itself, and nothing is lost; see whether the "
                              "receiver runs, and what the next line says");
}

static void tell_word(struct doctor *doctor, const struct word *word)
{
    static const char *const bad[] = {"retrying", "holding", "wedged", "refused", "quarantined"};
    bool is_bad = word->state[0] == '\0' && word->error[0] != '\0';
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        is_bad = is_bad || strcmp(word->state, bad[i]) == 0;
    if (is_bad)
        tell_trouble(doctor, word);
    if (word->quarantined == 0)
        return;
    doctor_note(doctor, word->subject,
                "the receiver refused %" PRId64 " heartbeat%s, that %s set aside",
                word->quarantined, word->quarantined == 1 ? "" : "s",
                word->quarantined == 1 ? "was" : "were");
    doctor_advise(doctor,
                  "see why with clockblock quarantine list %s, and send them once more "
                  "with clockblock quarantine replay %s",
                  word->name, word->name);
}

/* ---- Can it be reached? ---- */

static void tell_reached(struct doctor *doctor, const struct word *word,
                         const struct endpoint *endpoint)
{
    char text[96];
    char last[128] = "whether it accepts them shows at the next delivery";
    if (word->success[0] != '\0')
        snprintf(last, sizeof(last), "it took some at %s", word->success);
    doctor_ok(doctor, word->subject, "%s%s port %d can be reached, and %s; %s",
              endpoint->is_proxy ? "the proxy " : "", endpoint->host, endpoint->port, last,
              waiting(word, text));
}

static void reach(struct doctor *doctor, const struct word *word, const struct endpoint *endpoint)
{
    struct error error = {0};
    const struct tcp_question question = {
        .host = endpoint->host, .port = endpoint->port, .timeout_ms = REACH_MS};
    if (tcp_ask(&question, NULL, 0, &error) == 0) {
        tell_reached(doctor, word, endpoint);
        return;
    }
    doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, word->subject,
                   "%s%s port %d cannot be reached from here: %s",
                   endpoint->is_proxy ? "the proxy " : "", endpoint->host, endpoint->port,
                   error.text);
    doctor_advise(doctor,
                  "see whether it runs, and whether address and port in sinks.%s are right; "
                  "heartbeats are kept until it can be reached",
                  word->name);
}

/* What an agent would do with it, where none runs. */
static void look_for_quarantine(struct doctor *doctor, const struct config_instance *sink,
                                struct word *word)
{
    bool in_quarantine = false;
    struct error error = {0};
    if (sink->plugin != NULL)
        (void)plan_plugin(&doctor->plan, INSTANCE_SINK, sink, &in_quarantine, &error);
    if (!in_quarantine)
        return;
    snprintf(word->state, sizeof(word->state), "quarantined");
    snprintf(word->error, sizeof(word->error), "%.511s", error.text);
}

static void look_at(struct doctor *doctor, const struct config_instance *sink)
{
    char text[96];
    struct endpoint endpoint;
    const struct plugin *plugin = NULL;
    struct word word = {.name = sink->name};
    struct json_object *told = find(doctor, sink->name);
    snprintf(word.subject, sizeof(word.subject), "sink %s", sink->name);
    if (told != NULL)
        ask_agent(told, &word);
    else
        ask_store(doctor, &word);
    if (doctor->status == NULL)
        look_for_quarantine(doctor, sink, &word);
    tell_word(doctor, &word);
    clb_settings *settings = examine_settings_of(doctor, INSTANCE_SINK, sink, &plugin);
    if (doctor->status != NULL && told == NULL) {
        doctor_note(doctor, word.subject, "the running agent does not know it yet");
        doctor_advise(doctor, "let it read the configuration: %s reload clockblock",
                      doctor_systemctl(doctor));
    }
    if (settings != NULL && examine_endpoint(doctor, settings, &endpoint))
        reach(doctor, &word, &endpoint);
    else if (settings != NULL && (word.error[0] == '\0' || strcmp(word.state, "ok") == 0))
        doctor_ok(doctor, word.subject, "%s", waiting(&word, text));
    config_settings_destroy(settings);
}

void examine_sinks(struct doctor *doctor)
{
    const struct config *config = doctor->plan.config;
    for (int i = 0; config != NULL && i < config->sinks_count; i++)
        if (config->sinks[i].enabled)
            look_at(doctor, &config->sinks[i]);
}
