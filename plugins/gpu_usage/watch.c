/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include "../process_name/procfs.h"
#include "files.h"
#include "processes.h"
#include "use.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOLDERS_MAX = 256,
    HOLDER_FILES_MAX = 32,
    FDINFO_CAPACITY = 8 * 1024,
    STAT_CAPACITY = 1024,
    ARGUMENTS_CAPACITY = 1024,
    PATH_CAPACITY = 64,
    LINKS_PER_LOOK = 2000 /* some milliseconds */
};

/* A DRM node that a process has open. */
struct drm_file {
    int64_t number;
    int device;
    bool was_read;
    bool has_client;
    bool has_counters;
    uint64_t client;
    struct use_client use;
};

/* A process that has some of them open. */
struct holder {
    int64_t pid;
    uint64_t start_ticks; /* with the pid it names a process for good */
    char comm[PROCFS_COMM_CAPACITY];
    char name[NAMES_CAPACITY];
    bool is_ignored;
    int count;
    struct drm_file *files; /* owned */
};

struct watch {
    char *root; /* owned */
    int folder; /* of root; -1: closed */
    const struct names *names;
    struct processes processes;
    struct holder *holders; /* owned, HOLDERS_MAX of them */
    int count;
    bool was_looked;
    int links; /* of open files that were read at this look */
    int looked_through;
    int files_read;
    int taken; /* clients that were counted at this look */
    struct {
        int device;
        uint64_t client;
    } clients[HOLDERS_MAX * 2];
};

struct watch *watch_create(const char *root, const struct names *names)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    watch->folder = -1;
    watch->names = names;
    watch->root = strdup(root);
    watch->holders = calloc(HOLDERS_MAX, sizeof(watch->holders[0]));
    if (watch->root != NULL && watch->holders != NULL)
        return watch;
    watch_destroy(watch);
    return NULL;
}

static void drop(struct watch *watch, int at)
{
    free(watch->holders[at].files);
    watch->holders[at] = watch->holders[--watch->count];
}

void watch_close(struct watch *watch)
{
    files_close(watch->folder);
    watch->folder = -1;
    while (watch->count > 0)
        drop(watch, 0);
    processes_finish(&watch->processes);
    watch->was_looked = false;
}

void watch_destroy(struct watch *watch)
{
    if (watch == NULL)
        return;
    watch_close(watch);
    free(watch->root);
    free(watch->holders);
    free(watch);
}

void watch_costs(const struct watch *watch, int *looked_through, int *files_read)
{
    *looked_through = watch->looked_through;
    *files_read = watch->files_read;
}

/* ---- Who a process is ---- */

static bool read_stat(const struct watch *watch, int64_t pid, struct procfs_stat *stat)
{
    char path[PATH_CAPACITY];
    char text[STAT_CAPACITY];
    snprintf(path, sizeof(path), "%lld/stat", (long long)pid);
    return files_read(watch->folder, path, text, sizeof(text)) > 0 &&
           procfs_parse_stat(text, stat) && stat->state != 'Z' && stat->state != 'X';
}

/* Its name, and whether it is on the list of what is no game. */
static bool name_it(const struct watch *watch, int64_t pid, const char *comm,
                    char name[NAMES_CAPACITY])
{
    char path[PATH_CAPACITY];
    char arguments[ARGUMENTS_CAPACITY];
    char program[NAMES_CAPACITY];
    snprintf(path, sizeof(path), "%lld/cmdline", (long long)pid);
    long length = files_read(watch->folder, path, arguments, sizeof(arguments));
    names_program(program, arguments, length > 0 ? (size_t)length : 0);
    names_choose(name, comm, program);
    return names_has(watch->names, comm) || names_has(watch->names, program);
}

bool watch_counts(struct watch *watch, int64_t pid, char name[NAMES_CAPACITY])
{
    struct procfs_stat stat;
    if (watch->folder < 0)
        watch->folder = files_open_folder(watch->root);
    return read_stat(watch, pid, &stat) && !name_it(watch, pid, stat.comm, name);
}

/* False: it is gone. One that has the pid of another, or has become another program, begins anew.
 */
static bool know(const struct watch *watch, struct holder *holder)
{
    struct procfs_stat stat;
    if (!read_stat(watch, holder->pid, &stat))
        return false;
    bool is_same = stat.start_ticks == holder->start_ticks;
    if (is_same && strcmp(stat.comm, holder->comm) == 0)
        return true;
    for (int i = 0; !is_same && i < holder->count; i++)
        holder->files[i] =
            (struct drm_file){.number = holder->files[i].number, .device = holder->files[i].device};
    holder->start_ticks = stat.start_ticks;
    memcpy(holder->comm, stat.comm, sizeof(holder->comm));
    holder->is_ignored = name_it(watch, holder->pid, stat.comm, holder->name);
    return true;
}

/* ---- Which nodes it has open ---- */

struct finding {
    struct watch *watch;
    const struct devices *devices;
    const char *folder;
    int count;
    struct drm_file files[HOLDER_FILES_MAX];
};

static void see_file(const char *name, void *context)
{
    struct finding *finding = context;
    char path[2 * PATH_CAPACITY];
    char target[PATH_CAPACITY];
    int64_t number = procfs_parse_pid(name);
    if (finding->count == HOLDER_FILES_MAX || (number == 0 && strcmp(name, "0") != 0))
        return;
    snprintf(path, sizeof(path), "%s/%s", finding->folder, name);
    finding->watch->links++;
    if (!files_link(finding->watch->folder, path, target, sizeof(target)))
        return;
    const char *node = strrchr(target, '/');
    if (node == NULL || strstr(target, "/dri/") == NULL)
        return;
    int device = devices_of_node(finding->devices, node + 1);
    if (device >= 0)
        finding->files[finding->count++] = (struct drm_file){.number = number, .device = device};
}

static int holder_of(const struct watch *watch, int64_t pid)
{
    for (int i = 0; i < watch->count; i++)
        if (watch->holders[i].pid == pid)
            return i;
    return -1;
}

/* What is known of a file stays. */
static void keep_known(struct finding *finding, const struct holder *holder)
{
    for (int i = 0; i < finding->count; i++) {
        struct drm_file *file = &finding->files[i];
        for (int k = 0; k < holder->count; k++)
            if (holder->files[k].number == file->number && holder->files[k].device == file->device)
                *file = holder->files[k];
        /* It is read at this look, and then not until the next one: amdgpu tells of an engine only
         * when it was used. */
        if (holder->is_ignored || !file->has_counters)
            file->was_read = false;
    }
}

static bool hold(struct watch *watch, int64_t pid, struct finding *finding)
{
    int at = holder_of(watch, pid);
    size_t bytes = (size_t)finding->count * sizeof(finding->files[0]);
    if (at < 0 && watch->count == HOLDERS_MAX)
        return false;
    struct drm_file *files = malloc(bytes);
    if (files == NULL)
        return false;
    if (at < 0) {
        at = watch->count++;
        watch->holders[at] = (struct holder){.pid = pid};
    }
    struct holder *holder = &watch->holders[at];
    keep_known(finding, holder);
    memcpy(files, finding->files, bytes);
    free(holder->files);
    holder->files = files;
    holder->count = finding->count;
    return true;
}

static bool is_small(const struct watch *watch, const struct process *process)
{
    char path[PATH_CAPACITY];
    char statm[128];
    snprintf(path, sizeof(path), "%lld/statm", (long long)process->pid);
    return !process->uses_a_gpu && files_read(watch->folder, path, statm, sizeof(statm)) > 0 &&
           processes_is_small(statm);
}

static void look_through(struct watch *watch, const struct devices *devices,
                         struct process *process, int64_t now_ms)
{
    char folder[PATH_CAPACITY];
    struct finding finding = {.watch = watch, .devices = devices, .folder = folder};
    snprintf(folder, sizeof(folder), "%lld/fd", (long long)process->pid);
    process->was_looked_at = true;
    process->looked_ms = now_ms;
    if (is_small(watch, process))
        return;
    watch->looked_through++;
    process->is_closed = !files_each(watch->folder, folder, see_file, &finding) &&
                         (errno == EACCES || errno == EPERM);
    process->uses_a_gpu = finding.count > 0 && hold(watch, process->pid, &finding);
    int at = holder_of(watch, process->pid);
    if (at >= 0 && (!process->uses_a_gpu || !know(watch, &watch->holders[at])))
        drop(watch, at);
    else if (at >= 0)
        process->is_no_game = watch->holders[at].is_ignored;
}

/* ---- All processes ---- */

struct listing {
    int64_t *pids; /* owned */
    size_t count;
    size_t capacity;
};

static void see_process(const char *name, void *context)
{
    struct listing *listing = context;
    int64_t pid = procfs_parse_pid(name);
    if (pid == 0)
        return;
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity * 2 + 256;
        int64_t *pids = realloc(listing->pids, capacity * sizeof(pids[0]));
        if (pids == NULL)
            return;
        listing->pids = pids;
        listing->capacity = capacity;
    }
    listing->pids[listing->count++] = pid;
}

static bool list(struct watch *watch, int64_t now_ms)
{
    struct listing listing = {0};
    struct processes *processes = &watch->processes;
    bool is_listed = files_each(watch->folder, ".", see_process, &listing) &&
                     processes_list(processes, listing.pids, listing.count, now_ms);
    free(listing.pids);
    return is_listed;
}

/* The newest first; those that there is no time for now have their turn at the next looks. */
static void look_through_due(struct watch *watch, const struct devices *devices, int64_t now_ms)
{
    struct processes *processes = &watch->processes;
    watch->links = 0;
    for (size_t i = processes->count; i-- > 0 && watch->links < LINKS_PER_LOOK;)
        if (processes_is_due(processes, &processes->all[i]))
            look_through(watch, devices, &processes->all[i], now_ms);
}

/* ---- What they use ---- */

/* Two descriptors, also of two processes, may be one client: it counts once. */
static bool is_taken(struct watch *watch, const struct drm_file *file)
{
    if (!file->has_client)
        return false;
    for (int i = 0; i < watch->taken; i++)
        if (watch->clients[i].device == file->device && watch->clients[i].client == file->client)
            return true;
    if (watch->taken == (int)(sizeof(watch->clients) / sizeof(watch->clients[0])))
        return true;
    watch->clients[watch->taken].device = file->device;
    watch->clients[watch->taken++].client = file->client;
    return false;
}

static bool read_counters(struct watch *watch, int64_t pid, struct drm_file *file,
                          struct fdinfo *info)
{
    char path[PATH_CAPACITY];
    char text[FDINFO_CAPACITY];
    snprintf(path, sizeof(path), "%lld/fdinfo/%lld", (long long)pid, (long long)file->number);
    long length = files_read(watch->folder, path, text, sizeof(text));
    watch->files_read++;
    file->was_read = true;
    file->has_counters = false;
    if (length <= 0 || !fdinfo_parse(text, (size_t)length, info))
        return false;
    if (info->has_client != file->has_client || info->client != file->client)
        file->use = (struct use_client){0};
    file->has_client = info->has_client;
    file->client = info->client;
    file->has_counters = info->count > 0;
    return file->has_counters;
}

static void add_use(struct watch *watch, const struct holder *holder, struct drm_file *file,
                    int64_t now_ms, struct use_sum *sum)
{
    struct fdinfo info;
    double percents[FDINFO_ENGINES_MAX];
    if (!read_counters(watch, holder->pid, file, &info) || holder->is_ignored ||
        is_taken(watch, file) || !use_update(&file->use, &info, now_ms, percents))
        return;
    for (int i = 0; i < info.count; i++)
        use_add(sum, file->device, info.engines[i].name, percents[i]);
}

static void measure(struct watch *watch, struct holder *holder, const struct devices *devices,
                    int64_t now_ms, struct watch_view *view)
{
    struct use_sum sum = {0};
    int device;
    for (int i = 0; i < holder->count; i++) {
        struct drm_file *file = &holder->files[i];
        /* Of what is no game, and of what tells nothing, once is enough. */
        bool is_worth_it = !file->was_read || (!holder->is_ignored && file->has_counters);
        if (!devices->all[file->device].is_awake)
            use_skip(&file->use, now_ms);
        else if (is_worth_it)
            add_use(watch, holder, file, now_ms, &sum);
        view->has_files[file->device] = true;
        view->has_counters[file->device] = view->has_counters[file->device] || file->has_counters;
    }
    double percent = use_highest(&sum, &device);
    if (percent <= view->percent)
        return;
    view->percent = percent;
    view->device = device;
    view->pid = holder->pid;
    memcpy(view->name, holder->name, sizeof(view->name));
}

static void measure_all(struct watch *watch, const struct devices *devices, int64_t now_ms,
                        struct watch_view *view)
{
    watch->taken = 0;
    for (int i = watch->count; i-- > 0;) {
        struct holder *holder = &watch->holders[i];
        if (holder->is_ignored || know(watch, holder))
            measure(watch, holder, devices, now_ms, view);
        else
            drop(watch, i);
    }
    for (size_t i = 0; i < watch->processes.count; i++)
        view->is_closed = view->is_closed || watch->processes.all[i].is_closed;
}

bool watch_look(struct watch *watch, const struct devices *devices, int64_t now_ms,
                struct watch_view *view)
{
    *view = (struct watch_view){.device = -1, .is_first = !watch->was_looked};
    watch->looked_through = 0;
    watch->files_read = 0;
    if (watch->folder < 0)
        watch->folder = files_open_folder(watch->root);
    if (watch->folder < 0)
        return false;
    if (processes_are_due(&watch->processes, now_ms) && !list(watch, now_ms))
        return false;
    look_through_due(watch, devices, now_ms);
    measure_all(watch, devices, now_ms, view);
    watch->was_looked = true;
    return true;
}
