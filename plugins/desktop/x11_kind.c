/* SPDX-License-Identifier: MIT */
#include "x11.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>

enum { REPLY_BYTES = 32 }; /* of any, without the words that its length counts */

/* The library waits for what an extension is numbered. Answers come in their order: when a later
 * one is here, that one is, too. */
bool x11_has(struct x11 *x11, xcb_extension_t *extension)
{
    xcb_prefetch_extension_data(x11->connection, extension);
    xcb_get_input_focus_cookie_t cookie = xcb_get_input_focus(x11->connection);
    x11_send(x11);
    void *reply = x11_reply(x11, cookie.sequence);
    if (reply == NULL)
        return false;
    free(reply);
    const xcb_query_extension_reply_t *data = xcb_get_extension_data(x11->connection, extension);
    return data != NULL && data->present;
}

static bool names_itself(struct x11 *x11)
{
    static const char name[] = "XWAYLAND";
    xcb_query_extension_cookie_t cookie =
        xcb_query_extension(x11->connection, sizeof(name) - 1, name);
    x11_send(x11);
    xcb_query_extension_reply_t *reply = x11_reply(x11, cookie.sequence);
    bool is_present = reply != NULL && reply->present;
    free(reply);
    return is_present;
}

/* Is what begins there within a reply? Its numbers are the server's word. */
static bool is_within(const void *begin, size_t bytes, const void *reply, uint32_t reply_words)
{
    const char *end = (const char *)reply + REPLY_BYTES + 4UL * reply_words;
    return (const char *)begin <= end && bytes <= (size_t)(end - (const char *)begin);
}

/* 0: there is none. */
static xcb_randr_output_t first_output(struct x11 *x11)
{
    xcb_randr_output_t output = 0;
    xcb_randr_get_screen_resources_current_cookie_t cookie =
        xcb_randr_get_screen_resources_current(x11->connection, x11->root);
    x11_send(x11);
    xcb_randr_get_screen_resources_current_reply_t *reply = x11_reply(x11, cookie.sequence);
    if (reply != NULL && reply->num_outputs > 0) {
        const void *outputs = xcb_randr_get_screen_resources_current_outputs(reply);
        if (is_within(outputs, sizeof(output), reply, reply->length))
            memcpy(&output, outputs, sizeof(output));
    }
    free(reply);
    return output;
}

/* Those before version 23.1 are known by the names of their screens. */
static bool names_its_screens(struct x11 *x11)
{
    static const char start[] = "XWAYLAND";
    bool is_it = false;
    if (!x11_has(x11, &xcb_randr_id))
        return false;
    xcb_randr_query_version_cookie_t version = xcb_randr_query_version(x11->connection, 1, 3);
    xcb_discard_reply(x11->connection, version.sequence);
    xcb_randr_output_t output = first_output(x11);
    if (output == 0)
        return false;
    xcb_randr_get_output_info_cookie_t cookie =
        xcb_randr_get_output_info(x11->connection, output, XCB_CURRENT_TIME);
    x11_send(x11);
    xcb_randr_get_output_info_reply_t *reply = x11_reply(x11, cookie.sequence);
    if (reply != NULL && reply->name_len >= sizeof(start) - 1) {
        const void *name = xcb_randr_get_output_info_name(reply);
        is_it = is_within(name, sizeof(start) - 1, reply, reply->length) &&
                memcmp(name, start, sizeof(start) - 1) == 0;
    }
    free(reply);
    return is_it;
}

bool x11_is_xwayland(struct x11 *x11)
{
    return names_itself(x11) || names_its_screens(x11);
}
