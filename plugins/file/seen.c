/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void seen_finish(struct seen *seen)
{
    free(seen->gaps);
    memset(seen, 0, sizeof(*seen));
}

void seen_add_heartbeat(struct seen *seen, int64_t seq, const char *epoch)
{
    if (strcmp(seen->epoch, epoch) == 0 && seq <= seen->seq)
        return;
    seen->seq = seq;
    snprintf(seen->epoch, sizeof(seen->epoch), "%.36s", epoch);
}

static bool has_gap(const struct seen *seen, const char *id)
{
    for (uint32_t i = seen->gaps_count; i > 0; i--)
        if (strcmp(seen->gaps[i - 1], id) == 0)
            return true;
    return false;
}

static bool reserve_gap(struct seen *seen)
{
    if (seen->gaps_count == SEEN_GAPS_MAX) {
        uint32_t kept = SEEN_GAPS_MAX / 2;
        memmove(seen->gaps, seen->gaps + (SEEN_GAPS_MAX - kept), kept * sizeof(seen->gaps[0]));
        seen->gaps_count = kept;
    }
    if (seen->gaps_count < seen->gaps_capacity)
        return true;
    uint32_t capacity = seen->gaps_capacity * 2 + 16;
    void *larger = realloc(seen->gaps, capacity * sizeof(seen->gaps[0]));
    if (larger == NULL)
        return false;
    seen->gaps = larger;
    seen->gaps_capacity = capacity;
    return true;
}

bool seen_add_gap(struct seen *seen, const char *id)
{
    if (has_gap(seen, id))
        return true;
    if (!reserve_gap(seen))
        return false;
    snprintf(seen->gaps[seen->gaps_count++], LINE_UUID_CAPACITY, "%.36s", id);
    return true;
}

bool seen_has(const struct seen *seen, const clb_batch *batch, const clb_record *record)
{
    if (record->kind == CLB_RECORD_GAP)
        return has_gap(seen, record->id);
    return strcmp(seen->epoch, batch->epoch) == 0 && record->seq <= seen->seq;
}
