/* SPDX-License-Identifier: MIT */
#include "bulletin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE_MS = 60000 };

static struct bulletin_news playing(const char *activity)
{
    struct bulletin_news news = {.notice = ""};
    news.view.has_heartbeat = true;
    news.view.heartbeat.is_playing = true;
    snprintf(news.view.heartbeat.activity, sizeof(news.view.heartbeat.activity), "%s", activity);
    news.view.today =
        (struct day_account){.allowance_ms = 120 * MINUTE_MS, .used_ms = 83 * MINUTE_MS + 59999};
    return news;
}

static void assert_sentence(const char *sentence, const struct bulletin_news *news)
{
    char text[BULLETIN_CAPACITY];
    bulletin_write(news, text);
    assert_string_equal(sentence, text);
}

static void says_what_is_played_and_what_is_left(void **state)
{
    (void)state;
    struct bulletin_news news = playing("Minecraft");
    assert_sentence("Playing Minecraft; today 83 min used, 0 over, 36 left", &news);
    news.view.today.granted_ms = -60 * MINUTE_MS;
    news.view.today.overdraft_ms = 23 * MINUTE_MS;
    assert_sentence("Playing Minecraft; today 83 min used, 23 over, 0 left", &news);
    news.view.today.allowance_ms = ALLOWANCE_UNLIMITED;
    assert_sentence("Playing Minecraft; today 83 min used", &news);
    news.view.heartbeat.activity[0] = '\0';
    assert_sentence("Playing; today 83 min used", &news);
    news.view.heartbeat.is_playing = false;
    assert_sentence("Not playing; today 83 min used", &news);
    news.view.has_heartbeat = false;
    assert_sentence("Starting", &news);
}

static void says_what_waits_and_what_is_amiss(void **state)
{
    (void)state;
    struct bulletin_news news = playing("Minecraft");
    news.view.today.allowance_ms = ALLOWANCE_UNLIMITED;
    news.waiting = 12;
    news.sinks = 2;
    assert_sentence("Playing Minecraft; today 83 min used; 12 heartbeats wait for 2 sinks", &news);
    news.waiting = 1;
    news.sinks = 1;
    news.notice = "the disk is full";
    assert_sentence(
        "Playing Minecraft; today 83 min used; 1 heartbeat waits for 1 sink; the disk is "
        "full",
        &news);
}

/* A line is a word to the service manager, and what is not UTF-8 is none at all. */
static void stays_one_line_of_text(void **state)
{
    (void)state;
    char text[BULLETIN_CAPACITY];
    char notice[3 * BULLETIN_CAPACITY];
    struct bulletin_news news = playing("a\nMAINPID=1\xE9");
    for (size_t i = 0; i + 2 < sizeof(notice); i += 2)
        memcpy(notice + i, "\xC3\xA9", 3);
    notice[sizeof(notice) - 1] = '\0';
    notice[sizeof(notice) - 2] = '\0';
    news.notice = notice;
    bulletin_write(&news, text);
    assert_null(strchr(text, '\n'));
    assert_non_null(strstr(text, "Playing a MAINPID=1\xEF\xBF\xBD; today"));
    assert_in_range(strlen(text), BULLETIN_CAPACITY - 4, BULLETIN_CAPACITY - 1);
    assert_string_equal("\xC3\xA9", text + strlen(text) - 2); /* not cut in the middle */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_played_and_what_is_left),
        cmocka_unit_test(says_what_waits_and_what_is_amiss),
        cmocka_unit_test(stays_one_line_of_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
