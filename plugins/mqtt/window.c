/* SPDX-License-Identifier: MIT */
#include "window.h"

#include <assert.h>

enum { REFUSALS_BEGIN = 0x80 };

static struct window_entry *entry_at(struct window *window, uint32_t index)
{
    return &window->entries[(window->first + index) % WINDOW_SIZE];
}

bool window_has_room(const struct window *window)
{
    return window->count < WINDOW_SIZE;
}

static void add(struct window *window, struct window_entry entry)
{
    assert(window_has_room(window));
    *entry_at(window, window->count) = entry;
    window->count++;
}

void window_add(struct window *window, int id)
{
    assert(id > 0);
    add(window, (struct window_entry){.id = id});
}

void window_add_answered(struct window *window, int code)
{
    add(window, (struct window_entry){.is_answered = true, .code = code});
}

bool window_answer(struct window *window, int id, int code)
{
    for (uint32_t i = 0; i < window->count; i++) {
        struct window_entry *entry = entry_at(window, i);
        if (entry->is_answered || entry->id != id)
            continue;
        entry->is_answered = true;
        entry->code = code;
        return true;
    }
    return false;
}

uint32_t window_take_accepted(struct window *window)
{
    uint32_t taken = 0;
    while (window->count > 0) {
        const struct window_entry *entry = entry_at(window, 0);
        if (!entry->is_answered || entry->code >= REFUSALS_BEGIN)
            break;
        window->first = (window->first + 1) % WINDOW_SIZE;
        window->count--;
        taken++;
    }
    return taken;
}

int window_refusal(const struct window *window)
{
    const struct window_entry *entry = &window->entries[window->first];
    bool is_refused = window->count > 0 && entry->is_answered && entry->code >= REFUSALS_BEGIN;
    return is_refused ? entry->code : 0;
}

bool window_is_answered(const struct window *window)
{
    for (uint32_t i = 0; i < window->count; i++)
        if (!window->entries[(window->first + i) % WINDOW_SIZE].is_answered)
            return false;
    return true;
}
