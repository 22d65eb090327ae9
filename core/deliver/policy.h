/* SPDX-License-Identifier: MIT */
/*
 * What a result means: given how a sink fares and what became of an attempt, what comes next. Pure:
 * time, chance and what the store remembers come from the caller.
 *
 * A batch that does not get through is the same batch the next time. One that is too large is
 * halved, and the size remembered. One that is refused is searched for the record at fault by
 * halving: that one goes into quarantine, or, when the receiver has it already, counts as
 * delivered. A sink that refuses too many is itself at fault: then nothing is given up any more.
 */
#ifndef DELIVER_POLICY_H
#define DELIVER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum { POLICY_QUARANTINES_PER_HOUR = 10, POLICY_QUARANTINES_IN_ROW = 5 };

struct policy {
    int64_t cursor;   /* newest seq that is delivered or in quarantine */
    int64_t border;   /* last seq of the batch in flight; 0: none is */
    int64_t failures; /* in a row: what the pauses grow by */
    int learned;      /* records that the receiver takes at once; 0: not known */
    int suspects;     /* of this many next records at least one was refused; 0: none is known */
    int careful;      /* records to try at once after a conflict; 0: as many as there are */
    int in_row;       /* single records that were refused, and none taken between them */
};

/* What was offered, and what became of it. */
struct policy_attempt {
    int count;              /* records offered, at least 1 */
    int accepted;           /* of them, the leading ones that were taken */
    int64_t accepted_seq;   /* the last one of those; any, when there is none */
    int64_t refused_seq;    /* the one after it; any, when all were taken */
    int32_t outcome;        /* enum clb_outcome */
    int64_t retry_after_ms; /* what the receiver asked for; 0: nothing */
    int64_t lately;         /* records of this sink that went into quarantine within the hour */
    uint32_t random;
};

enum policy_action {
    POLICY_GO_ON,      /* at once */
    POLICY_QUARANTINE, /* set the refused record aside, which is behind the cursor now; go on */
    POLICY_RETRY,      /* pause, then offer the same again */
    POLICY_HOLD        /* the same, but a person has to act */
};

struct policy_step {
    enum policy_action action;
    bool over_budget; /* POLICY_HOLD: because it refused too many */
    int64_t pause_ms; /* 0: none */
};

/* How many records to offer, of at most `limit`. A border that stands goes before this. */
int policy_limit(const struct policy *policy, int limit);

struct policy_step policy_take(struct policy *policy, const struct policy_attempt *attempt);

/* A gap record was offered. One that is refused is taken as told: it can neither be split nor set
 * aside, and it is in the store. */
struct policy_step policy_take_gap(struct policy *policy, const struct policy_attempt *attempt);

/* It did not even come to an attempt: the plugin does not start. */
struct policy_step policy_fail(struct policy *policy, uint32_t random);

/* How long to wait after a restart for a time of the wall clock, which may have been set since. */
int64_t policy_left_ms(int64_t retry_at_ms, int64_t wall_ms);

#endif
