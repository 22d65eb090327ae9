/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
    assert(code != EXIT_CODE_OK);
    if (error == NULL)
        return code;

    char text[sizeof(error->text)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);

    error->code = code;
    memcpy(error->text, text, sizeof(text));
    return code;
}
