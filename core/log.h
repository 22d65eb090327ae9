/* SPDX-License-Identifier: MIT */
/* The agent's log: one line to standard error, from any thread. The journal gets the level in front
 * of a line, and stamps it by itself. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

struct clock;

enum log_level { LOG_LEVEL_ERROR = 1, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Levels and formats by their names in clockblock.conf. The clock stamps the lines (borrowed; NULL:
 * no stamps, as under a service manager that adds its own). Call before other threads start. */
void log_init(enum log_level level, enum log_format format, struct clock *clock);
void log_set(enum log_level level, enum log_format format); /* at a reload; any thread */

/* Looks where standard error goes by now. [main] */
void log_find_journal(void);
bool log_is_journal(void); /* [any thread, signal handlers] */

bool log_enabled(enum log_level level);

/* `part` names who speaks: "store", "sink cloud". [any thread] */
__attribute__((format(printf, 3, 4))) void log_write(enum log_level level, const char *part,
                                                     const char *format, ...);

#define log_error(part, ...)   log_write(LOG_LEVEL_ERROR, part, __VA_ARGS__)
#define log_warning(part, ...) log_write(LOG_LEVEL_WARNING, part, __VA_ARGS__)
#define log_info(part, ...)    log_write(LOG_LEVEL_INFO, part, __VA_ARGS__)
#define log_debug(part, ...)   log_write(LOG_LEVEL_DEBUG, part, __VA_ARGS__)

#endif
