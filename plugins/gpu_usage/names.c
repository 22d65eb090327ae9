/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { COMM_LENGTH = 15 };

/* Compositors and desktops, browsers and what is built upon them, players and makers of video,
 * launchers, terminals that draw by GPU, and what compiles shaders for games. */
static const char *const known[] = {
    /* desktops */
    "Xorg", "X", "Xwayland", "gnome-shell", "mutter*", "gnome-*", "kwin_*", "kwin", "plasmashell",
    "krunner", "ksplashqml", "kscreenlocker*", "sway", "swaybg", "swaylock", "waybar", "Hyprland",
    "hyprpaper", "wayfire", "weston*", "labwc", "river", "niri", "cosmic-*", "cinnamon*", "muffin",
    "xfwm4", "marco", "picom", "compton", "compiz", "budgie-wm", "gala", "enlightenment*",
    "gamescope*", "sddm*", "gdm*", "lightdm*", "xdg-desktop-po*", "conky", "vrcompositor",
    /* browsers, and programs that are one inside */
    "firefox*", "Isolated Web Co", "Web Content", "WebExtensions", "GPU Process", "RDD Process",
    "Utility Process", "Privileged Cont", "librewolf*", "waterfox*", "thunderbird*", "chrome",
    "chrome_*", "google-chrome*", "chromium*", "brave*", "vivaldi*", "opera*", "msedge*",
    "epiphany*", "WebKit*", "falkon", "qutebrowser*", "QtWebEngine*", "electron*", "Discord*",
    "slack", "teams*", "code", "codium", "signal-desktop", "spotify", "zoom*", "skypeforlinux",
    "obsidian", "telegram-deskt*",
    /* video, and what makes it */
    "mpv", "vlc", "totem", "celluloid", "smplayer", "mplayer", "ffmpeg", "ffplay", "kodi*",
    "haruna", "dragon", "obs", "obs-studio", "kdenlive", "shotcut", "resolve", "HandBrake*", "ghb",
    "gst-*", "blender", "gimp*", "krita", "inkscape", "darktable",
    /* launchers and helpers of games */
    "steam", "steamwebhelper*", "steam.exe", "lutris*", "heroic*", "bottles*", "EpicGamesLaunch*",
    "EADesktop.exe", "Battle.net.exe", "GalaxyClient*", "UbisoftConnect*", "upc.exe",
    "explorer.exe", "rundll32.exe", "fossilize*", "vulkandriverque*", "gldriverquery*", "mangohud*",
    "mangoapp", "goverlay",
    /* terminals and meters */
    "kitty", "alacritty", "wezterm*", "foot", "ghostty", "nvtop", "radeontop", "btop",
    "nvidia-setting*", "glxinfo", "vulkaninfo*"};

struct names {
    char **own; /* owned, with its texts */
    uint32_t count;
    bool with_known;
};

struct names *names_create(const clb_setting *ignore, bool with_known)
{
    struct names *names = calloc(1, sizeof(*names));
    if (names == NULL)
        return NULL;
    names->with_known = with_known;
    uint32_t count = ignore != NULL ? ignore->count : 0;
    names->own = calloc((size_t)count + 1, sizeof(names->own[0]));
    for (uint32_t i = 0; names->own != NULL && i < count; i++) {
        names->own[i] = strdup(ignore->items[i]);
        if (names->own[i] == NULL)
            break;
        names->count++;
    }
    if (names->own != NULL && names->count == count)
        return names;
    names_destroy(names);
    return NULL;
}

void names_destroy(struct names *names)
{
    if (names == NULL)
        return;
    for (uint32_t i = 0; i < names->count; i++)
        free(names->own[i]);
    free(names->own);
    free(names);
}

static bool same(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
        if (a[i] == '\0')
            return true;
    }
    return true;
}

static bool fits(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    if (length == 0)
        return false;
    if (pattern[length - 1] == '*')
        return same(pattern, name, length - 1);
    if (length > COMM_LENGTH && strlen(name) == COMM_LENGTH)
        return same(pattern, name, COMM_LENGTH);
    return same(pattern, name, length + 1);
}

bool names_has(const struct names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (fits(names->own[i], name))
            return true;
    for (size_t i = 0; names->with_known && i < sizeof(known) / sizeof(known[0]); i++)
        if (fits(known[i], name))
            return true;
    return false;
}

void names_program(char program[NAMES_CAPACITY], const char *arguments, size_t length)
{
    size_t end = 0;
    size_t begin = 0;
    for (; end < length && arguments[end] != '\0'; end++)
        if (arguments[end] == '/' || arguments[end] == '\\')
            begin = end + 1;
    size_t count = end - begin < NAMES_CAPACITY ? end - begin : NAMES_CAPACITY - 1;
    memcpy(program, arguments + begin, count);
    program[count] = '\0';
}

void names_choose(char name[NAMES_CAPACITY], const char *comm, const char *program)
{
    bool goes_on = strlen(comm) >= COMM_LENGTH && same(comm, program, strlen(comm));
    const char *chosen = goes_on ? program : comm;
    size_t length = strnlen(chosen, NAMES_CAPACITY - 1);
    memcpy(name, chosen, length);
    name[length] = '\0';
    names_clean(name);
}

/* ---- UTF-8 ---- */

/* The bytes of the character at `text`; 0: it is none. Surrogates, forms that are longer than
 * needed and what lies beyond Unicode are none. */
static size_t character(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, low, high;
        size_t bytes;
    } forms[] = {{0x20, 0x7E, 0, 0, 1},       {0xC2, 0xC2, 0xA0, 0xBF, 2},
                 {0xC3, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                 {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
                 {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                 {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last)
            continue;
        if (forms[i].bytes > 1 && (text[1] < forms[i].low || text[1] > forms[i].high))
            return 0;
        for (size_t byte = 2; byte < forms[i].bytes; byte++)
            if ((text[byte] & 0xC0) != 0x80)
                return 0;
        return forms[i].bytes;
    }
    return 0;
}

void names_clean(char *text)
{
    while (*text != '\0') {
        size_t bytes = character((const unsigned char *)text);
        if (bytes == 0)
            *text = '?';
        text += bytes > 0 ? bytes : 1;
    }
}
