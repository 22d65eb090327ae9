/* SPDX-License-Identifier: MIT */
/* A process that says what an X server says, or does not. It has one window, which has the focus.
 */
#ifndef TESTS_X_SERVER_H
#define TESTS_X_SERVER_H

#include <sys/types.h>

enum x_server_way {
    X_SERVER_WORKS,
    X_SERVER_TAKES_NOBODY,      /* it listens, and that is all */
    X_SERVER_IS_SILENT,         /* it takes connections, and says nothing */
    X_SERVER_HANGS_UP,          /* at once */
    X_SERVER_STOPS_IN_GREETING, /* after a half of it */
    X_SERVER_ENDS_IN_GREETING,
    X_SERVER_REFUSES, /* with words that are no UTF-8, and longer than they are */
    X_SERVER_ASKS_BACK,
    X_SERVER_HAS_A_LONG_VENDOR, /* which would be behind the end of the greeting */
    X_SERVER_HAS_NO_SCREEN,
    X_SERVER_TAKES_SMALL_REQUESTS,
    X_SERVER_GREETS_SHORTLY, /* with less than the fixed part */
    X_SERVER_ANSWERS_NOTHING,
    X_SERVER_KEEPS_PROPERTIES, /* it answers all but those */
    X_SERVER_STOPS_IN_A_REPLY, /* of a property: the rest of it never comes */
    X_SERVER_SAYS_MUCH,        /* a reply of a gigabyte begins */
    X_SERVER_FLOODS,           /* events without end */
    X_SERVER_LIES_OF_LENGTHS,  /* of its properties: they are shorter than it says */
    X_SERVER_LOST_THE_WINDOW   /* it is gone whenever somebody asks */
};

struct x_server {
    char root[64]; /* a folder, in which its socket is */
    pid_t process;
    volatile unsigned *requests; /* shared with it: how many there were */
};

/* As ":0" below its root. */
void x_server_start(struct x_server *server, enum x_server_way way);
void x_server_stop(struct x_server *server);

#endif
