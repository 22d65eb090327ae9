/* SPDX-License-Identifier: MIT */
/* The footer of TZif data: a rule in the form of POSIX's TZ, such as "CET-1CEST,M3.5.0,M10.5.0/3".
 */
#include "zone_internal.h"

#include <assert.h>

enum { HOUR_SEC = 3600, DAY_SEC = 86400, TIME_DEFAULT_SEC = 2 * HOUR_SEC };

struct reader {
    const char *next;
    const char *end;
};

static bool at(const struct reader *reader, char c)
{
    return reader->next < reader->end && *reader->next == c;
}

static bool skip(struct reader *reader, char c)
{
    if (!at(reader, c))
        return false;
    reader->next++;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A name: three letters or more; between < and > also digits and signs, as in <+0330>. */
static bool skip_name(struct reader *reader)
{
    bool is_quoted = skip(reader, '<');
    const char *start = reader->next;
    for (; reader->next < reader->end; reader->next++) {
        char c = *reader->next;
        if (!is_letter(c) && !(is_quoted && (is_digit(c) || c == '+' || c == '-')))
            break;
    }
    return reader->next - start >= 3 && (!is_quoted || skip(reader, '>'));
}

static bool read_number(struct reader *reader, int32_t low, int32_t high, int32_t *value)
{
    int count = 0;
    *value = 0;
    for (; reader->next < reader->end && is_digit(*reader->next) && count < 4; count++)
        *value = *value * 10 + (*reader->next++ - '0');
    return count > 0 && *value >= low && *value <= high;
}

/* [+-]h[hhh][:mm[:ss]] */
static bool read_time(struct reader *reader, int32_t hours_max, int32_t *seconds)
{
    bool negative = skip(reader, '-');
    if (!negative)
        (void)skip(reader, '+');
    int32_t hours;
    int32_t minutes = 0;
    int32_t rest = 0;
    if (!read_number(reader, 0, hours_max, &hours))
        return false;
    if (skip(reader, ':') && !read_number(reader, 0, 59, &minutes))
        return false;
    if (skip(reader, ':') && !read_number(reader, 0, 59, &rest))
        return false;
    *seconds = hours * HOUR_SEC + minutes * 60 + rest;
    if (negative)
        *seconds = -*seconds;
    return true;
}

static bool read_change(struct reader *reader, struct footer_change *change)
{
    bool sound;
    change->time_sec = TIME_DEFAULT_SEC;
    if (skip(reader, 'M')) {
        change->kind = FOOTER_WEEKDAY;
        sound = read_number(reader, 1, 12, &change->month) && skip(reader, '.') &&
                read_number(reader, 1, 5, &change->week) && skip(reader, '.') &&
                read_number(reader, 0, 6, &change->day);
    } else if (skip(reader, 'J')) {
        change->kind = FOOTER_JULIAN;
        sound = read_number(reader, 1, 365, &change->day);
    } else {
        change->kind = FOOTER_ORDINAL;
        sound = read_number(reader, 0, 365, &change->day);
    }
    if (sound && skip(reader, '/'))
        sound = read_time(reader, 167, &change->time_sec);
    return sound;
}

/* An offset of POSIX counts to the west; ours count to the east. */
static bool read_offset(struct reader *reader, int32_t *offset_sec)
{
    int32_t west_sec;
    if (!read_time(reader, 24, &west_sec))
        return false;
    *offset_sec = -west_sec;
    return true;
}

static bool read_dst(struct reader *reader, struct footer *footer)
{
    footer->has_dst = true;
    footer->dst_offset_sec = footer->offset_sec + HOUR_SEC;
    if (!skip_name(reader))
        return false;
    if (!at(reader, ',') && !read_offset(reader, &footer->dst_offset_sec))
        return false;
    return skip(reader, ',') && read_change(reader, &footer->dst_begins) && skip(reader, ',') &&
           read_change(reader, &footer->dst_ends);
}

bool footer_parse(const char *text, size_t length, struct footer *footer)
{
    struct reader reader = {text, text + length};
    *footer = (struct footer){.is_set = true};
    if (!skip_name(&reader) || !read_offset(&reader, &footer->offset_sec))
        return false;
    if (reader.next == reader.end)
        return true;
    return read_dst(&reader, footer) && reader.next == reader.end;
}

static bool is_leap(int32_t year)
{
    return civil_date(year, 3, 1) - civil_date(year, 2, 28) == 2;
}

static int32_t change_date(const struct footer_change *change, int32_t year)
{
    int32_t first = civil_date(year, 1, 1);
    if (change->kind == FOOTER_ORDINAL)
        return first + change->day;
    if (change->kind == FOOTER_JULIAN)
        return first + change->day - 1 + (change->day >= 60 && is_leap(year) ? 1 : 0);

    int32_t month_first = civil_date(year, change->month, 1);
    int32_t next_month =
        change->month == 12 ? civil_date(year + 1, 1, 1) : civil_date(year, change->month + 1, 1);
    int32_t weekday = (civil_weekday(month_first) + 1) % 7; /* Sunday first */
    int32_t date = month_first + (change->day - weekday + 7) % 7 + (change->week - 1) * 7;
    return date < next_month ? date : date - 7;
}

/* The instant of a change, which is given in the local time that holds before it. */
static int64_t change_sec(const struct footer_change *change, int32_t year, int32_t offset_sec)
{
    return (int64_t)change_date(change, year) * DAY_SEC + change->time_sec - offset_sec;
}

static int32_t year_of(int64_t utc_sec)
{
    int32_t year;
    int32_t month;
    int32_t day;
    civil_split(civil_date_utc(utc_sec * 1000), &year, &month, &day);
    return year;
}

/* A change may come a week before or after its year, so the years around count too. */
enum { YEARS_AROUND = 2 };

int32_t footer_offset_sec(const struct footer *footer, int64_t utc_sec)
{
    assert(footer->is_set);
    if (!footer->has_dst)
        return footer->offset_sec;

    int32_t year = year_of(utc_sec);
    int32_t offset_sec = footer->offset_sec;
    int64_t newest = INT64_MIN;
    for (int32_t y = year - YEARS_AROUND; y <= year + YEARS_AROUND; y++) {
        int64_t begins = change_sec(&footer->dst_begins, y, footer->offset_sec);
        int64_t ends = change_sec(&footer->dst_ends, y, footer->dst_offset_sec);
        /* DST all the year round is written as an end that meets the next beginning: of two
         * changes at one instant the beginning counts. */
        if (ends <= utc_sec && ends > newest) {
            newest = ends;
            offset_sec = footer->offset_sec;
        }
        if (begins <= utc_sec && begins >= newest) {
            newest = begins;
            offset_sec = footer->dst_offset_sec;
        }
    }
    return offset_sec;
}

int64_t footer_next_change_sec(const struct footer *footer, int64_t utc_sec)
{
    assert(footer->is_set);
    int64_t next = INT64_MAX;
    if (!footer->has_dst)
        return next;

    int32_t year = year_of(utc_sec);
    for (int32_t y = year - YEARS_AROUND; y <= year + YEARS_AROUND; y++) {
        int64_t begins = change_sec(&footer->dst_begins, y, footer->offset_sec);
        int64_t ends = change_sec(&footer->dst_ends, y, footer->dst_offset_sec);
        if (begins > utc_sec && begins < next)
            next = begins;
        if (ends > utc_sec && ends < next)
            next = ends;
    }
    return next;
}
