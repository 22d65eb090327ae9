/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <stdlib.h>
#include <string.h>

static bool is_whole(const struct body *body, const clb_record *record)
{
    return body->form->fields.is_all || record->kind != CLB_RECORD_HEARTBEAT;
}

/* Moves on to the next record. */
static void take_record(struct body *body, const clb_record *record)
{
    body->piece = record->json;
    body->piece_bytes = record->json_bytes;
    if (is_whole(body, record))
        return;
    body->piece = body->copy;
    body->piece_bytes =
        fields_copy(&body->form->fields, record->json, record->json_bytes, body->copy);
}

/* What stands before the `before`-th record, or behind all of them. */
static const char *separator(const struct body *body, uint32_t before)
{
    bool is_first = before == 0;
    bool is_end = before == body->count;
    if (body->form->is_lines)
        return is_first ? "" : "\n";
    return is_first ? "[" : is_end ? "]" : ",";
}

/* False: that was the last piece. */
static bool take_piece(struct body *body)
{
    uint32_t at = body->index / 2;
    if (body->index > 2 * body->count)
        return false;
    if (body->index % 2 == 1) {
        take_record(body, body->records[at]);
    } else {
        body->piece = separator(body, at);
        body->piece_bytes = strlen(body->piece);
    }
    body->index++;
    return true;
}

void body_rewind(struct body *body)
{
    body->index = 0;
    body->piece_bytes = 0;
}

size_t body_read(struct body *body, char *bytes, size_t capacity)
{
    size_t used = 0;
    while (used < capacity && (body->piece_bytes > 0 || take_piece(body))) {
        size_t room = capacity - used;
        size_t length = body->piece_bytes < room ? body->piece_bytes : room;
        memcpy(bytes + used, body->piece, length);
        body->piece += length;
        body->piece_bytes -= length;
        used += length;
    }
    return used;
}

/* Room for the longest record that is not sent whole. */
static bool reserve_copy(struct body *body)
{
    size_t longest = 0;
    for (uint32_t i = 0; i < body->count; i++)
        if (!is_whole(body, body->records[i]) && body->records[i]->json_bytes + 2 > longest)
            longest = body->records[i]->json_bytes + 2;
    if (longest <= body->copy_capacity)
        return true;
    char *larger = realloc(body->copy, longest);
    if (larger == NULL)
        return false;
    body->copy = larger;
    body->copy_capacity = longest;
    return true;
}

bool body_begin(struct body *body, const struct body_form *form, const clb_record *const *records,
                uint32_t count)
{
    body->form = form;
    body->records = records;
    body->count = count;
    body->length = 0;
    if (!reserve_copy(body))
        return false;
    body_rewind(body);
    while (take_piece(body))
        body->length += body->piece_bytes;
    body_rewind(body);
    return true;
}

void body_finish(struct body *body)
{
    free(body->copy);
    memset(body, 0, sizeof(*body));
}
