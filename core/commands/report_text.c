/* SPDX-License-Identifier: MIT */
#include "record/text.h"

#include "report_table.h"
#include "zone/civil.h"

#include <inttypes.h>
#include <stdio.h>

static uint32_t decode(const char *text, size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = (unsigned char)text[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        character = character << 6 | ((unsigned char)text[i] & 0x3f);
    return character;
}

/* As much of a text as fits, printed unless `is_dry`. */
static int walk(const char *text, int columns_max, bool is_dry)
{
    int columns = 0;
    while (*text != '\0') {
        size_t length = text_character(text);
        int wide = length > 0 ? terminal_character_columns(decode(text, length)) : -1;
        bool is_odd = wide < 0;
        if (columns + (is_odd ? 1 : wide) > columns_max)
            break;
        columns += is_odd ? 1 : wide;
        length = length > 0 ? length : 1;
        if (!is_dry && is_odd)
            putchar('?');
        else if (!is_dry)
            fwrite(text, 1, length, stdout);
        text += length;
    }
    return columns;
}

int report_columns(const char *text)
{
    return walk(text, INT32_MAX, true);
}

int report_put_text(const char *text, int columns_max)
{
    return walk(text, columns_max, false);
}

void report_put_spaces(int count)
{
    printf("%*s", count > 0 ? count : 0, "");
}

void report_colour(const struct report_table *table, const char *code)
{
    if (table->terminal.has_colour)
        printf("\033[%sm", code);
}

const char *report_duration(int64_t ms, char text[REPORT_DURATION_CAPACITY])
{
    int64_t minutes = ms / CIVIL_MINUTE_MS;
    if (ms > 0 && minutes == 0)
        snprintf(text, REPORT_DURATION_CAPACITY, "< 1 m");
    else if (minutes < 60)
        snprintf(text, REPORT_DURATION_CAPACITY, "%" PRId64 " m", minutes);
    else
        snprintf(text, REPORT_DURATION_CAPACITY, "%" PRId64 " h %02d m", minutes / 60,
                 (int)(minutes % 60));
    return text;
}
