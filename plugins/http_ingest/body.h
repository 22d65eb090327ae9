/* SPDX-License-Identifier: MIT */
/* The body of a POST, made piece by piece while it is sent: a large batch is not there twice.
 * Pure. */
#ifndef HTTP_INGEST_BODY_H
#define HTTP_INGEST_BODY_H

#include "fields.h"

#include <clockblock/sink.h>

/* What a receiver wants. */
struct body_form {
    bool is_lines; /* one object a line; else a JSON array */
    struct fields fields;
};

struct body {
    const struct body_form *form;     /* borrowed */
    const clb_record *const *records; /* borrowed */
    uint32_t count;
    size_t length;

    /* Where reading is: pieces are separators and records in turn. */
    uint32_t index;    /* of the piece after this one */
    const char *piece; /* of this one, what is left */
    size_t piece_bytes;

    char *copy; /* owned: the record with the chosen keys only */
    size_t copy_capacity;
};

/* Begins a body of these records (borrowed until it is read), at least one; `body` is zeroed before
 * the first. Gap records are sent whole, whatever the fields. False: no memory. */
bool body_begin(struct body *body, const struct body_form *form, const clb_record *const *records,
                uint32_t count);
void body_rewind(struct body *body);

/* Reads on; returns the number of bytes, 0 at the end. */
size_t body_read(struct body *body, char *bytes, size_t capacity);

void body_finish(struct body *body); /* frees what it holds */

#endif
