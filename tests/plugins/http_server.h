/* SPDX-License-Identifier: MIT */
/* A server on loopback that says one thing, and keeps what it was asked. */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct http_server {
    int listener;
    int port;
    int end[2]; /* a pipe: readable when the server is to end */
    pthread_t thread;
    char *answer;       /* owned, raw; NULL: it reads the request, and never answers */
    const char *later;  /* borrowed: the answer from the second request on; NULL: the same */
    bool closes;        /* behind each answer */
    int answers;        /* on one connection: it is closed in place of the next; 0: all */
    char request[8192]; /* the last one; to be read when `requests` has been */
    size_t request_bytes;
    atomic_int requests;
    atomic_int connections;
    void (*asked)(void *context); /* called when a request is complete, before the answer */
    void *context;
};

/* Has a port from here on. Set what comes after `answer` between this and the start. */
void http_server_open(struct http_server *server);
void http_server_start(struct http_server *server, const char *answer);
void http_server_stop(struct http_server *server);

#endif
