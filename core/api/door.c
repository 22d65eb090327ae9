/* SPDX-License-Identifier: MIT */
#include "door.h"

#include "platform/tcp_listen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void api_door_init(struct api_door *door)
{
    *door = (struct api_door){.listener = -1};
}

int api_door_open(struct api_door *door, const char *host, int port, struct error *error)
{
    if (door->listener >= 0 && door->port == port && strcmp(door->host, host) == 0)
        return 0;
    api_door_close(door);
    int result = tcp_listen(host, port, &door->listener, error);
    if (result != 0)
        return result;
    door->host = strdup(host);
    assert(door->host != NULL);
    door->port = port;
    return 0;
}

void api_door_close(struct api_door *door)
{
    if (door->listener < 0)
        return;
    tcp_listen_close(door->listener);
    free(door->host);
    api_door_init(door);
}
