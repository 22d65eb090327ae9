/* SPDX-License-Identifier: MIT */
/* A body in the gzip format: a tenth of its bytes, as a rule. */
#ifndef HTTP_INGEST_GZIP_H
#define HTTP_INGEST_GZIP_H

#include "body.h"

struct gzip;

struct gzip *gzip_create(void);       /* NULL: no memory */
void gzip_destroy(struct gzip *gzip); /* NULL is fine */

/* Packs a body, read to its end. The bytes are `gzip`'s until the next call. False: no memory. */
bool gzip_pack(struct gzip *gzip, struct body *body, const char **bytes, size_t *length);

#endif
