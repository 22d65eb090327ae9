/* SPDX-License-Identifier: MIT */
/* Trees like /proc and /sys, with GPUs and those who use them, in a temporary folder. And a trace
 * of a file that may not be touched: the kernel itself tells of each open and each read. */
#ifndef TESTS_GPU_TREE_H
#define TESTS_GPU_TREE_H

#include <stddef.h>

struct gpu_tree {
    char root[64];
    char proc[80];
    char sys[80];
};

void gpu_tree_make(struct gpu_tree *tree); /* with process 1 in it */
void gpu_tree_drop(struct gpu_tree *tree);

/* Paths are below the root; folders are made as needed. */
void gpu_tree_put(const struct gpu_tree *tree, const char *path, const char *text);
void gpu_tree_put_bytes(const struct gpu_tree *tree, const char *path, const char *bytes,
                        size_t length);
void gpu_tree_folder(const struct gpu_tree *tree, const char *path);
void gpu_tree_remove(const struct gpu_tree *tree, const char *path);

/* A GPU with a render node; one of NVIDIA's own driver, without. `status` is as in
 * power/runtime_status; NULL: there is no such file. */
void gpu_tree_gpu(const struct gpu_tree *tree, const char *node, const char *driver,
                  const char *slot, const char *status);
void gpu_tree_nvidia(const struct gpu_tree *tree, const char *slot, const char *status,
                     const char *control);

void gpu_tree_process(const struct gpu_tree *tree, int pid, const char *comm, int start,
                      const char *program);
/* It has the node open, and its driver tells this. */
void gpu_tree_use(const struct gpu_tree *tree, int pid, int number, const char *node,
                  const char *fdinfo);

struct gpu_trace {
    int handle;
    int watch;
};

void gpu_trace_begin(struct gpu_trace *trace, const struct gpu_tree *tree, const char *path);
int gpu_trace_count(const struct gpu_trace *trace); /* opens and reads since the last call */
void gpu_trace_end(const struct gpu_trace *trace);

#endif
