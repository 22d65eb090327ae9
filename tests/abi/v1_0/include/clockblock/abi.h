/* SPDX-License-Identifier: MIT */
/*
 * clockblock/abi.h: the words both sides of the plugin boundary share.
 *
 * The ClockBlock agent (the host) loads detectors and sinks from shared objects. Host and plugin
 * may be built years apart, by different compilers, in C or C++. So only these things cross between
 * them: integers of fixed width, double, pointers, and NUL-terminated UTF-8 strings. No bool, no
 * long, no FILE, no time_t, no type of any library.
 *
 * Memory never changes owner: whoever allocates, frees. A pointer that is passed into a call is
 * borrowed until that call returns, unless the text beside it says "static": such a pointer stays
 * valid until the process ends. The host never unloads a plugin.
 *
 * How this contract grows, without breaking a plugin that is already built:
 *   1. A table of functions never changes. A new function means a new table under a new id, such as
 *      "clockblock.detector/2". The host goes on offering and asking for the old one.
 *   2. Plain data begins with its own size and only ever grows at its end. A reader copies
 *      min(size, sizeof) bytes into zeroed memory and works on that copy. 0 means "not set".
 *   3. Constants are never renumbered. A value that a reader does not know is skipped.
 */
#ifndef CLOCKBLOCK_ABI_H
#define CLOCKBLOCK_ABI_H

#include <stddef.h>
#include <stdint.h>

/* The version of this contract. It is not the version of the product: a release of ClockBlock that
 * changes nothing here leaves these two alone. */
#define CLB_ABI_MAJOR 1
#define CLB_ABI_MINOR 0

/* The first four bytes of every plugin descriptor: "CLB1" in little-endian order. */
#define CLB_MAGIC 0x31424C43u

/* Every function that crosses the boundary, in either direction, is declared with CLB_CALL. On
 * 32-bit Windows compilers disagree about the default calling convention; elsewhere it is empty. */
#if defined(_WIN32)
#define CLB_CALL   __cdecl
#define CLB_EXPORT __declspec(dllexport)
#else
#define CLB_CALL
#define CLB_EXPORT __attribute__((visibility("default")))
#endif

#if defined(__cplusplus)
#define CLB_EXTERN_C extern "C"
#else
#define CLB_EXTERN_C
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/* What a call into a plugin came to. Carried as int32_t: the width of an enum is up to the
 * compiler, and the last constant of each enum here only makes sure that its values fit. */
enum clb_status {
    CLB_OK = 0,          /* done */
    CLB_FAILED = 1,      /* did not work; the host tries again later, with growing pauses */
    CLB_UNAVAILABLE = 2, /* cannot work here: no display, no permission, no such device. The host
                            shows the reason, and never takes it for "nobody is playing" */
    CLB_EVENT = 3,       /* from wait() only: something happened, poll or deliver now */
    CLB_STATUS_FORCE_32_BITS = 0x7FFFFFFF
};

/* Where a failing call puts its sentence. The host owns it, has zeroed it and has set `size`; the
 * plugin writes `text`, NUL-terminated. Say what failed and what the user can do about it, in one
 * line, without a trailing dot: it is shown in /status, in the log and on the dashboard. Never put
 * a secret into it. */
typedef struct clb_error {
    uint32_t size;
    int32_t code; /* free for the plugin's use: an errno, an HTTP status; 0: none */
    char text[504];
} clb_error;

#if defined(__cplusplus)
}
#endif

#endif
