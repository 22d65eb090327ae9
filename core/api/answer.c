/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A place of a stream, or a disk with room, may be there then. */
#define RETRY_AFTER_SEC "5"

static const char *const common_headers[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

void answer_add_common_headers(struct MHD_Response *response)
{
    for (unsigned i = 0; i < sizeof(common_headers) / sizeof(common_headers[0]); i++)
        MHD_add_response_header(response, common_headers[i][0], common_headers[i][1]);
}

void answer_add_origin(struct MHD_Response *response, const char *cors_origin)
{
    if (cors_origin == NULL)
        return;
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, cors_origin);
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ORIGIN);
}

void answer_add_headers(struct MHD_Response *response, int status, const char *type,
                        const char *cors_origin)
{
    answer_add_common_headers(response);
    MHD_add_response_header(response, "Content-Security-Policy",
                            "default-src 'none'; frame-ancestors 'none'");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER_SEC);
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Bearer realm=\"clockblock\"");
    answer_add_origin(response, cors_origin);
}

enum MHD_Result answer_text(struct MHD_Connection *connection, int status, const char *type,
                            char *body, const char *cors_origin)
{
    assert(body != NULL);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    answer_add_headers(response, status, type, cors_origin);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result answer_json(struct MHD_Connection *connection, int status, struct json_object *json,
                            const char *cors_origin)
{
    return answer_text(connection, status, "application/json", json_print(json), cors_origin);
}

enum MHD_Result answer_preflight(struct MHD_Connection *connection, const char *cors_origin)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    answer_add_headers(response, MHD_HTTP_NO_CONTENT, NULL, cors_origin);
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD");
    MHD_add_response_header(response, "Access-Control-Allow-Headers",
                            "Authorization, Last-Event-ID");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_NO_CONTENT, response);
    MHD_destroy_response(response);
    return result;
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 421:
        return "Misdirected Request";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

enum MHD_Result answer_problem(struct MHD_Connection *connection, int status, const char *detail,
                               const char *parameter, const char *cors_origin)
{
    struct json_object *problem = json_object_new_object();
    assert(problem != NULL);
    json_object_object_add(problem, "title", json_object_new_string(title_of(status)));
    json_object_object_add(problem, "status", json_object_new_int(status));
    json_object_object_add(problem, "detail", json_object_new_string(detail));
    if (parameter != NULL)
        json_object_object_add(problem, "parameter", json_object_new_string(parameter));
    return answer_text(connection, status, "application/problem+json", json_print(problem),
                       cors_origin);
}

/* ---- Lists ---- */

void answer_list_add(struct answer_list *list, const char *json, size_t length)
{
    buffer_put(&list->text, list->text.length > 0 ? "," : "[");
    buffer_put_bytes(&list->text, json, length);
}

bool answer_list_has_room(struct answer_list *list)
{
    return ++list->count <= ANSWER_ITEMS_MAX;
}

void answer_list_add_json(struct answer_list *list, struct json_object *json)
{
    char *text = json_print(json);
    answer_list_add(list, text, strlen(text));
    free(text);
}

static enum MHD_Result refuse_list(struct MHD_Connection *connection, int64_t count,
                                   const char *cors_origin)
{
    char detail[128];
    snprintf(detail, sizeof(detail),
             "these days hold %" PRId64 ", and an answer at most %d: ask for fewer days", count,
             (int)ANSWER_ITEMS_MAX);
    return answer_problem(connection, MHD_HTTP_BAD_REQUEST, detail, "to", cors_origin);
}

enum MHD_Result answer_list_send(struct MHD_Connection *connection, struct answer_list *list,
                                 const struct error *error, const char *cors_origin)
{
    if (error->code != 0) {
        free(list->text.text);
        return answer_problem(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error->text, NULL,
                              cors_origin);
    }
    if (list->count > ANSWER_ITEMS_MAX) {
        free(list->text.text);
        return refuse_list(connection, list->count, cors_origin);
    }
    buffer_put(&list->text, list->text.length > 0 ? "]" : "[]");
    return answer_text(connection, MHD_HTTP_OK, "application/json", list->text.text, cors_origin);
}
