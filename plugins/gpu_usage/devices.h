/* SPDX-License-Identifier: MIT */
/* The GPUs of this machine, as /sys shows them: those with a render node, and those of NVIDIA's own
 * driver. Nothing here wakes a GPU that sleeps: uevent, power/runtime_status and power/control are
 * the kernel's notes about the device, and gpu_busy_percent is read of one that is awake only. */
#ifndef GPU_USAGE_DEVICES_H
#define GPU_USAGE_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DEVICES_MAX = 16,
    DEVICES_NODES_MAX = 48,
    DEVICES_LIST_MS = 30 * 1000,
    DEVICE_NAME_CAPACITY = 32,
    DEVICE_FOLDER_CAPACITY = 64
};

struct device {
    char name[DEVICE_NAME_CAPACITY];     /* its place on the bus, such as 0000:03:00.0 */
    char driver[DEVICE_NAME_CAPACITY];   /* "": not known */
    char folder[DEVICE_FOLDER_CAPACITY]; /* below /sys */
    bool is_there;
    bool is_awake;    /* only then it may be touched */
    bool is_asleep;   /* neither: whether it sleeps cannot be told */
    bool sleeps_idle; /* the system lets it sleep when nobody uses it */
};

struct devices {
    char *root; /* owned */
    int folder; /* of root; -1: closed */
    int64_t listed_ms;
    bool was_listed;
    int count;
    struct device all[DEVICES_MAX]; /* one that goes keeps its place: others know them by number */
    int node_count;
    struct {
        char name[16]; /* such as renderD128 */
        int device;
    } nodes[DEVICES_NODES_MAX];
};

bool devices_init(struct devices *devices, const char *root); /* false: no memory */
void devices_finish(struct devices *devices);                 /* zeroed is fine */
void devices_close(struct devices *devices);

/* Looks which there are, now and then, and which of them sleep, each time. */
void devices_look(struct devices *devices, int64_t now_ms);

/* The device of a DRM node, such as "card0"; -1: none that is known. */
int devices_of_node(const struct devices *devices, const char *node);

bool devices_is_nvidia(const struct device *device);

/* How busy the driver says that it is. False: it does not say, or the device sleeps. */
bool devices_busy(const struct devices *devices, int device, double *percent);

#endif
