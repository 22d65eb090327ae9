/* SPDX-License-Identifier: MIT */
#include "heartbeat.h"

#include "zone/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A writer into a buffer that is known to be large enough: see HEARTBEAT_JSON_CAPACITY. */
struct output {
    char *next;
    const char *end;
};

static void put_bytes(struct output *out, const char *bytes, size_t length)
{
    assert((size_t)(out->end - out->next) > length);
    memcpy(out->next, bytes, length);
    out->next += length;
}

static void put(struct output *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

static void put_integer(struct output *out, int64_t value)
{
    char digits[24];
    char *first = digits + sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--first = '-';
    put_bytes(out, first, (size_t)(digits + sizeof(digits) - first));
}

static void put_seconds(struct output *out, int64_t ms)
{
    assert(ms >= 0);
    put_integer(out, ms / 1000);
    int part = (int)(ms % 1000);
    char decimals[4] = {'.', (char)('0' + part / 100), (char)('0' + part / 10 % 10),
                        (char)('0' + part % 10)};
    put_bytes(out, decimals, sizeof(decimals));
}

static void put_string(struct output *out, const char *text)
{
    put(out, "\"");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            char escaped[2] = {'\\', (char)c};
            put_bytes(out, escaped, 2);
        } else if (c < 0x20) {
            char escaped[8];
            snprintf(escaped, sizeof(escaped), "\\u%04x", c);
            put(out, escaped);
        } else {
            put_bytes(out, text, 1);
        }
    }
    put(out, "\"");
}

static void put_string_or_null(struct output *out, const char *text)
{
    if (text[0] == '\0')
        put(out, "null");
    else
        put_string(out, text);
}

static void put_flags(struct output *out, uint32_t flags)
{
    static const char *const names[] = {"\"first\"", "\"resumed\"", "\"clock_step\"", "\"late\""};
    const char *separator = "";
    put(out, "[");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((flags & (1u << i)) == 0)
            continue;
        put(out, separator);
        put(out, names[i]);
        separator = ",";
    }
    put(out, "]");
}

static void put_uuid(struct output *out, const uint8_t uuid[UUID_BYTES])
{
    char text[UUID_TEXT_CAPACITY];
    uuid_format(uuid, text);
    put(out, text);
}

size_t heartbeat_to_json(const struct heartbeat *heartbeat, const struct heartbeat_origin *origin,
                         char json[HEARTBEAT_JSON_CAPACITY])
{
    char timestamp[CIVIL_TIMESTAMP_CAPACITY];
    civil_format_timestamp(heartbeat->wall_ms, timestamp);

    struct output out = {json, json + HEARTBEAT_JSON_CAPACITY};
    put(&out, "{\"id\":\"");
    put_uuid(&out, heartbeat->id);
    put(&out, "\",\"seq\":");
    put_integer(&out, heartbeat->seq);
    put(&out, ",\"epoch\":\"");
    put_uuid(&out, origin->epoch);
    put(&out, "\",\"device_id\":");
    put_string(&out, origin->device_id);
    put(&out, ",\"timestamp_utc\":\"");
    put(&out, timestamp);
    put(&out, heartbeat->is_playing ? "\",\"is_playing\":true" : "\",\"is_playing\":false");
    put(&out, ",\"poll_interval_sec\":");
    put_integer(&out, heartbeat->poll_interval_sec);
    put(&out, ",\"activity\":");
    put_string_or_null(&out, heartbeat->activity);
    put(&out, ",\"credited_sec\":");
    put_seconds(&out, heartbeat->credited_ms);
    put(&out, ",\"overdraft_sec\":");
    put_seconds(&out, heartbeat->overdraft_ms);
    put(&out, ",\"decided_by\":");
    put_string_or_null(&out, heartbeat->decided_by);
    put(&out, ",\"flags\":");
    put_flags(&out, heartbeat->flags);
    put(&out, "}");
    *out.next = '\0';
    return (size_t)(out.next - json);
}
