/* SPDX-License-Identifier: MIT */
/* The statements of a scenario. Private to scenario.c and the files of statements. */
#ifndef SIM_STATEMENTS_H
#define SIM_STATEMENTS_H

#include "sim.h"

enum { WORDS_MAX = 16 };

/* A scenario while it is played. */
struct scenario {
    struct sim *sim;
    const char *name;
    int line; /* that is played */
    int count;
    char *words[WORDS_MAX + 1]; /* of the line; "" behind the last one */
    int failures;
    bool is_over; /* what stands there is no statement */
};

/* A statement that a verb begins; false: this is not how it is written. */
struct statement {
    const char *verb;
    const char *form; /* how it is written, for the message */
    bool needs_agent; /* it can only stand behind start */
    bool (*play)(struct scenario *scenario);
};

/* NULL-terminated: by the verb NULL. */
extern const struct statement machine_statements[]; /* what happens */
extern const struct statement setting_statements[]; /* what the agent is told */
extern const struct statement expect_statement;

/* Says that an expectation was not met. */
__attribute__((format(printf, 2, 3))) void scenario_fail(struct scenario *scenario,
                                                         const char *format, ...);

#endif
