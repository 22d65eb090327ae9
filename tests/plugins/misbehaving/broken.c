/* SPDX-License-Identifier: MIT */
/* A plugin that is well but for one thing, which BROKEN_... defines; BROKEN_NAME is its name. */
#include <clockblock/detector.h>

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef BROKEN_CRASH_LOAD
__attribute__((constructor)) static void crash(void)
{
    raise(SIGSEGV);
}
#endif

#ifndef BROKEN_NO_SYMBOL
static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    (void)host, (void)settings, (void)error;
    *instance = NULL;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    (void)data, (void)error;
    return CLB_OK;
}

static int32_t CLB_CALL poll_once(void *data, const clb_poll *poll, clb_error *error)
{
    (void)data, (void)poll, (void)error;
    return CLB_OK;
}

#ifndef BROKEN_NULL_SLOT
static int32_t CLB_CALL wait_for(void *data, int64_t max_ms)
{
    (void)data, (void)max_ms;
    return CLB_OK;
}
#endif

static void CLB_CALL stop(void *data)
{
    (void)data;
}

static const clb_detector detector = {.role = CLB_ROLE_CONTEXT,
                                      .create = create,
                                      .start = start,
                                      .poll = poll_once,
#ifndef BROKEN_NULL_SLOT
                                      .wait = wait_for,
#endif
                                      .stop = stop,
                                      .destroy = stop};

static const void *CLB_CALL get_interface(const char *id)
{
    return strcmp(id, CLB_DETECTOR) == 0 ? &detector : NULL;
}

#ifndef BROKEN_MAGIC
#define BROKEN_MAGIC CLB_MAGIC
#endif
#ifndef BROKEN_SIZE
#define BROKEN_SIZE sizeof(clb_plugin)
#endif
#ifndef BROKEN_MAJOR
#define BROKEN_MAJOR CLB_ABI_MAJOR
#endif
#ifndef BROKEN_MINOR
#define BROKEN_MINOR CLB_ABI_MINOR
#endif
#ifndef BROKEN_ID
#define BROKEN_ID BROKEN_NAME
#endif
#ifndef BROKEN_DESCRIPTION
#define BROKEN_DESCRIPTION "Is not quite right"
#endif

CLB_EXTERN_C CLB_EXPORT const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    static const clb_plugin plugin = {
        .prefix = {BROKEN_MAGIC, BROKEN_SIZE, BROKEN_MAJOR, BROKEN_MINOR, 0},
        .id = BROKEN_ID,
        .version = "1",
        .description = BROKEN_DESCRIPTION,
        .get_interface = get_interface};
    (void)probe;
    return &plugin;
}
#endif
