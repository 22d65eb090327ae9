/* SPDX-License-Identifier: MIT */
/* Threads, locks and conditions, as thin as they can be. Locks abort on misuse: that is a bug. */
#ifndef PLATFORM_THREAD_H
#define PLATFORM_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mutex {
    pthread_mutex_t native;
};

struct condition {
    pthread_cond_t native;
};

struct thread {
    pthread_t native;
    void (*function)(void *argument);
    void *argument;
    char name[16];
};

#define MUTEX_INITIAL                                                                              \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER                                                                  \
    } /* for static ones */

void mutex_init(struct mutex *mutex);
void mutex_finish(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

void condition_init(struct condition *condition);
void condition_finish(struct condition *condition);
void condition_wait(struct condition *condition, struct mutex *mutex); /* no time limit */
void condition_broadcast(struct condition *condition);

/* Starts a thread with a small stack, all signals blocked but those of a crash, named "clb-<name>"
 * (cut at 15 characters). `thread` is the caller's, and must stay until it is joined. 0, or an
 * errno. */
int thread_start(struct thread *thread, const char *name, void (*function)(void *), void *argument);
void thread_join(struct thread *thread);
/* Joins, but gives up after timeout_ms of real time: false, the thread is then left running. */
bool thread_join_within(struct thread *thread, int64_t timeout_ms);

#endif
