/* SPDX-License-Identifier: MIT */
/* SQLite's own file layer, with two of its calls wrapped: they count, and fail when told to. */
#include "platform/thread.h"
#include "store_fixture.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

static struct mutex lock; /* guards the filling of the tables below */
static sqlite3_vfs *real;
static sqlite3_vfs wrapped;
static const sqlite3_io_methods *real_methods; /* to write and to sync, either table serves */
static sqlite3_io_methods database_methods;    /* of the file itself */
static sqlite3_io_methods other_methods;       /* of its wal and journal */
static atomic_int write_fault;
static atomic_int sync_fault;
static atomic_int fold_fault;
static atomic_llong syncs;
static atomic_llong written_bytes;
static void (*on_sync)(void *context);
static void *on_sync_context;

static int faulty_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    int fault = atomic_load(&write_fault);
    if (fault != SQLITE_OK)
        return fault;
    atomic_fetch_add(&written_bytes, count);
    return real_methods->xWrite(file, bytes, count, offset);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    int fault = atomic_load(&sync_fault);
    if (fault != SQLITE_OK)
        return fault;
    atomic_fetch_add(&syncs, 1);
    if (on_sync != NULL)
        on_sync(on_sync_context);
    return real_methods->xSync(file, flags);
}

static int faulty_database_sync(sqlite3_file *file, int flags)
{
    int fault = atomic_load(&fold_fault);
    return fault != SQLITE_OK ? fault : faulty_sync(file, flags);
}

/* SQLite has one table of calls for the database and one for its companions, that need no locks. */
static void wrap_methods(sqlite3_file *file, sqlite3_io_methods *methods,
                         int (*sync)(sqlite3_file *file, int flags))
{
    mutex_lock(&lock);
    if (methods->xWrite == NULL) {
        real_methods = file->pMethods;
        *methods = *file->pMethods;
        methods->xWrite = faulty_write;
        methods->xSync = sync;
    }
    mutex_unlock(&lock);
    file->pMethods = methods;
}

static int open_wrapped(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *flags_out)
{
    (void)vfs;
    int result = real->xOpen(real, name, file, flags, flags_out);
    if (file->pMethods == NULL)
        return result;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0)
        wrap_methods(file, &database_methods, faulty_database_sync);
    else
        wrap_methods(file, &other_methods, faulty_sync);
    return result;
}

void faulty_disk_install(void)
{
    real = sqlite3_vfs_find(NULL);
    mutex_init(&lock);
    wrapped = *real;
    wrapped.zName = "faulty";
    wrapped.xOpen = open_wrapped;
    wrapped.pNext = NULL;
    assert_int_equal(sqlite3_vfs_register(&wrapped, 1), SQLITE_OK);
    faulty_disk_repair();
}

void faulty_disk_remove(void)
{
    assert_int_equal(sqlite3_vfs_unregister(&wrapped), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(real, 1), SQLITE_OK);
    mutex_finish(&lock);
}

void faulty_disk_fail_writes(int code)
{
    atomic_store(&write_fault, code);
}

void faulty_disk_fail_syncs(int code)
{
    atomic_store(&sync_fault, code);
}

void faulty_disk_fail_folding(int code)
{
    atomic_store(&fold_fault, code);
}

void faulty_disk_repair(void)
{
    faulty_disk_fail_writes(SQLITE_OK);
    faulty_disk_fail_syncs(SQLITE_OK);
    faulty_disk_fail_folding(SQLITE_OK);
}

void faulty_disk_on_sync(void (*call)(void *context), void *context)
{
    on_sync = call;
    on_sync_context = context;
}

int64_t faulty_disk_syncs(void)
{
    return atomic_load(&syncs);
}

int64_t faulty_disk_written_bytes(void)
{
    return atomic_load(&written_bytes);
}
