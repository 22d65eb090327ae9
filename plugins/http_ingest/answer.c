/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <stdio.h>
#include <string.h>

enum { BODY_SHOWN = 160, RETRY_MAX_MS = 3600 * 1000 };

/* What is not here is an error of the server from 500 on, and a riddle to us below. */
static const struct meaning {
    int status;
    int32_t outcome;
    const char *words; /* the phrase of the standard, and what the user can do */
} meanings[] = {
    {400, CLB_BAD_RECORD, "Bad Request: it does not accept a heartbeat"},
    {401, CLB_HOLD, "Unauthorized: check device_token"},
    {403, CLB_HOLD, "Forbidden: check device_token, and what it may do"},
    {404, CLB_HOLD, "Not Found: check endpoint_url"},
    {405, CLB_HOLD, "Method Not Allowed: check endpoint_url, it takes no POST"},
    {407, CLB_HOLD, "Proxy Authentication Required: check the proxy"},
    {408, CLB_RETRY, "Request Timeout"},
    {409, CLB_CONFLICT, "Conflict: it has a heartbeat of these already"},
    {410, CLB_HOLD, "Gone: check endpoint_url"},
    {413, CLB_TOO_LARGE, "Content Too Large: it wants smaller batches"},
    {415, CLB_HOLD, "Unsupported Media Type: check endpoint_url, format and gzip"},
    {422, CLB_BAD_RECORD, "Unprocessable Content: it does not accept a heartbeat"},
    {425, CLB_RETRY, "Too Early"},
    {429, CLB_RETRY, "Too Many Requests"},
    {500, CLB_RETRY, "Internal Server Error"},
    {502, CLB_RETRY, "Bad Gateway"},
    {503, CLB_RETRY, "Service Unavailable"},
    {504, CLB_RETRY, "Gateway Timeout"},
};

static const struct meaning *find(long status)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].status == status)
            return &meanings[i];
    return NULL;
}

int32_t answer_outcome(long status)
{
    const struct meaning *meaning = find(status);
    if (meaning != NULL)
        return meaning->outcome;
    if (status >= 200 && status < 300)
        return CLB_DELIVERED;
    return status >= 500 ? CLB_RETRY : CLB_HOLD;
}

static const char *words_for(long status)
{
    const struct meaning *meaning = find(status);
    if (meaning != NULL)
        return meaning->words;
    if (status >= 300 && status < 400)
        return "a redirect, and these are not followed: check endpoint_url";
    return status >= 500 ? "an error of its own" : "an error: check endpoint_url";
}

void answer_sentence(long status, const char *body, char *text, size_t capacity)
{
    char shown[BODY_SHOWN + 1];
    size_t used = 0;
    for (; *body != '\0' && used < BODY_SHOWN; body++)
        shown[used++] = (char)((unsigned char)*body < 0x20 || *body == 0x7F ? ' ' : *body);
    shown[used] = '\0';
    snprintf(text, capacity, "the server answers %ld %s%s%s%s", status, words_for(status),
             used > 0 ? " (" : "", shown, used > 0 ? ")" : "");
}

int64_t answer_retry_seconds(const char *value)
{
    int64_t seconds = 0;
    if (*value < '0' || *value > '9')
        return -1;
    for (; *value >= '0' && *value <= '9'; value++)
        seconds = seconds < RETRY_MAX_MS ? seconds * 10 + (*value - '0') : seconds;
    return *value == '\0' ? seconds * 1000 : -1;
}

int64_t answer_clamp_retry_ms(int64_t retry_ms)
{
    if (retry_ms < 0)
        return 0;
    return retry_ms < RETRY_MAX_MS ? retry_ms : RETRY_MAX_MS;
}
