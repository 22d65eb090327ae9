/* SPDX-License-Identifier: MIT */
#include "wayland.h"

#include "displays.h"
#include "limit.h"
#include "peer.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One reading brings at most 4 KiB; who says more at once is listened to later. */
enum { READINGS_MAX = 64 };

/* It is asked for reasons. */
static void say_nothing(const char *format, va_list arguments)
{
    (void)format;
    (void)arguments;
}

void wayland_quiet(void)
{
    wl_log_set_handler_client(say_nothing);
}

void wayland_lose(struct wayland *wayland, const char *why)
{
    if (wayland->lost == NULL)
        wayland->lost = why;
}

/* ---- Connection ---- */

/* The library would wait in connect() for one whose queue is full. -1 and errno. */
static int connect_to(const struct desktop_display *display)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(display->name);
    if (length >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, display->name, length + 1);
    int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (handle < 0)
        return -1;
    int why = connect(handle, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    if (why == 0 && display->server_uid >= 0 && !peer_is(handle, display->server_uid))
        why = EACCES;
    if (why == 0)
        return handle;
    close(handle);
    errno = why;
    return -1;
}

static bool open_display(struct wayland *wayland, const struct desktop_display *display,
                         const struct wl_registry_listener *listener, void *data, clb_error *error)
{
    *wayland = (struct wayland){0};
    int handle = connect_to(display);
    if (handle < 0) {
        snprintf(error->text, sizeof(error->text), "%s: %s", display->name,
                 errno == EAGAIN ? "the compositor does not answer" : strerror(errno));
        return false;
    }
    wayland->display = wl_display_connect_to_fd(handle); /* closes it also when it fails */
    if (wayland->display != NULL)
        wayland->registry = wl_display_get_registry(wayland->display);
    if (wayland->registry != NULL)
        wl_registry_add_listener(wayland->registry, listener, data);
    else
        snprintf(error->text, sizeof(error->text), "no memory");
    return wayland->registry != NULL;
}

void wayland_close(struct wayland *wayland)
{
    if (wayland->registry != NULL)
        wl_registry_destroy(wayland->registry);
    if (wayland->display != NULL)
        wl_display_disconnect(wayland->display);
    *wayland = (struct wayland){0};
}

static bool try_display(struct wayland *wayland, const struct desktop_display *display,
                        const struct wayland_user *user, void *data, int64_t limit_ms,
                        clb_error *error)
{
    int64_t until_ms = limit_begin(limit_ms);
    if (open_display(wayland, display, user->registry, data, error)) {
        if (wayland_round(wayland, until_ms) && user->set_up(data, until_ms, error))
            return true;
        if (wayland->lost != NULL)
            snprintf(error->text, sizeof(error->text), "%s: %s", display->name, wayland->lost);
        user->close(data);
    }
    wayland_close(wayland);
    return false;
}

bool wayland_open(struct wayland *wayland, const struct desktop_settings *settings,
                  const struct wayland_user *user, void *data, clb_error *error)
{
    struct desktop_display displays[DISPLAYS_MAX];
    int count = displays_wayland(settings, displays);
    snprintf(error->text, sizeof(error->text), "there is no display of Wayland");
    for (int i = 0; i < count; i++) /* one that hangs leaves the others their time */
        if (try_display(wayland, &displays[i], user, data, WAYLAND_LIMIT_MS / count, error))
            return true;
    return false;
}

/* ---- Listening ---- */

static bool note_failure(struct wayland *wayland)
{
    int why = wl_display_get_error(wayland->display);
    bool is_gone = why == EPIPE || why == ECONNRESET;
    wayland_lose(wayland, is_gone ? "the compositor ended the connection"
                                  : "the compositor does not keep to the protocol");
    return false;
}

static bool dispatch(struct wayland *wayland)
{
    if (wayland->lost == NULL && wl_display_dispatch_pending(wayland->display) < 0)
        note_failure(wayland);
    return wayland->lost == NULL;
}

/* What does not fit into its socket it does not read. That it is gone shows when reading. */
bool wayland_flush(struct wayland *wayland)
{
    if (wl_display_flush(wayland->display) < 0 && errno == EAGAIN)
        wayland_lose(wayland, "the compositor does not answer");
    return wayland->lost == NULL;
}

/* Once, when something comes within `wait_ms`, which `*has_read` says. False: lost. */
static bool listen_once(struct wayland *wayland, int64_t wait_ms, bool *has_read)
{
    *has_read = false;
    while (wl_display_prepare_read(wayland->display) != 0)
        if (!dispatch(wayland))
            return false;
    struct pollfd polled = {.fd = wl_display_get_fd(wayland->display), .events = POLLIN};
    if (!wayland_flush(wayland) || poll(&polled, 1, (int)wait_ms) <= 0) {
        wl_display_cancel_read(wayland->display);
        return wayland->lost == NULL;
    }
    *has_read = true;
    (void)wl_display_read_events(wayland->display); /* what fails here fails there */
    return dispatch(wayland);
}

bool wayland_take(struct wayland *wayland)
{
    bool has_read = wayland->lost == NULL;
    for (int i = 0; i < READINGS_MAX && has_read; i++)
        if (!listen_once(wayland, 0, &has_read))
            return false;
    return wayland->lost == NULL;
}

static void note_answer(void *data, struct wl_callback *callback, uint32_t serial)
{
    (void)callback;
    (void)serial;
    *(bool *)data = true;
}

bool wayland_round(struct wayland *wayland, int64_t until_ms)
{
    static const struct wl_callback_listener listener = {.done = note_answer};
    bool is_answered = false;
    if (wayland->lost != NULL)
        return false;
    struct wl_callback *callback = wl_display_sync(wayland->display);
    if (callback == NULL)
        return note_failure(wayland);
    wl_callback_add_listener(callback, &listener, &is_answered);
    bool has_read;
    for (int64_t left_ms = until_ms - limit_begin(0); !is_answered && left_ms > 0;
         left_ms = until_ms - limit_begin(0))
        if (!listen_once(wayland, left_ms, &has_read))
            break;
    wl_callback_destroy(callback);
    if (!is_answered)
        wayland_lose(wayland, "the compositor does not answer");
    return wayland->lost == NULL;
}

bool wayland_look(struct wayland *wayland)
{
    return wayland_round(wayland, limit_begin(WAYLAND_LIMIT_MS));
}
