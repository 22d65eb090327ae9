/* SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "zone/civil.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* One load: a file in a folder of its own, and what came of it. */
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
    snprintf(fixture->folder, sizeof(fixture->folder), "%.80s/clb-config-XXXXXX",
             parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->file, sizeof(fixture->file), "%s/clockblock.conf", fixture->folder);
    /* Neither the machine's configuration nor its state folder may play a part. */
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

static void write_config(struct fixture *fixture, const char *text)
{
    FILE *file = fopen(fixture->file, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void load_with(struct fixture *fixture, const char *text, const char *const *sets,
                      char *const *environment)
{
    forget(fixture);
    write_config(fixture, text);
    struct config_options options = {fixture->file, sets, environment};
    fixture->result = config_load(&fixture->config, &options, &fixture->problems);
}

static void load(struct fixture *fixture, const char *text)
{
    load_with(fixture, text, NULL, NULL);
}

static void print_problems(const struct fixture *fixture)
{
    for (int i = 0; i < fixture->problems.count; i++)
        print_error("%s\n", fixture->problems.sentences[i]);
}

static void assert_sound(const struct fixture *fixture)
{
    if (fixture->result == 0 && fixture->problems.count == 0)
        return;
    print_problems(fixture);
    fail_msg("it was refused");
}

/* The index-th problem holds both texts. */
static void assert_problem(const struct fixture *fixture, int index, const char *a, const char *b)
{
    assert_int_equal(fixture->result, EXIT_CODE_CONFIG);
    if (index < fixture->problems.count && strstr(fixture->problems.sentences[index], a) != NULL &&
        strstr(fixture->problems.sentences[index], b) != NULL)
        return;
    print_problems(fixture);
    fail_msg("problem %d does not say \"%s\" and \"%s\"", index, a, b);
}

/* There is one problem, and it holds both texts. */
static void assert_only_problem(const struct fixture *fixture, const char *a, const char *b)
{
    assert_problem(fixture, 0, a, b);
    if (fixture->problems.count != 1)
        print_problems(fixture);
    assert_int_equal(fixture->problems.count, 1);
}

static const struct config_instance *sink(const struct fixture *fixture, const char *name)
{
    for (int i = 0; i < fixture->config->sinks_count; i++)
        if (strcmp(fixture->config->sinks[i].name, name) == 0)
            return &fixture->config->sinks[i];
    fail_msg("there is no sink %s", name);
    return NULL;
}

/* ---- Defaults ---- */

static void check_defaults(const struct fixture *fixture)
{
    char db_path[256];
    const struct config *config = fixture->config;
    assert_int_equal(config->poll_interval_sec, 5);
    assert_int_equal(config->retention_days, 30);
    assert_int_equal(config->api_port, 3841);
    assert_string_equal(config->api_host, "127.0.0.1");
    assert_null(config->api_token_file);
    assert_null(config->api_allowed_origins[0]);
    snprintf(db_path, sizeof(db_path), "%s/clockblock.db", fixture->folder);
    assert_string_equal(config->db_path, db_path);
    assert_string_equal(config->timezone, "local");
    assert_int_equal(config->day_starts_at_sec, 0);
    for (int i = 0; i < CONFIG_WEEKDAYS; i++)
        assert_int_equal(config->allowance_min[i], CONFIG_UNLIMITED);
    assert_int_equal(config->allowance_dates_count, 0);
    assert_int_equal(config->commit_interval_sec, 0);
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_int_equal(config->log_format, LOG_FORMAT_TEXT);
    assert_null(config->plugin_dirs[0]);
    assert_null(config->playing_when);
    assert_true(strlen(config->device_id) > 0);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "");
    assert_sound(fixture);
    check_defaults(fixture);
    assert_string_equal(fixture->config->file, fixture->file);
    assert_string_equal(fixture->config->folder, fixture->folder);
    assert_int_equal(fixture->config->detectors_count, 0);
    assert_int_equal(fixture->problems.warnings_count, 1);
}

static void instances_have_the_first_agents_defaults(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "detectors: { games: { plugin = \"process_name\"; }; };\n"
                  "sinks: { cloud: { plugin = \"http_ingest\"; }; };");
    assert_sound(fixture);
    assert_int_equal(fixture->problems.warnings_count, 0);
    const struct config_instance *games = &fixture->config->detectors[0];
    assert_string_equal(games->name, "games");
    assert_string_equal(games->plugin, "process_name");
    assert_true(games->enabled);
    assert_int_equal(games->interval_ms, 5000);
    const struct config_instance *cloud = sink(fixture, "cloud");
    assert_true(cloud->enabled);
    assert_false(cloud->start_now);
    assert_int_equal(cloud->sync_interval_ms, 300 * 1000);
    assert_int_equal(cloud->timeout_ms, 10 * 1000);
    assert_int_equal(cloud->batch_limit, 0);
}

static void the_builtin_file_is_sound(void **state)
{
    struct fixture *fixture = *state;
    char *const environment[] = {"PATH=/bin", NULL};
    struct config_options options = {NULL, NULL, environment};
    if (access("/etc/clockblock/clockblock.conf", F_OK) == 0)
        print_message("the installed file is read\n");
    fixture->result = config_load(&fixture->config, &options, &fixture->problems);
    assert_sound(fixture);
    assert_int_equal(fixture->problems.warnings_count, 0);
    check_defaults(fixture);
    assert_int_equal(fixture->config->detectors_count, 4);
    assert_string_equal(fixture->config->detectors[0].plugin, "process_name");
    assert_int_equal(fixture->config->sinks_count, 3);
    assert_false(sink(fixture, "cloud")->enabled);
    assert_int_equal(sink(fixture, "cloud")->sync_interval_ms, 300 * 1000);
    assert_int_equal(sink(fixture, "cloud")->timeout_ms, 10 * 1000);
    assert_false(sink(fixture, "log")->enabled);
    assert_int_equal(sink(fixture, "log")->sync_interval_ms, 5000);
}

/* The file in the source tree, read as a user's file. */
static void the_shipped_file_is_sound(void **state)
{
    struct fixture *fixture = *state;
    struct config_options options = {SHIPPED_CONFIG, NULL, NULL};
    fixture->result = config_load(&fixture->config, &options, &fixture->problems);
    assert_sound(fixture);
    check_defaults(fixture);
    assert_int_equal(fixture->config->detectors_count, 4);
}

static void all_settings_are_read(void **state)
{
    struct fixture *fixture = *state;
    char path[256];
    load(fixture,
         "device_id = \"kid-pc\"; db_path = \"/var/games/account.db\"; poll_interval_sec = 10;\n"
         "retention_days = 7; playing_when = \"games and not away\";\n"
         "day: { timezone = \"Europe/Paris\"; starts_at = \"04:15\"; };\n"
         "allowance: { default_min = 120; sunday_min = 240; monday_min = 0;\n"
         "  dates = ( { date = \"2026-12-25\"; minutes = 300; },\n"
         "            { date = \"2026-01-01\"; minutes = 0; } ); };\n"
         "detectors: { games: { plugin = \"process_name\"; interval_sec = 2.5; };\n"
         "  away: { plugin = \"idle\"; enabled = false; after_sec = 600; }; };\n"
         "sinks: { cloud: { plugin = \"http_ingest\"; start = \"now\"; sync_interval_sec = 60;\n"
         "  batch_limit = 20; timeout_sec = 0.5; }; };\n"
         "api: { host = \"::1\"; port = 4000; token_file = \"token\";\n"
         "  allowed_origins = [ \"http://a.lan\", \"http://b.lan\" ]; };\n"
         "store: { commit_interval_sec = 30; }; log: { level = \"debug\"; format = \"json\"; };\n"
         "plugin_dirs = [ \"mine\", \"/opt/more\" ];\n");
    assert_sound(fixture);
    const struct config *config = fixture->config;
    assert_string_equal(config->device_id, "kid-pc");
    assert_string_equal(config->db_path, "/var/games/account.db");
    assert_int_equal(config->poll_interval_sec, 10);
    assert_int_equal(config->retention_days, 7);
    assert_string_equal(config->playing_when, "games and not away");
    assert_non_null(config->playing_when_node);
    assert_string_equal(config->timezone, "Europe/Paris");
    assert_int_equal(config->day_starts_at_sec, 4 * 3600 + 15 * 60);
    assert_int_equal(config->allowance_min[0], 0);
    assert_int_equal(config->allowance_min[1], 120);
    assert_int_equal(config->allowance_min[6], 240);
    assert_int_equal(config->allowance_dates_count, 2);
    assert_int_equal(config->allowance_dates[0].date, civil_date(2026, 1, 1));
    assert_int_equal(config->allowance_dates[0].minutes, 0);
    assert_int_equal(config->allowance_dates[1].date, civil_date(2026, 12, 25));
    assert_int_equal(config->allowance_dates[1].minutes, 300);
    assert_int_equal(config->detectors[0].interval_ms, 2500);
    assert_int_equal(config->detectors[1].interval_ms, 10000); /* the heartbeat's */
    assert_false(config->detectors[1].enabled);
    assert_true(sink(fixture, "cloud")->start_now);
    assert_int_equal(sink(fixture, "cloud")->sync_interval_ms, 60000);
    assert_int_equal(sink(fixture, "cloud")->batch_limit, 20);
    assert_int_equal(sink(fixture, "cloud")->timeout_ms, 500);
    assert_string_equal(config->api_host, "::1");
    assert_int_equal(config->api_port, 4000);
    snprintf(path, sizeof(path), "%s/token", fixture->folder);
    assert_string_equal(config->api_token_file, path);
    assert_string_equal(config->api_allowed_origins[0], "http://a.lan");
    assert_string_equal(config->api_allowed_origins[1], "http://b.lan");
    assert_null(config->api_allowed_origins[2]);
    assert_int_equal(config->commit_interval_sec, 30);
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->log_format, LOG_FORMAT_JSON);
    snprintf(path, sizeof(path), "%s/mine", fixture->folder);
    assert_string_equal(config->plugin_dirs[0], path);
    assert_string_equal(config->plugin_dirs[1], "/opt/more");
}

/* ---- Problems ---- */

struct mistake {
    const char *text;
    const char *says;
    const char *also;
};

static void mistakes_are_named(void **state)
{
    static const struct mistake mistakes[] = {
        {"\n\npol_interval_sec = 5;",
         "clockblock.conf:3: ", "(did you mean \"poll_interval_sec\"?)"},
        {"api: {\n prot = 1; };", "clockblock.conf:2: api", "(did you mean \"port\"?)"},
        {"zzz = 1;", ":1: ", "unknown setting \"zzz\""},
        {"poll_interval_sec = \"5\";", ":1: poll_interval_sec: ", "expected a whole number"},
        {"poll_interval_sec = 2.5;", ":1: poll_interval_sec: ", "expected a whole number"},
        {"device_id = 5;", ":1: device_id: ", "expected a string"},
        {"device_id = \"\";", ":1: device_id: ", "1 to 127"},
        {"device_id = \"a\\nb\";", ":1: device_id: ", "control"},
        {"db_path = 5;", ":1: db_path: ", "expected a string"},
        {"db_path = \"\";", ":1: db_path: ", "empty"},
        {"api = 3;", ":1: api: ", "expected a group"},
        {"detectors = 3;", ":1: detectors: ", "expected a group"},
        {"sinks: { a = 1; };", ":1: sinks.a: ", "expected a group"},
        {"poll_interval_sec = 0;", ":1: poll_interval_sec: 0 ", "from 1 to 3600"},
        {"poll_interval_sec = 3601;", ":1: poll_interval_sec: 3601 ", "from 1 to 3600"},
        {"retention_days = 0;", "retention_days: 0 ", "out of range"},
        {"api: { port = 0; };", ":1: api.port: 0 ", "from 1 to 65535"},
        {"api: { port = 65536; };", "api.port: 65536 ", "from 1 to 65535"},
        {"log: { level = \"inof\"; };", "log.level: \"inof\"", "(did you mean \"info\"?)"},
        {"log: { level = 3; };", "log.level: ", "expected a string"},
        {"day: { starts_at = \"04:10\"; };", ":1: day.starts_at: ", "04:10"},
        {"day: { starts_at = \"24:00\"; };", ":1: day.starts_at: ", "24:00"},
        {"day: { starts_at = \"4:00\"; };", ":1: day.starts_at: ", "4:00"},
        {"allowance: { default_min = 1441; };", "allowance.default_min: 1441 ", "from 0 to 1440"},
        {"allowance: { sunday_min = -1; };", "allowance.sunday_min: -1 ", "from 0 to 1440"},
        {"allowance: {\n dates = ( { date = \"2026-02-30\"; minutes = 1; } ); };",
         ":2: allowance.dates[0].date: ", "2026-02-30"},
        {"allowance: {\n dates = ( { date = \"2026-02-03\"; } ); };", "allowance.dates[0]",
         "minutes"},
        {"allowance: {\n dates = ( { date = \"2026-12-25\"; minutes = 1; },\n"
         "  { date = \"2026-12-24\"; minutes = 2; }, { date = \"2026-12-25\"; minutes = 3; } ); };",
         "allowance.dates[2]: ", "2026-12-25 is there twice"},
        {"allowance: { dates = 3; };", "allowance.dates: ", "expected a list of groups"},
        {"api: { allowed_origins = [ 1, 2 ]; };",
         "api.allowed_origins: ", "expected a list of strings"},
        {"api: {\n host = \"0.0.0.0\"; };", ":2: api.host: ", "token_file"},
        {"api: {\n host = \"192.168.1.2\"; token_file = \"\"; };", ":2: api.host: ", "token_file"},
        {"detectors: { games: { }; };", "detectors.games", "plugin"},
        {"detectors: { games: { plugin = \"p\"; interval_sec = 0; }; };",
         "detectors.games.interval_sec: 0 ", "from 0.1 to 3600"},
        {"sinks: { cloud: { plugin = \"p\"; start = \"soon\"; }; };",
         "sinks.cloud.start: ", "oldest, now"},
        {"sinks: { cloud: { plugin = \"p\"; enabled = 1; }; };",
         "sinks.cloud.enabled: ", "expected true or false"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        load(fixture, mistakes[i].text);
        if (fixture->result == 0)
            fail_msg("accepted: %s", mistakes[i].text);
        assert_only_problem(fixture, mistakes[i].says, mistakes[i].also);
    }
}

static void a_day_starts_at_digits(void **state)
{
    static const char *const bad[] = {"+4:00", " 4:00", "04:-0", "04: 0", "04:+0"};
    struct fixture *fixture = *state;
    char text[64];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "day: { starts_at = \"%s\"; };", bad[i]);
        load(fixture, text);
        if (fixture->result == 0)
            fail_msg("accepted: %s", text);
        assert_only_problem(fixture, ":1: day.starts_at: ", bad[i]);
    }
    load(fixture, "day: { starts_at = \"23:45\"; };");
    assert_sound(fixture);
    assert_int_equal(fixture->config->day_starts_at_sec, 23 * 3600 + 45 * 60);
}

static void a_token_opens_the_api(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "api: { host = \"0.0.0.0\"; token_file = \"token\"; };");
    assert_sound(fixture);
}

static void instance_names_are_checked(void **state)
{
    static const char *const bad[] = {"Games", "and", "or", "not", "g-1", "G"};
    static const char *const good[] = {"g", "g1", "my_games", "nothing", "android"};
    struct fixture *fixture = *state;
    char text[256];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "\nsinks: { %s: { plugin = \"file\"; }; };", bad[i]);
        load(fixture, text);
        assert_only_problem(fixture, ":2: sinks.", "a name is made of");
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(text, sizeof(text), "detectors: { %s: { plugin = \"file\"; }; };", good[i]);
        load(fixture, text);
        assert_sound(fixture);
        assert_string_equal(fixture->config->detectors[0].name, good[i]);
    }
    char name[INSTANCE_CAPACITY + 1] = {0};
    memset(name, 'n', INSTANCE_CAPACITY); /* one too long */
    snprintf(text, sizeof(text), "sinks: { %s: { plugin = \"file\"; }; };", name);
    load(fixture, text);
    assert_only_problem(fixture, "sinks.nnn", "a name is made of");
    name[INSTANCE_CAPACITY - 1] = '\0';
    snprintf(text, sizeof(text), "sinks: { %s: { plugin = \"file\"; }; };", name);
    load(fixture, text);
    assert_sound(fixture);
}

static void all_problems_come_at_once_in_order(void **state)
{
    struct fixture *fixture = *state;
    const char *const sets[] = {"api.port=none", NULL};
    load_with(fixture,
              "log: { level = \"loud\"; };\n"
              "poll_interval_sec = 0;\n"
              "sinks: { And: { plugin = \"file\"; }; };\n"
              "day: { starts_at = \"noon\"; };\n"
              "retention = 30;\n"
              "allowance: { dates = ( { date = \"2026-13-01\"; minutes = 1; },\n"
              "                       { date = \"2026-12-01\"; minutes = 1; } ); };\n",
              sets, NULL);
    assert_problem(fixture, 0, "clockblock.conf:1: ", "log.level");
    assert_problem(fixture, 1, "clockblock.conf:2: ", "poll_interval_sec");
    assert_problem(fixture, 2, "clockblock.conf:3: ", "sinks.And");
    assert_problem(fixture, 3, "clockblock.conf:4: ", "day.starts_at");
    assert_problem(fixture, 4, "clockblock.conf:5: ", "\"retention\"");
    assert_problem(fixture, 5, "clockblock.conf:6: ", "2026-13-01");
    assert_problem(fixture, 6, "--set api.port: ", "api.port: expected a whole number");
    assert_int_equal(fixture->problems.count, 7);
}

static void numbers_that_would_wrap_are_refused(void **state)
{
    static const char *const texts[] = {
        "device_id = \"a # b\";\n/* 99999999999\n*/\nretention_days = 4294967301;",
        "\n# 99999999999\n// 99999999999\nretention_days = 2147483648;",
        "\n\n\nretention_days = -2147483649;",
        "\n\n\nretention_days = 99999999999999999999L;",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        load(fixture, texts[i]);
        assert_only_problem(fixture, "clockblock.conf:4: ", "too large");
    }
    /* 64 bits that are asked for are read as what they are. */
    load(fixture, "retention_days = 4294967326L;");
    assert_only_problem(fixture, "retention_days: 4.29497e+09 ", "out of range");
    load(fixture, "retention_days = 31L; device_id = \"99999999999\";");
    assert_sound(fixture);
    assert_int_equal(fixture->config->retention_days, 31);
}

static void hex_numbers_that_would_wrap_are_refused(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "retention_days = 0x1f;");
    assert_sound(fixture);
    assert_int_equal(fixture->config->retention_days, 31);
    load(fixture, "\nretention_days = 0x10000001f;"); /* 31 in 32 bits */
    if (fixture->result == 0)
        fail_msg("0x10000001f became %d", fixture->config->retention_days);
    assert_only_problem(fixture, "clockblock.conf:2: ", "too large");
}

static void syntax_errors_have_a_line(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "retention_days = 30;\npoll_interval_sec = ;\nzzz = 1;");
    assert_only_problem(fixture, "clockblock.conf:2: ", "syntax error");
    assert_null(fixture->config);
    load(fixture, "api: { port = 4000;\n");
    assert_problem(fixture, 0, "clockblock.conf:", "syntax error");
}

static void a_byte_order_mark_is_skipped(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "\xEF\xBB\xBF"
                  "retention_days = 31;\r\nzzz = 1;\r\n");
    assert_only_problem(fixture, "clockblock.conf:2: ", "zzz");
    load(fixture, "\xEF\xBB\xBF"
                  "retention_days = 31;");
    assert_sound(fixture);
    assert_int_equal(fixture->config->retention_days, 31);
}

static void a_missing_file_is_a_problem(void **state)
{
    struct fixture *fixture = *state;
    struct config_options options = {"/nowhere/clockblock.conf", NULL, NULL};
    fixture->result = config_load(&fixture->config, &options, &fixture->problems);
    assert_only_problem(fixture, "/nowhere/clockblock.conf", "");
    assert_null(fixture->config);
}

/* ---- The command line and the environment ---- */

static void the_command_line_beats_the_environment(void **state)
{
    struct fixture *fixture = *state;
    const char *const sets[] = {"api.port=4003", "detectors.games.interval_sec=0.5",
                                "log.level=debug", NULL};
    char *const environment[] = {
        "CLOCKBLOCK_API__PORT=4002",
        "CLOCKBLOCK_RETENTION_DAYS=12",
        "CLOCKBLOCK_DETECTORS__GAMES__INTERVAL_SEC=2",
        "CLOCKBLOCK_SINKS__MY_LOG__PLUGIN=file",
        "CLOCKBLOCK_SINKS__MY_LOG__ENABLED=false",
        "CLOCKBLOCK_API__ALLOWED_ORIGINS=http://a.lan, http://b.lan",
        "CLOCKBLOCK_PLUGIN_DIRS=[ \"/x,y\", \"/z\" ]",
        "CLOCKBLOCK_ALLOWANCE__DATES=( { date = \"2026-12-25\"; minutes = 9; } )",
        "CLOCKBLOCKING=1",
        NULL};
    load_with(fixture,
              "api: { port = 4001; }; retention_days = 11; poll_interval_sec = 6;\n"
              "detectors: { games: { plugin = \"process_name\"; interval_sec = 1; }; };",
              sets, environment);
    assert_sound(fixture);
    const struct config *config = fixture->config;
    assert_int_equal(config->api_port, 4003);
    assert_int_equal(config->retention_days, 12);
    assert_int_equal(config->poll_interval_sec, 6);
    assert_int_equal(config->detectors[0].interval_ms, 500);
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_string_equal(sink(fixture, "my_log")->plugin, "file");
    assert_false(sink(fixture, "my_log")->enabled);
    assert_string_equal(config->api_allowed_origins[0], "http://a.lan");
    assert_string_equal(config->api_allowed_origins[1], "http://b.lan");
    assert_null(config->api_allowed_origins[2]);
    assert_string_equal(config->plugin_dirs[0], "/x,y");
    assert_string_equal(config->plugin_dirs[1], "/z");
    assert_null(config->plugin_dirs[2]);
    assert_int_equal(config->allowance_dates_count, 1);
    assert_int_equal(config->allowance_dates[0].minutes, 9);
}

static void the_environment_replaces_lists_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    char *const environment[] = {"CLOCKBLOCK_API__ALLOWED_ORIGINS=", NULL};
    const char *const sets[] = {"plugin_dirs=/one", NULL};
    load_with(fixture,
              "api: { allowed_origins = [ \"http://a.lan\" ]; }; plugin_dirs = [ \"/a\", \"/b\" ];",
              sets, environment);
    assert_sound(fixture);
    assert_null(fixture->config->api_allowed_origins[0]);
    assert_string_equal(fixture->config->plugin_dirs[0], "/one");
    assert_null(fixture->config->plugin_dirs[1]);
}

static void the_environment_names_the_file(void **state)
{
    struct fixture *fixture = *state;
    char variable[256];
    write_config(fixture, "retention_days = 99;");
    snprintf(variable, sizeof(variable), "CLOCKBLOCK_CONFIG=%s", fixture->file);
    char *const environment[] = {variable, NULL};
    struct config_options options = {NULL, NULL, environment};
    fixture->result = config_load(&fixture->config, &options, &fixture->problems);
    assert_sound(fixture);
    assert_int_equal(fixture->config->retention_days, 99);
}

static void mistakes_outside_the_file_are_named(void **state)
{
    static const struct mistake mistakes[] = {
        {"CLOCKBLOCK_API__PROT=1", "environment CLOCKBLOCK_API__PROT: ", "did you mean \"port\""},
        {"CLOCKBLOCK_API__PORT=x", "environment CLOCKBLOCK_API__PORT: ", "whole number"},
        {"CLOCKBLOCK_API__PORT=70000", "environment CLOCKBLOCK_API__PORT: ", "out of range"},
        {"CLOCKBLOCK_RETENTION_DAYS=", "environment CLOCKBLOCK_RETENTION_DAYS: ", "whole number"},
        {"CLOCKBLOCK_DEVICE_ID__X=1", "environment CLOCKBLOCK_DEVICE_ID__X: ", "no setting"},
    };
    static const struct mistake sets[] = {
        {"api.port", "--set api.port: ", "--set path=value"},
        {"=1", "--set ", "--set path=value"},
        {"device_id.x=1", "--set device_id.x: ", "--set path=value"},
        {"api.port=1.5", "--set api.port: ", "whole number"},
        {"api.allowed_origins=[ 1", "--set api.allowed_origins: ", "list of strings"},
        {"sinks.log.enabled=maybe", "--set sinks.log.enabled: ", "true or false"},
    };
    static const char text[] = "device_id = \"pc\"; sinks: { log: { plugin = \"file\"; }; };";
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        char variable[128];
        snprintf(variable, sizeof(variable), "%s", mistakes[i].text);
        char *const environment[] = {variable, NULL};
        load_with(fixture, text, NULL, environment);
        assert_only_problem(fixture, mistakes[i].says, mistakes[i].also);
    }
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        const char *const list[] = {sets[i].text, NULL};
        load_with(fixture, text, list, NULL);
        assert_only_problem(fixture, sets[i].says, sets[i].also);
    }
}

/* ---- Settings of a plugin ---- */

#define OPTION(TYPE, KEY, DEFAULT)                                                                 \
    {                                                                                              \
        .size = sizeof(clb_option), .type = CLB_OPTION_##TYPE, .key = (KEY),                       \
        .default_text = (DEFAULT)                                                                  \
    }

static const char *const colors[] = {"red", "green", NULL};
static const clb_option rule_options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .key = "activity",
     .flags = CLB_OPTION_REQUIRED},
    OPTION(LIST, "process", NULL),
};
static const clb_option *const rule_fields[] = {&rule_options[0], &rule_options[1], NULL};
static const clb_option plugin_options[] = {
    OPTION(STRING, "text", "hello"),
    OPTION(INT, "count", "7"),
    OPTION(NUMBER, "ratio", "0.25"),
    OPTION(BOOL, "loud", "true"),
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_DURATION,
     .key = "after_sec",
     .default_text = "1.5",
     .minimum = 0.5,
     .maximum = 60},
    OPTION(PATH, "file", "here.txt"),
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_ENUM,
     .key = "color",
     .default_text = "green",
     .choices = colors},
    OPTION(LIST, "words", "[ \"a, b\", \"c\" ]"),
    {.size = sizeof(clb_option), .type = CLB_OPTION_GROUPS, .key = "rules", .fields = rule_fields},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_INT,
     .key = "secret",
     .flags = CLB_OPTION_SECRET},
};
static const clb_option *const plugin_table[] = {&plugin_options[0],
                                                 &plugin_options[1],
                                                 &plugin_options[2],
                                                 &plugin_options[3],
                                                 &plugin_options[4],
                                                 &plugin_options[5],
                                                 &plugin_options[6],
                                                 &plugin_options[7],
                                                 &plugin_options[8],
                                                 &plugin_options[9],
                                                 NULL};

/* Loads a detector with these settings, and checks them against the table above. */
static clb_settings *plugin_settings(struct fixture *fixture, const char *settings)
{
    char text[1024];
    snprintf(text, sizeof(text), "detectors: { x: { plugin = \"p\"; interval_sec = 1;\n%s }; };",
             settings);
    load(fixture, text);
    assert_sound(fixture);
    clb_settings *made =
        config_settings(fixture->config, fixture->config->detectors[0].node, "detectors.x",
                        plugin_table, config_detector_keys, &fixture->problems);
    fixture->result = made != NULL ? 0 : EXIT_CODE_CONFIG;
    return made;
}

static void unset_options_get_their_defaults(void **state)
{
    struct fixture *fixture = *state;
    char path[256];
    clb_settings *settings = plugin_settings(fixture, "");
    assert_sound(fixture);
    assert_int_equal(settings->count, 10);
    assert_string_equal(clb_setting_text(settings, "text"), "hello");
    assert_int_equal(clb_setting_find(settings, "text")->is_set, 0);
    assert_int_equal(clb_setting_integer(settings, "count"), 7);
    assert_float_equal(clb_setting_find(settings, "ratio")->number, 0.25, 1e-12);
    assert_int_equal(clb_setting_integer(settings, "loud"), 1);
    assert_int_equal(clb_setting_integer(settings, "after_sec"), 1500);
    snprintf(path, sizeof(path), "%s/here.txt", fixture->folder);
    assert_string_equal(clb_setting_text(settings, "file"), path);
    assert_string_equal(clb_setting_text(settings, "color"), "green");
    assert_int_equal(clb_setting_find(settings, "words")->count, 2);
    assert_string_equal(clb_setting_find(settings, "words")->items[0], "a, b");
    assert_int_equal(clb_setting_find(settings, "rules")->count, 0);
    assert_int_equal(clb_setting_find(settings, "secret")->is_set, 0);
    assert_null(clb_setting_find(settings, "plugin"));
    config_settings_destroy(settings);
}

static void every_type_of_option_is_read(void **state)
{
    struct fixture *fixture = *state;
    clb_settings *settings = plugin_settings(
        fixture, "text = \"hi\"; count = -3; ratio = 2; loud = false; after_sec = 2.25;\n"
                 "file = \"/abs\"; color = \"red\"; words = \"one, word\"; secret = 42;\n"
                 "rules = ( { activity = \"M\"; process = [ \"a\", \"b\" ]; },\n"
                 "          { activity = \"N\"; process = \"c\"; } );");
    assert_sound(fixture);
    assert_string_equal(clb_setting_text(settings, "text"), "hi");
    assert_int_equal(clb_setting_find(settings, "text")->is_set, 1);
    assert_int_equal(clb_setting_integer(settings, "count"), -3);
    assert_float_equal(clb_setting_find(settings, "ratio")->number, 2.0, 1e-12);
    assert_int_equal(clb_setting_integer(settings, "loud"), 0);
    assert_int_equal(clb_setting_integer(settings, "after_sec"), 2250);
    assert_string_equal(clb_setting_text(settings, "file"), "/abs");
    assert_string_equal(clb_setting_text(settings, "color"), "red");
    assert_int_equal(clb_setting_find(settings, "words")->count, 1);
    assert_string_equal(clb_setting_find(settings, "words")->items[0], "one, word");
    assert_int_equal(clb_setting_integer(settings, "secret"), 42);
    const clb_setting *rules = clb_setting_find(settings, "rules");
    assert_int_equal(rules->count, 2);
    assert_string_equal(clb_setting_text(rules->groups[0], "activity"), "M");
    assert_int_equal(clb_setting_find(rules->groups[0], "process")->count, 2);
    assert_string_equal(clb_setting_find(rules->groups[1], "process")->items[0], "c");
    config_settings_destroy(settings);
}

static void mistakes_in_plugin_settings_are_named(void **state)
{
    static const struct mistake mistakes[] = {
        {"cuont = 1;", ":2: detectors.x: unknown setting \"cuont\"", "\"count\""},
        {"text = 1;", ":2: detectors.x.text: ", "a string"},
        {"count = true;", ":2: detectors.x.count: ", "a whole number"},
        {"ratio = \"a\";", ":2: detectors.x.ratio: ", "a number"},
        {"loud = 1;", ":2: detectors.x.loud: ", "true or false"},
        {"after_sec = 0.4;", ":2: detectors.x.after_sec: 0.4 ", "from 0.5 to 60"},
        {"after_sec = \"a\";", ":2: detectors.x.after_sec: ", "a number of seconds"},
        {"file = 1;", ":2: detectors.x.file: ", "a string"},
        {"color = \"grean\";", ":2: detectors.x.color: ", "did you mean \"green\""},
        {"words = [ 1 ];", ":2: detectors.x.words: ", "a list of strings"},
        {"rules = ( 1 );", ":2: detectors.x.rules: ", "a list of groups"},
        {"rules = ( { activity = \"a\"; },\n{ process = \"c\"; } );", ":3: detectors.x.rules[1]",
         "activity"},
        {"rules = ( { activity = \"a\"; procces = \"b\"; } );", ":2: detectors.x.rules[0]",
         "did you mean \"process\""},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        assert_null(plugin_settings(fixture, mistakes[i].text));
        assert_only_problem(fixture, mistakes[i].says, mistakes[i].also);
    }
}

static void a_secret_is_not_shown(void **state)
{
    struct fixture *fixture = *state;
    assert_null(plugin_settings(fixture, "secret = \"hunter2\";"));
    assert_only_problem(fixture, "detectors.x.secret: ", "a whole number");
    assert_null(strstr(fixture->problems.sentences[0], "hunter2"));
    assert_null(plugin_settings(fixture, "count = \"hunter2\";")); /* while others are */
    assert_only_problem(fixture, "detectors.x.count: ", "hunter2");
}

static void a_control_character_in_a_path_is_odd(void **state)
{
    struct fixture *fixture = *state;
    clb_settings *settings = plugin_settings(fixture, "file = \"D:\\new\";");
    assert_sound(fixture);
    assert_int_equal(fixture->problems.warnings_count, 1);
    assert_non_null(strstr(fixture->problems.warnings[0], ":2: "));
    config_settings_destroy(settings);
}

static void broken_tables_are_found(void **state)
{
    static const clb_option twice[] = {OPTION(INT, "a", NULL), OPTION(INT, "a", NULL)};
    static const clb_option hosts = OPTION(INT, "enabled", NULL);
    static const clb_option bad_default = OPTION(INT, "a", "many");
    static const clb_option no_choices = OPTION(ENUM, "a", NULL);
    static const clb_option no_key = OPTION(INT, NULL, NULL);
    const clb_option *const tables[][3] = {{&twice[0], &twice[1], NULL},
                                           {&hosts, NULL},
                                           {&bad_default, NULL},
                                           {&no_choices, NULL},
                                           {&no_key, NULL}};
    struct error error;
    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        error.text[0] = '\0';
        assert_true(config_options_broken(tables[i], config_detector_keys, &error));
        assert_true(strlen(error.text) > 0);
    }
    assert_false(config_options_broken(plugin_table, config_detector_keys, &error));
    assert_false(config_options_broken(NULL, config_detector_keys, &error));
}

static void the_nearest_name_is_near(void **state)
{
    static const char *const names[] = {"process", "port", "plugin", NULL};
    (void)state;
    assert_string_equal(config_nearest("proces", names), "process");
    assert_string_equal(config_nearest("prot", names), "port");
    assert_string_equal(config_nearest("plugins", names), "plugin");
    assert_null(config_nearest("xyz", names));
    assert_null(config_nearest("something", names));
}

#define CONFIG_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(an_empty_file_gives_the_defaults),
        CONFIG_TEST(instances_have_the_first_agents_defaults),
        CONFIG_TEST(the_builtin_file_is_sound),
        CONFIG_TEST(the_shipped_file_is_sound),
        CONFIG_TEST(all_settings_are_read),
        CONFIG_TEST(mistakes_are_named),
        CONFIG_TEST(a_day_starts_at_digits),
        CONFIG_TEST(a_token_opens_the_api),
        CONFIG_TEST(instance_names_are_checked),
        CONFIG_TEST(all_problems_come_at_once_in_order),
        CONFIG_TEST(numbers_that_would_wrap_are_refused),
        CONFIG_TEST(hex_numbers_that_would_wrap_are_refused),
        CONFIG_TEST(syntax_errors_have_a_line),
        CONFIG_TEST(a_byte_order_mark_is_skipped),
        CONFIG_TEST(a_missing_file_is_a_problem),
        CONFIG_TEST(the_command_line_beats_the_environment),
        CONFIG_TEST(the_environment_replaces_lists_as_a_whole),
        CONFIG_TEST(the_environment_names_the_file),
        CONFIG_TEST(mistakes_outside_the_file_are_named),
        CONFIG_TEST(unset_options_get_their_defaults),
        CONFIG_TEST(every_type_of_option_is_read),
        CONFIG_TEST(mistakes_in_plugin_settings_are_named),
        CONFIG_TEST(a_secret_is_not_shown),
        CONFIG_TEST(a_control_character_in_a_path_is_odd),
        CONFIG_TEST(broken_tables_are_found),
        CONFIG_TEST(the_nearest_name_is_near),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
