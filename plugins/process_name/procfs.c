/* SPDX-License-Identifier: MIT */
#include "procfs.h"

#include <stdlib.h>
#include <string.h>

int64_t procfs_parse_pid(const char *name)
{
    int64_t pid = 0;
    if (*name == '\0' || strlen(name) > 10)
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
    memcpy(stat->comm, open + 1, length);
    stat->comm[length] = '\0';

    /* Behind the name: state is field 3, the parent 4, the start 22. */
    const char *state = close + 2;
    const char *parent = skip_fields(state, 1);
    const char *start = skip_fields(state, 19);
    if (*state == '\0' || parent == NULL || start == NULL)
        return false;
    stat->state = *state;
    stat->parent = strtoll(parent, NULL, 10);
    stat->start_ticks = strtoull(start, NULL, 10);
    return true;
}
