/* SPDX-License-Identifier: MIT */
/* The proleptic Gregorian calendar and its text forms. Pure. Dates are counted in days since
 * 1970-01-01, instants in milliseconds since then (UTC). */
#ifndef ZONE_CIVIL_H
#define ZONE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CIVIL_DATE_CAPACITY = 16, CIVIL_TIMESTAMP_CAPACITY = 32 };
enum { CIVIL_MINUTE_MS = 60 * 1000, CIVIL_DAY_MS = 24 * 60 * CIVIL_MINUTE_MS };

int32_t civil_date(int32_t year, int32_t month, int32_t day);
void civil_split(int32_t date, int32_t *year, int32_t *month, int32_t *day);
int32_t civil_weekday(int32_t date);     /* 0: Monday ... 6: Sunday */
int32_t civil_date_utc(int64_t wall_ms); /* the UTC date that holds the instant; rounds down */

/* "2026-01-16", exactly ten characters, year 1970..9999, and a day that exists. */
bool civil_parse_date(const char *text, int32_t *date);
void civil_format_date(int32_t date, char text[CIVIL_DATE_CAPACITY]);

/* "2026-01-16T12:00:00.000Z"; a number that no calendar reaches has a text too. Parsing takes any
 * number of decimals, "Z" or "+00:00". */
void civil_format_timestamp(int64_t any_ms, char text[CIVIL_TIMESTAMP_CAPACITY]);
bool civil_parse_timestamp(const char *text, int64_t *wall_ms);

#endif
