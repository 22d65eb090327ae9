/* SPDX-License-Identifier: MIT */
#include "gnome_json.h"

#include "../desktop/text.h"

#include <json-c/json.h>

/* A page may give a window any title, and the rest is short. */
enum { LENGTH_MAX = 1024 * 1024, DEPTH_MAX = 8 };

/* True: the member is a text. */
static bool take_text(struct json_object *object, const char *key, char *to, size_t capacity)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, key, &value) ||
        !json_object_is_type(value, json_type_string))
        return false;
    desktop_text_utf8(to, capacity, json_object_get_string(value),
                      (size_t)json_object_get_string_len(value));
    return true;
}

static bool is_false(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) &&
           json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value);
}

static bool take_window(struct json_object *object, struct window *window)
{
    if (json_object_object_length(object) == 0)
        return true;
    bool has_title = take_text(object, "title", window->title, sizeof(window->title));
    bool has_app = take_text(object, "wm_class", window->app, sizeof(window->app)) ||
                   take_text(object, "wm_class_instance", window->app, sizeof(window->app));
    if (!has_title && !has_app)
        return false;
    window->is_focused = true;
    if (is_false(object, "focus"))
        *window = (struct window){0};
    return true;
}

bool gnome_json_read(const char *text, size_t length, struct window *window)
{
    *window = (struct window){0};
    struct json_tokener *tokener = length <= LENGTH_MAX ? json_tokener_new_ex(DEPTH_MAX) : NULL;
    if (tokener == NULL)
        return false;
    struct json_object *object = json_tokener_parse_ex(tokener, text, (int)length);
    /* What is a number or a literal ends with the text, and is none of ours. */
    bool is_read = object != NULL && json_object_is_type(object, json_type_object) &&
                   json_tokener_get_parse_end(tokener) == length && take_window(object, window);
    json_object_put(object);
    json_tokener_free(tokener);
    return is_read;
}
