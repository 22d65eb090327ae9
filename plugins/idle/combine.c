/* SPDX-License-Identifier: MIT */
#include "combine.h"

#include <inttypes.h>
#include <stdio.h>

static enum input_knowledge best_of(const struct combine_seen *seen, int count)
{
    enum input_knowledge best = INPUT_UNKNOWN;
    for (int i = 0; i < count; i++)
        if (seen[i].input.knowledge > best)
            best = seen[i].input.knowledge;
    return best;
}

bool combine(const struct combine_seen *seen, int count, struct combine_answer *answer)
{
    enum input_knowledge best = best_of(seen, count);
    *answer = (struct combine_answer){.idle_ms = INT64_MAX, .is_exact = best == INPUT_EXACTLY};
    for (int i = 0; i < count; i++) {
        const struct input *input = &seen[i].input;
        if (input->is_locked && answer->locked_by == NULL)
            answer->locked_by = seen[i].name;
        bool counts = input->knowledge == best || input->knowledge == INPUT_UNKNOWN;
        if (best == INPUT_UNKNOWN || !counts || input->idle_ms >= answer->idle_ms)
            continue;
        answer->idle_ms = input->idle_ms > 0 ? input->idle_ms : 0;
        answer->by = seen[i].name;
    }
    return answer->by != NULL || answer->locked_by != NULL;
}

void combine_subject(const struct combine_answer *answer, bool is_active, char *text,
                     size_t capacity)
{
    int64_t idle_sec = answer->idle_ms / 1000;
    if (answer->locked_by != NULL)
        snprintf(text, capacity, "the screen is locked (%s)", answer->locked_by);
    else if (is_active)
        snprintf(text, capacity, "no input for %" PRId64 " s (%s)", idle_sec, answer->by);
    else
        snprintf(text, capacity, "input %" PRId64 " s ago (%s)", idle_sec, answer->by);
}
