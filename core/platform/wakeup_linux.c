/* SPDX-License-Identifier: MIT */
#include "wakeup.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { HANDLES_MAX = 16 };

int wakeup_init(struct wakeup *wakeup)
{
    int handle = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wakeup->handle = handle;
    return handle >= 0 ? 0 : errno;
}

void wakeup_finish(struct wakeup *wakeup)
{
    if (wakeup->handle >= 0)
        close((int)wakeup->handle);
    wakeup->handle = -1;
}

void wakeup_signal(struct wakeup *wakeup)
{
    int saved = errno; /* this may run in a signal handler */
    uint64_t one = 1;
    ssize_t written = write((int)wakeup->handle, &one, sizeof(one));
    (void)written; /* full: it is signalled already */
    errno = saved;
}

void wakeup_clear(struct wakeup *wakeup)
{
    uint64_t count;
    ssize_t got = read((int)wakeup->handle, &count, sizeof(count));
    (void)got;
}

static int clamp_timeout(int64_t timeout_ms)
{
    enum { HOUR_MS = 3600 * 1000 };
    if (timeout_ms < 0)
        return -1;
    return timeout_ms < HOUR_MS ? (int)timeout_ms : HOUR_MS;
}

bool wakeup_wait(struct wakeup *wakeup, int64_t timeout_ms)
{
    bool ready = false;
    if (wakeup_wait_many(&wakeup->handle, &ready, 1, timeout_ms) > 0)
        wakeup_clear(wakeup);
    return ready;
}

int wakeup_wait_many(const intptr_t *handles, bool *ready, int count, int64_t timeout_ms)
{
    struct pollfd polled[HANDLES_MAX];
    assert(count > 0 && count <= HANDLES_MAX);
    for (int i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = (int)handles[i], .events = POLLIN};

    int result = poll(polled, (nfds_t)count, clamp_timeout(timeout_ms));
    for (int i = 0; i < count; i++)
        ready[i] = result > 0 && polled[i].revents != 0;
    return result > 0 ? result : 0;
}
