/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and threads that calls into plugins leave behind.
 *
 * Counting costs more than a poll may, so nobody counts while the process has few. When there are
 * many, each call but wait() is measured, and what remains after it is charged to its instance.
 * Whoever leaks is charged with all that the process gains. Who is innocent is charged with what
 * others leave while it is called: with less, or at least in more time.
 * Private to this folder, but for leaks_look() in plugin.h.
 */
#ifndef PLUGIN_LEAKS_H
#define PLUGIN_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the process holds. */
struct leaks_count {
    int descriptors; /* -1: not counted */
    int threads;
};

/* What the calls of one instance left behind. Guarded by a lock of leaks.c. */
struct leaks_account {
    struct leaks_account *next;
    int calls; /* that left something */
    int descriptors;
    int threads;
    int64_t busy_us; /* of all calls that were measured */
};

void leaks_open(struct leaks_account *account);
void leaks_close(struct leaks_account *account);

struct leaks_count leaks_measure(void); /* -1 when nobody watches */

/* Adds what one call of `took_us` left since `before`. True: it leaks, and has to go before the
 * process can open nothing more; `what` then says what it leaks. */
bool leaks_add(struct leaks_account *account, struct leaks_count before, int64_t took_us,
               char *what, size_t capacity);

#endif
