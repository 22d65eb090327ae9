/* SPDX-License-Identifier: MIT */
#include "list.h"

#include "check.h"

#include <string.h>

const struct check check_list[] = {
    {"file", CHECK_UNOPENED, 1, "the file is safe to load, and loads", check_file},
    {"exports", CHECK_UNOPENED, 1, "one symbol is exported", check_exports},
    {"prefix", CHECK_UNOPENED, 1, "the handshake works, also with other hosts", check_prefix},
    {"load_time", CHECK_UNOPENED, 3, "it is loaded in under 100 ms", check_load_time},
    {"ids", CHECK_ONCE, 1, "it answers to its own interfaces, and to no other", check_ids},
    {"strings", CHECK_ONCE, 1, "what people read is there, short and UTF-8", check_strings},
    {"options", CHECK_ONCE, 1, "its table of settings is sound", check_options_table},
    {"settings_missing", 0, 1, "create copes with settings that are unset", check_settings_missing},
    {"settings_hostile", 0, 1, "create copes with hostile settings", check_settings_hostile},
    {"services_missing", 0, 1, "a host that lacks a service is refused, or served",
     check_services_missing},
    {"create_destroy", 0, 1, "instances that never ran are made and freed", check_create_destroy},
    {"lifecycle", 0, 1, "every legal order of calls works", check_lifecycle},
    {"two_instances", 0, 1, "two instances work side by side", check_two_instances},
    {"start_stop_100", 0, 1, "100 starts and stops leave no more than one", check_start_stop_100},
    {"threads_left", 0, 1, "no thread is left behind", check_threads_left},
    {"descriptors_left", 0, 1, "no descriptor is left behind", check_descriptors_left},
    {"process_state", 0, 1, "the process is as it was: folder, locale, signals",
     check_process_state},
    {"poll", CHECK_DETECTOR, 1, "polls answer and emit as they should", check_poll},
    {"poll_cancelled", CHECK_DETECTOR, 1, "polls end when they are cancelled",
     check_poll_cancelled},
    {"deliver_cancelled", CHECK_SINK, 1, "deliveries end when they are cancelled",
     check_deliver_cancelled},
    {"wait", 0, 1, "wait takes no longer than it may", check_wait},
    {"wait_woken", 0, 1, "wait ends when the host rings", check_wait_woken},
    {"batches", CHECK_SINK, 1, "batches of every kind get a consistent answer", check_batches},
    {"batch_sizes", CHECK_SINK, 1, "records of older and newer hosts are understood",
     check_batch_sizes},
    {"fuzz", 0, 1, "random legal calls do no harm", check_fuzz},
    {"stdout", 0, 1, "nothing was printed", check_stdout},
    {NULL, 0, 0, NULL, NULL},
};

const struct check *check_find(const char *name)
{
    for (const struct check *check = check_list; check->name != NULL; check++)
        if (strcmp(check->name, name) == 0)
            return check;
    return NULL;
}

bool check_is_known(const char *name, const char **nearest)
{
    const char *names[sizeof(check_list) / sizeof(check_list[0])] = {NULL};
    for (int i = 0; check_list[i].name != NULL; i++)
        names[i] = check_list[i].name;
    *nearest = config_nearest(name, names);
    return check_find(name) != NULL;
}
