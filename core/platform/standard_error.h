/* SPDX-License-Identifier: MIT */
/* Where standard error goes: to whoever started this process, to the journal, or to a file. */
#ifndef PLATFORM_STANDARD_ERROR_H
#define PLATFORM_STANDARD_ERROR_H

#include "error.h"

#include <stdbool.h>

/* Does the journal read it? Then a line may begin with its level: "<3>". */
bool standard_error_is_journal(void);

/* Could lines be appended to this file, which may have to be made with its folder? Changes nothing.
 */
int standard_error_check_file(const char *path, struct error *error);

/* From now on it is appended to this file, mode 0600, made with its folder when it is not there.
 * The same path again opens what lies there by now. NULL: it goes where it went at the start. When
 * that fails it goes where it did: EXIT_CODE_CONFIG, or EXIT_CODE_DISK for a disk that takes no
 * file now, but may later. [main] */
int standard_error_use_file(const char *path, struct error *error);

#endif
