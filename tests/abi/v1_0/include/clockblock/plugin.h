/* SPDX-License-Identifier: MIT */
/*
 * clockblock/plugin.h: what every plugin is, whatever it does.
 *
 * History of the contract
 *   1.0  the first one: clockblock.detector/1, clockblock.sink/1, clockblock.log/1,
 *        clockblock.clock/1, clockblock.run/1.
 *
 * A plugin exports exactly one symbol, the function clockblock_plugin_entry(). It returns a
 * descriptor: who the plugin is, which settings it understands, and get_interface(), through which
 * the host asks for the tables of functions it knows how to use.
 *
 *        host                                        plugin
 *         | clockblock_plugin_entry(probe)             |
 *         |------------------------------------------->|  static descriptor
 *         | get_interface("clockblock.detector/1")     |
 *         |------------------------------------------->|  static table, or NULL
 *         | create(host, settings, &instance, &error)  |
 *         |------------------------------------------->|  one instance per entry in clockblock.conf
 *
 * Each function below carries a line in brackets: the thread it is called on, the states of the
 * instance in which it may be called, and what it may cost.
 *   main     the agent's main thread
 *   worker   the one thread that the host keeps for this instance; never two calls at once
 *   any      any thread, several at the same time
 *   quick    under 5 ms, no I/O that can block
 *   bounded  must return by the deadline that the host gives, or soon after run->cancelled() says 1
 *
 * The plugin lives in the agent's process. It must not call exit(), abort(), fork() without exec,
 * setlocale(), chdir() or umask(), must not install signal handlers, and must not write to standard
 * output: log through the host. No C++ exception may leave a function of a table. Threads of its
 * own it starts in start() or later, with the signal mask that they inherit, joins in stop(), and
 * calls nothing of the host from them but what is marked `any`.
 *
 * What the host does about a plugin that breaks its word:
 *   it does not return   past its deadline and some grace the instance is "wedged" in /status until
 *                        the call returns; at a stop the host leaves it behind and ends
 *   it fails             it is asked again, after pauses that double up to a limit
 *   it ends the process  by a crash, exit() or abort(): the service manager starts the agent again,
 *                        and after the third time within 10 minutes the agent runs without the
 *                        instance, until the user says `clockblock plugins release NAME`
 *   it leaks             descriptors or threads: it is named, and put out of service before the
 *                        process runs out of them
 *   it breaks a rule     what it does is ignored, counted and named in /status
 */
#ifndef CLOCKBLOCK_PLUGIN_H
#define CLOCKBLOCK_PLUGIN_H

#include "abi.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* ---- The host, as the plugin sees it --------------------------------------------------------- */

/* One per instance. Host-owned, valid from create() until destroy() returned: keep the pointer, the
 * functions of services.h want it back. */
typedef struct clb_host {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    const char *instance_name; /* the user's name for it in clockblock.conf, such as "games" */
    void *host_data;           /* the host's own; not for the plugin */

    /* A table of services.h by its id, or NULL when this host does not have it. Static.
     * [any, every state, quick] */
    const void *(CLB_CALL *get_service)(const struct clb_host *host, const char *id);
    void *reserved; /* NULL */
} clb_host;

/* ---- Settings -------------------------------------------------------------------------------- */

/* What a setting holds. Carried as int32_t. */
enum clb_option_type {
    CLB_OPTION_STRING = 1,
    CLB_OPTION_INT = 2,
    CLB_OPTION_NUMBER = 3,
    CLB_OPTION_BOOL = 4,
    CLB_OPTION_DURATION = 5, /* seconds in the file, fractions allowed; milliseconds in `integer` */
    CLB_OPTION_PATH = 6,     /* a string; relative to the folder of clockblock.conf */
    CLB_OPTION_ENUM = 7,     /* one of `choices` */
    CLB_OPTION_LIST = 8,     /* of strings; a single string is a list of one */
    CLB_OPTION_GROUPS = 9,   /* a list of groups, each with the settings in `fields` */
    CLB_OPTION_TYPE_FORCE_32_BITS = 0x7FFFFFFF
};

/* Bits of clb_option.flags. */
enum clb_option_flag {
    CLB_OPTION_REQUIRED = 1, /* the agent refuses a configuration without it */
    CLB_OPTION_SECRET = 2,   /* never logged, never shown */
    CLB_OPTION_FLAG_FORCE_32_BITS = 0x7FFFFFFF
};

/* One setting that the plugin understands. Static. The host checks the user's file against these,
 * names what it does not know, fills in the defaults, and only then calls create(). The same table
 * is printed by `clockblock plugins describe`. */
typedef struct clb_option {
    uint32_t size;
    int32_t type; /* enum clb_option_type */
    uint32_t flags;
    uint32_t reserved;          /* 0 */
    const char *key;            /* [a-z][a-z0-9_]*; units in the name: after_sec, max_mb */
    const char *default_text;   /* as one would write it in the file; NULL: unset */
    const char *help;           /* one line: why one would change it */
    const char *const *choices; /* CLB_OPTION_ENUM: NULL-terminated */
    const struct clb_option *const *fields; /* CLB_OPTION_GROUPS: NULL-terminated */
    void *reserved_pointer;                 /* NULL */
    double minimum; /* INT, NUMBER and DURATION (seconds); both 0: no range */
    double maximum;
} clb_option;

/* One setting, checked and parsed. */
typedef struct clb_setting {
    uint32_t size;
    int32_t type;    /* enum clb_option_type */
    uint32_t is_set; /* 1: from the user; 0: the default, or nothing */
    uint32_t count;  /* entries in `items` or `groups` */
    const char *key;
    const char *text;                         /* STRING, PATH, ENUM; NULL: unset */
    const char *const *items;                 /* LIST */
    const struct clb_settings *const *groups; /* GROUPS */
    int64_t integer;                          /* INT, BOOL (0 or 1), DURATION (ms) */
    double number;                            /* NUMBER */
} clb_setting;

/* All settings of an instance, or of one group in a list: one entry for each option, in the order
 * of the option table, whether the user set it or not. Borrowed for the call of create(). */
typedef struct clb_settings {
    uint32_t size;
    uint32_t count;
    const clb_setting *const *settings;
    void *reserved; /* NULL */
} clb_settings;

/* ---- The descriptor -------------------------------------------------------------------------- */

/* These 16 bytes never change, in no version: the host reads them before it trusts anything else.
 */
typedef struct clb_prefix {
    uint32_t magic;     /* CLB_MAGIC */
    uint32_t size;      /* sizeof(clb_plugin) when the plugin was built */
    uint16_t abi_major; /* CLB_ABI_MAJOR when the plugin was built; must equal the host's */
    uint16_t abi_minor; /* the oldest minor of the host that the plugin can live with */
    uint32_t flags;     /* 0 */
} clb_prefix;

/* Returned by clockblock_plugin_entry(). Static, with everything it points to. */
typedef struct clb_plugin {
    clb_prefix prefix;
    const char *id; /* [a-z][a-z0-9_]*, at most 63 bytes: the name users write in clockblock.conf,
                       `plugin = "process_name"`, and the name of the file without its suffix */
    const char *version;              /* of the plugin, for people; at most 63 bytes */
    const char *description;          /* one line, at most 255 bytes */
    const clb_option *const *options; /* NULL-terminated array of pointers; NULL: no settings */

    /* A table of functions by its id ("clockblock.detector/1"), or NULL for an id that is not
     * known. A plugin may answer to several. Static. [any, every state, quick] */
    const void *(CLB_CALL *get_interface)(const char *id);
    void *reserved; /* NULL */
} clb_plugin;

/* What the host tells about itself before anything else. A plugin that supports two majors of this
 * contract may return the descriptor that fits. Borrowed. */
typedef struct clb_probe {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
} clb_probe;

/* The one exported function. NULL: the plugin refuses this host. [main, before create, quick] */
typedef const clb_plugin *(CLB_CALL *clb_entry_function)(const clb_probe *probe);
#define CLB_ENTRY_SYMBOL "clockblock_plugin_entry"

CLB_EXPORT const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe);

/* ---- Reading settings ------------------------------------------------------------------------ */

/* The setting with this key, or NULL. */
static inline const clb_setting *clb_setting_find(const clb_settings *settings, const char *key)
{
    uint32_t i;
    for (i = 0; i < settings->count; i++) {
        const char *a = settings->settings[i]->key;
        const char *b = key;
        while (*a != '\0' && *a == *b) {
            a++;
            b++;
        }
        if (*a == *b)
            return settings->settings[i];
    }
    return NULL;
}

/* The text of a string, path or enum setting; NULL when unset. Borrowed like the settings. */
static inline const char *clb_setting_text(const clb_settings *settings, const char *key)
{
    const clb_setting *setting = clb_setting_find(settings, key);
    return setting != NULL ? setting->text : NULL;
}

/* The value of an int, the 0 or 1 of a bool, the milliseconds of a duration; 0 when unset. */
static inline int64_t clb_setting_integer(const clb_settings *settings, const char *key)
{
    const clb_setting *setting = clb_setting_find(settings, key);
    return setting != NULL ? setting->integer : 0;
}

#if defined(__cplusplus)
}
#endif

#endif
