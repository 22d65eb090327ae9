/* SPDX-License-Identifier: MIT */
#include "resources.h"

#include <dirent.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t resources_heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    int64_t bytes = (int64_t)info.uordblks + (int64_t)info.hblkhd;
    return bytes > 0 ? bytes : -1;
}

int64_t resources_queued_ms(void)
{
    /* Documentation/scheduler/sched-stats.rst of Linux: ns on a CPU, ns in its queue, slices. */
    unsigned long long queued_ns = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %llu", &queued_ns) != 1)
        queued_ns = 0;
    fclose(file);
    return (int64_t)(queued_ns / 1000000);
}

void resources_name_handle(int known, char *name, size_t capacity)
{
    struct dirent **entries = NULL;
    int count = scandir("/proc/self/fd", &entries, NULL, versionsort);
    snprintf(name, capacity, "unknown");
    for (int i = 0; i < count; i++) {
        char path[300];
        char target[128];
        snprintf(path, sizeof(path), "/proc/self/fd/%s", entries[i]->d_name);
        ssize_t length = readlink(path, target, sizeof(target) - 1);
        if (length > 0 && i >= known + 2) {
            target[length] = '\0';
            snprintf(name, capacity, "%s", target);
            known = count; /* the first one names it */
        }
        free(entries[i]);
    }
    free(entries);
}

void resources_state(char state[RESOURCES_STATE_CAPACITY])
{
    char folder[4096] = "";
    if (getcwd(folder, sizeof(folder)) == NULL)
        folder[0] = '\0';
    mode_t mask = umask(0);
    umask(mask);
    const char *locale = setlocale(LC_ALL, NULL);
    int used = snprintf(state, RESOURCES_STATE_CAPACITY,
                        "the working folder %.4000s\nthe umask %03o\nthe locale %.256s\n", folder,
                        (unsigned)mask, locale != NULL ? locale : "");
    for (int number = 1; number < SIGRTMIN && used < RESOURCES_STATE_CAPACITY - 64; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0)
            continue;
        const char *kind = action.sa_handler == SIG_DFL   ? "default"
                           : action.sa_handler == SIG_IGN ? "ignored"
                                                          : "handled";
        used += snprintf(state + used, (size_t)(RESOURCES_STATE_CAPACITY - used), "signal %d %s\n",
                         number, kind);
    }
}
