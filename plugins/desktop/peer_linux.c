/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <sys/socket.h>

bool peer_is(int socket, int64_t uid)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (int64_t)peer.uid == uid;
}
