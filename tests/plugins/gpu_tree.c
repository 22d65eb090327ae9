/* SPDX-License-Identifier: MIT */
#include "gpu_tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_CAPACITY = 256 };

static void path_of(const struct gpu_tree *tree, const char *path, char full[PATH_CAPACITY])
{
    int length = snprintf(full, PATH_CAPACITY, "%s/%s", tree->root, path);
    assert_true(length < PATH_CAPACITY);
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            fail_msg("%s: %s", path, strerror(errno));
        *slash = '/';
    }
}

void gpu_tree_put_bytes(const struct gpu_tree *tree, const char *path, const char *bytes,
                        size_t length)
{
    char full[PATH_CAPACITY];
    path_of(tree, path, full);
    make_folders(full);
    FILE *file = fopen(full, "w");
    if (file == NULL)
        fail_msg("%s: %s", full, strerror(errno));
    assert_int_equal(length, fwrite(bytes, 1, length, file));
    fclose(file);
}

void gpu_tree_put(const struct gpu_tree *tree, const char *path, const char *text)
{
    gpu_tree_put_bytes(tree, path, text, strlen(text));
}

void gpu_tree_folder(const struct gpu_tree *tree, const char *path)
{
    char full[PATH_CAPACITY];
    path_of(tree, path, full);
    make_folders(full);
    assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
}

void gpu_tree_remove(const struct gpu_tree *tree, const char *path)
{
    char command[PATH_CAPACITY + 16];
    snprintf(command, sizeof(command), "rm -rf %s/%s", tree->root, path);
    assert_int_equal(0, system(command)); /* in a folder of this test's own making */
}

void gpu_tree_make(struct gpu_tree *tree)
{
    snprintf(tree->root, sizeof(tree->root), "/tmp/clockblock-gpu-XXXXXX");
    assert_non_null(mkdtemp(tree->root));
    snprintf(tree->proc, sizeof(tree->proc), "%s/proc", tree->root);
    snprintf(tree->sys, sizeof(tree->sys), "%s/sys", tree->root);
    gpu_tree_folder(tree, "sys/class");
    gpu_tree_process(tree, 1, "init", 1, "/sbin/init");
}

void gpu_tree_drop(struct gpu_tree *tree)
{
    gpu_tree_remove(tree, "");
}

static void put_power(const struct gpu_tree *tree, const char *folder, const char *status,
                      const char *control)
{
    char path[128];
    char line[32];
    snprintf(path, sizeof(path), "%s/power/runtime_status", folder);
    snprintf(line, sizeof(line), "%s\n", status != NULL ? status : "");
    if (status != NULL)
        gpu_tree_put(tree, path, line);
    snprintf(path, sizeof(path), "%s/power/control", folder);
    snprintf(line, sizeof(line), "%s\n", control);
    gpu_tree_put(tree, path, line);
}

void gpu_tree_gpu(const struct gpu_tree *tree, const char *node, const char *driver,
                  const char *slot, const char *status)
{
    char folder[80];
    char path[128];
    char text[160];
    snprintf(folder, sizeof(folder), "sys/class/drm/%s/device", node);
    snprintf(path, sizeof(path), "%s/uevent", folder);
    snprintf(text, sizeof(text),
             "DRIVER=%s\nPCI_CLASS=30000\nPCI_ID=1002:73BF\nPCI_SUBSYS_ID=1DA2:E445\n"
             "PCI_SLOT_NAME=%s\nMODALIAS=pci:v1002\n",
             driver, slot);
    gpu_tree_put(tree, path, text);
    put_power(tree, folder, status, "auto");
}

void gpu_tree_nvidia(const struct gpu_tree *tree, const char *slot, const char *status,
                     const char *control)
{
    char folder[80];
    snprintf(folder, sizeof(folder), "sys/bus/pci/drivers/nvidia/%s", slot);
    put_power(tree, folder, status, control);
}

void gpu_tree_process(const struct gpu_tree *tree, int pid, const char *comm, int start,
                      const char *program)
{
    char path[64];
    char line[256];
    snprintf(path, sizeof(path), "proc/%d/stat", pid);
    snprintf(line, sizeof(line), "%d (%s) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 %d 1 2\n",
             pid, comm, start);
    gpu_tree_put(tree, path, line);
    snprintf(path, sizeof(path), "proc/%d/cmdline", pid);
    gpu_tree_put_bytes(tree, path, program, strlen(program) + 1);
    snprintf(path, sizeof(path), "proc/%d/fd", pid);
    gpu_tree_folder(tree, path);
}

void gpu_tree_use(const struct gpu_tree *tree, int pid, int number, const char *node,
                  const char *fdinfo)
{
    char path[64];
    char full[PATH_CAPACITY];
    char target[64];
    snprintf(path, sizeof(path), "proc/%d/fd/%d", pid, number);
    snprintf(target, sizeof(target), "/dev/dri/%s", node);
    path_of(tree, path, full);
    make_folders(full);
    unlink(full);
    assert_int_equal(0, symlink(target, full));
    snprintf(path, sizeof(path), "proc/%d/fdinfo/%d", pid, number);
    gpu_tree_put(tree, path, fdinfo);
}

void gpu_trace_begin(struct gpu_trace *trace, const struct gpu_tree *tree, const char *path)
{
    char full[PATH_CAPACITY];
    path_of(tree, path, full);
    trace->handle = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(trace->handle >= 0);
    trace->watch = inotify_add_watch(trace->handle, full, IN_OPEN | IN_ACCESS);
    if (trace->watch < 0)
        fail_msg("%s: %s", full, strerror(errno));
}

int gpu_trace_count(const struct gpu_trace *trace)
{
    _Alignas(struct inotify_event) char events[4096];
    int count = 0;
    ssize_t got;
    while ((got = read(trace->handle, events, sizeof(events))) > 0) {
        for (ssize_t at = 0; at < got; count++) {
            const struct inotify_event *event = (const void *)(events + at);
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    return count;
}

void gpu_trace_end(const struct gpu_trace *trace)
{
    close(trace->handle);
}
