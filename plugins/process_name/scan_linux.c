/* SPDX-License-Identifier: MIT */
#include "scan.h"

#include "apps.h"
#include "files.h"
#include "known.h"
#include "procfs.h"
#include "steam.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The class path of a Java game has many kilobytes, and the class that tells it stands behind that.
 * What is longer is read in part. */
enum { ARGUMENTS_BYTES = 64 * 1024 };

struct scan {
    char *root;                /* owned */
    DIR *folder;               /* owned; NULL: closed */
    const struct rules *rules; /* borrowed */
    struct users users;
    struct known_table *known;
    struct scan_game
        *games; /* owned; one for each rule, with confidence 0 when it does not match */
    int game_capacity;
    uint64_t uptime_ticks; /* at the first poll; 0: later, or not known */
    bool has_polled;
    bool has_apps; /* some process is marked as a Steam app's */
    int reads;
    char buffer[ARGUMENTS_BYTES + 1];
};

struct scan *scan_create(const char *root, const struct rules *rules, const struct users *users)
{
    struct scan *scan = calloc(1, sizeof(*scan));
    if (scan == NULL)
        return NULL;
    scan->root = strdup(root);
    scan->rules = rules;
    scan->users = *users;
    scan->known = known_create();
    if (scan->root != NULL && scan->known != NULL)
        return scan;
    scan_destroy(scan);
    return NULL;
}

void scan_destroy(struct scan *scan)
{
    if (scan == NULL)
        return;
    scan_close(scan);
    free(scan->root);
    known_destroy(scan->known);
    free(scan->games);
    free(scan);
}

void scan_close(struct scan *scan)
{
    if (scan->folder != NULL)
        closedir(scan->folder);
    scan->folder = NULL;
}

int scan_reads(const struct scan *scan)
{
    return scan->reads;
}

/* ---- One process ---- */

static int folder_of(const struct scan *scan)
{
    return dirfd(scan->folder);
}

static void look_for_steam(struct scan *scan, struct known *known, size_t bytes, int64_t now_ms)
{
    bool may_move = known->kind == KNOWN_NEW || now_ms - known->since_ms <= KNOWN_MOVING_MS;
    known->launch_app = steam_launch_app(scan->buffer, bytes);
    if (may_move)
        known->scope_app = files_scope_app(folder_of(scan), known->pid);
    scan->has_apps = scan->has_apps || known->launch_app != 0 || known->scope_app != 0;
}

/* Of the processes that match a rule the surest is reported, and of those the first. */
static void keep_game(struct scan *scan, const struct known *known, const struct rule_match *match)
{
    struct scan_game *game = &scan->games[match->rule];
    if (game->confidence >= match->confidence)
        return;
    *game = (struct scan_game){
        .rule = match->rule, .confidence = match->confidence, .pid = known->pid, .uid = known->uid};
    snprintf(game->program, sizeof(game->program), "%s", match->program);
}

static enum known_kind match_rules(struct scan *scan, struct known *known,
                                   const struct procfs_stat *stat, int64_t now_ms)
{
    int64_t length =
        files_read_arguments(folder_of(scan), known->pid, scan->buffer, ARGUMENTS_BYTES);
    if (length < 0)
        return KNOWN_OTHER;
    struct process_view view = {stat->comm, scan->buffer, (size_t)length};
    if (rules_want_steam(scan->rules))
        look_for_steam(scan, known, (size_t)length, now_ms);
    known->is_not_game = rules_is_not_game(scan->rules, &view);
    struct rule_match match = rules_match(scan->rules, &view);
    known->rule = match.rule;
    if (match.rule < 0)
        return KNOWN_OTHER;
    keep_game(scan, known, &match);
    return KNOWN_MATCH;
}

/* What was there before the first poll is as old as it is: else an agent that starts would read all
 * of the machine for a minute. */
static void take_age(const struct scan *scan, struct known *known, int64_t now_ms)
{
    if (known->kind == KNOWN_NEW && known->start_ticks < scan->uptime_ticks)
        known->since_ms = now_ms - files_ticks_ms(scan->uptime_ticks - known->start_ticks);
}

/* Reads all of a process. One that is gone meanwhile is no match, and no error. */
static enum known_kind judge(struct scan *scan, struct known *known, int64_t now_ms)
{
    struct procfs_stat stat;
    known->rule = -1;
    known->launch_app = 0;
    known->is_not_game = true;
    known->uid = files_owner(folder_of(scan), known->pid);
    if (!users_count(&scan->users, known->uid))
        return KNOWN_FOREIGN;
    if (!files_read_stat(folder_of(scan), known->pid, &stat))
        return KNOWN_OTHER;
    if (!known_is_same(known, &stat))
        known_renew(known, &stat, now_ms);
    take_age(scan, known, now_ms);
    known->parent = stat.parent;
    if (stat.is_kernel)
        return KNOWN_KERNEL;
    bool is_dead = stat.state == 'Z' || stat.state == 'X';
    return is_dead ? KNOWN_OTHER : match_rules(scan, known, &stat, now_ms);
}

/* The second look at one that was no game: a glance at who it is. Somebody who does not count may
 * become somebody who does, as a login does before it execs. */
static bool has_changed(const struct scan *scan, const struct known *known)
{
    struct procfs_stat stat;
    if (known->kind == KNOWN_FOREIGN)
        return users_count(&scan->users, files_owner(folder_of(scan), known->pid));
    return !files_read_stat(folder_of(scan), known->pid, &stat) || !known_is_same(known, &stat);
}

static void look_at(struct scan *scan, struct known *known, int64_t now_ms)
{
    scan->reads++;
    known->looked_ms = now_ms;
    if (known_needs_all(known, now_ms) || has_changed(scan, known))
        known->kind = judge(scan, known, now_ms);
}

/* ---- All of them ---- */

static bool open_root(struct scan *scan, clb_error *error)
{
    if (scan->folder != NULL) {
        rewinddir(scan->folder);
        return true;
    }
    scan->folder = opendir(scan->root);
    if (scan->folder != NULL)
        return true;
    error->code = errno;
    snprintf(error->text, sizeof(error->text), "%.200s cannot be read: %s", scan->root,
             strerror(errno));
    return false;
}

/* The first process is somebody else's as a rule: can it be read, so can all. */
static bool sees_others(struct scan *scan, clb_error *error)
{
    struct procfs_stat stat;
    if (!scan->users.others_too || files_read_stat(folder_of(scan), 1, &stat))
        return true;
    if (!files_read_mounts(folder_of(scan), scan->buffer, ARGUMENTS_BYTES) ||
        !procfs_hides_others(scan->buffer, scan->root))
        return true;
    snprintf(error->text, sizeof(error->text),
             "%.200s is mounted with hidepid, which hides the processes of other users: mount it "
             "with hidepid=0, or run the agent as root",
             scan->root);
    return false;
}

static int look_at_all(struct scan *scan, int64_t now_ms)
{
    const struct dirent *entry;
    int processes = 0;
    while ((entry = readdir(scan->folder)) != NULL) {
        int64_t pid = procfs_parse_pid(entry->d_name);
        if (pid == 0)
            continue;
        struct known unknown = {.pid = pid, .since_ms = now_ms};
        struct known *known = known_see(scan->known, pid, now_ms);
        if (known == NULL)
            known = &unknown; /* no memory: read it every time */
        if (known_is_due(known, now_ms))
            look_at(scan, known, now_ms);
        processes++;
    }
    return processes;
}

/* ---- What was found ---- */

static void report_app(const struct scan *scan, const struct app *app, scan_found found,
                       void *context)
{
    if (app->known == NULL)
        return;
    bool is_named = app->rule >= 0 && scan->games[app->rule].confidence < CONFIDENCE_STEAM;
    if (!is_named && (app->is_claimed || !rules_count_steam(scan->rules, app->id)))
        return;
    struct scan_game game = {.rule = app->rule,
                             .steam_app = app->id,
                             .confidence = is_named ? CONFIDENCE_STEAM : 0,
                             .pid = app->known->pid,
                             .uid = app->known->uid};
    snprintf(game.program, sizeof(game.program), "%s", app->known->comm);
    if (is_named)
        scan->games[app->rule] = game; /* the strongest evidence there is */
    else
        found(&game, context);
}

static void report(struct scan *scan, scan_found found, void *context)
{
    struct app apps[APPS_MAX];
    int count = scan->has_apps ? apps_find(scan->known, scan->rules, apps) : 0;
    scan->has_apps = count > 0;
    for (int i = 0; i < count; i++)
        report_app(scan, &apps[i], found, context);
    for (int i = 0; i < rules_count(scan->rules); i++)
        if (scan->games[i].confidence > 0)
            found(&scan->games[i], context);
}

/* Rules may have come since the last poll. */
static bool clear_games(struct scan *scan)
{
    int count = rules_count(scan->rules);
    if (scan->games == NULL || scan->game_capacity < count) {
        free(scan->games);
        scan->games = calloc((size_t)count + 1, sizeof(scan->games[0]));
        scan->game_capacity = count;
    }
    for (int i = 0; scan->games != NULL && i < count; i++)
        scan->games[i].confidence = 0;
    return scan->games != NULL;
}

int32_t scan_poll(struct scan *scan, int64_t now_ms, scan_found found, void *context,
                  clb_error *error)
{
    if (!clear_games(scan)) {
        snprintf(error->text, sizeof(error->text), "no memory");
        return CLB_FAILED;
    }
    if (!open_root(scan, error) || !sees_others(scan, error))
        return CLB_UNAVAILABLE;
    known_begin(scan->known);
    scan->uptime_ticks = scan->has_polled ? 0 : files_uptime_ticks(folder_of(scan));
    scan->has_polled = true;
    scan->reads = 0;
    if (look_at_all(scan, now_ms) > 0) {
        report(scan, found, context);
        return CLB_OK;
    }
    scan_close(scan); /* another may be mounted there later */
    snprintf(error->text, sizeof(error->text), "%.200s shows no processes: is it mounted?",
             scan->root);
    return CLB_UNAVAILABLE;
}
