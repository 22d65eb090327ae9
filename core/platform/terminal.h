/* SPDX-License-Identifier: MIT */
/* What standard output can show. */
#ifndef PLATFORM_TERMINAL_H
#define PLATFORM_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

struct terminal {
    int columns;     /* 80 where that is not known */
    bool is_utf8;    /* the locale says so */
    bool is_screen;  /* a terminal that can be drawn on */
    bool has_colour; /* a terminal, and nobody minds ($NO_COLOR) */
};

void terminal_look(struct terminal *terminal);

/* How many columns a character takes, 0 to 2; -1: it is none to print. Needs no UTF-8 locale. */
int terminal_character_columns(uint32_t character);

#endif
