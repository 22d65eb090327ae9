/* SPDX-License-Identifier: MIT */
/* The dashboard's files, which the build puts into the agent. They hold nothing of the household:
 * what they show they ask the other routes for. Private to this folder. */
#ifndef API_PAGES_H
#define API_PAGES_H

#include "routes.h"

#include <stddef.h>

/* One body of a file, as it is or gzip'd. All static. */
struct page_body {
    const unsigned char *bytes;
    size_t length;
    const char *etag; /* quoted; another one for each content and coding */
};

struct page {
    const char *path;
    const char *type; /* the media type */
    struct page_body plain;
    struct page_body gzip;
};

/* Made by the build from web/; the last one has no path. */
extern const struct page pages_all[];

/* The file at a path, or NULL. Static. */
const struct page *pages_find(const char *path);

/* Sends it, or says that the browser's copy is still good. Parameters are passed over: a bookmark
 * may have some. */
enum MHD_Result pages_serve(const struct route_request *request, const struct page *page);

#endif
