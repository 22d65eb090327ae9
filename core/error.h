/* SPDX-License-Identifier: MIT */
/* How a function says what went wrong: it returns a code other than 0, and leaves a sentence that
 * the user can act on in a struct error that the caller owns. Pure. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

/* Codes are exit codes of sysexits.h, so that a failure can be passed through to main(). */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_USAGE = 64,
    EXIT_CODE_DATA = 65,        /* the database is damaged */
    EXIT_CODE_UNAVAILABLE = 69, /* a service is not there: no agent runs, or one runs already */
    EXIT_CODE_SOFTWARE = 70,
    EXIT_CODE_DISK = 74,
    EXIT_CODE_CONFIG = 78
};

struct error {
    int code;
    char text[1024]; /* one line, UTF-8, no trailing dot */
};

/* Fills `error` (NULL: nobody wants it) and returns `code`, so that a caller can write
 * `return error_set(error, EXIT_CODE_DISK, ...)`. The format may use error->text itself. */
__attribute__((format(printf, 3, 4))) int error_set(struct error *error, int code,
                                                    const char *format, ...);

#endif
