/* SPDX-License-Identifier: MIT */
#include "crash_disk.h"

#include "store_fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, FILES_MAX = 32 };

struct change {
    sqlite3_int64 offset;
    int length; /* -1: the file is cut at `offset` */
    unsigned char *bytes;
    struct change *next;
};

/* A file by its inode: it may be renamed. */
struct tracked {
    ino_t inode;
    unsigned char *synced; /* what is safe */
    sqlite3_int64 length;
    struct change *first;
    struct change **last;
};

struct crash_file {
    sqlite3_file base;
    struct tracked *tracked; /* NULL: a temporary file */
    sqlite3_file real[];
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static struct tracked files[FILES_MAX];
static int files_count;
static enum crash_kind armed;
static int armed_at;
static int operations;
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % below;
}

/* Counts, and tells whether this one fails. */
static bool fails(bool takes_room)
{
    operations++;
    switch (armed) {
    case CRASH_FAIL_ONCE:
        return operations == armed_at;
    case CRASH_FULL:
        return takes_room && operations >= armed_at;
    case CRASH_FAIL_ON:
    case CRASH_POWER_CUT:
        return operations >= armed_at;
    default:
        return false;
    }
}

/* ---- What is safe ---- */

static void apply(struct tracked *tracked, const struct change *change, sqlite3_int64 from,
                  sqlite3_int64 length)
{
    sqlite3_int64 end = change->length < 0 ? change->offset : change->offset + from + length;
    if (change->length < 0 || end > tracked->length) {
        tracked->synced = realloc(tracked->synced, (size_t)end + 1);
        assert_non_null(tracked->synced);
        if (end > tracked->length)
            memset(tracked->synced + tracked->length, 0, (size_t)(end - tracked->length));
        tracked->length = end;
    }
    if (change->length >= 0)
        memcpy(tracked->synced + change->offset + from, change->bytes + from, (size_t)length);
}

static void forget_changes(struct tracked *tracked)
{
    while (tracked->first != NULL) {
        struct change *change = tracked->first;
        tracked->first = change->next;
        free(change->bytes);
        free(change);
    }
    tracked->last = &tracked->first;
}

static void make_safe(struct tracked *tracked)
{
    for (struct change *change = tracked->first; change != NULL; change = change->next)
        apply(tracked, change, 0, change->length);
    forget_changes(tracked);
}

/* Each change that was not synced: all of it, nothing, or some of its sectors. */
static void lose_some(struct tracked *tracked)
{
    for (struct change *change = tracked->first; change != NULL; change = change->next) {
        uint64_t fate = draw(3);
        if (fate == 0)
            continue;
        if (fate == 1 || change->length < 0) {
            apply(tracked, change, 0, change->length);
            continue;
        }
        for (sqlite3_int64 at = 0; at < change->length; at += SECTOR)
            if (draw(2) == 0)
                apply(tracked, change, at,
                      change->length - at < SECTOR ? change->length - at : SECTOR);
    }
    forget_changes(tracked);
}

static void remember(struct crash_file *file, sqlite3_int64 offset, int length, const void *bytes)
{
    if (file->tracked == NULL)
        return;
    struct change *change = calloc(1, sizeof(*change));
    assert_non_null(change);
    change->offset = offset;
    change->length = length;
    if (length > 0) {
        change->bytes = malloc((size_t)length);
        assert_non_null(change->bytes);
        memcpy(change->bytes, bytes, (size_t)length);
    }
    *file->tracked->last = change;
    file->tracked->last = &change->next;
}

/* ---- SQLite's calls ---- */

static sqlite3_file *inner(sqlite3_file *file)
{
    return ((struct crash_file *)file)->real;
}

static int disk_close(sqlite3_file *file)
{
    return inner(file)->pMethods->xClose(inner(file));
}

static int disk_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    if (fails(false))
        return SQLITE_IOERR_READ;
    return inner(file)->pMethods->xRead(inner(file), bytes, count, offset);
}

static int disk_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    if (fails(true))
        return armed == CRASH_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    remember((struct crash_file *)file, offset, count, bytes);
    return inner(file)->pMethods->xWrite(inner(file), bytes, count, offset);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (fails(false))
        return SQLITE_IOERR_TRUNCATE;
    remember((struct crash_file *)file, size, -1, NULL);
    return inner(file)->pMethods->xTruncate(inner(file), size);
}

/* Nothing but the test looks: the real disk need not sync. */
static int disk_sync(sqlite3_file *file, int flags)
{
    struct crash_file *crash = (struct crash_file *)file;
    (void)flags;
    if (fails(false))
        return SQLITE_IOERR_FSYNC;
    if (crash->tracked != NULL)
        make_safe(crash->tracked);
    return SQLITE_OK;
}

#define PASS(name, parameters, arguments)                                                          \
    static int disk_##name parameters                                                              \
    {                                                                                              \
        return inner(file)->pMethods->x##name arguments;                                           \
    }
PASS(FileSize, (sqlite3_file * file, sqlite3_int64 *size), (inner(file), size))
PASS(Lock, (sqlite3_file * file, int lock), (inner(file), lock))
PASS(Unlock, (sqlite3_file * file, int lock), (inner(file), lock))
PASS(CheckReservedLock, (sqlite3_file * file, int *result), (inner(file), result))
PASS(FileControl, (sqlite3_file * file, int what, void *argument), (inner(file), what, argument))
PASS(SectorSize, (sqlite3_file * file), (inner(file)))
PASS(DeviceCharacteristics, (sqlite3_file * file), (inner(file)))
PASS(ShmMap, (sqlite3_file * file, int page, int bytes, int extend, void volatile **memory),
     (inner(file), page, bytes, extend, memory))
PASS(ShmLock, (sqlite3_file * file, int offset, int count, int flags),
     (inner(file), offset, count, flags))
PASS(ShmUnmap, (sqlite3_file * file, int remove_it), (inner(file), remove_it))

static void disk_ShmBarrier(sqlite3_file *file)
{
    inner(file)->pMethods->xShmBarrier(inner(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_FileSize,
    .xLock = disk_Lock,
    .xUnlock = disk_Unlock,
    .xCheckReservedLock = disk_CheckReservedLock,
    .xFileControl = disk_FileControl,
    .xSectorSize = disk_SectorSize,
    .xDeviceCharacteristics = disk_DeviceCharacteristics,
    .xShmMap = disk_ShmMap,
    .xShmLock = disk_ShmLock,
    .xShmBarrier = disk_ShmBarrier,
    .xShmUnmap = disk_ShmUnmap,
};

static struct tracked *track(const char *name, sqlite3_file *file)
{
    struct stat status;
    if (name == NULL || stat(name, &status) != 0)
        return NULL;
    for (int i = 0; i < files_count; i++)
        if (files[i].inode == status.st_ino) {
            if (status.st_size == 0) { /* another one, with the number of one that is gone */
                forget_changes(&files[i]);
                files[i].length = 0;
            }
            return &files[i];
        }
    assert_true(files_count < FILES_MAX);
    struct tracked *tracked = &files[files_count++];
    *tracked = (struct tracked){.inode = status.st_ino, .length = status.st_size};
    tracked->last = &tracked->first;
    tracked->synced = malloc((size_t)status.st_size + 1);
    assert_non_null(tracked->synced);
    if (status.st_size > 0)
        assert_int_equal(file->pMethods->xRead(file, tracked->synced, (int)status.st_size, 0),
                         SQLITE_OK);
    return tracked;
}

static int disk_open(sqlite3_vfs *unused, const char *name, sqlite3_file *file, int flags,
                     int *flags_out)
{
    struct crash_file *crash = (struct crash_file *)file;
    (void)unused;
    file->pMethods = NULL;
    if (fails(true))
        return SQLITE_CANTOPEN;
    int result = real_vfs->xOpen(real_vfs, name, crash->real, flags, flags_out);
    if (crash->real->pMethods == NULL)
        return result;
    crash->tracked = track(name, crash->real);
    file->pMethods = &methods;
    return result;
}

static int disk_delete(sqlite3_vfs *unused, const char *name, int sync)
{
    (void)unused;
    if (fails(false))
        return SQLITE_IOERR_DELETE;
    return real_vfs->xDelete(real_vfs, name, sync);
}

/* ---- For the tests ---- */

void crash_disk_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "crash";
    vfs.szOsFile = (int)sizeof(struct crash_file) + real_vfs->szOsFile;
    vfs.xOpen = disk_open;
    vfs.xDelete = disk_delete;
    vfs.pNext = NULL;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

void crash_disk_remove(void)
{
    assert_int_equal(sqlite3_vfs_unregister(&vfs), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(real_vfs, 1), SQLITE_OK);
}

static void forget_files(void)
{
    for (int i = 0; i < files_count; i++) {
        forget_changes(&files[i]);
        free(files[i].synced);
    }
    files_count = 0;
}

void crash_disk_arm(enum crash_kind kind, int at, uint64_t seed)
{
    forget_files();
    armed = kind;
    armed_at = at;
    operations = 0;
    random_state = seed;
}

static void leave(const char *path, struct tracked *tracked)
{
    lose_some(tracked);
    fixture_write_file(path, tracked->synced, (size_t)tracked->length);
}

int crash_disk_disarm(const char *folder)
{
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    bool was_cut = armed == CRASH_POWER_CUT && operations >= armed_at;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[512];
        struct stat status;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        size_t length = strlen(path);
        if (!was_cut || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        for (int i = 0; i < files_count; i++)
            if (files[i].inode == status.st_ino)
                leave(path, &files[i]);
        if (strcmp(path + length - 4, "-shm") == 0)
            remove(path);
    }
    closedir(entries);
    forget_files();
    armed = CRASH_NONE;
    return operations;
}
