/* SPDX-License-Identifier: MIT */
#include "crash.h"

#include "owned_posix.h"

#include "error.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

struct fatal {
    int number;
    const char *name;
};
static const struct fatal fatals[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"},
                                      {SIGILL, "SIGILL"},   {SIGABRT, "abort"}, {SIGSYS, "SIGSYS"},
                                      {SIGTRAP, "SIGTRAP"}};
enum { FATALS_COUNT = sizeof(fatals) / sizeof(fatals[0]) };

static crash_hook the_hook;                   /* set before the handlers are */
static struct sigaction before[FATALS_COUNT]; /* what was there: a sanitizer's, or the default */
static atomic_flag is_over = ATOMIC_FLAG_INIT;

/* abort() and raise() send it too, but to their own process. */
static bool is_sent(const siginfo_t *info)
{
    return info->si_code <= 0 && info->si_pid != getpid();
}

/* Only the first of several threads that crash together has its word. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
    (void)context;
    for (int i = 0; i < FATALS_COUNT; i++) {
        if (fatals[i].number != number)
            continue;
        if (!atomic_flag_test_and_set(&is_over))
            the_hook(is_sent(info) ? CRASH_SENT : CRASH_SIGNAL, fatals[i].name);
        sigaction(number, &before[i], NULL);
    }
    /* A fault comes again when the handler returns, and abort() sends its signal again; what
     * another process sent does not. */
    if (info->si_code <= 0)
        raise(number);
}

static void on_exit_called(void)
{
    if (!atomic_flag_test_and_set(&is_over) && the_hook(CRASH_EXIT, "exit()"))
        _exit(EXIT_CODE_SOFTWARE);
}

void crash_watch(crash_hook hook)
{
    static char memory[CRASH_STACK_BYTES];
    assert(the_hook == NULL && hook != NULL);
    the_hook = hook;
    crash_use_stack(memory, sizeof(memory));
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < FATALS_COUNT; i++)
        sigaction(fatals[i].number, &action, &before[i]);
    if (atexit(on_exit_called) != 0)
        abort(); /* the first of at least 32 */
}

void crash_use_stack(void *memory, size_t bytes)
{
    stack_t own = {.ss_sp = memory, .ss_size = bytes};
    stack_t there;
    /* A sanitizer brings its own, and wants it back. */
    if (sigaltstack(NULL, &there) == 0 && (there.ss_flags & SS_DISABLE) != 0)
        sigaltstack(&own, NULL);
}

void crash_drop_stack(const void *memory)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    stack_t there;
    if (sigaltstack(NULL, &there) == 0 && there.ss_sp == memory)
        sigaltstack(&none, NULL);
}

int crash_signal(int index)
{
    return index < FATALS_COUNT ? fatals[index].number : 0;
}

int64_t crash_time_sec(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

void crash_thread_name(char name[16])
{
    name[0] = '\0';
    prctl(PR_GET_NAME, name);
    name[15] = '\0';
}

static void write_all(int file, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, text, length);
        if (written <= 0)
            return; /* nothing is left that could be done about it */
        text += written;
        length -= (size_t)written;
    }
}

void crash_append(const char *path, const char *text, size_t length)
{
    int file = owned_open(path, O_WRONLY | O_APPEND);
    if (file < 0)
        return;
    write_all(file, text, length);
    close(file);
}

void crash_print(const char *text, size_t length)
{
    write_all(STDERR_FILENO, text, length);
}
