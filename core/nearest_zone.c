/* SPDX-License-Identifier: MIT */
#include "nearest_zone.h"

#include "config/config.h"
#include "platform/tzdata.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zones {
    char **names;        /* owned, NULL-terminated */
    const char **cities; /* within names, NULL-terminated */
    int count;
};

static const char *city_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash != NULL ? slash + 1 : name;
}

static void add(const char *name, void *context)
{
    struct zones *zones = context;
    size_t size = (size_t)zones->count + 2;
    zones->names = realloc(zones->names, size * sizeof(zones->names[0]));
    zones->cities = realloc(zones->cities, size * sizeof(zones->cities[0]));
    assert(zones->names != NULL && zones->cities != NULL);
    char *copied = strdup(name);
    assert(copied != NULL);
    zones->names[zones->count] = copied;
    zones->cities[zones->count++] = city_of(copied);
    zones->names[zones->count] = NULL;
    zones->cities[zones->count] = NULL;
}

static const char *with_city(const struct zones *zones, const char *city)
{
    for (int i = 0; i < zones->count && city != NULL; i++)
        if (strcmp(zones->cities[i], city) == 0)
            return zones->names[i];
    return NULL;
}

static const char *find(const struct zones *zones, const char *name)
{
    const char *near = with_city(zones, city_of(name));
    if (near == NULL)
        near = config_nearest(name, (const char *const *)zones->names);
    if (near == NULL && strchr(name, '/') == NULL)
        near = with_city(zones, config_nearest(name, zones->cities));
    return near;
}

void nearest_zone(const char *name, char nearest[NEAREST_ZONE_CAPACITY])
{
    struct zones zones = {0};
    tzdata_each(add, &zones);
    const char *near = zones.count > 0 ? find(&zones, name) : NULL;
    snprintf(nearest, NEAREST_ZONE_CAPACITY, "%s", near != NULL ? near : "");
    for (int i = 0; i < zones.count; i++)
        free(zones.names[i]);
    free(zones.names);
    free(zones.cities);
}
