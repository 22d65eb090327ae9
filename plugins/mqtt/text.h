/* SPDX-License-Identifier: MIT */
/* A text that grows, with what JSON needs. Pure. */
#ifndef MQTT_TEXT_H
#define MQTT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed to begin with. What is added after memory ran out is dropped: ask text_is_whole() once, at
 * the end. */
struct text {
    char *bytes; /* owned, ends with a NUL; NULL while nothing was added */
    size_t length;
    size_t capacity;
    bool has_failed;
};

void text_add(struct text *text, const char *more);
void text_add_string(struct text *text, const char *more); /* as JSON, in quotes; NULL: null */
void text_add_minutes(struct text *text, int64_t ms);      /* 12.345, from integers */
bool text_is_whole(const struct text *text);
void text_clear(struct text *text); /* keeps the memory */
void text_finish(struct text *text);

#endif
