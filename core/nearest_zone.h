/* SPDX-License-Identifier: MIT */
/* What somebody may have meant who mistyped the name of a time zone. */
#ifndef CORE_NEAREST_ZONE_H
#define CORE_NEAREST_ZONE_H

enum { NEAREST_ZONE_CAPACITY = 128 };

/* The name of the zone database that is nearest to `name`, or to which its city alone ("Paris") is;
 * "" when none is near. */
void nearest_zone(const char *name, char nearest[NEAREST_ZONE_CAPACITY]);

#endif
