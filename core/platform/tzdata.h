/* SPDX-License-Identifier: MIT */
/* Where the rules of time zones come from: TZif bytes of the system's zone database. */
#ifndef PLATFORM_TZDATA_H
#define PLATFORM_TZDATA_H

#include "error.h"
#include "file.h"

#include <stddef.h>

/* Reads the TZif bytes of an IANA name, or of "local": the zone this machine is set to ($TZ, else
 * /etc/localtime). The caller frees with free(). "UTC" always works: *bytes is then NULL when the
 * system has no zone database. */
int tzdata_read(const char *name, char **bytes, size_t *length, struct error *error);

/* The IANA name of a zone; of "local" the one that it stands for. False: it has none, such as a
 * rule in $TZ or a copied /etc/localtime. */
enum { TZDATA_NAME_CAPACITY = 128 };
bool tzdata_name(const char *name, char iana[TZDATA_NAME_CAPACITY]);

/* Which file that is now: another one when the machine was set to another zone, or when the zone
 * database was updated. False: none, it cannot change. */
bool tzdata_identify(const char *name, struct file_identity *identity);

/* Calls visit() with each name that the system's zone database has. */
void tzdata_each(void (*visit)(const char *name, void *context), void *context);

#endif
