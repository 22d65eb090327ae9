/* SPDX-License-Identifier: MIT */
/*
 * A library that does nothing but name the types of the ABI: abidiff compares what exported
 * functions can reach, and of a plugin that is one function which returns pointers to void.
 */
#include <clockblock/abi.h>
#include <clockblock/detector.h>
#include <clockblock/plugin.h>
#include <clockblock/services.h>
#include <clockblock/sink.h>

#define PROBE(type)                                                                                \
    CLB_EXPORT void probe_##type(const type *value);                                               \
    void probe_##type(const type *value)                                                           \
    {                                                                                              \
        (void)value;                                                                               \
    }                                                                                              \
    _Static_assert(1, "so that a semicolon may follow")

#define PROBE_ENUM(type)                                                                           \
    CLB_EXPORT void probe_##type(enum type value);                                                 \
    void probe_##type(enum type value)                                                             \
    {                                                                                              \
        (void)value;                                                                               \
    }                                                                                              \
    _Static_assert(1, "so that a semicolon may follow")

PROBE_ENUM(clb_status);
PROBE(clb_error);

PROBE(clb_host);
PROBE_ENUM(clb_option_type);
PROBE_ENUM(clb_option_flag);
PROBE(clb_option);
PROBE(clb_setting);
PROBE(clb_settings);
PROBE(clb_prefix);
PROBE(clb_plugin);
PROBE(clb_probe);
PROBE(clb_entry_function);

PROBE_ENUM(clb_log_level);
PROBE(clb_log);
PROBE(clb_clock);
PROBE(clb_run);

PROBE_ENUM(clb_detector_role);
PROBE_ENUM(clb_observation_state);
PROBE(clb_observation);
PROBE(clb_poll);
PROBE(clb_detector);

PROBE_ENUM(clb_sink_flag);
PROBE_ENUM(clb_record_kind);
PROBE(clb_record);
PROBE(clb_today);
PROBE(clb_batch);
PROBE_ENUM(clb_outcome);
PROBE(clb_delivery);
PROBE(clb_sink);

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return NULL;
}
