/* SPDX-License-Identifier: MIT */
/* The corners of a configuration: included files, secrets, values from outside the file, mistakes
 * beside each other, and tables of options that are not sound. */
#include "config/config.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    char folder[128];
    char file[192];
    struct config *config;
    struct config_problems problems;
    int result;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    const char *parent = getenv("TMPDIR");
    snprintf(fixture->folder, sizeof(fixture->folder), "%.80s/clb-corners-XXXXXX",
             parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->file, sizeof(fixture->file), "%s/clockblock.conf", fixture->folder);
    setenv("STATE_DIRECTORY", fixture->folder, 1);
    setenv("XDG_CONFIG_HOME", fixture->folder, 1);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void forget(struct fixture *fixture)
{
    config_unload(fixture->config);
    config_problems_finish(&fixture->problems);
    fixture->config = NULL;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    forget(fixture);
    nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

static void write_file(const struct fixture *fixture, const char *name, const char *bytes,
                       size_t length)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void load_again(struct fixture *fixture, const char *set)
{
    const char *const sets[] = {set, NULL};
    struct config_options options = {fixture->file, sets, NULL};
    forget(fixture);
    fixture->result = config_load(&fixture->config, &options, &fixture->problems);
}

static void load_set(struct fixture *fixture, const char *text, const char *set)
{
    write_file(fixture, "clockblock.conf", text, strlen(text));
    load_again(fixture, set);
}

static void load(struct fixture *fixture, const char *text)
{
    load_set(fixture, text, NULL);
}

static void print_problems(const struct fixture *fixture)
{
    for (int i = 0; i < fixture->problems.count; i++)
        print_error("%s\n", fixture->problems.sentences[i]);
}

static void assert_sound(const struct fixture *fixture)
{
    print_problems(fixture);
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(fixture->result, 0);
}

/* There are these problems and no others, word for word; FILE stands for the file as it was named.
 * Ends with NULL. */
static void assert_problems(const struct fixture *fixture, const char *const *expected)
{
    int count = 0;
    for (; expected[count] != NULL; count++) {
        char sentence[1024];
        bool in_file = strncmp(expected[count], "FILE", 4) == 0;
        snprintf(sentence, sizeof(sentence), "%s%s", in_file ? fixture->file : "",
                 expected[count] + (in_file ? 4 : 0));
        if (count >= fixture->problems.count)
            print_problems(fixture);
        assert_true(count < fixture->problems.count);
        assert_string_equal(fixture->problems.sentences[count], sentence);
    }
    if (fixture->problems.count != count)
        print_problems(fixture);
    assert_int_equal(fixture->problems.count, count);
}

static void assert_only(const struct fixture *fixture, const char *sentence)
{
    const char *const one[] = {sentence, NULL};
    assert_problems(fixture, one);
}

/* ---- Sentences ---- */

static void sentences_say_what_was_found_and_what_is_expected(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        {"\n\npoll_interval_sec = \"five\";",
         "FILE:3: poll_interval_sec: expected a whole number, found a string \"five\""},
        {"poll_interval_sec = 2.5;",
         "FILE:1: poll_interval_sec: expected a whole number, found a number"},
        {"poll_interval_sec: { };",
         "FILE:1: poll_interval_sec: expected a whole number, found a group"},
        {"device_id = [ \"a\" ];", "FILE:1: device_id: expected a string, found a list"},
        {"api = 3;", "FILE:1: api: expected a group { ... }, found a whole number"},
        {"detectors = ( );", "FILE:1: detectors: expected a group { ... }, found a list"},
        {"sinks: {\n a = true; };",
         "FILE:2: sinks.a: expected a group { ... }, found true or false"},
        {"retention_days = 0;",
         "FILE:1: retention_days: 0 is out of range: it goes from 1 to 36500"},
        {"api: { prot = 1; };", "FILE:1: api: unknown setting \"prot\" (did you mean \"port\"?)"},
        {"log: { level = \"inof\"; };",
         "FILE:1: log.level: \"inof\" is none of: error, warning, info, debug (did you mean "
         "\"info\"?)"},
        {"retention_days = 3;\nretention_days = 4;",
         "FILE:2: retention_days: this setting is given a second time"},
        {"allowance: { default_min = 9;\n sunday_min = 3; sunday_min = 4; # a = b\n};",
         "FILE:2: sunday_min: this setting is given a second time"},
        {"retention_days = 3;\nlog: { level = \"info\"; }; retention_days = 4;",
         "FILE:2: this setting is given a second time"},
        {"retention_days = 3;\npoll_interval_sec = ;",
         "FILE:2: syntax error here, or on the line before (a ';' or a bracket may be missing)"},
        {"api: { host = \"0.0.0.0\"; };",
         "FILE:1: api.host: \"0.0.0.0\" can be reached by other machines: set api.token_file too"},
        {"sinks: { log: { plugin = \"file\"; timeout_sec = 601; }; };",
         "FILE:1: sinks.log.timeout_sec: 601 is out of range: it goes from 0.1 to 600"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        load(fixture, cases[i].text);
        assert_int_equal(fixture->result, EXIT_CODE_CONFIG);
        assert_only(fixture, cases[i].sentence);
    }
}

static void a_sentence_is_one_line(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "poll_interval_sec = \"a\\nb\\x1b[2J\";");
    assert_only(fixture, "FILE:1: poll_interval_sec: expected a whole number, found a string "
                         "\"a b [2J\"");
}

static void a_whole_float_is_a_whole_number(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
         "poll_interval_sec = 7.0; sinks: { log: { plugin = \"file\"; timeout_sec = 3; }; };");
    assert_sound(fixture);
    assert_int_equal(fixture->config->poll_interval_sec, 7);
    assert_int_equal(fixture->config->sinks[0].timeout_ms, 3000);
}

/* ---- Files ---- */

static void what_is_no_text_is_refused(void **state)
{
    static const char latin1[] = "retention_days = 3;\nplaying_when = \"J\xFCrgen\";";
    static const char binary[] = "\x7F"
                                 "ELF\0\0\1";
    struct fixture *fixture = *state;
    load(fixture, latin1);
    assert_only(fixture, "FILE:2: this line is not UTF-8: save the file as UTF-8");
    write_file(fixture, "clockblock.conf", binary, sizeof(binary) - 1);
    load_again(fixture, NULL);
    assert_only(fixture, "FILE:1: this is not a text file");
    assert_null(fixture->config);
}

static void a_folder_and_a_huge_file_are_refused(void **state)
{
    struct fixture *fixture = *state;
    size_t length = 1024 * 1024 + 1;
    char *spaces = malloc(length);
    assert_non_null(spaces);
    memset(spaces, ' ', length);
    write_file(fixture, "clockblock.conf", spaces, length);
    load_again(fixture, NULL);
    assert_only(fixture, "FILE: is larger than 1048576 bytes");
    assert_int_equal(fixture->result, EXIT_CODE_CONFIG);
    write_file(fixture, "clockblock.conf", spaces, length - 1);
    load_again(fixture, NULL);
    assert_sound(fixture);
    free(spaces);

    struct config_options options = {fixture->folder, NULL, NULL};
    forget(fixture);
    fixture->result = config_load(&fixture->config, &options, &fixture->problems);
    assert_int_equal(fixture->result, EXIT_CODE_CONFIG);
    assert_int_equal(fixture->problems.count, 1);
    assert_non_null(strstr(fixture->problems.sentences[0], "Is a directory"));
}

static void comments_hide_numbers_and_quotes(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "/*/ 5000000000 \" */ # 5000000000\n// \"\nretention_days = 8; /* \" */");
    assert_sound(fixture);
    assert_int_equal(fixture->config->retention_days, 8);
}

/* ---- Included files ---- */

static void load_including(struct fixture *fixture, const char *included)
{
    write_file(fixture, "more.conf", included, strlen(included));
    load(fixture, "poll_interval_sec = 6;\n@include \"more.conf\"\n");
}

static void included_files_are_read(void **state)
{
    struct fixture *fixture = *state;
    load_including(fixture, "retention_days = 9;\n");
    assert_sound(fixture);
    assert_int_equal(fixture->config->retention_days, 9);
    assert_int_equal(fixture->config->poll_interval_sec, 6);
}

static void problems_name_the_included_file(void **state)
{
    struct fixture *fixture = *state;
    load_including(fixture, "\nretention_day = 9;\n");
    assert_only(fixture, "more.conf:2: unknown setting \"retention_day\" (did you mean "
                         "\"retention_days\"?)");
    load_including(fixture, "\n\nretention_days = ;\n");
    assert_only(fixture,
                "more.conf:3: syntax error here, or on the line before (a ';' or a bracket "
                "may be missing)");
}

static void numbers_of_included_files_do_not_wrap(void **state)
{
    struct fixture *fixture = *state;
    load_including(fixture, "\nretention_days = 4294967301;\n"); /* 5 in 32 bits */
    assert_only(fixture, "more.conf:2: this number is too large (a text needs quotes around it)");
    load_including(fixture, "\xEF\xBB\xBFretention_days = 9;\n");
    assert_only(fixture,
                "FILE:2: @include: that file begins with a byte order mark: save it without");
}

/* Reading a folder as a file would end the whole process inside the library. */
static void a_file_that_cannot_be_included_is_a_problem(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "\n@include \".\"\n");
    assert_int_equal(fixture->problems.count, 1);
    assert_non_null(strstr(fixture->problems.sentences[0], ":2: @include: "));
    assert_non_null(strstr(fixture->problems.sentences[0], "Is a directory"));
    load(fixture, "@include \"nowhere.conf\"\n");
    assert_int_equal(fixture->problems.count, 1);
    assert_non_null(strstr(fixture->problems.sentences[0], "No such file"));
    load(fixture, "@include \"clockblock.conf\"\n");
    assert_int_equal(fixture->problems.count, 1);
    assert_non_null(strstr(fixture->problems.sentences[0], "too deep"));
}

/* ---- Values from outside the file ---- */

static void numbers_from_outside_the_file_do_not_wrap(void **state)
{
    struct fixture *fixture = *state;
    load_set(fixture, "", "allowance.dates=( { date = \"2026-12-25\"; minutes = 4294967297; } )");
    assert_only(fixture, "--set allowance.dates: this number is too large (a text needs quotes "
                         "around it)");
    load_set(fixture, "", "retention_days=4294967301");
    assert_int_equal(fixture->problems.count, 1);
    assert_non_null(strstr(fixture->problems.sentences[0], "out of range"));
}

static void a_value_from_outside_is_one_value(void **state)
{
    struct fixture *fixture = *state;
    load_set(fixture, "", "plugin_dirs=[ \"/a\" ]; retention_days = 3");
    assert_int_equal(fixture->problems.count, 1);
    assert_non_null(strstr(fixture->problems.sentences[0], "expected a list of strings"));
    load_set(fixture, "", "plugin_dirs=[\n@include \".\"\n]");
    assert_only(fixture, "--set plugin_dirs: @include works in a file only");
}

/* ---- Mistakes beside each other ---- */

static void each_date_is_judged_by_itself(void **state)
{
    static const char *const expected[] = {
        "FILE:3: allowance.dates[0].date: \"x\" is no date: write it as 2026-12-25",
        "FILE:4: allowance.dates[1].date: \"2026-02-30\" is no date: write it as 2026-12-25",
        "FILE:6: allowance.dates[3]: 2026-12-25 is there twice, first in line 5",
        "FILE:8: allowance.dates[5]: 2026-12-24 is there twice, first in line 7", NULL};
    struct fixture *fixture = *state;
    load(fixture, "allowance: {\n dates = (\n"
                  "  { date = \"x\"; minutes = 1; },\n"
                  "  { date = \"2026-02-30\"; minutes = 1; },\n"
                  "  { date = \"2026-12-25\"; minutes = 1; },\n"
                  "  { date = \"2026-12-25\"; minutes = 2; },\n"
                  "  { date = \"2026-12-24\"; minutes = 2; },\n"
                  "  { date = \"2026-12-24\"; minutes = 2; } ); };\n");
    assert_problems(fixture, expected);
    load_set(fixture, "",
             "allowance.dates=( { date = \"2026-12-25\"; minutes = 1; },"
             " { date = \"2026-12-25\"; minutes = 2; } )");
    assert_only(fixture, "--set allowance.dates: allowance.dates[1]: 2026-12-25 is there twice");
}

/* So that the plugin's settings and playing_when are still checked, and not against nothing. */
static void a_mistake_in_an_instance_leaves_it_known(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "detectors: { games: { plugin = \"p\"; interval_sec = 0; };\n"
                  "  away: { plugin = \"q\"; enabled = false; interval_sec = 0; }; };\n");
    assert_int_equal(fixture->problems.count, 2);
    assert_string_equal(fixture->config->detectors[0].plugin, "p");
    assert_true(fixture->config->detectors[0].enabled);
    assert_string_equal(fixture->config->detectors[1].plugin, "q");
    assert_false(fixture->config->detectors[1].enabled);
}

static void a_mistake_at_the_top_leaves_the_plugin_folders_known(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "poll_interval_sec = 0; plugin_dirs = [ \"/opt/mine\" ];");
    assert_int_equal(fixture->problems.count, 1);
    assert_string_equal(fixture->config->plugin_dirs[0], "/opt/mine");
}

/* ---- Settings of a plugin ---- */

static const char *const colors[] = {"red", "green", NULL};
static const clb_option options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_ENUM,
     .flags = CLB_OPTION_SECRET,
     .key = "pin",
     .choices = colors},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_INT,
     .flags = CLB_OPTION_SECRET,
     .key = "code",
     .minimum = 1,
     .maximum = 9},
    {.size = sizeof(clb_option), .type = CLB_OPTION_NUMBER, .key = "ratio"},
    {.size = sizeof(clb_option), .type = CLB_OPTION_DURATION, .key = "after_sec"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .flags = CLB_OPTION_REQUIRED,
     .key = "path"},
};
static const clb_option *const table[] = {&options[0], &options[1], &options[2],
                                          &options[3], &options[4], NULL};

static clb_settings *check_table(struct fixture *fixture, const clb_option *const *checked)
{
    assert_non_null(fixture->config);
    return config_settings(fixture->config, fixture->config->detectors[0].node, "detectors.x",
                           checked, config_detector_keys, &fixture->problems);
}

static clb_settings *check_plugin(struct fixture *fixture, const char *settings, const char *set)
{
    char text[8192];
    snprintf(text, sizeof(text), "detectors: { x: { plugin = \"p\";\n%s }; };", settings);
    load_set(fixture, text, set);
    return check_table(fixture, table);
}

static void secrets_are_never_shown(void **state)
{
    struct fixture *fixture = *state;
    assert_null(check_plugin(fixture, "path = \"a\"; pin = \"hunter2\";", NULL));
    assert_only(fixture, "FILE:2: detectors.x.pin: (secret) is none of: red, green");
    assert_null(check_plugin(fixture, "path = \"a\"; code = 4711;", NULL));
    assert_only(fixture, "FILE:2: detectors.x.code: (secret) is out of range: it goes from 1 to 9");
    assert_null(check_plugin(fixture, "path = \"a\"; code = \"hunter2\";", NULL));
    assert_only(fixture,
                "FILE:2: detectors.x.code: expected a whole number, found a string (secret)");
    assert_null(check_plugin(fixture, "path = \"a\";", "detectors.x.code=hunter2"));
    assert_only(fixture,
                "--set detectors.x.code: detectors.x.code: expected a whole number, found a "
                "text (secret)");
}

/* A token of digits, whose quotes were forgotten. */
static void a_number_that_is_too_large_is_not_shown(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "sinks: { cloud: { plugin = \"p\"; device_token = 123456789012345; }; };");
    assert_only(fixture, "FILE:1: this number is too large (a text needs quotes around it)");
}

static void numbers_are_finite(void **state)
{
    struct fixture *fixture = *state;
    assert_null(check_plugin(fixture, "path = \"a\"; ratio = 1e999;", NULL));
    assert_only(fixture, "FILE:2: detectors.x.ratio: this number is too large");
    assert_null(check_plugin(fixture, "path = \"a\"; after_sec = 1e18;", NULL));
    assert_only(fixture, "FILE:2: detectors.x.after_sec: this number is too large");
    assert_null(check_plugin(fixture, "path = \"a\";", "detectors.x.ratio=inf"));
    assert_int_equal(fixture->problems.count, 1);
}

static void a_path_that_cannot_be_used_is_a_problem(void **state)
{
    struct fixture *fixture = *state;
    char text[PATH_CAPACITY + 128];
    char name[PATH_CAPACITY + 1] = {0};
    memset(name, 'a', PATH_CAPACITY);
    assert_null(check_plugin(fixture, "path = \"\";", NULL));
    assert_only(fixture, "FILE:2: detectors.x.path: it is empty");
    snprintf(text, sizeof(text), "path = \"%s\";", name);
    assert_null(check_plugin(fixture, text, NULL));
    assert_only(fixture, "FILE:2: detectors.x.path: this path is too long");
    snprintf(text, sizeof(text), "api: { token_file = \"%s\"; };", name); /* not: without a token */
    load(fixture, text);
    assert_only(fixture, "FILE:1: api.token_file: this path is too long");
}

static void a_warning_names_its_setting(void **state)
{
    struct fixture *fixture = *state;
    char sentence[512];
    clb_settings *settings = check_plugin(fixture, "path = \"D:\\new\";", NULL);
    assert_non_null(settings);
    config_settings_destroy(settings);
    snprintf(sentence, sizeof(sentence),
             "%s:2: detectors.x.path: this path holds a control character: write / or \\\\ for \\",
             fixture->file);
    assert_int_equal(fixture->problems.warnings_count, 1);
    assert_string_equal(fixture->problems.warnings[0], sentence);
}

/* ---- Tables from other builds ---- */

/* Only what an option's own size covers is read: what is behind it is not the option's. */
static void an_option_of_an_older_build_is_shorter(void **state)
{
    struct fixture *fixture = *state;
    clb_option older = {.type = CLB_OPTION_INT, .key = "count", .default_text = "70"};
    older.size = offsetof(clb_option, minimum);
    older.minimum = 1;
    older.maximum = 9;
    const clb_option *const its_table[] = {&older, NULL};
    struct error error;
    assert_false(config_options_broken(its_table, config_detector_keys, &error));
    load(fixture, "detectors: { x: { plugin = \"p\"; count = 80; }; };");
    clb_settings *settings = check_table(fixture, its_table);
    assert_non_null(settings);
    assert_int_equal(settings->size, sizeof(clb_settings));
    assert_int_equal(settings->settings[0]->size, sizeof(clb_setting));
    assert_int_equal(clb_setting_integer(settings, "count"), 80);
    config_settings_destroy(settings);
}

static void an_option_of_a_type_to_come_is_passed_over(void **state)
{
    struct fixture *fixture = *state;
    static const clb_option newer = {.size = sizeof(clb_option), .type = 99, .key = "shape"};
    static const clb_option known = {
        .size = sizeof(clb_option) + 64, .type = CLB_OPTION_BOOL, .key = "loud"};
    static const clb_option *const its_table[] = {&newer, &known, NULL};
    load(fixture, "detectors: { x: { plugin = \"p\"; loud = true; }; };");
    clb_settings *settings = check_table(fixture, its_table);
    assert_non_null(settings);
    assert_int_equal(settings->count, 1);
    assert_int_equal(clb_setting_integer(settings, "loud"), 1);
    config_settings_destroy(settings);
}

static void tables_inside_tables_are_looked_at(void **state)
{
    static const clb_option no_key = {.size = sizeof(clb_option), .type = CLB_OPTION_INT};
    static const clb_option no_choices = {
        .size = sizeof(clb_option), .type = CLB_OPTION_ENUM, .key = "a"};
    static const clb_option *const bad_fields[][2] = {{&no_key, NULL}, {&no_choices, NULL}};
    struct error error;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        clb_option groups = {.size = sizeof(clb_option),
                             .type = CLB_OPTION_GROUPS,
                             .key = "rules",
                             .default_text = "( { a = \"x\"; } )",
                             .fields = bad_fields[i]};
        const clb_option *const its_table[] = {&groups, NULL};
        assert_true(config_options_broken(its_table, config_detector_keys, &error));
        assert_string_equal(error.text, "rules: option 1 lacks its key, choices or fields");
    }
    /* A table that is its own field has no end. */
    static clb_option endless = {
        .size = sizeof(clb_option), .type = CLB_OPTION_GROUPS, .key = "rules"};
    static const clb_option *const endless_table[] = {&endless, NULL};
    endless.fields = endless_table;
    assert_true(config_options_broken(endless_table, config_detector_keys, &error));
    assert_non_null(strstr(error.text, "nested too deep"));
}

#define CONFIG_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(sentences_say_what_was_found_and_what_is_expected),
        CONFIG_TEST(a_sentence_is_one_line),
        CONFIG_TEST(a_whole_float_is_a_whole_number),
        CONFIG_TEST(what_is_no_text_is_refused),
        CONFIG_TEST(a_folder_and_a_huge_file_are_refused),
        CONFIG_TEST(comments_hide_numbers_and_quotes),
        CONFIG_TEST(included_files_are_read),
        CONFIG_TEST(problems_name_the_included_file),
        CONFIG_TEST(numbers_of_included_files_do_not_wrap),
        CONFIG_TEST(a_file_that_cannot_be_included_is_a_problem),
        CONFIG_TEST(numbers_from_outside_the_file_do_not_wrap),
        CONFIG_TEST(a_value_from_outside_is_one_value),
        CONFIG_TEST(each_date_is_judged_by_itself),
        CONFIG_TEST(a_mistake_in_an_instance_leaves_it_known),
        CONFIG_TEST(a_mistake_at_the_top_leaves_the_plugin_folders_known),
        CONFIG_TEST(secrets_are_never_shown),
        CONFIG_TEST(a_number_that_is_too_large_is_not_shown),
        CONFIG_TEST(numbers_are_finite),
        CONFIG_TEST(a_path_that_cannot_be_used_is_a_problem),
        CONFIG_TEST(a_warning_names_its_setting),
        CONFIG_TEST(an_option_of_an_older_build_is_shorter),
        CONFIG_TEST(an_option_of_a_type_to_come_is_passed_over),
        CONFIG_TEST(tables_inside_tables_are_looked_at),
    };
    return cmocka_run_group_tests_name("config_corners", tests, NULL, NULL);
}
