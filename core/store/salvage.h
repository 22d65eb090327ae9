/* SPDX-License-Identifier: MIT */
/*
 * A damaged database is moved aside, and what can be read of it goes into a new one.
 *
 * Whoever finds the damage, a writer or a reader, leaves a note beside the database; the start that
 * follows reads the note, or finds the damage itself. The note stays until the new database is in
 * place, so that a crash on the way is gone on from. Private to this folder.
 */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

/* Leaves the note. */
void salvage_note_damage(const char *path);
bool salvage_is_noted(const char *path);

/* Does a file whose header does not say so hold a database of ours? Tells by the text of our tables
 * in it or in its wal, or by a beginning that is cut off. */
bool salvage_is_ours(const char *path);

/* Moves the database with its wal and shm aside, and puts a new one with its readable rows in its
 * place: each with its epoch, seq and id, and what comes in a new epoch. Logs what became of it. */
int salvage(const char *path, const char *device_id, int64_t wall_ms, struct error *error);

#endif
