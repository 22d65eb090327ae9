/* SPDX-License-Identifier: MIT */
#include "greeting.h"

#include "limit.h"
#include "peer.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of the protocol: what comes first, and where in the rest is what. */
enum {
    HELLO_BYTES = 12,
    SETUP_BYTES = 40,
    SCREEN_BYTES = 40,
    VENDOR_AT = 24,
    REQUEST_MAX_AT = 26,
    ROOTS_AT = 28,
    FORMATS_AT = 29,
    FORMAT_BYTES = 8,
    REQUEST_MAX_LEAST = 4096,
    REFUSED = 0,
    WELCOME = 1
};

static const char kind[] = "MIT-MAGIC-COOKIE-1";

static bool refuse(clb_error *error, const char *why)
{
    snprintf(error->text, sizeof(error->text), "%s", why);
    return false;
}

static uint16_t word_at(const unsigned char *bytes, size_t at)
{
    uint16_t word;
    memcpy(&word, bytes + at, sizeof(word));
    return word;
}

static size_t padded(size_t bytes)
{
    return (bytes + 3) & ~(size_t)3;
}

static bool connect_to(const char *path, struct greeting *greeting, clb_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
        (int)sizeof(address.sun_path))
        return refuse(error, "the path of its socket is too long");
    greeting->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (greeting->socket < 0)
        return refuse(error, strerror(errno));
    if (connect(greeting->socket, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return true;
    if (errno == EAGAIN) /* more wait for it than it lets wait */
        return refuse(error, "it does not answer");
    return refuse(error,
                  errno == ENOENT || errno == ECONNREFUSED ? "it is not there" : strerror(errno));
}

static bool check_peer(const struct greeting *greeting, const struct authority_key *key,
                       clb_error *error)
{
    return key->server_uid < 0 || peer_is(greeting->socket, key->server_uid) ||
           refuse(error, "another user runs it than owned its socket");
}

/* In this machine's order of bytes, which the server then also uses. */
static bool say_hello(const struct greeting *greeting, const struct authority_key *key,
                      clb_error *error)
{
    unsigned char hello[HELLO_BYTES + 20 + AUTHORITY_KEY_BYTES] = {0};
    const uint16_t one = 1;
    const uint16_t name_bytes = key->length > 0 ? sizeof(kind) - 1 : 0;
    const uint16_t words[] = {11, 0, name_bytes, (uint16_t)key->length};
    size_t length = HELLO_BYTES + padded(name_bytes) + padded(key->length);
    hello[0] = *(const unsigned char *)&one == 1 ? 'l' : 'B';
    memcpy(hello + 2, words, sizeof(words));
    memcpy(hello + HELLO_BYTES, kind, name_bytes);
    memcpy(hello + HELLO_BYTES + padded(name_bytes), key->bytes, key->length);
    if (send(greeting->socket, hello, length, MSG_NOSIGNAL) == (ssize_t)length)
        return true;
    return refuse(error, "it takes no connection");
}

static bool receive(int socket, unsigned char *to, size_t length, int64_t by_ms, clb_error *error)
{
    for (size_t have = 0; have < length;) {
        ssize_t got = recv(socket, to + have, length - have, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return refuse(error, "it ended the connection");
        if (got > 0)
            have += (size_t)got;
        else if (!limit_wait(socket, by_ms))
            return refuse(error, "it does not answer");
    }
    return true;
}

static bool receive_setup(struct greeting *greeting, int64_t by_ms, clb_error *error)
{
    unsigned char head[GREETING_HEAD_BYTES];
    if (!receive(greeting->socket, head, sizeof(head), by_ms, error))
        return false;
    greeting->setup_bytes = GREETING_HEAD_BYTES + (size_t)word_at(head, 6) * 4;
    greeting->setup = malloc(greeting->setup_bytes);
    if (greeting->setup == NULL)
        return refuse(error, "no memory");
    memcpy(greeting->setup, head, sizeof(head));
    return receive(greeting->socket, greeting->setup + GREETING_HEAD_BYTES,
                   greeting->setup_bytes - GREETING_HEAD_BYTES, by_ms, error);
}

/* "Authorization required, but no authorization protocol specified" */
static bool say_refused(const struct greeting *greeting, clb_error *error)
{
    char why[80];
    size_t length = greeting->setup[1];
    if (length > greeting->setup_bytes - GREETING_HEAD_BYTES)
        length = greeting->setup_bytes - GREETING_HEAD_BYTES;
    desktop_text_utf8(why, sizeof(why), (const char *)greeting->setup + GREETING_HEAD_BYTES,
                      length);
    snprintf(error->text, sizeof(error->text), "it refuses: %s", why);
    return false;
}

/* The library trusts these numbers. It would also ask, and wait, when the server said that it takes
 * no requests of the usual size. */
static bool read_setup(struct greeting *greeting, clb_error *error)
{
    const unsigned char *setup = greeting->setup;
    if (setup[0] == REFUSED)
        return say_refused(greeting, error);
    if (setup[0] != WELCOME)
        return refuse(error, "it wants a kind of key that there is none of");
    if (greeting->setup_bytes < SETUP_BYTES || setup[ROOTS_AT] == 0 ||
        word_at(setup, REQUEST_MAX_AT) < REQUEST_MAX_LEAST)
        return refuse(error, "it is no X server");
    size_t root_at =
        SETUP_BYTES + padded(word_at(setup, VENDOR_AT)) + (size_t)setup[FORMATS_AT] * FORMAT_BYTES;
    if (root_at + SCREEN_BYTES > greeting->setup_bytes)
        return refuse(error, "it is no X server");
    memcpy(&greeting->root, setup + root_at, sizeof(greeting->root));
    return true;
}

bool greeting_open(const char *path, const struct authority_key *key, int64_t limit_ms,
                   struct greeting *greeting, clb_error *error)
{
    int64_t by_ms = limit_begin(limit_ms);
    *greeting = (struct greeting){.socket = -1};
    if (connect_to(path, greeting, error) && check_peer(greeting, key, error) &&
        say_hello(greeting, key, error) && receive_setup(greeting, by_ms, error) &&
        read_setup(greeting, error))
        return true;
    greeting_close(greeting);
    return false;
}

void greeting_close(struct greeting *greeting)
{
    if (greeting->socket >= 0)
        close(greeting->socket);
    free(greeting->setup);
    *greeting = (struct greeting){.socket = -1};
}
