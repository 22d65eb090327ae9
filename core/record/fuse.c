/* SPDX-License-Identifier: MIT */
#include "fuse.h"

#include <assert.h>

static bool is_true(const struct fuse_view *view)
{
    return view->available && view->active;
}

static bool evaluate(const struct fuse_rule *rule, const struct fuse_view *views)
{
    bool stack[FUSE_DEPTH_MAX];
    int depth = 0;
    for (int i = 0; i < rule->count; i++) {
        const struct fuse_step *step = &rule->steps[i];
        if (step->operation == FUSE_DETECTOR) {
            assert(depth < FUSE_DEPTH_MAX);
            stack[depth++] = is_true(&views[step->detector]);
        } else if (step->operation == FUSE_NOT) {
            assert(depth >= 1);
            stack[depth - 1] = !stack[depth - 1];
        } else {
            assert(depth >= 2);
            bool right = stack[--depth];
            bool left = stack[depth - 1];
            stack[depth - 1] = step->operation == FUSE_AND ? left && right : left || right;
        }
    }
    assert(depth <= 1);
    return depth == 1 && stack[0];
}

struct fuse_verdict fuse(const struct fuse_rule *rule, const struct fuse_view *views)
{
    struct fuse_verdict verdict = {.is_playing = evaluate(rule, views), .decided_by = -1};
    if (!verdict.is_playing)
        return verdict;

    for (int i = 0; i < rule->count; i++) {
        int detector = rule->steps[i].detector;
        if (!rule->deciding[i] || !is_true(&views[detector]))
            continue;
        if (verdict.decided_by < 0 ||
            views[detector].confidence > views[verdict.decided_by].confidence)
            verdict.decided_by = detector;
    }
    return verdict;
}
