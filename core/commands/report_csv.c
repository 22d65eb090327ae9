/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "zone/civil.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { THOUSANDTH_MS = 60 }; /* of a minute */

static void print_minutes(int64_t ms)
{
    int64_t size_ms = ms < 0 ? -ms : ms;
    int64_t thousandths = (size_ms + THOUSANDTH_MS / 2) / THOUSANDTH_MS;
    printf("%s%" PRId64 ".%03d", ms < 0 && thousandths > 0 ? "-" : "", thousandths / 1000,
           (int)(thousandths % 1000));
}

static void print_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
}

/* A spreadsheet takes a text that begins like this for a formula, and computes it. */
static bool looks_like_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

static void print_activities(const struct report_day *day)
{
    putchar('"');
    for (int i = 0; i < day->activities_count; i++) {
        const char *name = day->activities[i].name;
        if (i > 0)
            printf("; ");
        else if (looks_like_formula(name))
            putchar('\'');
        print_quoted(name[0] != '\0' ? name : "(unnamed)");
        putchar(' ');
        print_minutes(day->activities[i].used_ms);
    }
    putchar('"');
}

static void print_day(const struct report_day *day)
{
    char date[CIVIL_DATE_CAPACITY];
    char start[CIVIL_TIMESTAMP_CAPACITY];
    char end[CIVIL_TIMESTAMP_CAPACITY];
    bool limited = day->day.allowance_ms != ALLOWANCE_UNLIMITED;
    civil_format_date(day->date, date);
    civil_format_timestamp(day->day.start_ms, start);
    civil_format_timestamp(day->day.end_ms, end);
    printf("%s,%s,%s,", date, start, end);
    print_minutes(day->day.used_ms);
    putchar(',');
    print_minutes(day->day.overdraft_ms);
    putchar(',');
    if (limited)
        print_minutes(day->day.allowance_ms);
    putchar(',');
    print_minutes(day->day.granted_ms);
    putchar(',');
    if (limited)
        print_minutes(allowance_left_ms(&day->day));
    printf(",%s,", day->is_closed ? "true" : "false");
    print_activities(day);
    printf("\r\n");
}

void report_print_csv(const struct report *report)
{
    printf("date,start,end,minutes_used,minutes_overdraft,minutes_allowance,minutes_granted,"
           "minutes_left,closed,activities\r\n");
    for (int i = 0; i < report->count; i++)
        print_day(&report->days[i]);
}
