/* SPDX-License-Identifier: MIT */
/* libconfig's syntax, made into our tree. The only file that knows libconfig. */
#include "node.h"

#include <assert.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config_node *convert(const config_setting_t *setting, const char *source);

static void convert_children(const config_setting_t *setting, const char *source,
                             struct config_node *parent)
{
    int count = config_setting_length(setting);
    struct config_node **last = &parent->children; /* a long list is not walked for each entry */
    for (int i = 0; i < count; i++) {
        *last = convert(config_setting_get_elem(setting, (unsigned)i), source);
        last = &(*last)->next;
    }
}

static struct config_node *convert(const config_setting_t *setting, const char *source)
{
    const char *file = config_setting_source_file(setting); /* an included one */
    struct config_node *node =
        node_create(NODE_GROUP, config_setting_name(setting), file != NULL ? file : source,
                    (int)config_setting_source_line(setting));
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        node->kind = NODE_INT;
        node->integer = config_setting_get_int64(setting);
        break;
    case CONFIG_TYPE_FLOAT:
        node->kind = NODE_NUMBER;
        node->number = config_setting_get_float(setting);
        break;
    case CONFIG_TYPE_BOOL:
        node->kind = NODE_BOOL;
        node->integer = config_setting_get_bool(setting);
        break;
    case CONFIG_TYPE_STRING:
        node->kind = NODE_STRING;
        node->text = strdup(config_setting_get_string(setting));
        assert(node->text != NULL);
        break;
    case CONFIG_TYPE_ARRAY:
    case CONFIG_TYPE_LIST:
        node->kind = NODE_LIST;
        convert_children(setting, source, node);
        break;
    default:
        convert_children(setting, source, node);
        break;
    }
    return node;
}

/* ---- Parsing ---- */

static const char *line_of(const char *text, int line)
{
    for (; line > 1 && text != NULL; line--) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return text != NULL ? text : "";
}

/* The next name on this line behind which a value comes; its length, 0: there is none. */
static int next_name(const char **at)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_-";
    while (**at != '\0' && **at != '\n' && **at != '#') {
        size_t length = strspn(*at, letters);
        const char *behind = *at + length + strspn(*at + length, " \t");
        if (length > 0 && (*behind == '=' || *behind == ':'))
            return (int)length;
        *at += length > 0 ? length : 1;
    }
    return 0;
}

/* libconfig tells the line of a repeated setting, and not its name: here it is the only one on that
 * line, or the one that is there twice. "": that cannot be told. */
static void find_repeated(const char *line, char *name, size_t capacity)
{
    const char *first = line;
    int length = next_name(&first);
    const char *next = first + length;
    int next_length = next_name(&next);
    bool is_clear =
        length > 0 &&
        (next_length == 0 || (next_length == length && strncmp(first, next, (size_t)length) == 0));
    snprintf(name, capacity, "%.*s", is_clear ? length : 0, first);
}

static void repeated_problem(const struct config_node *place, const char *text,
                             struct config_problems *problems)
{
    char name[128];
    find_repeated(line_of(text, place->line), name, sizeof(name));
    if (name[0] != '\0')
        config_problem(problems, place, "%s: this setting is given a second time", name);
    else
        config_problem(problems, place, "this setting is given a second time");
}

static void syntax_problem(const config_t *config, const char *source, const char *written,
                           struct config_problems *problems)
{
    const char *file = config_error_file(config);
    struct config_node place = {.source = (char *)(file != NULL ? file : source),
                                .line = config_error_line(config)};
    const char *text = config_error_text(config);
    if (text == NULL || strcmp(text, "syntax error") == 0)
        config_problem(problems, &place,
                       "syntax error here, or on the line before (a ';' or a bracket may be "
                       "missing)");
    else if (strcmp(text, "duplicate setting name") == 0)
        repeated_problem(&place, file == NULL ? written : "", problems);
    else
        config_problem(problems, &place, "%s", text);
}

struct config_node *tree_parse(const char *text, size_t length, const char *source,
                               const char *folder, struct config_problems *problems)
{
    assert(text[length] == '\0' && folder != NULL);
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3; /* a byte order mark, as some editors write it */
        length -= 3;
    }
    if (!scan_text(text, length, source, folder, problems))
        return NULL;

    config_t config;
    struct config_node *root = NULL;
    config_init(&config);
    config_set_include_dir(&config, folder);
    if (config_read_string(&config, text) == CONFIG_TRUE) {
        root = node_create(NODE_GROUP, NULL, source, 1);
        convert_children(config_root_setting(&config), source, root);
    } else {
        syntax_problem(&config, source, text, problems);
    }
    config_destroy(&config);
    return root;
}

static void place_nowhere(struct config_node *node)
{
    for (; node != NULL; node = node->next) {
        node->line = NODE_LINE_NOWHERE;
        place_nowhere(node->children);
    }
}

struct config_node *tree_parse_value(const char *text, const char *name, const char *source,
                                     struct config_problems *problems)
{
    config_t config;
    struct config_node *node = NULL;
    if (!scan_text(text, strlen(text), source, NULL, problems))
        return NULL;
    size_t capacity = strlen(text) + 16;
    char *wrapped = malloc(capacity);
    assert(wrapped != NULL);
    snprintf(wrapped, capacity, "value = %s;", text);
    config_init(&config);
    if (config_read_string(&config, wrapped) == CONFIG_TRUE &&
        config_setting_length(config_root_setting(&config)) == 1) /* nothing behind it */
        node = convert(config_lookup(&config, "value"), source);
    config_destroy(&config);
    free(wrapped);

    place_nowhere(node);
    if (node != NULL) {
        free(node->name);
        node->name = name != NULL ? strdup(name) : NULL;
        assert(node->name != NULL || name == NULL);
    }
    return node;
}
