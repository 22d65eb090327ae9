/* SPDX-License-Identifier: MIT */
/* A host as small as the contract allows, that loads one plugin and shows what it does. Time stands
 * still unless a test moves it. */
#ifndef TESTS_FAKE_HOST_H
#define TESTS_FAKE_HOST_H

#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <clockblock/sink.h>
#include <stdatomic.h>
#include <stdint.h>

enum { FAKE_SETTINGS_MAX = 16 };

struct fake_host {
    clb_host host;
    const clb_plugin *plugin; /* static */
    const clb_sink *sink;     /* NULL: it is a detector */
    const clb_detector *detector;
    void *instance;
    clb_error error; /* of the last call */

    _Atomic int64_t monotonic_ms;
    int64_t wall_ms;
    atomic_int cancelled;
    int bell[2];       /* a pipe: readable while it rings */
    const char *lacks; /* the id of a service that this host does not have */
    int waits;
    char log[1024];

    clb_setting settings[FAKE_SETTINGS_MAX];
    const clb_setting *pointers[FAKE_SETTINGS_MAX];
    clb_settings all;
};

/* Loads PLUGINS_FOLDER/NAME.so; the settings are those of a file that says nothing. */
void fake_host_open(struct fake_host *fake, const char *name);
void fake_host_close(struct fake_host *fake); /* stops and destroys what runs */

/* Settings, before fake_host_create(). Everything is borrowed. */
clb_setting *fake_host_setting(struct fake_host *fake, const char *key);
void fake_host_set_text(struct fake_host *fake, const char *key, const char *text);
void fake_host_set_list(struct fake_host *fake, const char *key, const char *const *items,
                        uint32_t count);

int32_t fake_host_create(struct fake_host *fake);
void fake_host_start(struct fake_host *fake); /* creates and starts, and fails the test if not */
void fake_host_stop(struct fake_host *fake);
void fake_host_ring(struct fake_host *fake);
void fake_host_cancel(struct fake_host *fake); /* [any thread] */

#endif
