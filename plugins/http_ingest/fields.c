/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <stdio.h>
#include <string.h>

static const char *const keys[] = {"id",
                                   "seq",
                                   "epoch",
                                   "device_id",
                                   "timestamp_utc",
                                   "is_playing",
                                   "poll_interval_sec",
                                   "activity",
                                   "credited_sec",
                                   "overdraft_sec",
                                   "decided_by",
                                   "flags"};
static const char *const first_agent[] = {"id", "device_id", "timestamp_utc", "is_playing",
                                          "poll_interval_sec"};

/* The bit of a key; 0: there is no such key. */
static uint32_t bit_of(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strlen(keys[i]) == length && memcmp(keys[i], name, length) == 0)
            return UINT32_C(1) << i;
    return 0;
}

static uint32_t bits_of_first_agent(void)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < sizeof(first_agent) / sizeof(first_agent[0]); i++)
        bits |= bit_of(first_agent[i], strlen(first_agent[i]));
    return bits;
}

bool fields_read(struct fields *fields, const char *const *names, uint32_t count, clb_error *error)
{
    fields->is_all = count == 0 || (count == 1 && strcmp(names[0], "all") == 0);
    fields->chosen = 0;
    if (fields->is_all)
        return true;
    if (count == 1 && strcmp(names[0], "first_agent") == 0) {
        fields->chosen = bits_of_first_agent();
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bit = bit_of(names[i], strlen(names[i]));
        if (bit == 0) {
            snprintf(
                error->text, sizeof(error->text),
                "fields[%u]: \"%.40s\" is no key of a heartbeat: name such keys, or \"all\" or "
                "\"first_agent\" alone",
                (unsigned)i, names[i]);
            return false;
        }
        fields->chosen |= bit;
    }
    return true;
}

/* ---- Members of a JSON object ---- */

/* Behind the string that begins at `at`; `end` when it has no end. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

/* At the ',' or '}' behind a member that begins at `at`. */
static const char *skip_member(const char *at, const char *end)
{
    int depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}'))
            return at;
        if (*at == '[' || *at == '{')
            depth++;
        else if (*at == ']' || *at == '}')
            depth--;
        at++;
    }
    return end;
}

static bool is_chosen(const struct fields *fields, const char *member, const char *end)
{
    const char *behind = skip_string(member, end);
    return behind - member > 2 &&
           (fields->chosen & bit_of(member + 1, (size_t)(behind - member) - 2)) != 0;
}

size_t fields_copy(const struct fields *fields, const char *json, size_t length, char *copy)
{
    const char *end = json + length;
    const char *member = json + 1;
    size_t used = 0;
    copy[used++] = '{';
    while (member < end && *member == '"') {
        const char *behind = skip_member(member, end);
        if (behind == end)
            break; /* no end: not ours */
        if (is_chosen(fields, member, behind)) {
            if (used > 1)
                copy[used++] = ',';
            memcpy(copy + used, member, (size_t)(behind - member));
            used += (size_t)(behind - member);
        }
        member = behind + 1;
    }
    copy[used++] = '}';
    return used;
}
