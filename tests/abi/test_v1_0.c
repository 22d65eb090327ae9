/* SPDX-License-Identifier: MIT */
/* A plugin that was built from the headers of 1.0 lives a whole life in the host of today. */
#include "config/config.h"
#include "fake_clock.h"
#include "plugin/plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char configuration[] =
    "detectors: {\n"
    "  plain: { plugin = \"frozen\"; title = \"Plain\"; };\n"
    "  full: { plugin = \"frozen\"; title = \"Full\"; confidence = 90; weight = 2.25; loud = "
    "true;\n"
    "          pause_sec = 0.25; folder = \"shelf\"; mood = \"wild\"; words = [ \"a\", \"b\" ];\n"
    "          rules = ( { name = \"x\"; }, { name = \"y\"; } ); };\n"
    "  no: { plugin = \"frozen\"; title = \"refuse\"; };\n"
    "};\n"
    "sinks: { plain: { plugin = \"frozen\"; title = \"Sink\"; }; };\n";

struct fixture {
    char file[160];
    struct fake_clock clock;
    struct config *config;
    struct plugin plugin;
    struct error error;
};

static void load_configuration(struct fixture *fixture)
{
    const char *parent = getenv("TMPDIR");
    snprintf(fixture->file, sizeof(fixture->file), "%.120s/clb-frozen-XXXXXX",
             parent != NULL ? parent : "/tmp");
    int handle = mkstemp(fixture->file);
    assert_true(handle >= 0);
    FILE *file = fdopen(handle, "w");
    assert_non_null(file);
    assert_true(fputs(configuration, file) >= 0);
    assert_int_equal(fclose(file), 0);

    struct config_options options = {.file = fixture->file};
    struct config_problems problems = {0};
    if (config_load(&fixture->config, &options, &problems) != 0)
        fail_msg("%s", problems.count > 0 ? problems.sentences[0] : "the configuration is refused");
    config_problems_finish(&problems);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    setenv("STATE_DIRECTORY", "/nonexistent", 1);
    fake_clock_init(&fixture->clock, 1768564800000);
    load_configuration(fixture);
    if (plugin_open(FROZEN_PLUGIN, &fixture->plugin, &fixture->error) != 0)
        fail_msg("%s", fixture->error.text);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    config_unload(fixture->config);
    remove(fixture->file);
    free(fixture);
    return 0;
}

/* As the agent makes it: what the user wrote, checked against the plugin's own table. */
static struct instance *make(struct fixture *fixture, enum instance_kind kind, int index)
{
    const struct config_instance *entry = kind == INSTANCE_DETECTOR
                                              ? &fixture->config->detectors[index]
                                              : &fixture->config->sinks[index];
    struct config_problems problems = {0};
    struct instance *instance = NULL;
    clb_settings *settings = config_settings(
        fixture->config, entry->node, entry->name, fixture->plugin.descriptor.options,
        kind == INSTANCE_DETECTOR ? config_detector_keys : config_sink_keys, &problems);
    if (settings == NULL)
        fail_msg("%s", problems.count > 0 ? problems.sentences[0] : "its settings are refused");
    int result = instance_create(&instance, &fixture->plugin, kind, entry->name, settings,
                                 &fixture->clock.clock, &fixture->error);
    config_settings_destroy(settings);
    config_problems_finish(&problems);
    assert_int_equal(result == 0, instance != NULL);
    return instance;
}

struct sight {
    int count;
    struct instance_observation observations[4];
};

static void see(const struct instance_observation *observation, void *context)
{
    struct sight *sight = context;
    assert_true(sight->count < 4);
    sight->observations[sight->count++] = *observation;
}

static void start(struct fixture *fixture, struct instance *instance)
{
    if (instance_start(instance, &fixture->error) != CLB_OK)
        fail_msg("%s", fixture->error.text);
}

static struct sight look(struct fixture *fixture, struct instance *instance, int32_t expected)
{
    struct sight sight = {0};
    int64_t deadline_ms = fixture->clock.monotonic_ms + 2500;
    int32_t status = instance_poll(instance, deadline_ms, see, &sight, &fixture->error);
    assert_int_equal(status, expected);
    return sight;
}

static void its_descriptor_is_understood(void **state)
{
    const struct fixture *fixture = *state;
    const struct plugin *plugin = &fixture->plugin;
    assert_string_equal(plugin->descriptor.id, "frozen");
    assert_string_equal(plugin->descriptor.version, "1.0");
    assert_string_equal(plugin->descriptor.description,
                        "A plugin that was built from the headers of 1.0");
    assert_non_null(plugin->detector);
    assert_int_equal(plugin->detector->role, CLB_ROLE_EVIDENCE);
    assert_non_null(plugin->sink);
    assert_int_equal(plugin->sink->flags, CLB_SINK_NETWORK);
}

static void every_type_of_setting_reaches_it(void **state)
{
    static const char *const subjects[] = {
        "Plain loud=0 pause=1500 folder=/frozen mood=calm words= rules= set=0/9",
        "Full loud=1 pause=250 folder=/shelf mood=wild words=a+b rules=x/y set=1/9"};
    static const int32_t confidences[] = {70, 90};
    static const double weights[] = {0.5, 2.25};
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        struct instance *instance = make(fixture, INSTANCE_DETECTOR, i);
        assert_non_null(instance);
        start(fixture, instance);
        struct sight sight = look(fixture, instance, CLB_OK);
        assert_int_equal(sight.count, 2);
        assert_string_equal(sight.observations[0].subject, subjects[i]);
        assert_int_equal(sight.observations[0].confidence, confidences[i]);
        assert_true(sight.observations[0].value == weights[i]);
        instance_stop(instance);
        instance_destroy(instance);
    }
}

static void a_detector_lives_its_life(void **state)
{
    struct fixture *fixture = *state;
    struct instance *instance = make(fixture, INSTANCE_DETECTOR, 0);
    assert_non_null(instance);
    for (int life = 0; life < 2; life++) {
        start(fixture, instance);
        struct sight sight = look(fixture, instance, CLB_OK);
        assert_int_equal(sight.count, 2);
        assert_true(sight.observations[0].active);
        assert_string_equal(sight.observations[0].activity, "Frozen game");
        assert_false(sight.observations[1].active);
        assert_string_equal(sight.observations[1].activity, "");
        assert_true(sight.observations[1].value == 2500); /* the deadline, on the host's clock */
        wakeup_signal(&instance->wakeup);
        assert_int_equal(instance_wait(instance, fixture->clock.monotonic_ms + 60000), CLB_EVENT);
        instance_stop(instance);
    }
    instance_destroy(instance);
}

static void a_cancelled_poll_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct instance *instance = make(fixture, INSTANCE_DETECTOR, 0);
    assert_non_null(instance);
    start(fixture, instance);
    instance_cancel(instance);
    assert_int_equal(look(fixture, instance, CLB_UNAVAILABLE).count, 0);
    assert_string_equal(fixture->error.text, "cancelled");
    instance_stop(instance);
    instance_destroy(instance);
}

static void its_refusal_reaches_the_user(void **state)
{
    struct fixture *fixture = *state;
    assert_null(make(fixture, INSTANCE_DETECTOR, 2));
    assert_string_equal(fixture->error.text, "no is asked to refuse");
}

static void a_batch_is_read_and_answered(void **state)
{
    static const clb_record heartbeat = {.size = sizeof(clb_record),
                                         .kind = CLB_RECORD_HEARTBEAT,
                                         .seq = 41,
                                         .wall_ms = 1768564800000,
                                         .credited_ms = 5000,
                                         .overdraft_ms = 20,
                                         .poll_interval_sec = 5,
                                         .is_playing = 1,
                                         .json_bytes = 8,
                                         .json = "{\"a\": 1}",
                                         .id = "an-id",
                                         .timestamp_utc = "2026-01-16T12:00:00.000Z",
                                         .activity = "Chess"};
    static const clb_record *const records[] = {&heartbeat, &heartbeat, &heartbeat};
    static const clb_today today = {.size = sizeof(clb_today),
                                    .has_allowance = 1,
                                    .used_ms = 600000,
                                    .overdraft_ms = 70,
                                    .left_ms = 8000};
    struct fixture *fixture = *state;
    const clb_batch batch = {.size = sizeof(batch),
                             .count = 3,
                             .deadline_ms = fixture->clock.monotonic_ms + 9000,
                             .records = records,
                             .today = &today,
                             .device_id = "pc",
                             .epoch = "an-epoch"};
    struct instance *instance = make(fixture, INSTANCE_SINK, 0);
    assert_non_null(instance);
    start(fixture, instance);
    clb_delivery delivery;
    instance_deliver(instance, &batch, &delivery, &fixture->error);
    assert_int_equal(delivery.accepted, 2);
    assert_int_equal(delivery.outcome, CLB_RETRY);
    assert_int_equal(delivery.retry_after_ms, 1234);
    assert_string_equal(fixture->error.text,
                        "pc an-epoch: 3 of 3, seq 41 kind 1 at 1768564800000 = "
                        "2026-01-16T12:00:00.000Z, an-id Chess, 15060 ms, today 1 600000 70 8000, "
                        "9000 ms left");
    instance_stop(instance);
    instance_destroy(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_descriptor_is_understood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_type_of_setting_reaches_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_detector_lives_its_life, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_poll_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_refusal_reaches_the_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_batch_is_read_and_answered, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("a plugin of 1.0", tests, NULL, NULL);
}
