/* SPDX-License-Identifier: MIT */
#include "fake_host.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct fake_host *fake_of(const clb_host *host)
{
    return host->host_data;
}

static int32_t CLB_CALL log_enabled(const clb_host *host, int32_t level)
{
    (void)host;
    return level <= CLB_LOG_INFO;
}

static void CLB_CALL log_write(const clb_host *host, int32_t level, const char *text)
{
    struct fake_host *fake = fake_of(host);
    size_t used = strlen(fake->log);
    (void)level;
    snprintf(fake->log + used, sizeof(fake->log) - used, "%s\n", text);
}

static int64_t CLB_CALL clock_monotonic_ms(const clb_host *host)
{
    return atomic_load(&fake_of(host)->monotonic_ms);
}

static int64_t CLB_CALL clock_wall_ms(const clb_host *host)
{
    return fake_of(host)->wall_ms;
}

static int32_t CLB_CALL run_cancelled(const clb_host *host)
{
    return atomic_load(&fake_of(host)->cancelled);
}

static int32_t CLB_CALL run_wait(const clb_host *host, int64_t max_ms)
{
    (void)max_ms;
    fake_of(host)->waits++;
    return CLB_OK;
}

static intptr_t CLB_CALL run_wake_handle(const clb_host *host)
{
    return fake_of(host)->bell[0];
}

static const void *CLB_CALL get_service(const clb_host *host, const char *id)
{
    static const clb_log log = {log_enabled, log_write};
    static const clb_clock clock = {clock_monotonic_ms, clock_wall_ms};
    static const clb_run run = {run_cancelled, run_wait, run_wake_handle};
    const char *lacks = fake_of(host)->lacks;
    if (lacks != NULL && strcmp(id, lacks) == 0)
        return NULL;
    if (strcmp(id, CLB_LOG) == 0)
        return &log;
    if (strcmp(id, CLB_CLOCK) == 0)
        return &clock;
    return strcmp(id, CLB_RUN) == 0 ? &run : NULL;
}

static void load(struct fake_host *fake, const char *name)
{
    char path[512];
    clb_entry_function entry;
    clb_probe probe = {sizeof(probe), CLB_ABI_MAJOR, CLB_ABI_MINOR};
    snprintf(path, sizeof(path), "%s/%s.so", PLUGINS_FOLDER, name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL)
        fail_msg("%s", dlerror());
    void *symbol = dlsym(library, CLB_ENTRY_SYMBOL);
    assert_non_null(symbol);
    memcpy(&entry, &symbol, sizeof(entry));
    fake->plugin = entry(&probe);
    assert_non_null(fake->plugin);
    assert_int_equal(CLB_MAGIC, fake->plugin->prefix.magic);
    assert_string_equal(name, fake->plugin->id);
    fake->sink = fake->plugin->get_interface(CLB_SINK);
    fake->detector = fake->plugin->get_interface(CLB_DETECTOR);
    assert_null(fake->plugin->get_interface("clockblock.unheard_of/1"));
}

/* As the host would, for the types and defaults that these plugins have. */
static void fill_default(clb_setting *setting, const clb_option *option)
{
    *setting = (clb_setting){.size = sizeof(*setting), .type = option->type, .key = option->key};
    const char *text = option->default_text;
    if (text == NULL)
        return;
    if (option->type == CLB_OPTION_BOOL)
        setting->integer = strcmp(text, "true") == 0;
    else if (option->type == CLB_OPTION_DURATION)
        setting->integer = (int64_t)(strtod(text, NULL) * 1000);
    else if (option->type == CLB_OPTION_INT)
        setting->integer = strtoll(text, NULL, 10);
    else if (option->type == CLB_OPTION_LIST) {
        setting->items = &option->default_text;
        setting->count = 1;
    } else
        setting->text = text;
}

void fake_host_open(struct fake_host *fake, const char *name)
{
    memset(fake, 0, sizeof(*fake));
    load(fake, name);
    fake->monotonic_ms = 1000 * 1000;
    fake->wall_ms = INT64_C(1792569600000); /* 2026-10-21T08:00:00Z */
    assert_int_equal(0, pipe(fake->bell));
    fake->host = (clb_host){.size = sizeof(clb_host),
                            .abi_major = CLB_ABI_MAJOR,
                            .abi_minor = CLB_ABI_MINOR,
                            .instance_name = "it",
                            .host_data = fake,
                            .get_service = get_service};
    fake->error.size = sizeof(fake->error);
    for (uint32_t i = 0; fake->plugin->options[i] != NULL; i++) {
        assert_true(i < FAKE_SETTINGS_MAX);
        fill_default(&fake->settings[i], fake->plugin->options[i]);
        fake->pointers[i] = &fake->settings[i];
        fake->all.count++;
    }
    fake->all.size = sizeof(fake->all);
    fake->all.settings = fake->pointers;
}

void fake_host_stop(struct fake_host *fake)
{
    if (fake->instance == NULL)
        return;
    if (fake->sink != NULL) {
        fake->sink->stop(fake->instance);
        fake->sink->destroy(fake->instance);
    } else {
        fake->detector->stop(fake->instance);
        fake->detector->destroy(fake->instance);
    }
    fake->instance = NULL;
}

void fake_host_close(struct fake_host *fake)
{
    fake_host_stop(fake);
    close(fake->bell[0]);
    close(fake->bell[1]);
}

clb_setting *fake_host_setting(struct fake_host *fake, const char *key)
{
    for (uint32_t i = 0; i < fake->all.count; i++)
        if (strcmp(fake->settings[i].key, key) == 0)
            return &fake->settings[i];
    fail_msg("there is no setting %s", key);
    return NULL;
}

void fake_host_set_text(struct fake_host *fake, const char *key, const char *text)
{
    clb_setting *setting = fake_host_setting(fake, key);
    setting->text = text;
    setting->is_set = 1;
}

void fake_host_set_list(struct fake_host *fake, const char *key, const char *const *items,
                        uint32_t count)
{
    clb_setting *setting = fake_host_setting(fake, key);
    setting->items = items;
    setting->count = count;
    setting->is_set = 1;
}

int32_t fake_host_create(struct fake_host *fake)
{
    fake->error = (clb_error){.size = sizeof(fake->error)};
    if (fake->sink != NULL)
        return fake->sink->create(&fake->host, &fake->all, &fake->instance, &fake->error);
    return fake->detector->create(&fake->host, &fake->all, &fake->instance, &fake->error);
}

void fake_host_start(struct fake_host *fake)
{
    if (fake_host_create(fake) != CLB_OK)
        fail_msg("create: %s", fake->error.text);
    int32_t status = fake->sink != NULL ? fake->sink->start(fake->instance, &fake->error)
                                        : fake->detector->start(fake->instance, &fake->error);
    if (status != CLB_OK)
        fail_msg("start: %s", fake->error.text);
}

void fake_host_ring(struct fake_host *fake)
{
    assert_int_equal(1, write(fake->bell[1], "!", 1));
}

void fake_host_cancel(struct fake_host *fake)
{
    atomic_store(&fake->cancelled, 1);
    fake_host_ring(fake);
}
