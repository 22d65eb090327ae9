/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int handle = -1; /* written before other threads start, as all here */
static struct sockaddr_un address;
static socklen_t address_bytes;
static int64_t watchdog_ms;

/* The environment's, which goes. NULL: it is not set. The caller frees it. */
static char *take(const char *name)
{
    const char *value = getenv(name);
    char *copy = value != NULL ? strdup(value) : NULL;
    unsetenv(name);
    return copy;
}

/* A path, or "@" and a name that lies in no file system. */
static bool fill_address(const char *name)
{
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof(address.sun_path))
        return false;
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, name, length + 1);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    /* The NUL behind it would belong to an abstract name. */
    address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

/* 0: it is none, or more than anybody means. */
static int64_t number_of(const char *text)
{
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return 0;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return *end == '\0' && errno == 0 ? number : 0;
}

void service_open(void)
{
    char *name = take("NOTIFY_SOCKET");
    char *period = take("WATCHDOG_USEC");
    char *process = take("WATCHDOG_PID");
    handle =
        name != NULL && fill_address(name) ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    /* Without a process it is meant for whoever reads it. */
    bool is_ours = process == NULL || number_of(process) == (int64_t)getpid();
    watchdog_ms = handle >= 0 && is_ours ? number_of(period) / 1000 : 0;
    free(name);
    free(period);
    free(process);
}

bool service_is_managed(void)
{
    return handle >= 0;
}

int64_t service_watchdog_ms(void)
{
    return watchdog_ms;
}

bool service_tell(const char *words)
{
    if (handle < 0)
        return true;
    ssize_t sent = sendto(handle, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT,
                          (const struct sockaddr *)&address, address_bytes);
    return sent >= 0 || (errno != EAGAIN && errno != ENOBUFS);
}

int64_t service_now_us(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
