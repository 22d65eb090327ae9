/* SPDX-License-Identifier: MIT */
#include "apps.h"

#include "steam.h"

/* Trees of Proton have about ten levels. A pid that was given again may close a circle. */
enum { ANCESTORS_MAX = 64 };

/* 0: none. Not what an installation runs, whatever scope that is in. */
static int64_t app_of(const struct known_table *table, const struct known *known)
{
    int64_t app = 0;
    for (int i = 0; known != NULL && i < ANCESTORS_MAX; i++) {
        if (known->launch_app == STEAM_INSTALLS)
            return 0;
        if (app == 0)
            app = known->scope_app != 0 ? known->scope_app : known->launch_app;
        known = known_find(table, known->parent);
    }
    return app;
}

/* NULL: there are too many. */
static struct app *place_of(struct app *apps, int *count, int64_t id, const struct rules *rules)
{
    for (int i = 0; i < *count; i++)
        if (apps[i].id == id)
            return &apps[i];
    if (*count == APPS_MAX)
        return NULL;
    struct app *app = &apps[(*count)++];
    *app = (struct app){.id = id, .rule = rules_match_steam(rules, id)};
    return app;
}

static void add_process(struct app *app, struct known *known, const struct rules *rules)
{
    bool is_out = known->is_not_game || rules_exclude(rules, app->rule, known->comm);
    app->processes++;
    app->is_claimed = app->is_claimed || (known->rule >= 0 && rules_is_own(rules, known->rule));
    app->alone = app->processes == 1 && known->launch_app > 0 ? known : NULL;
    if (is_out)
        return;
    known->kind = KNOWN_MATCH; /* it is looked at until it ends */
    if (app->known == NULL || known->pid < app->known->pid)
        app->known = known;
}

int apps_find(struct known_table *table, const struct rules *rules, struct app apps[APPS_MAX])
{
    int count = 0;
    uint32_t at = 0;
    for (struct known *known; (known = known_next(table, &at)) != NULL;) {
        if (known->kind != KNOWN_OTHER && known->kind != KNOWN_MATCH)
            continue;
        int64_t id = app_of(table, known);
        struct app *app = id != 0 ? place_of(apps, &count, id, rules) : NULL;
        if (app != NULL)
            add_process(app, known, rules);
    }
    for (int i = 0; i < count; i++)
        if (apps[i].known == NULL)
            apps[i].known = apps[i].alone;
    return count;
}
