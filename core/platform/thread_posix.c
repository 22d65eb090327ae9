/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include "crash.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

/* SQLite and libcurl need some; eight threads of it are address space, not memory. */
enum { STACK_BYTES = 512 * 1024 };

static void check(int result)
{
    assert(result == 0);
    (void)result;
}

void mutex_init(struct mutex *mutex)
{
    check(pthread_mutex_init(&mutex->native, NULL));
}

void mutex_finish(struct mutex *mutex)
{
    check(pthread_mutex_destroy(&mutex->native));
}

void mutex_lock(struct mutex *mutex)
{
    check(pthread_mutex_lock(&mutex->native));
}

void mutex_unlock(struct mutex *mutex)
{
    check(pthread_mutex_unlock(&mutex->native));
}

void condition_init(struct condition *condition)
{
    check(pthread_cond_init(&condition->native, NULL));
}

void condition_finish(struct condition *condition)
{
    check(pthread_cond_destroy(&condition->native));
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    check(pthread_cond_wait(&condition->native, &mutex->native));
}

void condition_broadcast(struct condition *condition)
{
    check(pthread_cond_broadcast(&condition->native));
}

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    char crash_stack[CRASH_STACK_BYTES]; /* at the far end of what an overflow runs into */
    crash_use_stack(crash_stack, sizeof(crash_stack));
    pthread_setname_np(pthread_self(), thread->name);
    thread->function(thread->argument);
    crash_drop_stack(crash_stack);
    return NULL;
}

int thread_start(struct thread *thread, const char *name, void (*function)(void *), void *argument)
{
    thread->function = function;
    thread->argument = argument;
    snprintf(thread->name, sizeof(thread->name), "clb-%.11s", name);

    /* Signals belong to main: a thread inherits the mask that is set while it is made. Those of a
     * crash stay open: blocked, they would end the process without a word. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    for (int i = 0; crash_signal(i) != 0; i++)
        sigdelset(&all, crash_signal(i));
    check(pthread_sigmask(SIG_SETMASK, &all, &before));

    pthread_attr_t attributes;
    check(pthread_attr_init(&attributes));
    check(pthread_attr_setstacksize(&attributes, STACK_BYTES));
    int result = pthread_create(&thread->native, &attributes, thread_main, thread);
    pthread_attr_destroy(&attributes);
    check(pthread_sigmask(SIG_SETMASK, &before, NULL));
    return result;
}

void thread_join(struct thread *thread)
{
    check(pthread_join(thread->native, NULL));
}

bool thread_join_within(struct thread *thread, int64_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t nanoseconds = until.tv_nsec + timeout_ms % 1000 * 1000000;
    until.tv_sec += (time_t)(timeout_ms / 1000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);

    int result = pthread_timedjoin_np(thread->native, NULL, &until);
    assert(result == 0 || result == ETIMEDOUT);
    return result == 0;
}
