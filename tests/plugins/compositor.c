/* SPDX-License-Identifier: MIT */
#include "compositor.h"

#include "idle-server-protocol.h"
#include "wlr-foreign-toplevel-management-unstable-v1-server-protocol.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WINDOWS_MAX = 1000, SEATS_MAX = 16, ORDER_MAX = 4096 };

/* ---- The compositor, for one client at a time ---- */

struct seat {
    struct wl_global *global;
    struct wl_resource *resource;     /* of the client */
    struct wl_resource *notification; /* of either protocol */
    int is_kde;
    char asked[64];
};

static struct server {
    struct wl_display *display;
    const char *title; /* borrowed */
    struct wl_resource *manager;
    struct wl_resource *windows[WINDOWS_MAX];
    int window_count;
    struct seat seats[SEATS_MAX];
    int seat_count;
} server;

static void destroy_resource(struct wl_client *client, struct wl_resource *resource)
{
    (void)client;
    wl_resource_destroy(resource);
}

static void ignore(struct wl_client *client, struct wl_resource *resource)
{
    (void)client;
    (void)resource;
}

static void forget_window(struct wl_resource *resource)
{
    for (int i = 0; i < server.window_count; i++)
        if (server.windows[i] == resource)
            server.windows[i] = NULL;
}

static void announce(void)
{
    static const struct zwlr_foreign_toplevel_handle_v1_interface interface = {
        .destroy = destroy_resource};
    struct wl_client *client = wl_resource_get_client(server.manager);
    struct wl_resource *window =
        wl_resource_create(client, &zwlr_foreign_toplevel_handle_v1_interface,
                           wl_resource_get_version(server.manager), 0);
    wl_resource_set_implementation(window, &interface, NULL, forget_window);
    server.windows[server.window_count++] = window;
    zwlr_foreign_toplevel_manager_v1_send_toplevel(server.manager, window);
}

static void announce_focused(const char *title)
{
    uint32_t states[] = {ZWLR_FOREIGN_TOPLEVEL_HANDLE_V1_STATE_ACTIVATED};
    struct wl_array array = {sizeof(states), sizeof(states), states};
    announce();
    struct wl_resource *window = server.windows[server.window_count - 1];
    zwlr_foreign_toplevel_handle_v1_send_title(window, title);
    zwlr_foreign_toplevel_handle_v1_send_app_id(window, "some.app");
    zwlr_foreign_toplevel_handle_v1_send_state(window, &array);
    zwlr_foreign_toplevel_handle_v1_send_done(window);
}

static void forget_manager(struct wl_resource *resource)
{
    (void)resource;
    server.manager = NULL;
}

static void bind_manager(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    static const struct zwlr_foreign_toplevel_manager_v1_interface interface = {.stop = ignore};
    (void)data;
    server.window_count = 0;
    server.manager =
        wl_resource_create(client, &zwlr_foreign_toplevel_manager_v1_interface, (int)version, id);
    wl_resource_set_implementation(server.manager, &interface, NULL, forget_manager);
    if (server.title != NULL)
        announce_focused(server.title);
}

static void forget_notification(struct wl_resource *resource)
{
    struct seat *seat = wl_resource_get_user_data(resource);
    seat->notification = NULL;
}

static void ask(struct wl_resource *of, struct wl_resource *seat_resource, uint32_t id,
                const struct wl_interface *interface, const void *implementation, const char *kind,
                uint32_t timeout_ms)
{
    struct seat *seat = wl_resource_get_user_data(seat_resource);
    seat->notification =
        wl_resource_create(wl_resource_get_client(of), interface, wl_resource_get_version(of), id);
    seat->is_kde = interface == &org_kde_kwin_idle_timeout_interface;
    snprintf(seat->asked, sizeof(seat->asked), "%s %u", kind, timeout_ms);
    wl_resource_set_implementation(seat->notification, implementation, seat, forget_notification);
}

static const struct ext_idle_notification_v1_interface notification_interface = {destroy_resource};

static void ask_plain(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                      uint32_t timeout_ms, struct wl_resource *seat)
{
    (void)client;
    ask(resource, seat, id, &ext_idle_notification_v1_interface, &notification_interface, "plain",
        timeout_ms);
}

static void ask_input(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                      uint32_t timeout_ms, struct wl_resource *seat)
{
    (void)client;
    ask(resource, seat, id, &ext_idle_notification_v1_interface, &notification_interface, "input",
        timeout_ms);
}

static void ask_kde(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                    struct wl_resource *seat, uint32_t timeout_ms)
{
    static const struct org_kde_kwin_idle_timeout_interface interface = {destroy_resource, ignore};
    (void)client;
    ask(resource, seat, id, &org_kde_kwin_idle_timeout_interface, &interface, "kde", timeout_ms);
}

static void bind_notifier(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    static const struct ext_idle_notifier_v1_interface interface = {destroy_resource, ask_plain,
                                                                    ask_input};
    (void)data;
    wl_resource_set_implementation(
        wl_resource_create(client, &ext_idle_notifier_v1_interface, (int)version, id), &interface,
        NULL, NULL);
}

static void bind_kde(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    static const struct org_kde_kwin_idle_interface interface = {ask_kde};
    (void)data;
    wl_resource_set_implementation(
        wl_resource_create(client, &org_kde_kwin_idle_interface, (int)version, id), &interface,
        NULL, NULL);
}

static void bind_seat(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct seat *seat = data;
    seat->resource = wl_resource_create(client, &wl_seat_interface, (int)version, id);
    wl_resource_set_implementation(seat->resource, NULL, seat, NULL);
    wl_seat_send_capabilities(seat->resource, WL_SEAT_CAPABILITY_POINTER);
}

static void add_seat(void)
{
    struct seat *seat = &server.seats[server.seat_count++];
    seat->global = wl_global_create(server.display, &wl_seat_interface, 1, seat, bind_seat);
}

static void send_idleness(const struct seat *seat, int is_idle)
{
    if (seat->is_kde && is_idle)
        org_kde_kwin_idle_timeout_send_idle(seat->notification);
    else if (seat->is_kde)
        org_kde_kwin_idle_timeout_send_resumed(seat->notification);
    else if (is_idle)
        ext_idle_notification_v1_send_idled(seat->notification);
    else
        ext_idle_notification_v1_send_resumed(seat->notification);
}

/* ---- Orders ---- */

struct order {
    char word[16];
    int number;
    size_t length;
    char bytes[ORDER_MAX]; /* and a NUL */
};

static void obey_window(const struct order *order)
{
    const char *word = order->word;
    struct wl_resource *window = server.windows[order->number];
    struct wl_array states = {order->length, order->length, (void *)order->bytes};
    if (strcmp(word, "windows") == 0)
        for (int i = 0; i < order->number; i++)
            announce();
    else if (strcmp(word, "finished") == 0)
        zwlr_foreign_toplevel_manager_v1_send_finished(server.manager);
    else if (strcmp(word, "title") == 0)
        zwlr_foreign_toplevel_handle_v1_send_title(window, order->bytes);
    else if (strcmp(word, "app") == 0)
        zwlr_foreign_toplevel_handle_v1_send_app_id(window, order->bytes);
    else if (strcmp(word, "states") == 0)
        zwlr_foreign_toplevel_handle_v1_send_state(window, &states);
    else if (strcmp(word, "done") == 0)
        zwlr_foreign_toplevel_handle_v1_send_done(window);
    else if (strcmp(word, "closed") == 0)
        zwlr_foreign_toplevel_handle_v1_send_closed(window);
    else
        abort();
}

static const char *obey(const struct order *order)
{
    const char *word = order->word;
    struct seat *seat = &server.seats[order->number % SEATS_MAX];
    if (strcmp(word, "seat") == 0)
        add_seat();
    else if (strcmp(word, "unseat") == 0)
        wl_global_destroy(seat->global);
    else if (strcmp(word, "idle") == 0 || strcmp(word, "resumed") == 0)
        send_idleness(seat, word[0] == 'i');
    else if (strcmp(word, "asked") == 0)
        return seat->notification != NULL ? seat->asked : "";
    else if (strcmp(word, "error") == 0)
        wl_resource_post_error(server.manager, 7, "%s", "a secret");
    else
        obey_window(order);
    return "";
}

static int hear_order(int descriptor, uint32_t mask, void *data)
{
    struct order order = {0};
    (void)mask;
    (void)data;
    if (recv(descriptor, &order, sizeof(order), 0) <= 0)
        _exit(0);
    const char *answer = obey(&order);
    wl_display_flush_clients(server.display);
    (void)!send(descriptor, answer, strlen(answer) + 1, MSG_NOSIGNAL);
    return 0;
}

static void offer(const struct compositor_offer *offered)
{
    server.title = offered->title;
    if (offered->windows > 0)
        wl_global_create(server.display, &zwlr_foreign_toplevel_manager_v1_interface,
                         (int)offered->windows, NULL, bind_manager);
    if (offered->notifier > 0)
        wl_global_create(server.display, &ext_idle_notifier_v1_interface, (int)offered->notifier,
                         NULL, bind_notifier);
    if (offered->kde > 0)
        wl_global_create(server.display, &org_kde_kwin_idle_interface, (int)offered->kde, NULL,
                         bind_kde);
    for (int i = 0; i < offered->seats; i++)
        add_seat();
}

static void serve(const struct compositor *compositor, int listening, int orders)
{
    server.display = wl_display_create();
    offer(&compositor->offer);
    wl_display_add_socket_fd(server.display, listening);
    wl_event_loop_add_fd(wl_display_get_event_loop(server.display), orders, WL_EVENT_READABLE,
                         hear_order, NULL);
    wl_display_run(server.display);
}

/* ---- Its life ---- */

static int count_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

void compositor_make(struct compositor *compositor)
{
    *compositor = (struct compositor){.folder = "/tmp/clockblock-compositor-XXXXXX",
                                      .descriptors = count_descriptors()};
    assert_non_null(mkdtemp(compositor->folder));
    snprintf(compositor->path, sizeof(compositor->path), "%s/wayland-0", compositor->folder);
}

void compositor_drop(struct compositor *compositor)
{
    compositor_end(compositor);
    rmdir(compositor->folder);
    assert_int_equal(compositor->descriptors, count_descriptors());
}

int compositor_listen(const char *path, uid_t owner)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uid_t before = geteuid();
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(0, bind(listening, (struct sockaddr *)&address, sizeof(address)));
    if (owner != 0) {
        assert_int_equal(0, chown(path, owner, (gid_t)-1));
        assert_int_equal(0, seteuid(owner));
    }
    int result = listen(listening, 8);
    assert_int_equal(0, seteuid(before));
    assert_int_equal(0, result);
    return listening;
}

/* True in the child, which has one end of the pair. */
static bool split(struct compositor *compositor, int *orders)
{
    int pair[2];
    assert_int_equal(0, compositor->pid);
    assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
    compositor->pid = fork();
    assert_true(compositor->pid >= 0);
    bool is_child = compositor->pid == 0;
    if (is_child)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(pair[is_child ? 0 : 1]);
    *orders = pair[is_child ? 1 : 0];
    return is_child;
}

void compositor_run(struct compositor *compositor, struct compositor_offer offered)
{
    int listening = compositor_listen(compositor->path, offered.owner);
    compositor->offer = offered;
    if (split(compositor, &compositor->orders)) {
        serve(compositor, listening, compositor->orders);
        _exit(1);
    }
    close(listening);
}

static void babble(int listening, const void *bytes, size_t length, bool is_endless)
{
    for (;;) {
        int client = accept(listening, NULL, NULL);
        do {
            if (send(client, bytes, length, MSG_NOSIGNAL) < 0)
                break;
        } while (is_endless);
        /* It stays open: whoever waits for more waits in vain. */
    }
}

void compositor_babble(struct compositor *compositor, const void *bytes, size_t length,
                       bool is_endless)
{
    int listening = compositor_listen(compositor->path, 0);
    if (split(compositor, &compositor->orders))
        babble(listening, bytes, length, is_endless);
    close(listening);
}

void compositor_signal(struct compositor *compositor, int signal)
{
    assert_int_equal(0, kill(compositor->pid, signal));
    if (signal == SIGKILL)
        compositor_end(compositor);
}

void compositor_end(struct compositor *compositor)
{
    if (compositor->pid == 0)
        return;
    kill(compositor->pid, SIGKILL);
    waitpid(compositor->pid, NULL, 0);
    compositor->pid = 0;
    close(compositor->orders);
    unlink(compositor->path);
}

const char *compositor_do(struct compositor *compositor, const char *word, int number,
                          const void *bytes, size_t length)
{
    static char answer[128];
    struct order order = {.number = number, .length = length};
    assert_true(length < ORDER_MAX);
    snprintf(order.word, sizeof(order.word), "%s", word);
    if (length > 0)
        memcpy(order.bytes, bytes, length);
    assert_int_equal(sizeof(order), send(compositor->orders, &order, sizeof(order), MSG_NOSIGNAL));
    ssize_t got = recv(compositor->orders, answer, sizeof(answer) - 1, 0);
    assert_true(got > 0);
    return answer;
}
