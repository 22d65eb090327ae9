/* SPDX-License-Identifier: MIT */
#include "report_table.h"

#include <stdio.h>

enum { CELL_PARTS = 8 };

int64_t report_left_ms(const struct day_account *day)
{
    return day->allowance_ms != ALLOWANCE_UNLIMITED ? allowance_left_ms(day) : 0;
}

/* Of `ms`, in parts of which the bar has `parts`. What is there is seen, be it ever so short. */
static int scaled(const struct report_table *table, int64_t ms, int parts)
{
    int64_t scaled = (ms * parts + table->scale_ms / 2) / table->scale_ms;
    return scaled == 0 && ms > 0 ? 1 : (int)scaled;
}

int report_put_cells(const char *cell, int from, int to)
{
    for (int i = from; i < to; i++)
        fputs(cell, stdout);
    return to > from ? to : from;
}

/* In eighths of a cell, unless another part of the bar follows at once. */
static int put_used(const struct report_table *table, int64_t ms, bool is_whole)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (!table->terminal.is_utf8 || is_whole)
        return report_put_cells(table->terminal.is_utf8 ? "█" : "#", 0,
                                scaled(table, ms, table->bar_columns));
    int parts = scaled(table, ms, table->bar_columns * CELL_PARTS);
    int at = report_put_cells("█", 0, parts / CELL_PARTS);
    fputs(eighths[parts % CELL_PARTS], stdout);
    return at + (parts % CELL_PARTS > 0);
}

static int put_coloured(const struct report_table *table, const char *code, const char *cell,
                        int from, int to)
{
    if (from >= to)
        return from;
    report_colour(table, code);
    int at = report_put_cells(cell, from, to);
    report_colour(table, "0");
    return at;
}

void report_put_bar(const struct report_table *table, const struct day_account *day)
{
    bool is_utf8 = table->terminal.is_utf8;
    bool is_over = day->overdraft_ms > 0;
    int at = 0;
    if (table->scale_ms > 0) {
        int over = is_over ? scaled(table, day->used_ms, table->bar_columns) : 0;
        int all = scaled(table, day->used_ms + report_left_ms(day), table->bar_columns);
        at = put_used(table, day->used_ms - day->overdraft_ms, is_over);
        if (is_over && over <= at && at < table->bar_columns)
            over = at + 1;
        at = put_coloured(table, "31", is_utf8 ? "▒" : "!", at, over);
        at = put_coloured(table, "2", is_utf8 ? "·" : ".", at, all);
    }
    report_put_spaces(table->bar_columns - at);
}
