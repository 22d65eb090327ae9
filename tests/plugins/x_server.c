/* SPDX-License-Identifier: MIT */
#include "x_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROOT = 0x100, WINDOW = 0x200, ATOM_FIRST = 100, ATOMS_MAX = 32, REPLY_BYTES = 32 };
/* Of the protocol. */
enum {
    GET_WINDOW_ATTRIBUTES = 3,
    QUERY_TREE = 15,
    INTERN_ATOM = 16,
    GET_PROPERTY = 20,
    GET_INPUT_FOCUS = 43,
    QUERY_EXTENSION = 98,
    ATOM_STRING = 31,
    ATOM_WINDOW = 33,
    WM_CLASS = 67,
    BAD_WINDOW = 3
};

struct session {
    enum x_server_way way;
    int socket;
    uint16_t sequence;
    char atoms[ATOMS_MAX][64];
    int atom_count;
};

static int take(int socket, void *to, size_t length)
{
    for (size_t have = 0; have < length;) {
        ssize_t got = read(socket, (char *)to + have, length - have);
        if (got <= 0)
            return 0;
        have += (size_t)got;
    }
    return 1;
}

static void give(int socket, const void *bytes, size_t length)
{
    if (send(socket, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
        _exit(0);
}

static void put16(unsigned char *to, size_t at, unsigned value)
{
    uint16_t word = (uint16_t)value;
    memcpy(to + at, &word, sizeof(word));
}

static void put32(unsigned char *to, size_t at, uint32_t value)
{
    memcpy(to + at, &value, sizeof(value));
}

static uint32_t get32(const unsigned char *from, size_t at)
{
    uint32_t value;
    memcpy(&value, from + at, sizeof(value));
    return value;
}

/* ---- The greeting ---- */

static void refuse(int socket)
{
    unsigned char said[] = {0, 200, 11, 0, 0, 0, 1, 0, 'n', 0xFF, '\n', '.'};
    put16(said, 2, 11);
    put16(said, 6, 1);
    give(socket, said, sizeof(said));
}

static void greet(const struct session *session)
{
    enum { VENDOR_BYTES = 4, BYTES = 40 + VENDOR_BYTES + 40 };
    unsigned char said[BYTES] = {1};
    put16(said, 2, 11);
    put16(said, 6, (BYTES - 8) / 4);
    put32(said, 12, 0x400000);
    put32(said, 16, 0x1FFFFF);
    put16(said, 24, session->way == X_SERVER_HAS_A_LONG_VENDOR ? 65535 : VENDOR_BYTES);
    put16(said, 26, session->way == X_SERVER_TAKES_SMALL_REQUESTS ? 8 : 65535);
    said[28] = session->way == X_SERVER_HAS_NO_SCREEN ? 0 : 1;
    put32(said, 40 + VENDOR_BYTES, ROOT);
    if (session->way == X_SERVER_ASKS_BACK)
        said[0] = 2;
    if (session->way == X_SERVER_GREETS_SHORTLY)
        put16(said, 6, 1);
    int is_half =
        session->way == X_SERVER_STOPS_IN_GREETING || session->way == X_SERVER_ENDS_IN_GREETING;
    give(session->socket, said,
         is_half                                   ? sizeof(said) / 2
         : session->way == X_SERVER_GREETS_SHORTLY ? 12
                                                   : sizeof(said));
}

static int hear_hello(int socket)
{
    unsigned char hello[12];
    unsigned char more[256];
    uint16_t name;
    uint16_t key;
    if (!take(socket, hello, sizeof(hello)))
        return 0;
    memcpy(&name, hello + 6, sizeof(name));
    memcpy(&key, hello + 8, sizeof(key));
    size_t length = ((size_t)name + 3) / 4 * 4 + ((size_t)key + 3) / 4 * 4;
    return length <= sizeof(more) && take(socket, more, length);
}

/* ---- Answers ---- */

static void begin_reply(const struct session *session, unsigned char reply[REPLY_BYTES])
{
    memset(reply, 0, REPLY_BYTES);
    reply[0] = 1;
    put16(reply, 2, session->sequence);
}

static void tell_atom(struct session *session, const unsigned char *body)
{
    unsigned char reply[REPLY_BYTES];
    uint16_t length;
    int at = 0;
    char name[64] = "";
    memcpy(&length, body, sizeof(length));
    memcpy(name, body + 4, length < sizeof(name) ? length : sizeof(name) - 1);
    while (at < session->atom_count && strcmp(session->atoms[at], name) != 0)
        at++;
    if (at == session->atom_count && at < ATOMS_MAX)
        strcpy(session->atoms[session->atom_count++], name);
    begin_reply(session, reply);
    put32(reply, 8, (uint32_t)(ATOM_FIRST + at));
    give(session->socket, reply, sizeof(reply));
}

static void tell_value(const struct session *session, uint32_t type, unsigned char bits,
                       const void *value, size_t length)
{
    unsigned char reply[REPLY_BYTES + 64];
    begin_reply(session, reply);
    memset(reply + REPLY_BYTES, 0, 64);
    reply[1] = bits;
    put32(reply, 4, (uint32_t)(length + 3) / 4);
    put32(reply, 8, type);
    put32(reply, 16,
          session->way == X_SERVER_LIES_OF_LENGTHS ? UINT32_MAX
          : bits > 0                               ? (uint32_t)(length * 8 / bits)
                                                   : 0);
    if (length > 0)
        memcpy(reply + REPLY_BYTES, value, length);
    give(session->socket, reply, REPLY_BYTES + (length + 3) / 4 * 4);
}

static void tell_no_window(const struct session *session, uint32_t window)
{
    unsigned char error[REPLY_BYTES] = {0, BAD_WINDOW};
    put16(error, 2, session->sequence);
    put32(error, 4, window);
    error[10] = GET_PROPERTY;
    give(session->socket, error, sizeof(error));
}

/* And does not end it. */
static void begin_a_reply(const struct session *session)
{
    unsigned char reply[REPLY_BYTES];
    begin_reply(session, reply);
    put32(reply, 4, session->way == X_SERVER_SAYS_MUCH ? 1 << 28 : 100);
    give(session->socket, reply, sizeof(reply));
}

/* Of a property of the root window that nobody wants. */
static void flood(const struct session *session)
{
    enum { PROPERTY_NOTIFY = 28 };
    static unsigned char events[1000 * REPLY_BYTES];
    for (size_t at = 0; at < sizeof(events); at += REPLY_BYTES) {
        events[at] = PROPERTY_NOTIFY;
        put16(events + at, 2, session->sequence);
        put32(events + at, 4, ROOT);
        put32(events + at, 8, 1);
    }
    for (;;)
        give(session->socket, events, sizeof(events));
}

static void tell_property(const struct session *session, const unsigned char *body)
{
    const uint32_t window = WINDOW;
    uint32_t of = get32(body, 0);
    uint32_t property = get32(body, 4);
    uint32_t own = property - ATOM_FIRST;
    const char *name = own < (uint32_t)session->atom_count ? session->atoms[own] : "";
    if (session->way == X_SERVER_KEEPS_PROPERTIES)
        return;
    if (session->way == X_SERVER_STOPS_IN_A_REPLY || session->way == X_SERVER_SAYS_MUCH) {
        begin_a_reply(session);
        return;
    }
    if (session->way == X_SERVER_LOST_THE_WINDOW && of == WINDOW)
        tell_no_window(session, of);
    else if (strcmp(name, "_NET_ACTIVE_WINDOW") == 0 ||
             strcmp(name, "_NET_SUPPORTING_WM_CHECK") == 0)
        tell_value(session, ATOM_WINDOW, 32, &window, sizeof(window));
    else if (strcmp(name, "_NET_WM_NAME") == 0)
        tell_value(session, ATOM_STRING, 8, "Minecraft", 9);
    else if (property == WM_CLASS)
        tell_value(session, ATOM_STRING, 8, "i\0game", 7);
    else if (session->way == X_SERVER_LIES_OF_LENGTHS)
        tell_value(session, ATOM_WINDOW, 32, &window, sizeof(window));
    else
        tell_value(session, 0, 0, "", 0);
}

/* Its window; or says that there are more than fit into what it sends. */
static void tell_tree(const struct session *session)
{
    unsigned char reply[REPLY_BYTES + 4];
    begin_reply(session, reply);
    put32(reply, 4, 1);
    put32(reply, 8, ROOT);
    put16(reply, 16, session->way == X_SERVER_LIES_OF_LENGTHS ? 65535 : 1);
    put32(reply, REPLY_BYTES, WINDOW);
    give(session->socket, reply, sizeof(reply));
}

static void tell_attributes(const struct session *session)
{
    enum { MORE_BYTES = 12, OVERRIDES_AT = 27, MAP_STATE_AT = 26, VIEWABLE = 2 };
    unsigned char reply[REPLY_BYTES + MORE_BYTES];
    begin_reply(session, reply);
    memset(reply + REPLY_BYTES, 0, MORE_BYTES);
    put32(reply, 4, MORE_BYTES / 4);
    reply[MAP_STATE_AT] = VIEWABLE;
    reply[OVERRIDES_AT] = 1;
    give(session->socket, reply, sizeof(reply));
}

static void answer(struct session *session, int request, const unsigned char *body)
{
    unsigned char reply[REPLY_BYTES];
    if (session->way == X_SERVER_ANSWERS_NOTHING)
        return;
    if (session->way == X_SERVER_FLOODS && request == GET_PROPERTY)
        flood(session);
    if (request == INTERN_ATOM)
        tell_atom(session, body);
    else if (request == GET_PROPERTY)
        tell_property(session, body);
    else if (request == QUERY_TREE)
        tell_tree(session);
    else if (request == GET_WINDOW_ATTRIBUTES)
        tell_attributes(session);
    else if (request == QUERY_EXTENSION || request == GET_INPUT_FOCUS) {
        begin_reply(session, reply);
        give(session->socket, reply, sizeof(reply));
    }
}

static void serve(enum x_server_way way, int socket, volatile unsigned *requests)
{
    unsigned char head[4];
    unsigned char body[1024];
    uint16_t words;
    struct session session = {.way = way, .socket = socket};
    if (way == X_SERVER_HANGS_UP)
        return;
    if (way == X_SERVER_IS_SILENT || !hear_hello(socket)) {
        take(socket, body, sizeof(body));
        return;
    }
    if (way == X_SERVER_REFUSES)
        refuse(socket);
    else
        greet(&session);
    if (way == X_SERVER_ENDS_IN_GREETING)
        return;
    while (take(socket, head, sizeof(head))) {
        memcpy(&words, head + 2, sizeof(words));
        size_t length = ((size_t)words - 1) * 4;
        if (words == 0 || length > sizeof(body) || !take(socket, body, length))
            return;
        session.sequence++;
        ++*requests;
        answer(&session, head[0], body);
    }
}

void x_server_start(struct x_server *server, enum x_server_way way)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    server->requests = mmap(NULL, sizeof(*server->requests), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(server->requests != MAP_FAILED);
    strcpy(server->root, "/tmp/clockblock-x-server-XXXXXX");
    assert_non_null(mkdtemp(server->root));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/X0", server->root);
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(0, bind(listening, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(listening, way == X_SERVER_TAKES_NOBODY ? 0 : 8));
    server->process = fork();
    assert_true(server->process >= 0);
    if (server->process > 0) {
        close(listening);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails before it stops it */
    for (;;) {
        if (way == X_SERVER_TAKES_NOBODY)
            pause();
        int taken = accept(listening, NULL, NULL);
        serve(way, taken, server->requests);
        close(taken);
    }
}

void x_server_stop(struct x_server *server)
{
    char path[80];
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
    munmap((void *)server->requests, sizeof(*server->requests));
    snprintf(path, sizeof(path), "%s/X0", server->root);
    unlink(path);
    rmdir(server->root);
}
