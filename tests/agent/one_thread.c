/* SPDX-License-Identifier: MIT */
/*
 * one_thread PID NAME still: lets one thread of another process stand still, and no other. Says
 * "still" when it does, and lets it go when standard input ends. Exits with 77 where tracing is not
 * permitted.
 * one_thread PID NAME abort: sends SIGABRT to that thread.
 * NAME is that of the thread; "main" is the one that the process began with.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIP = 77, PAUSE_MS = 10 };

static int fail(const char *what)
{
    int code = errno == EPERM || errno == EACCES || errno == ENOSYS ? SKIP : 1;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return code;
}

static int is_called(pid_t process, const char *thread, const char *name)
{
    char path[320];
    char found[32] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)process, thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fgets(found, sizeof(found), file) == NULL)
        found[0] = '\0';
    fclose(file);
    found[strcspn(found, "\n")] = '\0';
    return strcmp(found, name) == 0;
}

/* 0: there is none. */
static pid_t find(pid_t process, const char *name)
{
    char path[64];
    pid_t thread = strcmp(name, "main") == 0 ? process : 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; thread == 0 && tasks != NULL && (entry = readdir(tasks)) != NULL;)
        if (is_called(process, entry->d_name, name))
            thread = (pid_t)atoi(entry->d_name);
    if (tasks != NULL)
        closedir(tasks);
    return thread;
}

/* One that works may hold a lock, and others would stand still with it. */
static int sleeps(pid_t process, pid_t thread)
{
    char path[64];
    char state = '?';
    snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)process, (int)thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = '?';
    fclose(file);
    return state == 'S';
}

/* Of standard input, or of the thread: its process is gone only when its death was taken note of.
 */
static void wait_for_end(pid_t thread)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (waitpid(thread, NULL, __WALL | WNOHANG) == 0 && poll(&input, 1, PAUSE_MS) == 0) {
    }
}

static int keep_still(pid_t process, pid_t thread)
{
    int status;
    while (!sleeps(process, thread))
        usleep(PAUSE_MS * 1000);
    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0)
        return fail("PTRACE_SEIZE");
    if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
        waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status))
        return fail("PTRACE_INTERRUPT");
    puts("still");
    fflush(stdout);
    wait_for_end(thread);
    ptrace(PTRACE_DETACH, thread, NULL, NULL); /* it may be gone */
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 64;
    pid_t process = (pid_t)atoi(argv[1]);
    pid_t thread = find(process, argv[2]);
    if (thread == 0) {
        fprintf(stderr, "there is no thread %s\n", argv[2]);
        return 1;
    }
    if (strcmp(argv[3], "still") == 0)
        return keep_still(process, thread);
    return syscall(SYS_tgkill, process, thread, SIGABRT) == 0 ? 0 : fail("tgkill");
}
