/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { COLUMNS_USUAL = 80, COLUMNS_MAX = 10000 };

static int find_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *told = getenv("COLUMNS");
    long columns = told != NULL ? strtol(told, NULL, 10) : 0;
    return columns > 0 && columns < COLUMNS_MAX ? (int)columns : COLUMNS_USUAL;
}

static bool has_utf8(void)
{
    locale_t own = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (own == (locale_t)0)
        return false;
    bool is_utf8 = strcmp(nl_langinfo_l(CODESET, own), "UTF-8") == 0;
    freelocale(own);
    return is_utf8;
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

void terminal_look(struct terminal *terminal)
{
    const char *kind = getenv("TERM");
    bool is_dumb = kind == NULL || kind[0] == '\0' || strcmp(kind, "dumb") == 0;
    terminal->columns = find_columns();
    terminal->is_utf8 = has_utf8();
    terminal->is_screen = isatty(STDOUT_FILENO) == 1 && !is_dumb;
    terminal->has_colour = terminal->is_screen && !is_set("NO_COLOR");
}

int terminal_character_columns(uint32_t character)
{
    if (character < 0x80)
        return character >= 0x20 && character != 0x7f ? 1 : -1;
    /* Only the locale in use knows widths; the C library of Linux always has this one. */
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 == (locale_t)0)
        return 1;
    locale_t before = uselocale(utf8);
    int columns = wcwidth((wchar_t)character);
    uselocale(before);
    freelocale(utf8);
    return columns;
}
