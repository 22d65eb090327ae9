/* SPDX-License-Identifier: MIT */
#include "stand_ins.h"

#include <assert.h>
#include <stdio.h>

/* ---- Random bytes ---- */

static uint64_t random_state;

void stand_ins_begin(void)
{
    random_state = 0;
}

/* The linker puts it in the place of process_random() (--wrap); splitmix64. */
void __wrap_process_random(void *bytes, size_t count);
void __wrap_process_random(void *bytes, size_t count)
{
    unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++) {
        random_state += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t mixed = (random_state ^ (random_state >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
        at[i] = (unsigned char)(mixed >> 56);
    }
}

/* ---- The detector ---- */

struct detect *stand_ins_detect(struct sim *sim)
{
    return (struct detect *)(void *)sim;
}

const struct fuse_rule *stand_ins_rule(void)
{
    static const struct fuse_rule rule = {
        .steps = {{.operation = FUSE_DETECTOR}}, .deciding = {true}, .count = 1};
    return &rule;
}

int detect_count(const struct detect *detect)
{
    (void)detect;
    return 1;
}

void detect_get(struct detect *detect, int index, struct detect_view *view)
{
    const struct sim *sim = (const struct sim *)(const void *)detect;
    assert(index == 0);
    *view = (struct detect_view){.name = "games",
                                 .is_evidence = true,
                                 .state = DETECT_OK,
                                 .fuse = {.available = true, .active = sim->is_playing}};
    snprintf(view->fuse.activity, sizeof(view->fuse.activity), "%s", sim->activity);
}
