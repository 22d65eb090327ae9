/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct wakeup *signal_wakeup; /* set before the handlers are */
static atomic_uint signal_events;

long process_id(void)
{
    return (long)getpid();
}

static void on_signal(int number)
{
    unsigned event = number == SIGHUP ? PROCESS_EVENT_RELOAD : PROCESS_EVENT_STOP;
    atomic_fetch_or(&signal_events, event);
    wakeup_signal(signal_wakeup);
}

void process_watch_signals(struct wakeup *wakeup)
{
    assert(wakeup != NULL);
    signal_wakeup = wakeup;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

unsigned process_take_events(void)
{
    return atomic_exchange(&signal_events, 0);
}

void process_give_back_events(unsigned events)
{
    atomic_fetch_or(&signal_events, events);
    wakeup_signal(signal_wakeup);
}

void process_exit_now(int code)
{
    _exit(code);
}

char *const *process_environment(void)
{
    return environ;
}

void process_random(void *bytes, size_t count)
{
    char *next = bytes;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort(); /* no identifier may be made without it */
        next += got;
        count -= (size_t)got;
    }
}

int64_t process_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    long long pages = 0;
    if (fscanf(file, "%*s %lld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

int process_descriptors(void)
{
    struct stat status;
    /* Since Linux 6.2 the size of this folder is the number. */
    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
        return (int)status.st_size;
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 3; /* ".", ".." and the folder itself */
}

int process_descriptors_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    return (int)limit.rlim_cur;
}

int process_threads(void)
{
    struct stat status;
    if (stat("/proc/self/task", &status) != 0)
        return 0;
    return (int)status.st_nlink - 2;
}

void process_limit_memory(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
}

void process_user_name(char *name, size_t capacity)
{
    const char *behind_sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    const struct passwd *user = getpwuid(getuid());
    if (behind_sudo != NULL && behind_sudo[0] != '\0')
        snprintf(name, capacity, "%s", behind_sudo);
    else if (user != NULL && user->pw_name[0] != '\0')
        snprintf(name, capacity, "%s", user->pw_name);
    else
        snprintf(name, capacity, "%u", (unsigned)getuid());
}
