/* SPDX-License-Identifier: MIT */
#include "tcp_ask.h"

#include "clock.h"
#include "thread.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The addresses of a name, in a thread: nothing else ends a search before its time ---- */

struct search {
    struct thread thread;
    char host[256];
    char service[16];
    struct addrinfo *found; /* owned */
    int code;
};

static void look_up(void *argument)
{
    struct search *search = argument;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    search->code = getaddrinfo(search->host, search->service, &hints, &search->found);
}

static int find(const struct tcp_question *question, struct addrinfo **found, struct error *error)
{
    struct search *search = calloc(1, sizeof(*search));
    assert(search != NULL);
    snprintf(search->host, sizeof(search->host), "%s", question->host);
    snprintf(search->service, sizeof(search->service), "%d", question->port);
    if (thread_start(&search->thread, "look-up", look_up, search) != 0) {
        free(search);
        return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made");
    }
    if (!thread_join_within(&search->thread, question->timeout_ms))
        return error_set(error, EXIT_CODE_UNAVAILABLE,
                         "the address of %s was not found within %d s: no name server answers",
                         question->host, question->timeout_ms / 1000); /* it keeps `search` */
    int result = 0;
    if (search->code != 0)
        result = error_set(error, EXIT_CODE_UNAVAILABLE, "%s has no address: %s", question->host,
                           gai_strerror(search->code));
    *found = search->found;
    free(search);
    return result;
}

/* ---- The connection ---- */

static int left_ms(int64_t until_us)
{
    int64_t left_us = until_us - clock_measure_us();
    return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

/* 0, or an errno. */
static int await(int handle, short what, int64_t until_us)
{
    struct pollfd poll_it = {.fd = handle, .events = what};
    int ready;
    do
        ready = poll(&poll_it, 1, left_ms(until_us));
    while (ready < 0 && errno == EINTR);
    return ready == 0 ? ETIMEDOUT : ready < 0 ? errno : 0;
}

static int connect_one(const struct addrinfo *address, int64_t until_us, int *handle)
{
    int reason = 0;
    socklen_t length = sizeof(reason);
    *handle = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*handle < 0)
        return errno;
    if (connect(*handle, address->ai_addr, address->ai_addrlen) != 0)
        reason = errno;
    if (reason == EINPROGRESS)
        reason = await(*handle, POLLOUT, until_us);
    if (reason == 0 && getsockopt(*handle, SOL_SOCKET, SO_ERROR, &reason, &length) != 0)
        reason = errno;
    if (reason != 0) {
        close(*handle);
        *handle = -1;
    }
    return reason;
}

static void converse(int handle, const char *request, int64_t until_us, char *answer,
                     size_t capacity)
{
    size_t used = 0;
    ssize_t got = send(handle, request, strlen(request), MSG_NOSIGNAL);
    while (got > 0 && used < capacity - 1 && await(handle, POLLIN, until_us) == 0) {
        got = recv(handle, answer + used, capacity - 1 - used, 0);
        used += got > 0 ? (size_t)got : 0;
    }
    answer[used] = '\0';
}

/* An address that does not answer leaves time for those behind it. */
static int64_t share_of(const struct addrinfo *address, int64_t until_us)
{
    int count = 0;
    int64_t now_us = clock_measure_us();
    for (const struct addrinfo *one = address; one != NULL; one = one->ai_next)
        count++;
    return until_us > now_us ? now_us + (until_us - now_us) / count : until_us;
}

int tcp_ask(const struct tcp_question *question, char *answer, size_t capacity, struct error *error)
{
    assert(question->request == NULL || (answer != NULL && capacity > 0));
    int64_t until_us = clock_measure_us() + (int64_t)question->timeout_ms * 1000;
    struct addrinfo *found = NULL;
    int handle = -1;
    int reason = 0;
    int result = find(question, &found, error);
    for (const struct addrinfo *one = found; one != NULL && handle < 0; one = one->ai_next)
        reason = connect_one(one, share_of(one, until_us), &handle);
    if (found != NULL)
        freeaddrinfo(found);
    if (result != 0)
        return result;
    if (handle < 0)
        return error_set(error, EXIT_CODE_UNAVAILABLE, "%s", strerror(reason));
    if (question->request != NULL)
        converse(handle, question->request, until_us, answer, capacity);
    close(handle);
    return 0;
}

/* ---- Whose port ---- */

static bool find_owner(const char *table, int port, int64_t *owner)
{
    enum { LISTENS = 0x0A };
    char line[512];
    bool found = false;
    FILE *file = fopen(table, "re");
    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        unsigned at = 0;
        unsigned state = 0;
        unsigned user = 0;
        found = sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %u", &at, &state,
                       &user) == 3 &&
                at == (unsigned)port && state == LISTENS;
        *owner = user;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

bool tcp_owner(int port, char user[PERMISSION_USER_CAPACITY])
{
    int64_t owner = 0;
    if (!find_owner("/proc/net/tcp", port, &owner) && !find_owner("/proc/net/tcp6", port, &owner))
        return false;
    permission_user_name(owner, user);
    return true;
}
