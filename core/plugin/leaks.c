/* SPDX-License-Identifier: MIT */
#include "leaks.h"

#include "platform/process.h"
#include "plugin.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>

/* An agent has about 10 threads and 40 descriptors. */
enum { THREADS_MANY = 64, THREADS_TOO_MANY = 128 };
/* Of the descriptors that the process may have. */
enum { DESCRIPTORS_MANY_PERCENT = 35, DESCRIPTORS_TOO_MANY_PERCENT = 50 };
/* So often and so much has to remain before it is called a leak. */
enum { LEAK_CALLS = 4, LEAK_SIZE = 16 };

static atomic_bool are_watched;  /* there are many: measure each call */
static atomic_bool are_too_many; /* whoever leaks has to go */

void leaks_look(void)
{
    int limit = process_descriptors_limit();
    int descriptors = process_descriptors();
    int threads = process_threads();
    atomic_store(&are_watched,
                 threads > THREADS_MANY || descriptors > limit / 100 * DESCRIPTORS_MANY_PERCENT);
    atomic_store(&are_too_many, threads > THREADS_TOO_MANY ||
                                    descriptors > limit / 100 * DESCRIPTORS_TOO_MANY_PERCENT);
}

struct leaks_count leaks_measure(void)
{
    if (!atomic_load_explicit(&are_watched, memory_order_relaxed))
        return (struct leaks_count){-1, -1};
    return (struct leaks_count){process_descriptors(), process_threads()};
}

/* ---- Accounts ---- */

static struct mutex lock = MUTEX_INITIAL;
static struct leaks_account *accounts; /* guarded by lock */

void leaks_open(struct leaks_account *account)
{
    mutex_lock(&lock);
    *account = (struct leaks_account){.next = accounts};
    accounts = account;
    mutex_unlock(&lock);
}

void leaks_close(struct leaks_account *account)
{
    mutex_lock(&lock);
    struct leaks_account **link = &accounts;
    while (*link != account) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = account->next;
    mutex_unlock(&lock);
}

static int size_of(const struct leaks_account *account)
{
    return account->threads >= LEAK_SIZE ? account->threads : account->descriptors;
}

static double rate_of(const struct leaks_account *account)
{
    return (double)size_of(account) / (double)(account->busy_us + 1);
}

/* Nobody leaves more in less time. */
static bool is_worst(const struct leaks_account *account)
{
    for (const struct leaks_account *other = accounts; other != NULL; other = other->next)
        if (rate_of(other) > rate_of(account))
            return false;
    return true;
}

static void charge(struct leaks_account *account, struct leaks_count before, int64_t took_us)
{
    int descriptors = process_descriptors() - before.descriptors;
    int threads = process_threads() - before.threads;
    account->descriptors += descriptors;
    account->threads += threads;
    account->busy_us += took_us;
    if (descriptors > 0 || threads > 0)
        account->calls++;
}

/* What was charged to the others may have been its doing too. */
static void begin_anew(void)
{
    for (struct leaks_account *account = accounts; account != NULL; account = account->next)
        *account = (struct leaks_account){.next = account->next};
}

bool leaks_add(struct leaks_account *account, struct leaks_count before, int64_t took_us,
               char *what, size_t capacity)
{
    if (before.descriptors < 0)
        return false;
    mutex_lock(&lock);
    charge(account, before, took_us);
    bool leaks = atomic_load(&are_too_many) && account->calls >= LEAK_CALLS &&
                 size_of(account) >= LEAK_SIZE && is_worst(account);
    if (leaks) {
        snprintf(what, capacity, "leaves %s behind: %d after %d calls that were looked at",
                 account->threads >= LEAK_SIZE ? "threads" : "open descriptors", size_of(account),
                 account->calls);
        begin_anew();
    }
    mutex_unlock(&lock);
    return leaks;
}
