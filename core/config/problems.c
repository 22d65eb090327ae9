/* SPDX-License-Identifier: MIT */
#include "node.h"

#include "record/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_MAX = 1024, NAME_MAX_BYTES = 64 };

static char *write_sentence(const struct config_node *node, const char *format, va_list arguments)
{
    char text[SENTENCE_MAX];
    char clean[SENTENCE_MAX];
    int used = 0;
    if (node != NULL && node->line != NODE_LINE_NOWHERE)
        used = snprintf(text, sizeof(text), "%s:%d: ", node->source, node->line);
    else if (node != NULL)
        used = snprintf(text, sizeof(text), "%s: ", node->source);
    if (used >= (int)sizeof(text))
        used = (int)sizeof(text) - 1;
    vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
    text_copy(clean, sizeof(clean), text); /* one line, and UTF-8 though it may be cut */
    char *sentence = strdup(clean);
    assert(sentence != NULL);
    return sentence;
}

static void *grown(void *memory, int count, size_t size)
{
    memory = realloc(memory, (size_t)count * size);
    assert(memory != NULL);
    return memory;
}

void config_problem(struct config_problems *problems, const struct config_node *node,
                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sentence = write_sentence(node, format, arguments);
    va_end(arguments);

    int line = node != NULL ? node->line : NODE_LINE_NOWHERE;
    problems->count++;
    problems->lines = grown(problems->lines, problems->count, sizeof(int));
    problems->sentences = grown(problems->sentences, problems->count, sizeof(char *));
    int at = problems->count - 1;
    for (; at > 0 && problems->lines[at - 1] > line; at--) {
        problems->lines[at] = problems->lines[at - 1];
        problems->sentences[at] = problems->sentences[at - 1];
    }
    problems->lines[at] = line;
    problems->sentences[at] = sentence;
}

void config_warning(struct config_problems *problems, const struct config_node *node,
                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sentence = write_sentence(node, format, arguments);
    va_end(arguments);
    problems->warnings_count++;
    problems->warnings = grown(problems->warnings, problems->warnings_count, sizeof(char *));
    problems->warnings[problems->warnings_count - 1] = sentence;
}

void config_problems_finish(struct config_problems *problems)
{
    for (int i = 0; i < problems->count; i++)
        free(problems->sentences[i]);
    for (int i = 0; i < problems->warnings_count; i++)
        free(problems->warnings[i]);
    free(problems->lines);
    free(problems->sentences);
    free(problems->warnings);
    *problems = (struct config_problems){0};
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein, the restricted kind: letters inserted, dropped, changed, or swapped. */
static int distance(const char *a, const char *b)
{
    int rows[3][NAME_MAX_BYTES + 1];
    int a_length = (int)strlen(a);
    int b_length = (int)strlen(b);
    if (a_length > NAME_MAX_BYTES || b_length > NAME_MAX_BYTES)
        return NAME_MAX_BYTES;
    for (int j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (int i = 1; i <= a_length; i++) {
        int *now = rows[i % 3];
        const int *before = rows[(i + 2) % 3];
        const int *twice_before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int change = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], twice_before[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *config_nearest(const char *name, const char *const *names)
{
    const char *nearest = NULL;
    int best = (int)strlen(name) / 4 + 1; /* further away it is another word */
    for (; *names != NULL; names++) {
        int found = distance(name, *names);
        if (found > best || (found == best && nearest != NULL))
            continue;
        best = found;
        nearest = *names;
    }
    return nearest;
}
