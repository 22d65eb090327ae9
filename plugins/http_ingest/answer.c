/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <stdio.h>
#include <string.h>

enum { BODY_SHOWN = 160 };

int32_t answer_outcome(long status)
{
    if (status >= 200 && status < 300)
        return CLB_DELIVERED;
    switch (status) {
    case 408:
    case 425:
    case 429:
        return CLB_RETRY;
    case 413:
        return CLB_TOO_LARGE;
    case 400:
    case 422:
        return CLB_BAD_RECORD;
    case 409:
        return CLB_CONFLICT;
    default:
        return status >= 500 ? CLB_RETRY : CLB_HOLD;
    }
}

static const char *advice(long status)
{
    switch (status) {
    case 401:
    case 403:
        return ": check device_token";
    case 407:
        return ": the proxy wants a password";
    case 404:
    case 405:
    case 410:
        return ": check endpoint_url";
    case 413:
        return ": the batch is too large for it";
    case 400:
    case 422:
        return ": it does not accept a heartbeat";
    default:
        return status >= 300 && status < 400
                   ? ": it wants to send us elsewhere, and redirects are not "
                     "followed: check endpoint_url"
                   : "";
    }
}

void answer_sentence(long status, const char *body, char *text, size_t capacity)
{
    char shown[BODY_SHOWN + 1];
    size_t used = 0;
    for (; *body != '\0' && used < BODY_SHOWN; body++)
        shown[used++] = (char)((unsigned char)*body < 0x20 || *body == 0x7F ? ' ' : *body);
    shown[used] = '\0';
    snprintf(text, capacity, "the server answers %ld%s%s%s%s", status, advice(status),
             used > 0 ? " (" : "", shown, used > 0 ? ")" : "");
}

int64_t answer_retry_seconds(const char *value)
{
    int64_t seconds = 0;
    if (*value < '0' || *value > '9')
        return -1;
    for (; *value >= '0' && *value <= '9'; value++)
        seconds = seconds < 1000000 ? seconds * 10 + (*value - '0') : seconds;
    return *value == '\0' ? seconds * 1000 : -1;
}
