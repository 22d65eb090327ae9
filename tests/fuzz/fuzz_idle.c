/* SPDX-License-Identifier: MIT */
/* What idle reads of a game pad, and what it makes of several sources. The text is two lines of
 * capabilities, and behind them events of eight bytes. */
#include "idle/combine.h"
#include "idle/pad.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct event {
    uint16_t type;
    uint16_t code;
    int32_t value;
};

static void play(const uint8_t *data, size_t size)
{
    struct pad pad = {0};
    struct event event;
    for (; size >= sizeof(event); data += sizeof(event), size -= sizeof(event)) {
        memcpy(&event, data, sizeof(event));
        if (event.type == 0xFFFF)
            pad_set_axis(&pad, event.code, -event.code, event.value, 0);
        else if (event.type == 0xFFFE)
            pad_set_axis(&pad, event.code, event.value, INT32_MAX, event.value);
        else
            pad_event(&pad, event.type, event.code, event.value);
    }
}

/* Each source is 4 bytes: two bits of knowledge, one of the lock, and since when. */
static void look(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"x11", "wayland", "logind", "gamepads"};
    struct combine_seen seen[4] = {0};
    struct combine_answer answer;
    char subject[128];
    int count = 0;
    for (; count < 4 && size >= 4; count++, data += 4, size -= 4) {
        struct input *input = &seen[count].input;
        seen[count].name = names[count];
        input->knowledge = (enum input_knowledge)(data[0] % 3);
        input->is_locked = (data[0] & 0x80) != 0;
        input->idle_ms = data[1] == 0xFF ? INT64_MAX : (data[1] << 16) + (data[2] << 8) + data[3];
    }
    if (!combine(seen, count, &answer))
        return;
    assert(answer.idle_ms >= 0);
    assert((answer.idle_ms == INT64_MAX) == (answer.by == NULL));
    combine_subject(&answer, size % 2 == 0, subject, sizeof(subject));
    assert(subject[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* where a byte too many is noticed */
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *end = strchr(text, '\n');
    const char *axes = end != NULL ? end + 1 : "";
    if (end != NULL)
        *end = '\0';
    pad_is_one(text, axes);
    size_t head = strlen(text) + 1 + strcspn(axes, "\n") + 1;
    if (head < size) {
        play(data + head, size - head);
        look(data + head, size - head);
    }
    free(text);
    return 0;
}
