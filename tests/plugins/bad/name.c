/* SPDX-License-Identifier: MIT */
/* All that the bad plugins do not have in common. */
extern const char bad_name[];
const char bad_name[] = BAD_NAME;
