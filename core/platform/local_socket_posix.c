/* SPDX-License-Identifier: MIT */
#include "local_socket.h"

#include "file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket's address holds 107 bytes, a path may be longer: then it is named through a descriptor
 * of its folder, which is to be closed when the address was used. -1: none was needed. */
static int fill_address(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (strlen(path) < sizeof(address->sun_path)) {
        memcpy(address->sun_path, path, strlen(path) + 1);
        return -1;
    }
    const char *slash = strrchr(path, '/');
    char folder[PATH_CAPACITY];
    snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path) : 1,
             slash != NULL ? path : ".");
    int handle = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%.80s", handle,
             slash != NULL ? slash + 1 : path);
    return handle;
}

static int make_socket(struct error *error)
{
    int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle < 0)
        error_set(error, EXIT_CODE_UNAVAILABLE, "no local socket can be made: %s", strerror(errno));
    return handle;
}

static void set_timeout(int handle, int timeout_ms)
{
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int local_socket_listen(const char *path, intptr_t *listener, struct error *error)
{
    int handle = make_socket(error);
    if (handle < 0)
        return EXIT_CODE_UNAVAILABLE;

    /* Whoever owns the database's lock owns this path too: what lies there is of a dead agent. */
    struct sockaddr_un address;
    int folder = fill_address(path, &address);
    unlink(path);
    /* Linux gives the file the mode that the socket has: no moment at which others may connect, and
     * no umask that other threads would feel. */
    int result = fchmod(handle, 0600);
    if (result == 0)
        result = bind(handle, (const struct sockaddr *)&address, sizeof(address));
    if (result == 0)
        result = listen(handle, 8);
    if (folder >= 0)
        close(folder);
    if (result != 0) {
        close(handle);
        return error_set(error, EXIT_CODE_UNAVAILABLE, "%s: no socket can be made there: %s", path,
                         strerror(errno));
    }
    *listener = handle;
    return 0;
}

/* Not known: one that nobody has. */
static uid_t peer_uid(int handle)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    bool is_known = getsockopt(handle, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0;
    return is_known ? peer.uid : (uid_t)-1;
}

static bool peer_is_trusted(int handle)
{
    uid_t uid = peer_uid(handle);
    return uid == 0 || uid == geteuid();
}

bool local_socket_user(intptr_t connection, char *name, size_t capacity)
{
    uid_t uid = peer_uid((int)connection);
    char buffer[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
        snprintf(name, capacity, "%s", found->pw_name);
    else
        snprintf(name, capacity, "%u", (unsigned)uid);
    return uid != 0;
}

static bool read_line(int handle, char *line, size_t capacity)
{
    size_t used = 0;
    while (used < capacity - 1) {
        ssize_t got = recv(handle, line + used, 1, 0);
        if (got <= 0)
            return false;
        if (line[used] == '\n')
            break;
        used++;
    }
    line[used] = '\0';
    return used < capacity - 1;
}

int local_socket_accept(intptr_t listener, int timeout_ms, intptr_t *connection, char *line,
                        size_t capacity, struct error *error)
{
    assert(capacity > 1);
    int handle = accept4((int)listener, NULL, NULL, SOCK_CLOEXEC);
    if (handle < 0)
        return error_set(error, EXIT_CODE_UNAVAILABLE, "no connection: %s", strerror(errno));
    set_timeout(handle, timeout_ms);
    if (!peer_is_trusted(handle)) {
        close(handle);
        return error_set(error, EXIT_CODE_UNAVAILABLE, "a connection of another user was refused");
    }
    if (!read_line(handle, line, capacity)) {
        close(handle);
        return error_set(error, EXIT_CODE_UNAVAILABLE, "a connection sent no request in time");
    }
    *connection = handle;
    return 0;
}

int local_socket_connect(const char *path, int timeout_ms, intptr_t *connection,
                         struct error *error)
{
    int handle = make_socket(error);
    if (handle < 0)
        return EXIT_CODE_UNAVAILABLE;
    set_timeout(handle, timeout_ms);

    struct sockaddr_un address;
    int folder = fill_address(path, &address);
    int result = connect(handle, (const struct sockaddr *)&address, sizeof(address));
    if (folder >= 0)
        close(folder);
    if (result != 0) {
        int reason = errno;
        close(handle);
        return error_set(error, EXIT_CODE_UNAVAILABLE, "%s: %s", path, strerror(reason));
    }
    *connection = handle;
    return 0;
}

int local_socket_send(intptr_t connection, const char *bytes, size_t length, struct error *error)
{
    while (length > 0) {
        ssize_t sent = send((int)connection, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return error_set(error, EXIT_CODE_UNAVAILABLE, "the other side does not listen: %s",
                             strerror(errno));
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

int local_socket_receive(intptr_t connection, size_t limit, char **answer, struct error *error)
{
    size_t used = 0;
    char *buffer = malloc(limit + 1);
    assert(buffer != NULL);
    while (used < limit) {
        ssize_t got = recv((int)connection, buffer + used, limit - used, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(buffer);
            return error_set(error, EXIT_CODE_UNAVAILABLE, "%s",
                             errno == EAGAIN ? "it is busy" : strerror(errno));
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    buffer[used] = '\0';
    *answer = buffer;
    return 0;
}

void local_socket_close(intptr_t connection)
{
    if (connection >= 0)
        close((int)connection);
}
