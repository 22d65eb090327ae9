/* SPDX-License-Identifier: MIT */
#include "bus_owner.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { UNCHANGED = -1 };

/* The function of the C library would change all threads. */
static long become(uid_t uid)
{
#ifdef SYS_setresuid32
    return syscall(SYS_setresuid32, UNCHANGED, uid, UNCHANGED);
#else
    return syscall(SYS_setresuid, UNCHANGED, uid, UNCHANGED);
#endif
}

static bool read_address(const char *address, struct sockaddr_un *to)
{
    static const char scheme[] = "unix:path=";
    const char *path = address + sizeof(scheme) - 1;
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    return strncmp(address, scheme, sizeof(scheme) - 1) == 0 && strpbrk(path, ",;%") == NULL &&
           snprintf(to->sun_path, sizeof(to->sun_path), "%s", path) < (int)sizeof(to->sun_path);
}

/* Whoever the thread is when it connects is whom the bus sees from then on. */
static bool connect_as(int descriptor, const struct sockaddr_un *to, uid_t uid)
{
    int dumpable = prctl(PR_GET_DUMPABLE);
    if (become(uid) != 0)
        return false;
    int result = connect(descriptor, (const struct sockaddr *)to, sizeof(*to));
    if (become(0) != 0)
        abort(); /* root can always come back; going on as somebody else would be worse */
    prctl(PR_SET_DUMPABLE, dumpable);
    return result == 0;
}

int bus_owner_connect(const char *address)
{
    struct sockaddr_un to;
    struct stat status;
    if (geteuid() != 0 || !read_address(address, &to) || stat(to.sun_path, &status) != 0 ||
        !S_ISSOCK(status.st_mode) || status.st_uid == 0)
        return -1;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor >= 0 && !connect_as(descriptor, &to, status.st_uid)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}
