/* SPDX-License-Identifier: MIT */
/* The table of `clockblock report`, and its parts. Private to this folder. */
#ifndef COMMANDS_REPORT_TABLE_H
#define COMMANDS_REPORT_TABLE_H

#include "platform/terminal.h"
#include "report.h"

enum { REPORT_DURATION_CAPACITY = 32, REPORT_GAP = 2, REPORT_DATE_COLUMNS = 14 };

struct report_table {
    struct terminal terminal;
    bool is_narrow; /* no room for a bar, nor for the year */
    int bar_columns;
    int64_t scale_ms; /* what a full bar is; 0: there is none */
};

/* How many columns a UTF-8 text takes. */
int report_columns(const char *text);
/* Prints as much of it as fits; returns the columns that took. */
int report_put_text(const char *text, int columns_max);
void report_put_spaces(int count); /* less than none is none */
void report_colour(const struct report_table *table, const char *code);

/* "2 h 05 m": minutes that are full. Returns `text`. */
const char *report_duration(int64_t ms, char text[REPORT_DURATION_CAPACITY]);

/* The part of the allowance that is not used; 0 without one. */
int64_t report_left_ms(const struct day_account *day);

/* Prints `cell` for each column from `from` to `to`; returns the column behind the last. */
int report_put_cells(const char *cell, int from, int to);
/* Used within the allowance, used beyond it, and what is left of it. */
void report_put_bar(const struct report_table *table, const struct day_account *day);

/* The line below a day: grants, what is left of today, and what was played. */
void report_put_detail(const struct report_table *table, const struct report_day *day);

#endif
