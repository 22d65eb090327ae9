/* SPDX-License-Identifier: MIT */
/* SIGPIPE, which libmosquitto ignores for the whole process and counts on being ignored. A plugin
 * changes nothing for others, and is not ended by a broker that goes away either. */
#ifndef MQTT_SIGNALS_H
#define MQTT_SIGNALS_H

/* Makes a call, and leaves the signal as it was for the process. */
void signals_keep(void (*call)(void *context), void *context);

/* Between these two a broken pipe is an error and no signal, on this thread. */
int signals_hold(void);
void signals_release(int held); /* what signals_hold() returned */

#endif
