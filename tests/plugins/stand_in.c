/* SPDX-License-Identifier: MIT */
#include "stand_in.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char mark[] = "CLB_STAND_IN";

void stand_in_main(void)
{
    while (getenv(mark) != NULL)
        pause();
}

void stand_in_copy(const char *folder, const char *file)
{
    static char bytes[64 * 1024];
    char path[256];
    size_t length;
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    if (access(path, X_OK) == 0)
        return;
    FILE *source = fopen("/proc/self/exe", "r");
    FILE *target = fopen(path, "w");
    assert_non_null(source);
    assert_non_null(target);
    while ((length = fread(bytes, 1, sizeof(bytes), source)) > 0)
        assert_int_equal(length, fwrite(bytes, 1, length, target));
    fclose(source);
    assert_int_equal(0, fclose(target));
    assert_int_equal(0, chmod(path, 0755));
}

_Noreturn void stand_in_become(const char *folder, const struct stand_in *stand_in)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, stand_in->file);
    setenv(mark, "1", 1);
    if (stand_in->user == 0 || setuid(stand_in->user) == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when an assertion ends this test */
        execv(path, (char *const *)(void *)stand_in->arguments);
    }
    perror(path);
    _exit(1);
}

/* Each starts the next one before it becomes what it is. */
static _Noreturn void start(const char *folder, const struct stand_in *chain, int count,
                            pid_t *pids)
{
    int i = 0;
    pids[0] = getpid();
    while (i + 1 < count && fork() == 0)
        pids[++i] = getpid();
    stand_in_become(folder, &chain[i]);
}

void stand_in_run(const char *folder, struct stand_in *chain, int count)
{
    int execed[2];
    char byte;
    pid_t *pids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(pids != MAP_FAILED);
    for (int i = 0; i < count; i++)
        stand_in_copy(folder, chain[i].file);
    assert_int_equal(0, pipe2(execed, O_CLOEXEC));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        start(folder, chain, count, pids);
    close(execed[1]);
    assert_int_equal(0, read(execed[0], &byte, 1)); /* the last of them has become what it is */
    close(execed[0]);
    for (int i = 0; i < count; i++)
        chain[i].pid = pids[i];
    munmap(pids, 4096);
}

void stand_in_end(struct stand_in *chain, int count)
{
    for (int i = count - 1; i >= 0; i--)
        kill(chain[i].pid, SIGKILL);
    assert_int_equal(chain[0].pid, waitpid(chain[0].pid, NULL, 0));
}
