/* SPDX-License-Identifier: MIT */
/* The days that a request asks for: from=&to=[&tz=]. Private to this folder. */
#ifndef API_RANGE_H
#define API_RANGE_H

#include "answer.h"
#include "days.h"
#include "routes.h"
#include "zone/zone.h"

struct range {
    const struct api_source *source; /* borrowed */
    int32_t from;
    int32_t to;        /* included */
    struct zone *zone; /* owned; NULL: the days are the household's */
};

/* Reads the parameters. False: they are no range, which was answered with *answer. */
bool range_read(const struct route_request *request, struct range *range, enum MHD_Result *answer);
void range_finish(struct range *range);

/* Where the range begins and ends, as multiples of a quarter hour. */
int range_borders(const struct range *range, int64_t *from_ms, int64_t *to_ms, struct error *error);

/* Answers with a list of what `fill` finds between the borders of the range. */
typedef int (*range_lister)(const struct api_source *source, int64_t from_ms, int64_t to_ms,
                            struct answer_list *answer, struct error *error);
enum MHD_Result range_answer(const struct route_request *request, range_lister fill);

/* The borders of a civil day of a zone, as multiples of a quarter hour: in no zone of today are
 * there others. */
void range_civil_day(const struct zone *zone, int32_t date, int64_t *start_ms, int64_t *end_ms);

/* The household's days, for the thread that runs the api. */
struct days range_household(const struct api_source *source);

/* The zone of the parameter tz. Owned by the caller. False: there is none of that name, which was
 * answered. */
bool range_read_zone(const struct route_request *request, struct zone **zone,
                     enum MHD_Result *answer);

#endif
