/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

enum { WAS_BLOCKED = 1, WAS_PENDING = 2 };

void signals_keep(void (*call)(void *context), void *context)
{
    struct sigaction before;
    sigaction(SIGPIPE, NULL, &before);
    call(context);
    sigaction(SIGPIPE, &before, NULL);
}

static sigset_t broken_pipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

int signals_hold(void)
{
    sigset_t set = broken_pipe();
    sigset_t before;
    sigset_t pending;
    int held = 0;
    if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1)
        held |= WAS_PENDING;
    if (pthread_sigmask(SIG_BLOCK, &set, &before) == 0 && sigismember(&before, SIGPIPE) == 1)
        held |= WAS_BLOCKED;
    return held;
}

void signals_release(int held)
{
    sigset_t set = broken_pipe();
    if ((held & WAS_PENDING) == 0) /* then one that is there now is ours */
        while (sigtimedwait(&set, NULL, &(struct timespec){0}) == SIGPIPE)
            ;
    if ((held & WAS_BLOCKED) == 0)
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
