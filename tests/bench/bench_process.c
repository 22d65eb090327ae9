/* SPDX-License-Identifier: MIT */
/* What a poll of process_name costs, with the shipped list and Steam. The time is simulated, the
 * processes are not.
 *   bench_process hold COUNT            starts processes that sleep, says "ready", holds them until
 *                                       its input ends
 *   bench_process tree FOLDER COUNT     writes a tree like /proc with so many processes
 *   bench_process poll ROOT GAMES AGE   microseconds of CPU that a poll of ROOT takes, when the
 *                                       processes are known for AGE seconds; GAMES is the list */
#include "process_name/scan.h"
#include "process_name/text_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 5000, POLLS = 240, FIRST_PID = 300 };

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "bench_process: %s\n", what);
    exit(1);
}

/* ---- Processes ---- */

static int hold(int count)
{
    char byte;
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid < 0)
            give_up("no more processes");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (1)
                pause();
        }
    }
    printf("ready\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}

static void write_file(const char *folder, int pid, const char *name, const char *bytes,
                       size_t length)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%d/%s", folder, pid, name);
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        give_up(path);
}

/* A third of them are threads of the kernel, as on a desktop. */
static int write_tree(const char *folder, int count)
{
    static const char arguments[] = "/usr/libexec/some-service\0--no-daemon\0--session=c2";
    static const char cgroup[] = "0::/user.slice/user-1000.slice/session-2.scope\n";
    for (int i = 0; i < count; i++) {
        char path[512];
        char stat[256];
        int pid = i == 0 ? 1 : FIRST_PID + i;
        int is_kernel = i % 3 == 1;
        snprintf(path, sizeof(path), "%s/%d", folder, pid);
        if (mkdir(path, 0755) != 0)
            give_up(path);
        snprintf(
            stat, sizeof(stat),
            "%d (service-%d) S 1 1 1 0 -1 %d 141308 573598948 0 36104 1496 7364 1265077 350785 "
            "20 0 13 0 %d 48476160 4337 18446744073709551615 1 1 0 0 0 0 0 4096 1256 0 0\n",
            pid, i, is_kernel ? 2129984 : 4194560, i);
        write_file(folder, pid, "stat", stat, strlen(stat));
        write_file(folder, pid, "cmdline", arguments, is_kernel ? 0 : sizeof(arguments));
        write_file(folder, pid, "cgroup", cgroup, sizeof(cgroup) - 1);
    }
    return 0;
}

/* ---- Polls ---- */

static struct rules *make_rules(const char *games)
{
    clb_error error = {.size = sizeof(error)};
    const clb_setting steam = {.size = sizeof(steam), .key = "steam", .integer = 1};
    const clb_setting *all[] = {&steam};
    const clb_settings settings = {sizeof(settings), 1, all, NULL};
    size_t length;
    char *text = text_file_read(games, 1 << 20, &length, NULL);
    struct rules *rules = rules_create(&settings, &error);
    if (text == NULL || rules == NULL || !rules_add_games(rules, text, &error))
        give_up(games);
    free(text);
    return rules;
}

static void found(const struct scan_game *game, void *context)
{
    (void)game;
    ++*(int *)context;
}

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double poll_for(struct scan *scan, int64_t *now_ms, int polls)
{
    clb_error error = {.size = sizeof(error)};
    int games = 0;
    double begun_us = cpu_us();
    for (int i = 0; i < polls; i++, *now_ms += POLL_MS)
        if (scan_poll(scan, *now_ms, found, &games, &error) != CLB_OK)
            give_up(error.text);
    return (cpu_us() - begun_us) / polls;
}

static double measure(const char *root, const char *games, int age_sec)
{
    clb_error error = {.size = sizeof(error)};
    struct users users;
    int64_t now_ms = 0;
    struct rules *rules = make_rules(games);
    if (!users_find(&users, NULL, &error))
        give_up(error.text);
    struct scan *scan = scan_create(root, rules, &users);
    if (scan == NULL)
        give_up("no memory");
    if (age_sec > 0)
        poll_for(scan, &now_ms, age_sec * 1000 / POLL_MS);
    double us = poll_for(scan, &now_ms, age_sec > 0 ? POLLS : 1);
    scan_destroy(scan);
    rules_destroy(rules);
    return us;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    if (strcmp(what, "hold") == 0)
        return hold(atoi(argv[2]));
    if (strcmp(what, "tree") == 0 && argc == 4)
        return write_tree(argv[2], atoi(argv[3]));
    if (strcmp(what, "poll") != 0 || argc != 5)
        give_up("usage: see the head of bench_process.c");
    printf("%.1f\n", measure(argv[2], argv[3], atoi(argv[4])));
    return 0;
}
