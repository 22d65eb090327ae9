/* SPDX-License-Identifier: MIT */
/* The words of a scenario: times, durations, totals. Each returns false when the text is none. */
#ifndef SIM_WORDS_H
#define SIM_WORDS_H

#include <stdbool.h>
#include <stdint.h>

bool words_number(const char *text, int64_t *number);  /* 0 or more */
bool words_duration(const char *text, int64_t *ms);    /* "2h", "1d12h", "1.9s", "250ms" */
bool words_total(const char *text, int64_t *ms);       /* "26:30:00.000" */
void words_format_total(int64_t ms, char text[32]);    /* the same; with a "-" below 0 */
bool words_time_of_day(const char *text, int64_t *ms); /* "04:00", "04:00:30", "04:00:30.500" */
bool words_share(const char *text, int64_t of, int64_t *share); /* "1.9" of 5000: 9500 */

/* "2026-03-29T02:30", with a time of day as above: local time in the zone of that name; with a "Z"
 * at its end: UTC. */
bool words_moment(const char *text, const char *zone, int64_t *wall_ms);

#endif
