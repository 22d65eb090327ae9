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
enum { LEAK_CALLS = 4, LEAK_SIZE = 16, SUSPECT_PERCENT = 80 };

static atomic_bool are_watched;  /* there are many: measure each call */
static atomic_bool are_too_many; /* whoever leaks has to go */

static struct mutex lock = MUTEX_INITIAL;
static struct leaks_account *accounts; /* guarded by lock */
static struct leaks_count at_first;    /* when watching began; guarded by lock */

static struct leaks_count count_now(void)
{
    return (struct leaks_count){process_descriptors(), process_threads()};
}

/* What was charged so far may have been the doing of somebody who is gone. */
static void begin_anew(void)
{
    at_first = count_now();
    for (struct leaks_account *account = accounts; account != NULL; account = account->next)
        *account = (struct leaks_account){.next = account->next};
}

static bool are_more_than(struct leaks_count count, int threads, int percent)
{
    return count.threads > threads ||
           count.descriptors > process_descriptors_limit() / 100 * percent;
}

void leaks_look(void)
{
    struct leaks_count count = count_now();
    bool are_many = are_more_than(count, THREADS_MANY, DESCRIPTORS_MANY_PERCENT);
    atomic_store(&are_too_many,
                 are_more_than(count, THREADS_TOO_MANY, DESCRIPTORS_TOO_MANY_PERCENT));
    if (are_many == atomic_load(&are_watched))
        return;
    mutex_lock(&lock);
    begin_anew();
    mutex_unlock(&lock);
    atomic_store(&are_watched, are_many);
}

struct leaks_count leaks_measure(void)
{
    if (!atomic_load_explicit(&are_watched, memory_order_relaxed))
        return (struct leaks_count){-1, -1};
    return count_now();
}

/* ---- Accounts ---- */

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

/* Each thread that is left may have left descriptors too. */
static bool leaves_threads(const struct leaks_account *account)
{
    return account->threads >= LEAK_SIZE;
}

static int size_of(const struct leaks_account *account)
{
    return leaves_threads(account) ? account->threads : account->descriptors;
}

/* It is charged with nearly all that the process has gained, and often enough. */
static bool is_suspect(const struct leaks_account *account, struct leaks_count now)
{
    int gained = leaves_threads(account) ? now.threads - at_first.threads
                                         : now.descriptors - at_first.descriptors;
    return account->calls >= LEAK_CALLS && size_of(account) >= LEAK_SIZE &&
           size_of(account) * 100 >= gained * SUSPECT_PERCENT;
}

static double rate_of(const struct leaks_account *account)
{
    return (double)size_of(account) / (double)(account->busy_us + 1);
}

static bool is_culprit(const struct leaks_account *account, struct leaks_count now)
{
    if (!is_suspect(account, now))
        return false;
    for (const struct leaks_account *other = accounts; other != NULL; other = other->next)
        if (is_suspect(other, now) && rate_of(other) > rate_of(account))
            return false;
    return true;
}

static void charge(struct leaks_account *account, struct leaks_count before, struct leaks_count now,
                   int64_t took_us)
{
    account->descriptors += now.descriptors - before.descriptors;
    account->threads += now.threads - before.threads;
    account->busy_us += took_us;
    if (now.descriptors > before.descriptors || now.threads > before.threads)
        account->calls++;
}

bool leaks_add(struct leaks_account *account, struct leaks_count before, int64_t took_us,
               char *what, size_t capacity)
{
    if (before.descriptors < 0)
        return false;
    mutex_lock(&lock);
    struct leaks_count now = count_now();
    charge(account, before, now, took_us);
    bool leaks = atomic_load(&are_too_many) && is_culprit(account, now);
    if (leaks) {
        snprintf(what, capacity, "leaves %s behind: %d after %d calls that were looked at",
                 leaves_threads(account) ? "threads" : "open descriptors", size_of(account),
                 account->calls);
        begin_anew();
    }
    mutex_unlock(&lock);
    return leaks;
}
