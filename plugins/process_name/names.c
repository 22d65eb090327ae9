/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <stdlib.h>
#include <string.h>

char names_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool names_same(const char *a, const char *b)
{
    while (*a != '\0' && names_lower(*a) == names_lower(*b)) {
        a++;
        b++;
    }
    return names_lower(*a) == names_lower(*b);
}

bool names_same_start(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (names_lower(a[i]) != names_lower(b[i]) || a[i] == '\0')
            return false;
    return true;
}

/* FNV-1a */
static uint32_t hash(const char *text, size_t length)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)names_lower(text[i])) * 16777619u;
    return sum;
}

bool names_add(struct names *names, const char *text, size_t length, int rule)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity * 2 + 16;
        struct name *list = realloc(names->list, capacity * sizeof(list[0]));
        if (list == NULL)
            return false;
        names->list = list;
        names->capacity = capacity;
    }
    names->list[names->count++] = (struct name){hash(text, length), rule, text};
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct name *a = left;
    const struct name *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

void names_sort(struct names *names)
{
    if (names->count > 0)
        qsort(names->list, names->count, sizeof(names->list[0]), compare);
}

const struct name *names_first(const struct names *names, const char *text)
{
    uint32_t wanted = hash(text, strlen(text));
    size_t low = 0;
    size_t high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->list[middle].hash < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < names->count && names->list[low].hash == wanted ? &names->list[low] : NULL;
}

const struct name *names_next(const struct names *names, const struct name *name)
{
    const struct name *next = name + 1;
    bool is_alike = next < names->list + names->count && next->hash == name->hash;
    return is_alike ? next : NULL;
}

void names_free(struct names *names)
{
    free(names->list);
    *names = (struct names){0};
}
