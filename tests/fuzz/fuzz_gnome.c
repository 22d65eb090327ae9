/* SPDX-License-Identifier: MIT */
/* The reader of what the GNOME extension says of a window. */
#include "window_title/gnome_json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct window window;
    char *text = malloc(size + 1); /* where a byte too many is noticed */
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    bool is_read = gnome_json_read(text, size, &window);
    assert(memchr(window.title, '\0', sizeof(window.title)) != NULL);
    assert(memchr(window.app, '\0', sizeof(window.app)) != NULL);
    assert(window.pid >= 0 && window.pid <= INT32_MAX);
    if (!is_read || !window.is_focused)
        assert(window.title[0] == '\0' && window.app[0] == '\0' && window.pid == 0);
    free(text);
    return 0;
}
