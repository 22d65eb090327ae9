/* SPDX-License-Identifier: MIT */
/* What the GNOME extension says of a window, as it is, as it was, and broken. */
#include "window_title/gnome_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool read_text(const char *text, struct window *window)
{
    memset(window, 'x', sizeof(*window)); /* it is not trusted to be empty */
    return gnome_json_read(text, strlen(text), window);
}

static void a_window_is_its_title_and_class(void **state)
{
    struct window window;
    (void)state;
    assert_true(read_text(
        "{\"title\":\"Minecraft 1.20.4 - Multiplayer\",\"wm_class\":\"Minecraft\",\"pid\":4711,"
        "\"wm_class_instance\":\"java\",\"id\":1,\"focus\":true,\"role\":null,\"display\":{},"
        "\"maximized\":3,\"area\":{\"x\":0}}",
        &window));
    assert_true(window.is_focused);
    assert_false(window.is_fullscreen);
    assert_string_equal("Minecraft 1.20.4 - Multiplayer", window.title);
    assert_string_equal("Minecraft", window.app);
}

static void no_window_has_the_focus(void **state)
{
    static const char *const texts[] = {
        "{}", "{\"title\":\"secret\",\"wm_class\":\"x\",\"pid\":7,\"focus\":false}"};
    struct window window;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_true(read_text(texts[i], &window));
        assert_false(window.is_focused);
        assert_string_equal("", window.title);
        assert_string_equal("", window.app);
    }
}

static void what_is_missing_or_of_another_type_is_left_out(void **state)
{
    static const struct {
        const char *text, *title, *app;
    } windows[] = {
        {"{\"title\":\"t\"}", "t", ""},
        {"{\"title\":null,\"wm_class\":\"c\",\"pid\":0}", "", "c"},
        {"{\"title\":\"t\",\"wm_class\":null,\"wm_class_instance\":\"i\",\"pid\":\"7\"}", "t", "i"},
        {"{\"title\":5,\"wm_class\":[\"c\"],\"wm_class_instance\":\"i\",\"pid\":-1}", "", "i"},
        {"{\"title\":\"\",\"pid\":99999999999999999999}", "", ""},
        {"{\"title\":\"t\",\"pid\":4294967296,\"focus\":1}", "t", ""},
        {"{\"title\":\"t\",\"pid\":7.5,\"title\":\"u\"}", "u", ""},
    };
    struct window window;
    (void)state;
    for (size_t i = 0; i < COUNT(windows); i++) {
        assert_true(read_text(windows[i].text, &window));
        assert_true(window.is_focused);
        assert_string_equal(windows[i].title, window.title);
        assert_string_equal(windows[i].app, window.app);
    }
}

static void what_is_no_window_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "null",
                                        "5",
                                        "\"title\"",
                                        "[]",
                                        "[{\"title\":\"t\"}]",
                                        "{\"pid\":7}",
                                        "{\"title\":7}",
                                        "{\"title\":\"t\"",
                                        "{\"title\":\"t\"}}",
                                        "{\"title\":\"t\"} x",
                                        "{title:\"t\"",
                                        "{\"a\":[[[[[[[[[[1]]]]]]]]]],\"title\":\"t\"}"};
    struct window window;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_false(read_text(texts[i], &window));
        assert_false(window.is_focused);
        assert_string_equal("", window.title);
    }
}

static void titles_are_one_line_of_characters(void **state)
{
    struct window window;
    (void)state;
    assert_true(read_text("{\"title\":\"a\\u0000b\\nc\\ud83c\\udfae\\ud83c\"}", &window));
    assert_string_equal("a b c\xF0\x9F\x8E\xAE\xEF\xBF\xBD", window.title);
    assert_true(read_text("{\"title\":\"a\xFF\xC3\"}", &window));
    assert_string_equal("a\xEF\xBF\xBD\xEF\xBF\xBD", window.title);
}

static void a_long_title_is_cut_and_a_huge_one_refused(void **state)
{
    enum { HUGE_BYTES = 3 * 1024 * 1024 };
    char *text = malloc(HUGE_BYTES + 1);
    struct window window;
    (void)state;
    assert_non_null(text);
    for (int length = 4096; length <= HUGE_BYTES; length += HUGE_BYTES - 4096) {
        memset(text, 'x', (size_t)length);
        int head = snprintf(text, HUGE_BYTES, "{\"title\":\"");
        text[head] = 'x';
        snprintf(text + length - 2, 3, "\"}");
        assert_int_equal(length == 4096, read_text(text, &window));
        assert_int_equal(length == 4096 ? WINDOW_TITLE_BYTES - 1 : 0, strlen(window.title));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_its_title_and_class),
        cmocka_unit_test(no_window_has_the_focus),
        cmocka_unit_test(what_is_missing_or_of_another_type_is_left_out),
        cmocka_unit_test(what_is_no_window_is_refused),
        cmocka_unit_test(titles_are_one_line_of_characters),
        cmocka_unit_test(a_long_title_is_cut_and_a_huge_one_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
