/* SPDX-License-Identifier: MIT */
/* What should have been credited, from what the simulation knows and the agent has to find out: how
 * long the machine was awake. Pure. */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

enum { ORACLE_KEPT = 256 };

struct oracle {
    bool is_first; /* the next tick is the first of a run of the agent */
    int64_t ticks; /* so many are stored, or wait for it */
    struct {
        int boot;
        int64_t awake_ms; /* since the first boot */
        int64_t used_ms;  /* up to and with it */
    } kept[ORACLE_KEPT];  /* the newest of them, by their number */
};

void oracle_tick(struct oracle *oracle, int boot, int64_t awake_ms, int64_t interval_ms,
                 bool is_playing);
/* The newest ticks were not stored. */
void oracle_forget(struct oracle *oracle, int count);
int64_t oracle_used_ms(const struct oracle *oracle);

#endif
