/* SPDX-License-Identifier: MIT */
#include "child.h"

#include "clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors 0 to 2 of the child are the usual ones, 3 is the channel for reports. */
enum { OUTPUT, ERRORS, REPORT, PIPES, REPORT_DESCRIPTOR = 3, ARGUMENTS_MAX = 160 };
enum { LOOK_MS = 50, HIDDEN_DESCRIPTOR = 64 };

/* ---- In the parent ---- */

struct child {
    pid_t pid;
    struct pollfd ends[PIPES]; /* .fd is -1 once the child has closed it */
    struct child_result *result;
    char line[CHILD_LINE_CAPACITY];
    size_t line_used;
    void (*report)(const char *line, void *context);
    void *context;
};

static int64_t now_ms(void)
{
    return clock_measure_us() / 1000;
}

static void take_report(struct child *child, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != '\n') {
            if (child->line_used < sizeof(child->line) - 1)
                child->line[child->line_used++] = bytes[i];
            continue;
        }
        child->line[child->line_used] = '\0';
        child->line_used = 0;
        if (child->report != NULL)
            child->report(child->line, child->context);
    }
}

static void take_output(char text[CHILD_TEXT_CAPACITY], const char *bytes, size_t count)
{
    size_t used = strlen(text);
    size_t left = CHILD_TEXT_CAPACITY - 1 - used;
    size_t taken = count < left ? count : left;
    memcpy(text + used, bytes, taken);
    text[used + taken] = '\0';
    for (size_t i = used; i < used + taken; i++)
        if (text[i] == '\0')
            text[i] = ' ';
}

/* Keeps the end of it, which is where a sanitizer sums up. */
static void take_errors(char text[CHILD_TEXT_CAPACITY], const char *bytes, size_t count)
{
    enum { KEPT = CHILD_TEXT_CAPACITY / 2 };
    size_t used = strlen(text);
    if (used + count >= CHILD_TEXT_CAPACITY && used > KEPT)
        memmove(text, text + used - KEPT, KEPT + 1);
    take_output(text, bytes, count);
}

static void drain(struct child *child, int which)
{
    char bytes[4096];
    ssize_t got = read(child->ends[which].fd, bytes, sizeof(bytes));
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        close(child->ends[which].fd);
        child->ends[which].fd = -1;
    } else if (which == REPORT) {
        take_report(child, bytes, (size_t)got);
    } else if (which == OUTPUT) {
        take_output(child->result->output, bytes, (size_t)got);
    } else {
        take_errors(child->result->errors, bytes, (size_t)got);
    }
}

/* Reads what there is, waiting at most timeout_ms for it. Returns whether there was something. */
static bool drain_all(struct child *child, int timeout_ms)
{
    bool any = false;
    if (poll(child->ends, PIPES, timeout_ms) <= 0)
        return false;
    for (int i = 0; i < PIPES; i++) {
        if (child->ends[i].fd < 0 || child->ends[i].revents == 0)
            continue;
        drain(child, i);
        any = true;
    }
    return any;
}

static void name_signal(struct child_result *result, int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},
                 {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},   {SIGKILL, "SIGKILL"},
                 {SIGTERM, "SIGTERM"}, {SIGPIPE, "SIGPIPE"}, {SIGTRAP, "SIGTRAP"}};
    result->signal_name = "a signal";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].number == number)
            result->signal_name = names[i].name;
}

/* Reads until the child has ended. What it started itself may hold the pipes open for longer. */
static void follow(struct child *child, int64_t until_ms)
{
    int status = 0;
    for (;;) {
        bool reports = child->ends[REPORT].fd >= 0;
        (void)drain_all(child, reports ? LOOK_MS : 1);
        if (waitpid(child->pid, &status, WNOHANG) == child->pid)
            break;
        if (now_ms() < until_ms || child->result->timed_out)
            continue;
        child->result->timed_out = true;
        kill(-child->pid, SIGKILL);
    }
    kill(-child->pid, SIGKILL); /* whoever is left of its group */
    while (drain_all(child, 0)) {
    }
    if (WIFSIGNALED(status))
        name_signal(child->result, WTERMSIG(status));
    else
        child->result->exit_code = WEXITSTATUS(status);
}

static int open_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++)
        if (pipe2(pipes[i], O_CLOEXEC) != 0)
            return errno;
    return 0;
}

static void close_all(int pipes[PIPES][2], int end)
{
    for (int i = 0; i < PIPES; i++) {
        if (pipes[i][end] >= 0)
            close(pipes[i][end]);
        pipes[i][end] = -1;
    }
}

static int spawn(pid_t *pid, const char *const *arguments, int pipes[PIPES][2])
{
    char *argv[ARGUMENTS_MAX + 2] = {(char *)"clockblock"};
    for (int i = 0; arguments[i] != NULL; i++) {
        assert(i < ARGUMENTS_MAX);
        argv[i + 1] = (char *)arguments[i];
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[OUTPUT][1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes[ERRORS][1], STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes[REPORT][1], REPORT_DESCRIPTOR);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); /* a group to be killed as one */
    int result = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int child_run(const char *const *arguments, int64_t limit_ms, struct child_result *result,
              void (*report)(const char *line, void *context), void *context, struct error *error)
{
    struct child child = {.result = result, .report = report, .context = context};
    int pipes[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    memset(result, 0, sizeof(*result));
    int problem = open_pipes(pipes);
    if (problem == 0)
        problem = spawn(&child.pid, arguments, pipes);
    close_all(pipes, 1);
    for (int i = 0; i < PIPES; i++)
        child.ends[i] = (struct pollfd){.fd = pipes[i][0], .events = POLLIN};
    if (problem == 0)
        follow(&child, now_ms() + limit_ms);
    for (int i = 0; i < PIPES; i++)
        if (child.ends[i].fd >= 0)
            close(child.ends[i].fd);
    if (problem == 0)
        return 0;
    return error_set(error, EXIT_CODE_SOFTWARE, "a process for the check cannot be started: %s",
                     strerror(problem));
}

/* ---- In the child ---- */

static int reports = -1;

void child_report_open(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none); /* a crash is expected here, and a file of it is not */
    reports = fcntl(REPORT_DESCRIPTOR, F_DUPFD_CLOEXEC, HIDDEN_DESCRIPTOR);
    close(REPORT_DESCRIPTOR);
}

void child_report(const char *line)
{
    char text[CHILD_LINE_CAPACITY];
    int length = snprintf(text, sizeof(text), "%s\n", line);
    if (length >= (int)sizeof(text)) {
        length = (int)sizeof(text) - 1;
        text[length - 1] = '\n';
    }
    /* Short enough to be written in one piece, whoever else writes. */
    ssize_t written = write(reports, text, (size_t)length);
    (void)written; /* nobody listens any more: then nobody waits either */
}
