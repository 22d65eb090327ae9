/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include "answer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void reply_begin(struct reply *reply)
{
    reply->text[0] = '\0';
    reply->bytes = 0;
    reply->is_capped = false;
    reply->has_headers = false;
    reply->retry_after_ms = 0;
}

size_t reply_on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct reply *reply = context;
    size_t length = size * count;
    if (reply->bytes < REPLY_KEPT_BYTES) {
        size_t room = REPLY_KEPT_BYTES - reply->bytes;
        size_t kept = length < room ? length : room;
        memcpy(reply->text + reply->bytes, bytes, kept);
        reply->text[reply->bytes + kept] = '\0';
    }
    reply->bytes += length;
    reply->is_capped = reply->bytes > REPLY_MAX_BYTES;
    return reply->is_capped ? 0 : length; /* 0 ends the transfer */
}

static void take_retry_after(struct reply *reply, const char *value)
{
    int64_t retry_ms = answer_retry_seconds(value);
    if (retry_ms < 0) {
        time_t when = curl_getdate(value, NULL);
        retry_ms = when > 0 ? (int64_t)when * 1000 - reply->clock->wall_ms(reply->host) : 0;
    }
    reply->retry_after_ms = answer_clamp_retry_ms(retry_ms);
}

static bool begins_with(const char *line, size_t length, const char *start)
{
    return length >= strlen(start) && strncasecmp(line, start, strlen(start)) == 0;
}

size_t reply_on_header(char *bytes, size_t size, size_t count, void *context)
{
    static const char retry_after[] = "Retry-After:";
    struct reply *reply = context;
    size_t length = size * count;
    char value[128];
    if (length > 0 && (bytes[0] == '\r' || bytes[0] == '\n'))
        reply->has_headers = true;
    else if (begins_with(bytes, length, "HTTP/"))
        reply->has_headers = false; /* what came before was a 1xx */
    if (!begins_with(bytes, length, retry_after))
        return length;
    snprintf(value, sizeof(value), "%.*s", (int)(length - strlen(retry_after)),
             bytes + strlen(retry_after));
    for (size_t end = strlen(value); end > 0 && strchr(" \t\r\n", value[end - 1]); end--)
        value[end - 1] = '\0';
    take_retry_after(reply, value + strspn(value, " \t"));
    return length;
}
