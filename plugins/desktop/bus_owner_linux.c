/* SPDX-License-Identifier: MIT */
#include "bus_owner.h"

#include "peer.h"

#include <errno.h>
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

/* Whoever the thread is when it connects is whom the bus sees from then on. 0 or an errno. */
static int connect_as(int descriptor, const struct sockaddr_un *to, uid_t uid)
{
    int dumpable = prctl(PR_GET_DUMPABLE);
    if (become(uid) != 0)
        return errno;
    int why = connect(descriptor, (const struct sockaddr *)to, sizeof(*to)) == 0 ? 0 : errno;
    if (become(0) != 0)
        abort(); /* root can always come back; going on as somebody else would be worse */
    prctl(PR_SET_DUMPABLE, dumpable);
    if (why == EAGAIN) /* more wait for it than it lets wait */
        return ETIMEDOUT;
    return why == 0 && !peer_is(descriptor, (int64_t)uid) ? EACCES : why;
}

/* A link might lead to the bus of another. */
int bus_owner_connect(const char *address, int *descriptor)
{
    struct sockaddr_un to;
    struct stat status;
    *descriptor = -1;
    if (geteuid() != 0 || !read_address(address, &to) || lstat(to.sun_path, &status) != 0)
        return 0;
    if (!S_ISSOCK(status.st_mode))
        return -ENOTSOCK;
    if (status.st_uid == 0)
        return 0;
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int why = opened >= 0 ? connect_as(opened, &to, status.st_uid) : errno;
    if (why == 0)
        *descriptor = opened;
    else if (opened >= 0)
        close(opened);
    return -why;
}
