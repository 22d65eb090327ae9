/* SPDX-License-Identifier: MIT */
/*
 * The public headers as numbers: where every member of every structure is, and what every constant
 * is worth. layout.sh compiles this file for nine targets, without libraries and without code.
 *
 * What stands here is a promise: a line may be added, and none may be changed once the version it
 * belongs to has been released. README.md says how a later minor version adds its own.
 */
#include <clockblock/abi.h>
#include <clockblock/detector.h>
#include <clockblock/plugin.h>
#include <clockblock/services.h>
#include <clockblock/sink.h>

#define IS_64_BIT (sizeof(void *) == 8)
#define POINTER   sizeof(void *)

/* A member: its place where pointers have 64 and where they have 32 bits, and its size. */
#define MEMBER(type, member, place_64, place_32, bytes)                                            \
    _Static_assert(offsetof(type, member) == (IS_64_BIT ? (place_64) : (place_32)),                \
                   #type "." #member " has moved");                                                \
    _Static_assert(sizeof(((type *)0)->member) == (bytes), #type "." #member " has another size")

/* A structure: its size in both worlds, and its last member. Bytes behind that one would be taken
 * for the member that a later version puts there. */
#define WHOLE(type, last, bytes_64, bytes_32)                                                      \
    _Static_assert(sizeof(type) == (IS_64_BIT ? (bytes_64) : (bytes_32)),                          \
                   #type " has another size");                                                     \
    _Static_assert(offsetof(type, last) + sizeof(((type *)0)->last) == sizeof(type),               \
                   #type " does not end with " #last)

#define ENUM(type) _Static_assert(sizeof(enum type) == 4, #type " has not 32 bits")
#define CONSTANT(name, value)                                                                      \
    _Static_assert((name) == (value), #name " has another value than " #value)
#define TEXT(name, value)                                                                          \
    _Static_assert(__builtin_strcmp(name, value) == 0, #name " is not " #value " any more")

/* The tables below are read by column. */
/* clang-format off */

/* ---- clockblock/abi.h ---- */

CONSTANT(CLB_ABI_MAJOR, 1);
CONSTANT(CLB_ABI_MINOR, 0);
CONSTANT(CLB_MAGIC, 0x31424C43u);

ENUM(clb_status);
CONSTANT(CLB_OK,                   0);
CONSTANT(CLB_FAILED,               1);
CONSTANT(CLB_UNAVAILABLE,          2);
CONSTANT(CLB_EVENT,                3);
CONSTANT(CLB_STATUS_FORCE_32_BITS, 0x7FFFFFFF);

MEMBER(clb_error, size, 0,   0,   4);
MEMBER(clb_error, code, 4,   4,   4);
MEMBER(clb_error, text, 8,   8,   504);
WHOLE(clb_error,  text, 512, 512);

/* ---- clockblock/plugin.h ---- */

MEMBER(clb_host, size,          0,   0,   4);
MEMBER(clb_host, abi_major,     4,   4,   2);
MEMBER(clb_host, abi_minor,     6,   6,   2);
MEMBER(clb_host, instance_name, 8,   8,   POINTER);
MEMBER(clb_host, host_data,     16,  12,  POINTER);
MEMBER(clb_host, get_service,   24,  16,  POINTER);
MEMBER(clb_host, reserved,      32,  20,  POINTER);
WHOLE(clb_host,  reserved,      40,  24);

ENUM(clb_option_type);
CONSTANT(CLB_OPTION_STRING,             1);
CONSTANT(CLB_OPTION_INT,                2);
CONSTANT(CLB_OPTION_NUMBER,             3);
CONSTANT(CLB_OPTION_BOOL,               4);
CONSTANT(CLB_OPTION_DURATION,           5);
CONSTANT(CLB_OPTION_PATH,               6);
CONSTANT(CLB_OPTION_ENUM,               7);
CONSTANT(CLB_OPTION_LIST,               8);
CONSTANT(CLB_OPTION_GROUPS,             9);
CONSTANT(CLB_OPTION_TYPE_FORCE_32_BITS, 0x7FFFFFFF);

ENUM(clb_option_flag);
CONSTANT(CLB_OPTION_REQUIRED,           1);
CONSTANT(CLB_OPTION_SECRET,             2);
CONSTANT(CLB_OPTION_FLAG_FORCE_32_BITS, 0x7FFFFFFF);

MEMBER(clb_option, size,             0,   0,   4);
MEMBER(clb_option, type,             4,   4,   4);
MEMBER(clb_option, flags,            8,   8,   4);
MEMBER(clb_option, reserved,         12,  12,  4);
MEMBER(clb_option, key,              16,  16,  POINTER);
MEMBER(clb_option, default_text,     24,  20,  POINTER);
MEMBER(clb_option, help,             32,  24,  POINTER);
MEMBER(clb_option, choices,          40,  28,  POINTER);
MEMBER(clb_option, fields,           48,  32,  POINTER);
MEMBER(clb_option, reserved_pointer, 56,  36,  POINTER);
MEMBER(clb_option, minimum,          64,  40,  8);
MEMBER(clb_option, maximum,          72,  48,  8);
WHOLE(clb_option,  maximum,          80,  56);

MEMBER(clb_setting, size,    0,   0,   4);
MEMBER(clb_setting, type,    4,   4,   4);
MEMBER(clb_setting, is_set,  8,   8,   4);
MEMBER(clb_setting, count,   12,  12,  4);
MEMBER(clb_setting, key,     16,  16,  POINTER);
MEMBER(clb_setting, text,    24,  20,  POINTER);
MEMBER(clb_setting, items,   32,  24,  POINTER);
MEMBER(clb_setting, groups,  40,  28,  POINTER);
MEMBER(clb_setting, integer, 48,  32,  8);
MEMBER(clb_setting, number,  56,  40,  8);
WHOLE(clb_setting,  number,  64,  48);

MEMBER(clb_settings, size,     0,   0,   4);
MEMBER(clb_settings, count,    4,   4,   4);
MEMBER(clb_settings, settings, 8,   8,   POINTER);
MEMBER(clb_settings, reserved, 16,  12,  POINTER);
WHOLE(clb_settings,  reserved, 24,  16);

MEMBER(clb_prefix, magic,     0,   0,   4);
MEMBER(clb_prefix, size,      4,   4,   4);
MEMBER(clb_prefix, abi_major, 8,   8,   2);
MEMBER(clb_prefix, abi_minor, 10,  10,  2);
MEMBER(clb_prefix, flags,     12,  12,  4);
WHOLE(clb_prefix,  flags,     16,  16);

MEMBER(clb_plugin, prefix,        0,   0,   16);
MEMBER(clb_plugin, id,            16,  16,  POINTER);
MEMBER(clb_plugin, version,       24,  20,  POINTER);
MEMBER(clb_plugin, description,   32,  24,  POINTER);
MEMBER(clb_plugin, options,       40,  28,  POINTER);
MEMBER(clb_plugin, get_interface, 48,  32,  POINTER);
MEMBER(clb_plugin, reserved,      56,  36,  POINTER);
WHOLE(clb_plugin,  reserved,      64,  40);

MEMBER(clb_probe, size,      0,   0,   4);
MEMBER(clb_probe, abi_major, 4,   4,   2);
MEMBER(clb_probe, abi_minor, 6,   6,   2);
WHOLE(clb_probe,  abi_minor, 8,   8);

TEXT(CLB_ENTRY_SYMBOL, "clockblock_plugin_entry");

/* ---- clockblock/services.h ---- */

TEXT(CLB_LOG, "clockblock.log/1");
TEXT(CLB_CLOCK, "clockblock.clock/1");
TEXT(CLB_RUN, "clockblock.run/1");

ENUM(clb_log_level);
CONSTANT(CLB_LOG_ERROR,               1);
CONSTANT(CLB_LOG_WARNING,             2);
CONSTANT(CLB_LOG_INFO,                3);
CONSTANT(CLB_LOG_DEBUG,               4);
CONSTANT(CLB_LOG_LEVEL_FORCE_32_BITS, 0x7FFFFFFF);

MEMBER(clb_log, enabled, 0,   0,   POINTER);
MEMBER(clb_log, write,   8,   4,   POINTER);
WHOLE(clb_log,  write,   16,  8);

MEMBER(clb_clock, monotonic_ms, 0,   0,   POINTER);
MEMBER(clb_clock, wall_ms,      8,   4,   POINTER);
WHOLE(clb_clock,  wall_ms,      16,  8);

MEMBER(clb_run, cancelled,   0,   0,   POINTER);
MEMBER(clb_run, wait,        8,   4,   POINTER);
MEMBER(clb_run, wake_handle, 16,  8,   POINTER);
WHOLE(clb_run,  wake_handle, 24,  12);

/* ---- clockblock/detector.h ---- */

TEXT(CLB_DETECTOR, "clockblock.detector/1");

ENUM(clb_detector_role);
CONSTANT(CLB_ROLE_EVIDENCE,      1);
CONSTANT(CLB_ROLE_CONTEXT,       2);
CONSTANT(CLB_ROLE_FORCE_32_BITS, 0x7FFFFFFF);

ENUM(clb_observation_state);
CONSTANT(CLB_INACTIVE,                        1);
CONSTANT(CLB_ACTIVE,                          2);
CONSTANT(CLB_OBSERVATION_STATE_FORCE_32_BITS, 0x7FFFFFFF);

MEMBER(clb_observation, size,       0,   0,   4);
MEMBER(clb_observation, state,      4,   4,   4);
MEMBER(clb_observation, confidence, 8,   8,   4);
MEMBER(clb_observation, reserved,   12,  12,  4);
MEMBER(clb_observation, value,      16,  16,  8);
MEMBER(clb_observation, activity,   24,  24,  POINTER);
MEMBER(clb_observation, subject,    32,  28,  POINTER);
WHOLE(clb_observation,  subject,    40,  32);

MEMBER(clb_poll, size,        0,   0,   4);
MEMBER(clb_poll, reserved,    4,   4,   4);
MEMBER(clb_poll, deadline_ms, 8,   8,   8);
MEMBER(clb_poll, host_data,   16,  16,  POINTER);
MEMBER(clb_poll, emit,        24,  20,  POINTER);
WHOLE(clb_poll,  emit,        32,  24);

MEMBER(clb_detector, role,     0,   0,   4);
MEMBER(clb_detector, reserved, 4,   4,   4);
MEMBER(clb_detector, create,   8,   8,   POINTER);
MEMBER(clb_detector, start,    16,  12,  POINTER);
MEMBER(clb_detector, poll,     24,  16,  POINTER);
MEMBER(clb_detector, wait,     32,  20,  POINTER);
MEMBER(clb_detector, stop,     40,  24,  POINTER);
MEMBER(clb_detector, destroy,  48,  28,  POINTER);
WHOLE(clb_detector,  destroy,  56,  32);

/* ---- clockblock/sink.h ---- */

TEXT(CLB_SINK, "clockblock.sink/1");

ENUM(clb_sink_flag);
CONSTANT(CLB_SINK_NETWORK,            1);
CONSTANT(CLB_SINK_FLAG_FORCE_32_BITS, 0x7FFFFFFF);

ENUM(clb_record_kind);
CONSTANT(CLB_RECORD_HEARTBEAT,          1);
CONSTANT(CLB_RECORD_GAP,                2);
CONSTANT(CLB_RECORD_KIND_FORCE_32_BITS, 0x7FFFFFFF);

MEMBER(clb_record, size,              0,   0,   4);
MEMBER(clb_record, kind,              4,   4,   4);
MEMBER(clb_record, seq,               8,   8,   8);
MEMBER(clb_record, wall_ms,           16,  16,  8);
MEMBER(clb_record, credited_ms,       24,  24,  8);
MEMBER(clb_record, overdraft_ms,      32,  32,  8);
MEMBER(clb_record, poll_interval_sec, 40,  40,  4);
MEMBER(clb_record, is_playing,        44,  44,  4);
MEMBER(clb_record, json_bytes,        48,  48,  4);
MEMBER(clb_record, reserved,          52,  52,  4);
MEMBER(clb_record, json,              56,  56,  POINTER);
MEMBER(clb_record, id,                64,  60,  POINTER);
MEMBER(clb_record, timestamp_utc,     72,  64,  POINTER);
MEMBER(clb_record, activity,          80,  68,  POINTER);
WHOLE(clb_record,  activity,          88,  72);

MEMBER(clb_today, size,          0,   0,   4);
MEMBER(clb_today, has_allowance, 4,   4,   4);
MEMBER(clb_today, used_ms,       8,   8,   8);
MEMBER(clb_today, overdraft_ms,  16,  16,  8);
MEMBER(clb_today, left_ms,       24,  24,  8);
WHOLE(clb_today,  left_ms,       32,  32);

MEMBER(clb_batch, size,        0,   0,   4);
MEMBER(clb_batch, count,       4,   4,   4);
MEMBER(clb_batch, deadline_ms, 8,   8,   8);
MEMBER(clb_batch, records,     16,  16,  POINTER);
MEMBER(clb_batch, today,       24,  20,  POINTER);
MEMBER(clb_batch, device_id,   32,  24,  POINTER);
MEMBER(clb_batch, epoch,       40,  28,  POINTER);
WHOLE(clb_batch,  epoch,       48,  32);

ENUM(clb_outcome);
CONSTANT(CLB_DELIVERED,             0);
CONSTANT(CLB_RETRY,                 1);
CONSTANT(CLB_TOO_LARGE,             2);
CONSTANT(CLB_BAD_RECORD,            3);
CONSTANT(CLB_HOLD,                  4);
CONSTANT(CLB_CONFLICT,              5);
CONSTANT(CLB_OUTCOME_FORCE_32_BITS, 0x7FFFFFFF);

MEMBER(clb_delivery, size,           0,   0,   4);
MEMBER(clb_delivery, accepted,       4,   4,   4);
MEMBER(clb_delivery, outcome,        8,   8,   4);
MEMBER(clb_delivery, reserved,       12,  12,  4);
MEMBER(clb_delivery, retry_after_ms, 16,  16,  8);
WHOLE(clb_delivery,  retry_after_ms, 24,  24);

MEMBER(clb_sink, flags,    0,   0,   4);
MEMBER(clb_sink, reserved, 4,   4,   4);
MEMBER(clb_sink, create,   8,   8,   POINTER);
MEMBER(clb_sink, start,    16,  12,  POINTER);
MEMBER(clb_sink, deliver,  24,  16,  POINTER);
MEMBER(clb_sink, wait,     32,  20,  POINTER);
MEMBER(clb_sink, stop,     40,  24,  POINTER);
MEMBER(clb_sink, destroy,  48,  28,  POINTER);
WHOLE(clb_sink,  destroy,  56,  32);

/* clang-format on */

/* The convention of C, whichever a compiler was told to take by default. */
#if defined(_WIN32)
_Static_assert(_Generic((clb_entry_function)0, const clb_plugin *(__cdecl *)(const clb_probe *) : 1,
                        default : 0),
               "CLB_CALL is not __cdecl");
#endif
