/* SPDX-License-Identifier: MIT */
#include "processes.h"

#include <stdlib.h>
#include <string.h>

void processes_finish(struct processes *processes)
{
    free(processes->all);
    memset(processes, 0, sizeof(*processes));
}

bool processes_are_due(const struct processes *processes, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - processes->listed_ms;
    return !processes->was_listed || elapsed_ms < 0 || elapsed_ms >= PROCESSES_LIST_MS;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The kernel lists them by pid already. */
static void sort(int64_t *pids, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (pids[i - 1] > pids[i]) {
            qsort(pids, count, sizeof(pids[0]), compare);
            return;
        }
    }
}

bool processes_list(struct processes *processes, int64_t *pids, size_t count, int64_t now_ms)
{
    struct process *all = calloc(count + 1, sizeof(all[0]));
    size_t old = 0;
    int64_t since_ms = processes->was_listed ? now_ms : now_ms - PROCESSES_YOUNG_MS;
    if (all == NULL)
        return false;
    sort(pids, count);
    for (size_t i = 0; i < count; i++) {
        while (old < processes->count && processes->all[old].pid < pids[i])
            old++;
        bool is_known = old < processes->count && processes->all[old].pid == pids[i];
        all[i] =
            is_known ? processes->all[old] : (struct process){.pid = pids[i], .since_ms = since_ms};
    }
    free(processes->all);
    *processes =
        (struct processes){.all = all, .count = count, .listed_ms = now_ms, .was_listed = true};
    return true;
}

bool processes_is_due(const struct processes *processes, const struct process *process)
{
    int64_t now_ms = processes->listed_ms;
    int64_t age_ms = now_ms - process->since_ms;
    if (process->was_looked_at && process->looked_ms >= now_ms)
        return false;
    bool is_watched = process->uses_a_gpu && !process->is_no_game;
    if (!process->was_looked_at || is_watched || age_ms < PROCESSES_YOUNG_MS)
        return true;
    /* Each has its own phase: about the same number falls due at each listing. */
    int64_t period_ms =
        age_ms < PROCESSES_SETTLED_MS ? PROCESSES_LOOK_MS : PROCESSES_SETTLED_LOOK_MS;
    int64_t phase_ms = process->pid * 7919 % period_ms;
    return (now_ms + phase_ms) / period_ms != (process->looked_ms + phase_ms) / period_ms;
}

bool processes_is_small(const char *statm)
{
    /* "size resident shared ...", in pages */
    size_t first = strspn(statm, "0123456789");
    if (first == 0 || statm[first] != ' ')
        return false;
    const char *resident = statm + first + 1;
    size_t digits = strspn(resident, "0123456789");
    return digits > 0 && resident[digits] == ' ' && digits < 10 &&
           strtol(resident, NULL, 10) < PROCESSES_SMALL_PAGES;
}
