/* SPDX-License-Identifier: MIT */
/* The detector "process_name", as the agent loads it, on the processes of this machine. */
#include "fake_host.h"
#include "rule_groups.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    struct fake_host fake;
    struct rule_groups groups;
    char name[32]; /* no other test, and nobody on this machine, runs a program of that name */
    const char *names[1];
    char seen[256]; /* "activity|subject|confidence\n" for each */
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    rule_groups_init(&place->groups);
    snprintf(place->name, sizeof(place->name), "Game-%d.exe", (int)getpid());
    place->names[0] = place->name;
    place->groups.groups[0].process.items = place->names;
    place->groups.groups[0].process.count = 1;
    fake_host_open(&place->fake, "process_name");
    fake_host_setting(&place->fake, "rules")->groups = place->groups.pointers;
    fake_host_setting(&place->fake, "rules")->count = 1;
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    fake_host_close(&place->fake);
    free(place);
    return 0;
}

/* Other tests, and whoever sits at this machine, may play at the same time. */
static void CLB_CALL emit(const clb_poll *poll, const clb_observation *observation)
{
    struct place *place = poll->host_data;
    size_t used = strlen(place->seen);
    if (strstr(observation->subject, place->name) == NULL)
        return;
    assert_int_equal(CLB_ACTIVE, observation->state);
    snprintf(place->seen + used, sizeof(place->seen) - used, "%s|%s|%d\n", observation->activity,
             observation->subject, (int)observation->confidence);
}

static int32_t poll(struct place *place)
{
    clb_poll call = {.size = sizeof(call),
                     .deadline_ms = atomic_load(&place->fake.monotonic_ms) + 5000,
                     .host_data = place,
                     .emit = emit};
    place->seen[0] = '\0';
    int32_t status = place->fake.detector->poll(place->fake.instance, &call, &place->fake.error);
    atomic_fetch_add(&place->fake.monotonic_ms, 5000);
    return status;
}

static void copy_file(const char *from, const char *to)
{
    char bytes[16 * 1024];
    size_t length;
    FILE *source = fopen(from, "r");
    FILE *target = fopen(to, "w");
    assert_non_null(source);
    assert_non_null(target);
    while ((length = fread(bytes, 1, sizeof(bytes), source)) > 0)
        assert_int_equal(length, fwrite(bytes, 1, length, target));
    fclose(source);
    assert_int_equal(0, fclose(target));
    assert_int_equal(0, chmod(to, 0700));
}

/* Returns when the child has become the program. */
static pid_t run(const char *program)
{
    int execed[2];
    char byte;
    assert_int_equal(0, pipe2(execed, O_CLOEXEC));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when an assertion ends this test */
        execl(program, program, "600", (char *)NULL);
        (void)!write(execed[1], "!", 1);
        _exit(1);
    }
    close(execed[1]);
    assert_int_equal(0, read(execed[0], &byte, 1));
    close(execed[0]);
    return pid;
}

static void a_running_game_is_seen_until_it_ends(void **state)
{
    struct place *place = *state;
    char folder[64] = "/tmp/clockblock-game-XXXXXX";
    char program[96];
    char expected[128];
    assert_non_null(mkdtemp(folder));
    snprintf(program, sizeof(program), "%s/%s", folder, place->name);
    copy_file("/bin/sleep", program);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_OK, poll(place));
    assert_string_equal("", place->seen);

    pid_t pid = run(program);
    snprintf(expected, sizeof(expected), "Minecraft|%s (pid %d)|90\n", place->name, (int)pid);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(CLB_OK, poll(place));
        assert_string_equal(expected, place->seen);
    }
    kill(pid, SIGKILL);
    siginfo_t ended;
    assert_int_equal(0, waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT));
    assert_int_equal(CLB_OK, poll(place)); /* a zombie */
    assert_string_equal("", place->seen);
    waitpid(pid, NULL, 0);
    assert_int_equal(CLB_OK, poll(place));
    assert_string_equal("", place->seen);
    unlink(program);
    rmdir(folder);
}

static void it_is_evidence_and_has_nothing_to_wait_for(void **state)
{
    struct place *place = *state;
    assert_int_equal(CLB_ROLE_EVIDENCE, place->fake.detector->role);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_OK, place->fake.detector->wait(place->fake.instance, 5000));
    assert_int_equal(1, place->fake.waits);
}

static void it_starts_again_after_a_stop(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(CLB_OK, poll(place));
        place->fake.detector->stop(place->fake.instance);
        assert_int_equal(CLB_OK,
                         place->fake.detector->start(place->fake.instance, &place->fake.error));
    }
}

static void a_proc_that_is_not_there_is_unavailable(void **state)
{
    struct place *place = *state;
    fake_host_set_text(&place->fake, "proc_root", "/nowhere");
    fake_host_start(&place->fake);
    assert_int_equal(CLB_UNAVAILABLE, poll(place));
    assert_non_null(strstr(place->fake.error.text, "/nowhere"));
}

static void settings_that_make_no_sense_are_refused(void **state)
{
    struct place *place = *state;
    static const char *const users[] = {"nobody-of-that-name"};
    fake_host_set_list(&place->fake, "users", users, 1);
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_non_null(strstr(place->fake.error.text, "nobody-of-that-name"));
    fake_host_set_list(&place->fake, "users", NULL, 0);
    fake_host_setting(&place->fake, "rules")->count = 0;
    fake_host_setting(&place->fake, "steam")->integer = 0;
    fake_host_setting(&place->fake, "known_games")->integer = 0;
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_non_null(strstr(place->fake.error.text, "rules"));
    place->fake.lacks = CLB_CLOCK;
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_non_null(strstr(place->fake.error.text, CLB_CLOCK));
    assert_null(place->fake.instance);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(a_running_game_is_seen_until_it_ends),
        IN_A_PLACE(it_is_evidence_and_has_nothing_to_wait_for),
        IN_A_PLACE(it_starts_again_after_a_stop),
        IN_A_PLACE(a_proc_that_is_not_there_is_unavailable),
        IN_A_PLACE(settings_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
