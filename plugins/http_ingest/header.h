/* SPDX-License-Identifier: MIT */
/* Headers that the user adds. Pure. */
#ifndef HTTP_INGEST_HEADER_H
#define HTTP_INGEST_HEADER_H

#include <stdbool.h>

/* NULL, or what is wrong with a line "Name: value" (static). The agent's own headers are not to be
 * had twice; Authorization is one when there is a token. */
const char *header_problem(const char *line, bool has_token);

#endif
