/* SPDX-License-Identifier: MIT */
#include "wait.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>

enum { DESCRIPTORS_MAX = 8 };

bool desktop_wait(const clb_host *host, const clb_run *run, const int *descriptors, int count,
                  int64_t max_ms, bool *readable)
{
    struct pollfd polled[DESCRIPTORS_MAX + 1];
    assert(count <= DESCRIPTORS_MAX);
    for (int i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    polled[count] = (struct pollfd){.fd = (int)run->wake_handle(host), .events = POLLIN};
    int ready = poll(polled, (nfds_t)count + 1, max_ms > INT_MAX ? INT_MAX : (int)max_ms);
    for (int i = 0; i < count; i++)
        readable[i] = ready > 0 && polled[i].revents != 0;
    return ready > 0 && polled[count].revents == 0;
}
