/* SPDX-License-Identifier: MIT */
/* A bus of the test's own, and one service on it (bus_service.c), which can be stopped, killed and
 * started again. */
#ifndef TESTS_BUS_PLACE_H
#define TESTS_BUS_PLACE_H

#include <stdio.h>
#include <sys/types.h>

struct bus_place {
    char folder[64]; /* also a run_root, with dbus/system_bus_socket, and of *.service files */
    char address[128];
    uid_t owner;   /* of the bus, which lets in nobody else; 0: it lets in everybody */
    pid_t daemon;  /* 0: none runs */
    pid_t service; /* 0: none runs */
    FILE *commands, *answers;
};

void bus_place_make(struct bus_place *place); /* with a bus, without a service */
void bus_place_drop(struct bus_place *place);

/* A user who is not root, and has an account, which a bus asks for. */
uid_t bus_place_somebody(void);

/* A person with an account here, whom a bus lets in; 0: there is none. */
uid_t bus_place_person(void);

/* With a bus of somebody else; only root can. */
void bus_place_make_for(struct bus_place *place, uid_t owner);

void bus_place_start_daemon(struct bus_place *place);
void bus_place_kill_daemon(struct bus_place *place);
void bus_place_start_service(struct bus_place *place, const char *name);
void bus_place_kill_service(struct bus_place *place);

/* Tells the service one line, and waits until it is done. */
void bus_place_tell(struct bus_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
