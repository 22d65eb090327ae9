/* SPDX-License-Identifier: MIT */
#include "limit.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

int64_t limit_begin(int64_t ms)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
}

bool limit_wait(int descriptor, int64_t by_ms)
{
    struct pollfd polled = {.fd = descriptor, .events = POLLIN};
    for (;;) {
        int64_t left_ms = by_ms - limit_begin(0);
        if (left_ms <= 0)
            return false;
        int ready = poll(&polled, 1, (int)left_ms);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}
