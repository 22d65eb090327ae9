/* SPDX-License-Identifier: MIT */
/* From what the detectors see to one verdict: is somebody playing, and what? Pure. */
#ifndef RECORD_FUSE_H
#define RECORD_FUSE_H

#include "heartbeat.h"

/* The newest word of one detector. */
struct fuse_view {
    bool available; /* false counts as "not active", and says nothing */
    bool active;
    int32_t confidence;
    char activity[ACTIVITY_CAPACITY];
};

enum fuse_operation { FUSE_DETECTOR, FUSE_NOT, FUSE_AND, FUSE_OR };

/* The expression playing_when in postfix order: operands before their operator. */
struct fuse_step {
    enum fuse_operation operation;
    int detector; /* FUSE_DETECTOR: index into the views */
};

enum { FUSE_STEPS_MAX = 128, FUSE_DEPTH_MAX = 80 };

struct fuse_rule {
    struct fuse_step steps[FUSE_STEPS_MAX];
    bool deciding[FUSE_STEPS_MAX]; /* FUSE_DETECTOR under an even number of nots: may name the
                                      activity */
    int count;
};

struct fuse_verdict {
    bool is_playing;
    int decided_by; /* index of the detector that named it; -1: none */
};

/* A rule without steps is never true. Of the deciding detectors that are active the one with the
 * highest confidence decides, the first of the rule on a tie. */
struct fuse_verdict fuse(const struct fuse_rule *rule, const struct fuse_view *views);

#endif
