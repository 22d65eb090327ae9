/* SPDX-License-Identifier: MIT */
/* The forms that times and durations have in our JSON, for json-c. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <json-c/json.h>
#include <stdint.h>

/* Minutes: the double that is nearest to ms / 60,000, with as few digits as name it. */
enum { JSON_MINUTES_CAPACITY = 32 };
void json_format_minutes(int64_t ms, char text[JSON_MINUTES_CAPACITY]);
struct json_object *json_minutes(int64_t ms);

/* "2026-01-16T12:00:00.000Z", or null for 0. */
struct json_object *json_timestamp(int64_t wall_ms);

/* A string, or null for "" and NULL. */
struct json_object *json_text(const char *text);

/* What was played of one activity; NULL or "": it had no name. */
struct json_object *json_activity(const char *activity, int64_t used_ms, int64_t overdraft_ms);

/* ---- Reading an answer, and showing it ---- */

/* What stands under a key; NULL: nothing, or null. Borrowed from `json`, which may be NULL. */
struct json_object *json_get(struct json_object *json, const char *key);
/* The same as text, whatever it is; "": nothing. */
const char *json_get_text(struct json_object *json, const char *key);
double json_get_number(struct json_object *json, const char *key);
/* Prints it to standard output, for people. */
void json_show(struct json_object *json);

/* The text of `json` on one line, and gives `json` up. The caller frees it with free(). */
char *json_print(struct json_object *json);

#endif
