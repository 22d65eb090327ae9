/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

/* The keys are looked for as our own lines write them; a name that a user chose has its quotes
 * escaped, and so cannot look like one. */
int lines_parse(const char *line, int64_t *seq, char epoch[37])
{
    static const char seq_key[] = ",\"seq\":";
    static const char epoch_key[] = ",\"epoch\":\"";
    const char *seq_at = strstr(line, seq_key);
    const char *epoch_at = strstr(line, epoch_key);
    if (seq_at == NULL || epoch_at == NULL)
        return 0;
    epoch_at += sizeof(epoch_key) - 1;
    if (strlen(epoch_at) < 37 || epoch_at[36] != '"')
        return 0;
    *seq = strtoll(seq_at + sizeof(seq_key) - 1, NULL, 10);
    memcpy(epoch, epoch_at, 36);
    epoch[36] = '\0';
    return 1;
}
