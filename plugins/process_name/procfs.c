/* SPDX-License-Identifier: MIT */
#include "procfs.h"

#include <stdlib.h>
#include <string.h>

enum { PID_DIGITS = 10, UPTIME_DIGITS = 10 };
static const unsigned long kernel_flag = 0x00200000; /* PF_KTHREAD of linux/sched.h */

int64_t procfs_parse_pid(const char *name)
{
    int64_t pid = 0;
    if (*name == '\0' || strlen(name) > PID_DIGITS)
        return 0;
    for (; *name != '\0'; name++) {
        if (*name < '0' || *name > '9')
            return 0;
        pid = pid * 10 + (*name - '0');
    }
    return pid;
}

/* Skips fields that are divided by single spaces; NULL when there are not so many. */
static const char *skip_fields(const char *text, int count)
{
    for (; count > 0 && text != NULL; count--) {
        text = strchr(text, ' ');
        if (text != NULL)
            text++;
    }
    return text;
}

bool procfs_parse_stat(const char *text, struct procfs_stat *stat)
{
    const char *open = strchr(text, '(');
    const char *close = strrchr(text, ')');
    if (open == NULL || close == NULL || close < open || close[1] != ' ')
        return false;
    size_t length = (size_t)(close - open) - 1;
    if (length >= sizeof(stat->comm))
        length = sizeof(stat->comm) - 1;
    memset(stat->comm, 0, sizeof(stat->comm));
    memcpy(stat->comm, open + 1, length);

    /* Behind the name: state is field 3, the parent 4, the flags 9, the start 22. */
    const char *state = close + 2;
    const char *parent = skip_fields(state, 1);
    const char *flags = skip_fields(state, 6);
    const char *start = skip_fields(flags, 13);
    if (*state == '\0' || parent == NULL || start == NULL)
        return false;
    stat->state = *state;
    stat->parent = strtoll(parent, NULL, 10);
    stat->is_kernel = (strtoul(flags, NULL, 10) & kernel_flag) != 0;
    stat->start_ticks = strtoull(start, NULL, 10);
    return true;
}

uint64_t procfs_parse_uptime(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= UPTIME_DIGITS ? strtoull(text, NULL, 10) : 0;
}

/* ---- /proc/mounts: "proc /proc proc rw,nosuid,hidepid=invisible 0 0" ---- */

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

static bool hides_by_options(const char *options, size_t length)
{
    static const char key[] = "hidepid=";
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && options[end] != ',')
            end++;
        if (end - at >= sizeof(key) - 1 && strncmp(options + at, key, sizeof(key) - 1) == 0) {
            const char *value = options + at + sizeof(key) - 1;
            size_t value_length = end - at - (sizeof(key) - 1);
            return !is_word(value, value_length, "0") && !is_word(value, value_length, "off");
        }
        at = end + 1;
    }
    return false;
}

bool procfs_hides_others(const char *mounts, const char *mount_point)
{
    bool hides = false;
    while (*mounts != '\0') {
        size_t length = strcspn(mounts, "\n");
        size_t device = strcspn(mounts, " \n");
        const char *point = mounts + device + (device < length);
        size_t point_length = strcspn(point, " \n");
        const char *type = point + point_length + (point[point_length] == ' ');
        size_t type_length = strcspn(type, " \n");
        const char *options = type + type_length + (type[type_length] == ' ');
        /* A later mount covers an earlier one at the same place. */
        if (is_word(point, point_length, mount_point))
            hides = is_word(type, type_length, "proc") &&
                    hides_by_options(options, strcspn(options, " \n"));
        mounts += length + (mounts[length] == '\n');
    }
    return hides;
}
