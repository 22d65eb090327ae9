/* SPDX-License-Identifier: MIT */
/* SQLite takes any number, and a damaged one is a number too: these tell which no agent wrote.
 * Private to this folder. */
#ifndef STORE_CAN_BE_H
#define STORE_CAN_BE_H

#include <stdbool.h>
#include <stdint.h>

/* Far beyond any clock, and far from where a date would overflow. */
#define CAN_BE_FROM_MS INT64_C(-4294967295000)
#define CAN_BE_TO_MS   INT64_C(429496729500000)

static inline bool time_can_be(int64_t wall_ms)
{
    return CAN_BE_FROM_MS <= wall_ms && wall_ms <= CAN_BE_TO_MS;
}

/* The same in SQL. */
#define TIME_CAN_BE(time) time " BETWEEN -4294967295000 AND 429496729500000"

/* Of a row of local_days: its date and its borders. Its totals can be made again. */
#define CLOSED_DAY_CAN_BE                                                                          \
    "(device > 0 AND " TIME_CAN_BE("date * 86400000") " AND " TIME_CAN_BE(                         \
        "start_ms") " AND end_ms BETWEEN start_ms AND start_ms + 3 * 86400000"                     \
                    " AND start_ms % 900000 = 0 AND end_ms % 900000 = 0)"

#endif
