/* SPDX-License-Identifier: MIT */
#include "report_table.h"

#include "zone/civil.h"

#include <stdio.h>
#include <string.h>

enum { TIME_COLUMNS = 9, BAR_MIN = 6, BAR_MAX = 40, NARROW_MIN = 40 };
enum {
    WIDE_COLUMNS = REPORT_DATE_COLUMNS + 3 * TIME_COLUMNS + 4 * REPORT_GAP
}; /* without the bar */

/* A long text takes from the gap before it. */
static void put_right(const struct report_table *table, const char *text)
{
    int free = (table->is_narrow ? 1 : REPORT_GAP) + TIME_COLUMNS - report_columns(text);
    report_put_spaces(free > 1 ? free : 1);
    fputs(text, stdout);
}

static int64_t allowed_ms(const struct day_account *day)
{
    int64_t allowed = day->allowance_ms + day->granted_ms;
    return allowed > 0 ? allowed : 0;
}

static int64_t find_scale(const struct report *report)
{
    int64_t scale_ms = 0;
    for (int i = 0; i < report->count; i++) {
        const struct day_account *day = &report->days[i].day;
        int64_t needed_ms = day->used_ms + report_left_ms(day);
        if (needed_ms > scale_ms)
            scale_ms = needed_ms;
    }
    return scale_ms;
}

static void put_numbers(const struct report_table *table, int64_t used_ms, const char *allowance,
                        int64_t overdraft_ms, const struct day_account *day)
{
    char text[REPORT_DURATION_CAPACITY];
    put_right(table, report_duration(used_ms, text));
    if (!table->is_narrow && day != NULL) {
        report_put_spaces(REPORT_GAP);
        report_put_bar(table, day);
    } else if (!table->is_narrow) {
        report_put_spaces(REPORT_GAP + table->bar_columns);
    }
    put_right(table, allowance);
    if (overdraft_ms > 0) {
        report_colour(table, "31");
        put_right(table, report_duration(overdraft_ms, text));
        report_colour(table, "0");
    }
    putchar('\n');
}

static void put_day(const struct report_table *table, const struct report_day *day)
{
    static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    char date[CIVIL_DATE_CAPACITY];
    char allowance[REPORT_DURATION_CAPACITY] = "no limit";
    civil_format_date(day->date, date);
    if (day->day.allowance_ms != ALLOWANCE_UNLIMITED)
        report_duration(allowed_ms(&day->day), allowance);
    if (!day->is_closed)
        report_colour(table, "1");
    printf("%s %s", weekdays[civil_weekday(day->date)],
           table->is_narrow ? date + strlen("2026-") : date);
    if (!day->is_closed)
        report_colour(table, "0");
    put_numbers(table, day->day.used_ms, allowance, day->day.overdraft_ms, &day->day);
    report_put_detail(table, day);
}

static void put_total(const struct report_table *table, const struct report *report)
{
    int64_t used_ms = 0;
    int64_t allowance_ms = 0;
    int64_t overdraft_ms = 0;
    bool limited = true;
    char allowance[REPORT_DURATION_CAPACITY] = "";
    for (int i = 0; i < report->count; i++) {
        const struct day_account *day = &report->days[i].day;
        used_ms += day->used_ms;
        overdraft_ms += day->overdraft_ms;
        allowance_ms += allowed_ms(day);
        limited = limited && day->allowance_ms != ALLOWANCE_UNLIMITED;
    }
    if (limited)
        report_duration(allowance_ms, allowance);
    int written = printf("%d day%s", report->count, report->count == 1 ? "" : "s");
    report_put_spaces((table->is_narrow ? (int)strlen("Mon 01-16") : REPORT_DATE_COLUMNS) -
                      written);
    put_numbers(table, used_ms, allowance, overdraft_ms, NULL);
}

static void put_rule(const struct report_table *table)
{
    int columns = table->is_narrow ? NARROW_MIN - 1 : WIDE_COLUMNS + table->bar_columns;
    report_colour(table, "2");
    report_put_cells(table->terminal.is_utf8 ? "─" : "-", 0, columns);
    report_colour(table, "0");
    putchar('\n');
}

static void put_heading(const struct report_table *table)
{
    report_colour(table, "1");
    printf("%-*s", table->is_narrow ? (int)strlen("Mon 01-16") : REPORT_DATE_COLUMNS, "Day");
    put_right(table, "Used");
    report_put_spaces(table->is_narrow ? 0 : REPORT_GAP + table->bar_columns);
    put_right(table, "Allowance");
    put_right(table, "Overdraft");
    report_colour(table, "0");
    putchar('\n');
}

void report_print_table(const struct report *report)
{
    struct report_table table = {.scale_ms = find_scale(report)};
    terminal_look(&table.terminal);
    if (table.terminal.columns < NARROW_MIN)
        table.terminal.columns = NARROW_MIN;
    int bar_columns = table.terminal.columns - 1 - WIDE_COLUMNS; /* the last column stays free */
    table.is_narrow = bar_columns < BAR_MIN;
    table.bar_columns = bar_columns > BAR_MAX ? BAR_MAX : bar_columns;
    put_heading(&table);
    for (int i = 0; i < report->count; i++)
        put_day(&table, &report->days[i]);
    put_rule(&table);
    put_total(&table, report);
}
