/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include "answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the dashboard may do: run and show what comes from here, ask this port, and nothing else. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "img-src 'self'; connect-src 'self'; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'";

const struct page *pages_find(const char *path)
{
    for (const struct page *page = pages_all; page->path != NULL; page++)
        if (strcmp(page->path, path) == 0)
            return page;
    return NULL;
}

/* The next item of a list in a header; NULL: there are no more. Borrowed from the list. */
static const char *next_item(const char **list, size_t *length)
{
    *list += strspn(*list, ", \t");
    const char *item = *list;
    *list += strcspn(*list, ",");
    *length = (size_t)(*list - item);
    while (*length > 0 && (item[*length - 1] == ' ' || item[*length - 1] == '\t'))
        (*length)--;
    return *length > 0 ? item : NULL;
}

/* "gzip", unless its weight is 0. Other codings, and "*", are not for us. */
static bool accepts_gzip(const char *accepted)
{
    static const char coding[] = "gzip";
    size_t length;
    for (const char *item; accepted != NULL && (item = next_item(&accepted, &length)) != NULL;) {
        size_t name = strcspn(item, "; \t,");
        if (name != sizeof(coding) - 1 || strncasecmp(item, coding, name) != 0)
            continue;
        const char *weight = memchr(item, '=', length);
        return weight == NULL || strtod(weight + 1, NULL) > 0;
    }
    return false;
}

/* The weak comparison of RFC 9110: a copy that a proxy has packed anew is good too. */
static bool has_copy(const char *tags, const char *etag)
{
    size_t length;
    for (const char *item; tags != NULL && (item = next_item(&tags, &length)) != NULL;) {
        if (length == 1 && item[0] == '*')
            return true;
        size_t prefix = length > 2 && strncmp(item, "W/", 2) == 0 ? 2 : 0;
        if (length - prefix == strlen(etag) && memcmp(item + prefix, etag, length - prefix) == 0)
            return true;
    }
    return false;
}

static const char *header(const struct route_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    enum MHD_Result added = MHD_add_response_header(response, name, value);
    assert(added == MHD_YES);
    (void)added;
}

enum MHD_Result pages_serve(const struct route_request *request, const struct page *page)
{
    bool packed = accepts_gzip(header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    const struct page_body *body = packed ? &page->gzip : &page->plain;
    bool is_fresh = has_copy(header(request, MHD_HTTP_HEADER_IF_NONE_MATCH), body->etag);
    /* Of a 304 the length is told, and nothing is sent. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->length, (void *)body->bytes, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    answer_add_common_headers(response);
    answer_add_origin(response, request->cors_origin);
    add(response, "Content-Security-Policy", policy);
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    add(response, MHD_HTTP_HEADER_ETAG, body->etag);
    add(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    if (!is_fresh)
        add(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    if (!is_fresh && packed)
        add(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    enum MHD_Result result = MHD_queue_response(
        request->connection, is_fresh ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
