/* SPDX-License-Identifier: MIT */
/* The JSON of one day: what `clockblock report --json` and /days have in common. Pure. */
#ifndef CORE_DAY_JSON_H
#define CORE_DAY_JSON_H

#include "record/allowance.h"

struct day_view {
    int32_t date;
    const struct day_account *day; /* borrowed */
    bool is_closed;                /* false: it goes on, or has not begun */
    bool is_household;             /* false: a civil day of some zone, which has no allowance */
};

/* Room that every day fits into, with its NUL. */
enum { DAY_JSON_CAPACITY = 512 };

/* Writes one object on one line, always with the same keys in the same order. Ten years of days are
 * one answer: it does not go through json-c. Returns its length without the NUL. */
size_t day_to_json(const struct day_view *view, char json[DAY_JSON_CAPACITY]);

#endif
