/* SPDX-License-Identifier: MIT */
#include "plugin/crashes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/clockblock-crashes-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file >= 0 ? close(file) : -1;
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *text)
{
    assert_int_equal(0, file_write(path, text, strlen(text), NULL));
}

static void assert_file(const char *text)
{
    char *found = NULL;
    size_t length = 0;
    assert_int_equal(0, file_read(path, 4096, &found, &length, NULL));
    assert_string_equal(text, found);
    free(found);
}

static struct crashes_view view_of(enum instance_kind kind, const char *name, const char *plugin)
{
    struct crashes_view view;
    struct crashes *crashes = crashes_read(path);
    crashes_get(crashes, kind, name, plugin, &view);
    crashes_destroy(crashes);
    return view;
}

static bool is_barred(const char *text)
{
    put(text);
    return view_of(INSTANCE_DETECTOR, "games", "process_name").is_barred;
}

static void the_third_within_ten_minutes_is_one_too_many(void **state)
{
    (void)state;
    assert_false(is_barred(""));
    assert_false(is_barred("1000 detector games poll SIGSEGV\n1001 detector games poll SIGSEGV\n"));
    assert_true(is_barred("1000 detector games poll SIGSEGV\n1001 detector games poll SIGSEGV\n"
                          "1600 detector games create abort\n"));
    assert_false(is_barred("1000 detector games poll SIGSEGV\n1001 detector games poll SIGSEGV\n"
                           "1601 detector games create abort\n"));
    assert_true(is_barred("1 detector games poll SIGSEGV\n1000 detector games poll SIGSEGV\n"
                          "1001 detector games poll SIGSEGV\n1600 detector games poll SIGSEGV\n"));
}

static void quarantine_does_not_pass_with_time(void **state)
{
    (void)state;
    assert_true(is_barred("1000 detector games poll SIGSEGV\n1001 detector games poll SIGSEGV\n"
                          "1002 detector games poll SIGSEGV\n90000 detector games poll SIGSEGV\n"));
}

static void a_clock_that_was_set_back_hides_nothing(void **state)
{
    (void)state;
    assert_true(is_barred("9000 detector games poll SIGSEGV\n8900 detector games poll SIGSEGV\n"
                          "8950 detector games poll SIGSEGV\n"));
}

static void only_its_own_crashes_count(void **state)
{
    (void)state;
    assert_false(is_barred("1000 sink games deliver SIGSEGV\n1001 detector other poll SIGSEGV\n"
                           "1002 detector games poll SIGSEGV\n1003 plugin other load SIGSEGV\n"
                           "1004 thread clb-others thread SIGSEGV\n"));
    assert_int_equal(1, view_of(INSTANCE_DETECTOR, "games", "process_name").count);
}

static void those_of_its_plugin_and_of_its_threads_count_too(void **state)
{
    (void)state;
    assert_true(is_barred("1000 detector games poll SIGSEGV\n"
                          "1001 plugin process_name load SIGSEGV\n"
                          "1002 thread clb-games thread SIGSEGV\n"));
    struct crashes_view view = view_of(INSTANCE_DETECTOR, "games", "process_name");
    assert_string_equal("ended the agent 3 times, at last in thread (SIGSEGV)", view.text);
    put("1000 thread clb-games_of_al thread SIGSEGV\n"); /* the system cuts names of threads */
    assert_int_equal(1, view_of(INSTANCE_DETECTOR, "games_of_alice", "process_name").count);
}

static void what_is_no_line_of_ours_is_passed_over(void **state)
{
    (void)state;
    assert_true(is_barred("\n\ngarbage\n1000 detector games poll SIGSEGV\n1001 detector\n"
                          "1001 detector games poll SIGSEGV\n99999999999999999999 x y z\n"
                          "1002 detector games poll SIGSEGV\n1003 detector games po"));
    unlink(path);
    assert_false(view_of(INSTANCE_DETECTOR, "games", "process_name").is_barred);
    put("");
}

static void release_takes_out_one_and_no_other(void **state)
{
    struct error error;
    (void)state;
    put("1000 detector games poll SIGSEGV\n1001 sink cloud deliver abort\n"
        "1002 thread clb-games thread SIGSEGV\n");
    assert_int_equal(EXIT_CODE_CONFIG, crashes_release(path, "game", &error));
    assert_non_null(strstr(error.text, "nothing is known against \"game\""));
    assert_int_equal(0, crashes_release(path, "games", &error));
    assert_file("1001 sink cloud deliver abort\n");
}

static void a_plugin_is_released_by_its_instances_name_too(void **state)
{
    struct error error;
    (void)state;
    put("1000 plugin process_name load SIGSEGV\n");
    assert_int_equal(0, crashes_release(path, "process_name", &error));
    assert_file("");
}

static void tidying_keeps_what_is_new_and_what_bars(void **state)
{
    (void)state;
    put("1000 detector old poll SIGSEGV\n"
        "2000 sink barred deliver SIGSEGV\n2001 sink barred deliver SIGSEGV\n"
        "2002 sink barred deliver SIGSEGV\n9500 detector new poll SIGSEGV\n");
    crashes_tidy(path, 10000);
    assert_file("2000 sink barred deliver SIGSEGV\n2001 sink barred deliver SIGSEGV\n"
                "2002 sink barred deliver SIGSEGV\n9500 detector new poll SIGSEGV\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_third_within_ten_minutes_is_one_too_many),
        cmocka_unit_test(quarantine_does_not_pass_with_time),
        cmocka_unit_test(a_clock_that_was_set_back_hides_nothing),
        cmocka_unit_test(only_its_own_crashes_count),
        cmocka_unit_test(those_of_its_plugin_and_of_its_threads_count_too),
        cmocka_unit_test(what_is_no_line_of_ours_is_passed_over),
        cmocka_unit_test(release_takes_out_one_and_no_other),
        cmocka_unit_test(a_plugin_is_released_by_its_instances_name_too),
        cmocka_unit_test(tidying_keeps_what_is_new_and_what_bars),
    };
    return cmocka_run_group_tests(tests, make_file, drop_file);
}
