/* SPDX-License-Identifier: MIT */
#include "installed.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *installed_path(const char *relative)
{
    static const char here = 0; /* anything in this plugin */
    Dl_info plugin = {.dli_fname = ""};
    char *joined = NULL;
    const char *slash = NULL;
    if (dladdr(&here, &plugin) != 0)
        slash = strrchr(plugin.dli_fname, '/');
    int length = slash != NULL ? (int)(slash - plugin.dli_fname) + 1 : 0;
    if (asprintf(&joined, "%.*s%s", length, plugin.dli_fname, relative) < 0)
        return NULL;
    char *resolved = realpath(joined, NULL);
    if (resolved == NULL)
        return joined; /* not there: whoever opens it says so */
    free(joined);
    return resolved;
}
