/* SPDX-License-Identifier: MIT */
/* What was installed together with this plugin. */
#ifndef PROCESS_NAME_INSTALLED_H
#define PROCESS_NAME_INSTALLED_H

/* Where a file is that is `relative` to the folder of this plugin. The caller frees it; NULL: no
 * memory. */
char *installed_path(const char *relative);

#endif
