/* SPDX-License-Identifier: MIT */
/* Answers: every one goes out here, with the headers that all have in common. Private to this
 * folder. */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include "buffer.h"
#include "error.h"

#include <json-c/json.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

/* The headers of every answer but the pages. `cors_origin` may be NULL. */
void answer_add_headers(struct MHD_Response *response, int status, const char *type,
                        const char *cors_origin);

/* Sends `body`, which is freed with free(). `cors_origin` may be NULL. */
enum MHD_Result answer_text(struct MHD_Connection *connection, int status, const char *type,
                            char *body, const char *cors_origin);

/* Sends `json`, and gives it up. */
enum MHD_Result answer_json(struct MHD_Connection *connection, int status, struct json_object *json,
                            const char *cors_origin);

/* The headers that every answer carries, whatever it holds. */
void answer_add_common_headers(struct MHD_Response *response);
/* Lets pages of an allowed origin read it; NULL: there is none. */
void answer_add_origin(struct MHD_Response *response, const char *cors_origin);

/* Sends application/problem+json (RFC 9457). `parameter` names the one at fault; NULL: none. */
enum MHD_Result answer_problem(struct MHD_Connection *connection, int status, const char *detail,
                               const char *parameter, const char *cors_origin);

/* Tells the browser of an allowed origin what its pages may ask: 204, without a body. */
enum MHD_Result answer_preflight(struct MHD_Connection *connection, const char *cors_origin);

/* A growing JSON array, whose items bring their own text: it is copied as it is. Begin with {0}. */
struct answer_list {
    struct buffer text; /* owned, until it is sent */
    int64_t count;      /* of items that were announced */
};
void answer_list_add(struct answer_list *list, const char *json, size_t length);

/* For days that may hold any number of items. Each is announced first: false, that is one too many,
 * and need not be made. ANSWER_ITEMS_MAX are a megabyte, and take some milliseconds. */
enum { ANSWER_ITEMS_MAX = 5000 };
bool answer_list_has_room(struct answer_list *list);
void answer_list_add_json(struct answer_list *list, struct json_object *json); /* gives it up */

/* Sends the list, and gives it up; in its place the problem, when `error` holds one or it had no
 * room for all. */
enum MHD_Result answer_list_send(struct MHD_Connection *connection, struct answer_list *list,
                                 const struct error *error, const char *cors_origin);

#endif
