/* SPDX-License-Identifier: MIT */
/* Answers: every one goes out here, with the headers that all have in common. Private to this
 * folder. */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include <json-c/json.h>
#include <microhttpd.h>
#include <stdint.h>

/* Sends `body`, which is freed with free(). `cors_origin` may be NULL. */
enum MHD_Result answer_text(struct MHD_Connection *connection, int status, const char *type,
                            char *body, const char *cors_origin);

/* Sends `json`, and gives it up. */
enum MHD_Result answer_json(struct MHD_Connection *connection, int status, struct json_object *json,
                            const char *cors_origin);

/* Sends application/problem+json (RFC 9457). `parameter` names the one at fault; NULL: none. */
enum MHD_Result answer_problem(struct MHD_Connection *connection, int status, const char *detail,
                               const char *parameter, const char *cors_origin);

#endif
