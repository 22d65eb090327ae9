/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include "wakeup.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(clockid_t id)
{
    struct timespec now;
    int result = clock_gettime(id, &now);
    assert(result == 0);
    (void)result;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_monotonic_ms(struct clock *clock)
{
    (void)clock;
    return now_ms(CLOCK_MONOTONIC);
}

static int64_t system_boottime_ms(struct clock *clock)
{
    (void)clock;
    return now_ms(CLOCK_BOOTTIME);
}

static int64_t system_wall_ms(struct clock *clock)
{
    (void)clock;
    return now_ms(CLOCK_REALTIME);
}

static bool system_wait(struct clock *clock, struct wakeup *wakeup, int64_t until_ms)
{
    if (until_ms == INT64_MAX)
        return wakeup_wait(wakeup, -1);

    for (;;) {
        int64_t left_ms = until_ms - clock->monotonic_ms(clock);
        if (wakeup_wait(wakeup, left_ms > 0 ? left_ms : 0))
            return true;
        /* The system's timers round, and may fire a little early. */
        if (clock->monotonic_ms(clock) >= until_ms)
            return false;
    }
}

/* The kernel makes a new one at each boot; without it, every start of the agent is a boot of its
 * own, which credits nothing that it should not. */
static void read_boot_id(char boot_id[BOOT_ID_CAPACITY])
{
    memset(boot_id, 0, BOOT_ID_CAPACITY);
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t length = read(file, boot_id, BOOT_ID_CAPACITY - 1);
    close(file);
    boot_id[length > 0 ? length : 0] = '\0';
    boot_id[strcspn(boot_id, "\n")] = '\0';
}

int64_t clock_measure_us(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_init_system(struct clock *clock)
{
    clock->monotonic_ms = system_monotonic_ms;
    clock->boottime_ms = system_boottime_ms;
    clock->wall_ms = system_wall_ms;
    clock->wait = system_wait;
    read_boot_id(clock->boot_id);
}
