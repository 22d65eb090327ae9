/* SPDX-License-Identifier: MIT */
#include "query.h"

#include "record/text.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A name may hold any bytes, also such as JSON cannot show. */
static void show(char shown[QUERY_NAME_CAPACITY], const char *name)
{
    text_copy(shown, QUERY_NAME_CAPACITY, name[0] != '\0' ? name : "(empty)");
}

void query_add_name(struct query_names *names, const char *name)
{
    for (unsigned i = 0; i < QUERY_PARAMETERS_MAX && names->names[i] != NULL; i++) {
        if (strcmp(names->names[i], name) != 0)
            continue;
        if ((names->seen & (1u << i)) != 0)
            show(names->repeated, name);
        names->seen |= 1u << i;
        return;
    }
    if (names->unknown[0] == '\0')
        show(names->unknown, name);
}

bool query_number(const char *text, int64_t low, int64_t high, int64_t otherwise, int64_t *number)
{
    enum { DIGITS_MAX = 18 };
    assert(low >= 0 && low <= high);
    *number = otherwise;
    if (text == NULL)
        return true;
    if (text[0] == '\0' || strlen(text) > DIGITS_MAX || strspn(text, "0123456789") != strlen(text))
        return false;
    *number = strtoll(text, NULL, 10);
    return *number >= low && *number <= high;
}

const char *query_days(const char *from_text, const char *to_text, int32_t *from, int32_t *to,
                       const char **name)
{
    *name = "from";
    if (from_text == NULL || !civil_parse_date(from_text, from))
        return "a date is needed in the form from=2026-01-16";
    *name = "to";
    if (to_text == NULL || !civil_parse_date(to_text, to))
        return "a date is needed in the form to=2026-01-16";
    if (*to < *from)
        return "this day lies before the one of from";
    if (*to - *from >= QUERY_DAYS_MAX)
        return "these are more than 3660 days";
    return NULL;
}
