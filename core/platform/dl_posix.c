/* SPDX-License-Identifier: MIT */
#include "dl.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

const char dl_suffix[] = ".so";

int dl_open(const char *path, void **handle, struct error *error)
{
    /* NODELETE: a thread-specific destructor of an unloaded file is a crash. No DEEPBIND: it breaks
     * the sanitizers, and one exported symbol needs none. */
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (*handle != NULL)
        return 0;
    const char *reason = dlerror();
    return error_set(error, EXIT_CODE_CONFIG, "%s: cannot be loaded: %s", path,
                     reason != NULL ? reason : "unknown reason");
}

dl_function dl_symbol(void *handle, const char *name)
{
    dl_function function = NULL;
    void *symbol = dlsym(handle, name);
    /* POSIX promises that the two kinds of pointers have one size; C has no cast for it. */
    static_assert(sizeof(function) == sizeof(symbol), "function pointers differ");
    memcpy(&function, &symbol, sizeof(function));
    return function;
}
