/* SPDX-License-Identifier: MIT */
#include "given.h"

#include "verdict.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char given_nowhere[] = "/nonexistent/clockblock-check";

clb_option given_option(const clb_option *option)
{
    clb_option copy;
    (void)config_option_read(option, &copy); /* a type that nobody knows is for the check options */
    return copy;
}

static bool is_set(const char *const *sets, const char *key)
{
    size_t length = strlen(key);
    for (; *sets != NULL; sets++)
        if (strncmp(*sets, key, length) == 0 && (*sets)[length] == '=')
            return true;
    return false;
}

void given_or_skip(const struct subject *subject)
{
    char lacks[512] = "";
    const clb_option *const *options = subject->plugin.descriptor.options;
    for (; options != NULL && *options != NULL; options++) {
        clb_option option = given_option(*options);
        size_t used = strlen(lacks);
        if ((option.flags & CLB_OPTION_REQUIRED) != 0 && option.default_text == NULL &&
            !is_set(subject->sets, option.key))
            snprintf(lacks + used, sizeof(lacks) - used, " --set %s=...", option.key);
    }
    if (lacks[0] != '\0')
        check_skip("needs settings: give%s", lacks);
}

clb_settings *given_settings(const struct subject *subject)
{
    struct config_problems problems = {0};
    given_or_skip(subject);
    clb_settings *settings =
        config_settings_of_sets(".", subject->sets, subject->plugin.descriptor.options, &problems);
    if (settings == NULL)
        check_fail("%s", problems.count > 0 ? problems.sentences[0] : "these settings do not fit");
    config_problems_finish(&problems);
    return settings;
}

/* ---- Unset ---- */

/* A copy of a table in which nothing is required, and unless `keep_defaults` nothing has a default.
 */
static clb_option **loosen(const clb_option *const *options, bool keep_defaults)
{
    size_t count = 0;
    while (options != NULL && options[count] != NULL)
        count++;
    clb_option **loose = calloc(count + 1, sizeof(loose[0]));
    assert(loose != NULL);
    for (size_t i = 0; i < count; i++) {
        loose[i] = calloc(1, sizeof(*loose[i]));
        assert(loose[i] != NULL);
        *loose[i] = given_option(options[i]);
        loose[i]->size = sizeof(*loose[i]);
        loose[i]->flags &= ~(uint32_t)CLB_OPTION_REQUIRED;
        if (!keep_defaults)
            loose[i]->default_text = NULL;
        if (loose[i]->fields != NULL)
            loose[i]->fields = (const clb_option *const *)loosen(loose[i]->fields, keep_defaults);
    }
    return loose;
}

static void free_loose(clb_option **loose)
{
    for (size_t i = 0; loose[i] != NULL; i++) {
        if (loose[i]->fields != NULL)
            free_loose((clb_option **)(uintptr_t)loose[i]->fields);
        free(loose[i]);
    }
    free(loose);
}

struct visitor {
    void (*visit)(const clb_settings *settings, const char *what, void *context);
    void *context;
};

static void visit_loose(const struct subject *subject, const char *const *sets, bool keep_defaults,
                        const char *what, const struct visitor *visitor)
{
    struct config_problems problems = {0};
    clb_option **loose = loosen(subject->plugin.descriptor.options, keep_defaults);
    clb_settings *settings =
        config_settings_of_sets(given_nowhere, sets, (const clb_option *const *)loose, &problems);
    if (settings != NULL)
        visitor->visit(settings, what, visitor->context);
    config_settings_destroy(settings);
    config_problems_finish(&problems);
    free_loose(loose);
}

void given_without(const struct subject *subject, const char *key,
                   const char *sets[GIVEN_SETS_MAX + 2])
{
    int count = 0;
    for (int i = 0; subject->sets[i] != NULL && count < GIVEN_SETS_MAX; i++) {
        const char *const one[] = {subject->sets[i], NULL};
        if (!is_set(one, key))
            sets[count++] = subject->sets[i];
    }
    sets[count] = NULL;
}

void given_missing(const struct subject *subject,
                   void (*visit)(const clb_settings *settings, const char *what, void *context),
                   void *context)
{
    const struct visitor visitor = {visit, context};
    const char *const none[] = {NULL};
    const clb_option *const *options = subject->plugin.descriptor.options;
    visit_loose(subject, none, false, "all settings are unset", &visitor);
    for (; options != NULL && *options != NULL; options++) {
        clb_option option = given_option(*options);
        char what[GIVEN_KEY_BYTES + 64];
        char set[GIVEN_KEY_BYTES + 16];
        const char *sets[GIVEN_SETS_MAX + 2];
        given_without(subject, option.key, sets);
        snprintf(what, sizeof(what), "%.200s is unset", option.key);
        if ((option.flags & CLB_OPTION_REQUIRED) != 0)
            visit_loose(subject, sets, true, what, &visitor);
        if (option.type != CLB_OPTION_GROUPS)
            continue;
        const char *one[] = {set, NULL};
        snprintf(set, sizeof(set), "%.200s=( { } )", option.key);
        snprintf(what, sizeof(what), "%.200s has a group without settings", option.key);
        visit_loose(subject, one, false, what, &visitor);
    }
}
