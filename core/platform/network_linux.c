/* SPDX-License-Identifier: MIT */
#include "network.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

int network_open(intptr_t *handle)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK,
                                  .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                               RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    *handle = -1;
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (netlink < 0)
        return errno;
    if (bind(netlink, (struct sockaddr *)&address, sizeof(address)) != 0) {
        int problem = errno;
        close(netlink);
        return problem;
    }
    *handle = netlink;
    return 0;
}

static bool tells_of_a_way(const struct nlmsghdr *message, size_t length)
{
    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length))
        if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_NEWROUTE)
            return true;
    return false;
}

bool network_take_news(intptr_t handle)
{
    _Alignas(struct nlmsghdr) char buffer[8192];
    bool found = false;
    for (;;) {
        ssize_t length = recv((int)handle, buffer, sizeof(buffer), 0);
        if (length > 0)
            found |= tells_of_a_way((const struct nlmsghdr *)(const void *)buffer, (size_t)length);
        else if (length < 0 && errno == ENOBUFS)
            found = true; /* more came than the kernel kept for us */
        else if (length == 0 || errno != EINTR)
            return found;
    }
}

void network_close(intptr_t handle)
{
    if (handle >= 0)
        close((int)handle);
}
