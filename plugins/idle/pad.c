/* SPDX-License-Identifier: MIT */
#include "pad.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of Linux (linux/input-event-codes.h), which are part of its ABI. */
enum { EVENT_KEY = 1, EVENT_AXIS = 3, KEY_REPEATS = 2 };
enum { AXIS_X = 0x00, KEY_TRIGGER = 0x120, KEY_SOUTH = 0x130 };
enum { DEAD_PART = 5 };

/* Words in hexadecimal, the highest first, each as wide as a long of the kernel. */
static bool has_bit(const char *words, unsigned bit)
{
    enum { WORD_BITS = sizeof(long) * CHAR_BIT };
    unsigned word = 0;
    const char *end = words + strcspn(words, "\n");
    while (end > words) {
        const char *begin = end;
        while (begin > words && begin[-1] != ' ')
            begin--;
        if (word == bit / WORD_BITS)
            return (strtoull(begin, NULL, 16) >> bit % WORD_BITS & 1) != 0;
        word++;
        end = begin > words ? begin - 1 : begin;
    }
    return false;
}

bool pad_is_one(const char *keys, const char *axes)
{
    return has_bit(axes, AXIS_X) && (has_bit(keys, KEY_SOUTH) || has_bit(keys, KEY_TRIGGER));
}

void pad_set_axis(struct pad *pad, unsigned axis, int32_t minimum, int32_t maximum, int32_t value)
{
    if (axis >= PAD_AXES || maximum <= minimum)
        return;
    pad->axes[axis] = (struct pad_axis){.range = (int64_t)maximum - minimum, .rest = value};
}

bool pad_event(struct pad *pad, uint16_t type, uint16_t code, int32_t value)
{
    if (type == EVENT_KEY)
        return value != KEY_REPEATS;
    if (type != EVENT_AXIS || code >= PAD_AXES)
        return false;
    struct pad_axis *axis = &pad->axes[code];
    int64_t way = value > axis->rest ? value - axis->rest : axis->rest - value;
    if (axis->range == 0 || way * DEAD_PART <= axis->range)
        return false;
    axis->rest = value;
    return true;
}
