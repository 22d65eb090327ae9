/* SPDX-License-Identifier: MIT */
#include "report_table.h"

#include <stdio.h>
#include <string.h>

/* Where a day has several activities, each leaves room for others. */
enum { NAME_COLUMNS_MAX = 30 };

struct detail {
    const struct report_table *table;
    int left;    /* columns of the line that are free */
    bool is_any; /* something stands there already */
};

static void begin_part(struct detail *detail)
{
    if (!detail->is_any) {
        int indent = detail->table->is_narrow ? 2 : REPORT_DATE_COLUMNS + REPORT_GAP;
        report_put_spaces(indent);
        detail->left = detail->table->terminal.columns - 1 - indent;
        report_colour(detail->table, "2");
    } else {
        fputs("; ", stdout);
        detail->left -= 2;
    }
    detail->is_any = true;
}

static void put_part(struct detail *detail, const char *text)
{
    begin_part(detail);
    detail->left -= report_put_text(text, detail->left);
}

static void put_account(struct detail *detail, const struct report_day *day)
{
    char duration[REPORT_DURATION_CAPACITY];
    char text[2 * REPORT_DURATION_CAPACITY];
    int64_t granted_ms = day->day.granted_ms;
    if (granted_ms != 0) {
        report_duration(granted_ms > 0 ? granted_ms : -granted_ms, duration);
        snprintf(text, sizeof(text), "%s %s", duration, granted_ms > 0 ? "granted" : "taken back");
        put_part(detail, text);
    }
    if (day->is_closed)
        return;
    if (day->day.allowance_ms == ALLOWANCE_UNLIMITED)
        snprintf(text, sizeof(text), "today so far");
    else
        snprintf(text, sizeof(text), "today so far, %s left",
                 report_duration(report_left_ms(&day->day), duration));
    put_part(detail, text);
}

static const char *name_of(const struct report_activity *activity)
{
    return activity->name[0] != '\0' ? activity->name : "(unnamed)";
}

/* " 1 h 02 m", or nothing where the day has no other. */
static const char *time_of(const struct report_day *day, int index,
                           char text[REPORT_DURATION_CAPACITY])
{
    char duration[REPORT_DURATION_CAPACITY];
    snprintf(text, REPORT_DURATION_CAPACITY, " %.30s",
             report_duration(day->activities[index].used_ms, duration));
    return day->activities_count > 1 ? text : "";
}

/* What the name may take. */
static int name_columns(const struct report_day *day, int index)
{
    int columns = report_columns(name_of(&day->activities[index]));
    return day->activities_count > 1 && columns > NAME_COLUMNS_MAX ? NAME_COLUMNS_MAX : columns;
}

static int more_columns(int count)
{
    char text[32];
    return count > 0 ? snprintf(text, sizeof(text), " and %d more", count) : 0;
}

/* How many activities fit into the line. */
static int count_fitting(const struct report_day *day, int columns)
{
    char time[REPORT_DURATION_CAPACITY];
    int fitting = 0;
    int used = 0;
    for (int i = 0; i < day->activities_count && used <= columns; i++) {
        used += (i > 0 ? 2 : 0) + name_columns(day, i) + (int)strlen(time_of(day, i, time));
        if (used + more_columns(day->activities_count - i - 1) <= columns)
            fitting = i + 1;
    }
    return fitting;
}

static void put_cut(const struct report_table *table, const char *name, int columns)
{
    const char *mark = table->terminal.is_utf8 ? "…" : "...";
    int mark_columns = table->terminal.is_utf8 ? 1 : 3;
    bool fits = report_columns(name) <= columns;
    report_put_text(name, fits ? columns : columns - mark_columns);
    if (!fits)
        fputs(mark, stdout);
}

static void put_activities(struct detail *detail, const struct report_day *day)
{
    char time[REPORT_DURATION_CAPACITY];
    if (day->activities_count == 0)
        return;
    begin_part(detail);
    int shown = count_fitting(day, detail->left);
    if (shown == 0) /* not even one: of that as much as fits */
        shown = 1;
    int more = day->activities_count - shown;
    for (int i = 0; i < shown; i++) {
        const char *shown_time = time_of(day, i, time);
        int room = detail->left - (int)strlen(shown_time) - more_columns(more);
        int columns = name_columns(day, i);
        fputs(i > 0 ? ", " : "", stdout);
        put_cut(detail->table, name_of(&day->activities[i]), columns < room ? columns : room);
        fputs(shown_time, stdout);
    }
    if (more > 0)
        printf(" and %d more", more);
}

void report_put_detail(const struct report_table *table, const struct report_day *day)
{
    struct detail detail = {.table = table};
    put_account(&detail, day);
    put_activities(&detail, day);
    if (!detail.is_any)
        return;
    report_colour(table, "0");
    putchar('\n');
}
