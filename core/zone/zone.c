/* SPDX-License-Identifier: MIT */
#include "zone.h"

#include "zone_internal.h"

#include <assert.h>
#include <stdlib.h>

enum { SECOND_MS = 1000, DAY_SEC = 86400 };
/* Local time is never this far from UTC: tzif.c and footer.c see to that. */
enum { SEARCH_SEC = 2 * DAY_SEC };

int zone_create(struct zone **zone, const char *name, const char *bytes, size_t length,
                struct error *error)
{
    if (bytes == NULL) {
        *zone = calloc(1, sizeof(**zone));
        assert(*zone != NULL);
        return 0;
    }
    *zone = tzif_read((const unsigned char *)bytes, length);
    if (*zone == NULL)
        return error_set(error, EXIT_CODE_CONFIG,
                         "the data of time zone \"%s\" is damaged, or counts leap seconds", name);
    return 0;
}

void zone_destroy(struct zone *zone)
{
    free(zone);
}

static int64_t floor_second(int64_t wall_ms)
{
    int64_t second = wall_ms / SECOND_MS;
    return wall_ms % SECOND_MS < 0 ? second - 1 : second;
}

/* The index of the last transition at or before the instant; -1: before all. */
static int find(const struct zone *zone, int64_t utc_sec)
{
    int low = -1;
    int high = zone->count;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (zone->times[middle] <= utc_sec)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int32_t offset_at(const struct zone *zone, int64_t utc_sec)
{
    int index = find(zone, utc_sec);
    if (index == zone->count - 1 && zone->footer.is_set)
        return footer_offset_sec(&zone->footer, utc_sec);
    if (index < 0)
        return zone->first_offset_sec;
    return zone->offsets[index];
}

int32_t zone_offset_sec(const struct zone *zone, int64_t wall_ms)
{
    return offset_at(zone, floor_second(wall_ms));
}

/* The next instant at which the offset may change; INT64_MAX: never. */
static int64_t next_change(const struct zone *zone, int64_t utc_sec)
{
    int next = find(zone, utc_sec) + 1;
    if (next < zone->count)
        return zone->times[next];
    return zone->footer.is_set ? footer_next_change_sec(&zone->footer, utc_sec) : INT64_MAX;
}

/* The first instant at which local time is at `local_sec` or later. As a search for the first one
 * it never goes back when local_sec rises, whatever the clocks do: that makes days follow each
 * other without a gap, and days that the clocks skip empty. */
static int64_t first_at(const struct zone *zone, int64_t local_sec)
{
    int64_t end = local_sec + SEARCH_SEC;
    for (int64_t from = local_sec - SEARCH_SEC; from < end; from = next_change(zone, from)) {
        /* From here to the next change local time runs evenly. */
        int64_t when = local_sec - offset_at(zone, from);
        if (when <= from)
            return from; /* the clocks skipped it */
        if (when < next_change(zone, from))
            return when;
    }
    assert(!"local time is never two days away from UTC");
    return local_sec;
}

int64_t zone_day_start_ms(const struct zone *zone, int32_t date, int32_t starts_at_sec)
{
    assert(starts_at_sec >= 0 && starts_at_sec < DAY_SEC);
    return first_at(zone, (int64_t)date * DAY_SEC + starts_at_sec) * SECOND_MS;
}

int32_t zone_date_at(const struct zone *zone, int64_t wall_ms, int32_t starts_at_sec)
{
    assert(starts_at_sec >= 0 && starts_at_sec < DAY_SEC);
    int64_t utc_sec = floor_second(wall_ms);
    int64_t local_sec = utc_sec + offset_at(zone, utc_sec) - starts_at_sec;
    int32_t date = civil_date_utc(local_sec * SECOND_MS);
    /* Where clocks step back over the border of a day, the day that has begun stays begun. */
    while (zone_day_start_ms(zone, date + 1, starts_at_sec) <= wall_ms)
        date++;
    return date;
}
