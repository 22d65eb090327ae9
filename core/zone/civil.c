/* SPDX-License-Identifier: MIT */
#include "civil.h"

#include <assert.h>
#include <string.h>

enum { DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400, DAYS_0000_TO_1970 = 719468 };
/* Far beyond any clock, and far from where a date would overflow. */
enum { YEAR_MAX = 1000000, DATE_MAX = 365 * YEAR_MAX };

/* Years are counted from March, so that the leap day is the last one of its year, and in eras of
 * 400 years, after which the calendar repeats. (The arithmetic is Howard Hinnant's, public domain:
 * "chrono-Compatible Low-Level Date Algorithms".) */
int32_t civil_date(int32_t year, int32_t month, int32_t day)
{
    assert(year >= -YEAR_MAX && year <= YEAR_MAX && month >= 1 && month <= 12);
    int32_t y = month <= 2 ? year - 1 : year;
    int32_t era = (y >= 0 ? y : y - (YEARS_PER_ERA - 1)) / YEARS_PER_ERA;
    int32_t year_of_era = y - era * YEARS_PER_ERA;
    int32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_0000_TO_1970;
}

void civil_split(int32_t date, int32_t *year, int32_t *month, int32_t *day)
{
    assert(date >= -DATE_MAX && date <= DATE_MAX);
    int32_t days = date + DAYS_0000_TO_1970;
    int32_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int32_t day_of_era = days - era * DAYS_PER_ERA;
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t march_month = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * march_month + 2) / 5 + 1;
    *month = march_month < 10 ? march_month + 3 : march_month - 9;
    *year = year_of_era + era * YEARS_PER_ERA + (*month <= 2 ? 1 : 0);
}

int32_t civil_weekday(int32_t date)
{
    int32_t day = (date + 3) % 7; /* 1970-01-01 was a Thursday */
    return day >= 0 ? day : day + 7;
}

int32_t civil_date_utc(int64_t wall_ms)
{
    int64_t date = wall_ms / CIVIL_DAY_MS;
    assert(date > -DATE_MAX && date < DATE_MAX);
    return (int32_t)(wall_ms % CIVIL_DAY_MS < 0 ? date - 1 : date);
}

/* Exactly `count` digits; -1 when there are fewer. */
static int32_t digits(const char *text, int count)
{
    int32_t value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* "16:05", with any separator: `count` numbers of two digits. Like digits(), it stops at the first
 * character that is wrong, so that it never reads beyond the end of a text. */
static bool parse_pairs(const char *text, char separator, int count, int32_t values[])
{
    for (int i = 0; i < count; i++, text += 3) {
        values[i] = digits(text, 2);
        if (values[i] < 0 || (i + 1 < count && text[2] != separator))
            return false;
    }
    return true;
}

/* The ten characters of a date; what follows them is not looked at. */
static bool parse_date_prefix(const char *text, int32_t *date)
{
    int32_t year = digits(text, 4);
    int32_t pair[2];
    if (year < 1970 || text[4] != '-' || !parse_pairs(text + 5, '-', 2, pair))
        return false;
    int32_t month = pair[0];
    int32_t day = pair[1];
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;

    /* A day that does not exist comes back as another one. */
    int32_t parsed = civil_date(year, month, day);
    int32_t same_year;
    int32_t same_month;
    int32_t same_day;
    civil_split(parsed, &same_year, &same_month, &same_day);
    *date = parsed;
    return same_month == month && same_day == day;
}

bool civil_parse_date(const char *text, int32_t *date)
{
    return parse_date_prefix(text, date) && text[10] == '\0';
}

static char *put_digits(char *next, int32_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        next[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return next + count;
}

static char *put_date(char *next, int32_t date)
{
    int32_t year;
    int32_t month;
    int32_t day;
    civil_split(date, &year, &month, &day);
    next = put_digits(next, year < 0 ? 0 : year > 9999 ? 9999 : year, 4);
    *next++ = '-';
    next = put_digits(next, month, 2);
    *next++ = '-';
    return put_digits(next, day, 2);
}

void civil_format_date(int32_t date, char text[CIVIL_DATE_CAPACITY])
{
    *put_date(text, date) = '\0';
}

static int64_t nearest_in_calendar(int64_t wall_ms)
{
    const int64_t last_ms = (int64_t)(DATE_MAX - 1) * CIVIL_DAY_MS;
    return wall_ms < -last_ms ? -last_ms : wall_ms > last_ms ? last_ms : wall_ms;
}

void civil_format_timestamp(int64_t any_ms, char text[CIVIL_TIMESTAMP_CAPACITY])
{
    int64_t wall_ms = nearest_in_calendar(any_ms);
    int32_t date = civil_date_utc(wall_ms);
    int32_t ms = (int32_t)(wall_ms - (int64_t)date * CIVIL_DAY_MS);
    char *next = put_date(text, date);
    *next++ = 'T';
    next = put_digits(next, ms / 3600000, 2);
    *next++ = ':';
    next = put_digits(next, ms / 60000 % 60, 2);
    *next++ = ':';
    next = put_digits(next, ms / 1000 % 60, 2);
    *next++ = '.';
    next = put_digits(next, ms % 1000, 3);
    *next++ = 'Z';
    *next = '\0';
}

/* The decimals behind a second, cut to ms; returns what follows them. */
static const char *parse_decimals(const char *text, int32_t *ms)
{
    *ms = 0;
    if (*text != '.')
        return text;
    text++;
    for (int32_t weight = 100; *text >= '0' && *text <= '9'; text++, weight /= 10)
        *ms += (*text - '0') * weight;
    return text;
}

bool civil_parse_timestamp(const char *text, int64_t *wall_ms)
{
    enum { HOUR, MINUTE, SECOND, FIELDS };
    int32_t date;
    int32_t ms;
    int32_t time[FIELDS];
    if (!parse_date_prefix(text, &date) || (text[10] != 'T' && text[10] != ' ') ||
        !parse_pairs(text + 11, ':', FIELDS, time))
        return false;
    /* A leap second is the first second of the next minute, as the system's clock has it. */
    if (time[HOUR] > 23 || time[MINUTE] > 59 || time[SECOND] > 60)
        return false;

    const char *rest = parse_decimals(text + 19, &ms);
    if (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0)
        return false;
    int32_t seconds = time[HOUR] * 3600 + time[MINUTE] * 60 + time[SECOND];
    *wall_ms = (int64_t)date * CIVIL_DAY_MS + (int64_t)seconds * 1000 + ms;
    return true;
}
