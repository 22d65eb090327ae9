/* SPDX-License-Identifier: MIT */
#include "bus_address.h"

#include "people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_written(char address[BUS_ADDRESS], const char *text)
{
    return text != NULL && text[0] != '\0' &&
           snprintf(address, BUS_ADDRESS, "%s", text) < BUS_ADDRESS;
}

/* The environment of root names the bus of root, on which there is no desktop. */
bool bus_address_session(const struct desktop_settings *settings, char address[BUS_ADDRESS])
{
    int64_t uids[PEOPLE_MAX];
    struct stat status;
    if (settings->session_bus != NULL)
        return is_written(address, settings->session_bus);
    int count = people_here(settings->run_root, uids);
    if (geteuid() != 0 && count > 0 && is_written(address, getenv("DBUS_SESSION_BUS_ADDRESS")))
        return true;
    for (int i = 0; i < count; i++) {
        static const char scheme[] = "unix:path=";
        int length = snprintf(address, BUS_ADDRESS, "%s%s/user/%" PRId64 "/bus", scheme,
                              settings->run_root, uids[i]);
        if (length < BUS_ADDRESS && lstat(address + sizeof(scheme) - 1, &status) == 0 &&
            S_ISSOCK(status.st_mode) && (int64_t)status.st_uid == uids[i])
            return true;
    }
    return false;
}

bool bus_address_system(const struct desktop_settings *settings, char address[BUS_ADDRESS])
{
    if (settings->system_bus != NULL)
        return is_written(address, settings->system_bus);
    return snprintf(address, BUS_ADDRESS, "unix:path=%s/dbus/system_bus_socket",
                    settings->run_root) < BUS_ADDRESS;
}
