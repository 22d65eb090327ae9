/* SPDX-License-Identifier: MIT */
/*
 * What this process tells the service manager that started it, when there is one: the protocol of
 * sd_notify(3), in datagrams to the socket that the environment names. Telling never blocks and
 * never fails: without a service manager, or when it is gone, nobody is told.
 */
#ifndef PLATFORM_SERVICE_H
#define PLATFORM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Learns from the environment whom to tell, and takes that out of it: programs that a plugin starts
 * are not the service. [main, before other threads start] */
void service_open(void);

bool service_is_managed(void);

/* Milliseconds within which the service manager wants to hear WATCHDOG=1; 0: it does not. */
int64_t service_watchdog_ms(void);

/* Sends "READY=1" and the like, one line for each word. False: it could not be taken now, and may
 * be sent again; true also when nobody is there to be told. [any thread] */
bool service_tell(const char *words);

/* Microseconds of the clock that the service manager compares with. */
int64_t service_now_us(void);

#endif
