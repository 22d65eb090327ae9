/* SPDX-License-Identifier: MIT */
/* Windows on X11 that do what a test says, one command a line on standard input; each is answered
 * with a line once the server has done it:
 *   open                            a new window, which all that follows is about
 *   set PROPERTY TYPE FORMAT [HEX]  changes a property, to anything; window, cardinal: native order
 *   root PROPERTY TYPE FORMAT [HEX] the same on the root window
 *   focus, fullscreen               asks the window manager
 *   spin COUNT                      changes the title so often
 *   cover                           a window like open's, which no manager sees
 *   close                           destroys the window */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>

static xcb_connection_t *connection;
static xcb_window_t root;
static xcb_window_t window;

static xcb_atom_t atom(const char *name)
{
    xcb_intern_atom_cookie_t cookie = xcb_intern_atom(connection, 0, (uint16_t)strlen(name), name);
    xcb_intern_atom_reply_t *reply = xcb_intern_atom_reply(connection, cookie, NULL);
    xcb_atom_t made = reply != NULL ? reply->atom : XCB_ATOM_NONE;
    free(reply);
    return made;
}

static void open_window(uint32_t overrides)
{
    window = xcb_generate_id(connection);
    xcb_create_window(connection, XCB_COPY_FROM_PARENT, window, root, 0, 0, 200, 100, 0,
                      XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_OVERRIDE_REDIRECT,
                      &overrides);
    xcb_map_window(connection, window);
}

static void set(xcb_window_t of, const char *property, const char *type, int format,
                const char *hex)
{
    static unsigned char bytes[200000];
    size_t length = strlen(hex) / 2;
    for (size_t i = 0; i < length; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    xcb_change_property(connection, XCB_PROP_MODE_REPLACE, of, atom(property), atom(type),
                        (uint8_t)format, (uint32_t)(length * 8 / (size_t)format), bytes);
}

static void tell_manager(const char *type, uint32_t first, uint32_t second)
{
    xcb_client_message_event_t event = {.response_type = XCB_CLIENT_MESSAGE,
                                        .format = 32,
                                        .window = window,
                                        .type = atom(type),
                                        .data.data32 = {first, second, 0, 1}};
    xcb_send_event(connection, 0, root,
                   XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
                   (const char *)&event);
}

static void spin(int count)
{
    char title[32];
    xcb_atom_t property = atom("_NET_WM_NAME");
    xcb_atom_t type = atom("UTF8_STRING");
    for (int i = 0; i < count; i++) {
        int length = snprintf(title, sizeof(title), "frame %d", i);
        xcb_change_property(connection, XCB_PROP_MODE_REPLACE, window, property, type, 8,
                            (uint32_t)length, title);
    }
}

static int obey(const char *line)
{
    static char hex[400001];
    char property[64];
    char type[64];
    char of[8];
    int format;
    hex[0] = '\0';
    if (strcmp(line, "open\n") == 0)
        open_window(0);
    else if (strcmp(line, "cover\n") == 0)
        open_window(1);
    else if (strcmp(line, "focus\n") == 0)
        tell_manager("_NET_ACTIVE_WINDOW", 2, XCB_CURRENT_TIME);
    else if (strcmp(line, "fullscreen\n") == 0)
        tell_manager("_NET_WM_STATE", 2, atom("_NET_WM_STATE_FULLSCREEN"));
    else if (strcmp(line, "close\n") == 0)
        xcb_destroy_window(connection, window);
    else if (sscanf(line, "spin %d", &format) == 1)
        spin(format);
    else if (sscanf(line, "%7s %63s %63s %d %400000s", of, property, type, &format, hex) >= 4)
        set(strcmp(of, "root") == 0 ? root : window, property, type, format, hex);
    else
        return 0;
    /* An answer to this one comes after all else is done. */
    free(xcb_get_input_focus_reply(connection, xcb_get_input_focus(connection), NULL));
    return xcb_connection_has_error(connection) == 0;
}

int main(void)
{
    static char line[400200];
    connection = xcb_connect(NULL, NULL);
    if (xcb_connection_has_error(connection) != 0)
        return 1;
    root = xcb_setup_roots_iterator(xcb_get_setup(connection)).data->root;
    while (fgets(line, sizeof(line), stdin) != NULL && obey(line)) {
        printf("%u\n", window);
        fflush(stdout);
    }
    xcb_disconnect(connection);
    return 0;
}
