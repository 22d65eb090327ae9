/* SPDX-License-Identifier: MIT */
/* The text format 0.0.4 of Prometheus: families with their samples, each family in one piece. Pure.
 */
#ifndef CORE_EXPOSITION_H
#define CORE_EXPOSITION_H

#include "buffer.h"

#include <stdint.h>

enum exposition_type { EXPOSITION_GAUGE, EXPOSITION_COUNTER };

/* A page that grows. Begin with {0}. */
struct exposition {
    struct buffer text;
    const char *name; /* of the family that is being written; borrowed */
};

/* Begins a family: the samples that follow are its own. */
void exposition_family(struct exposition *page, const char *name, enum exposition_type type,
                       const char *help);

/* A sample. `labels` are names and values in turn, ended by NULL; NULL: none. The value of
 * a label may be any text. */
void exposition_integer(struct exposition *page, const char *const *labels, int64_t value);
/* The same in seconds, to the microsecond. */
void exposition_seconds(struct exposition *page, const char *const *labels, int64_t us);

#endif
