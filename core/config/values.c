/* SPDX-License-Identifier: MIT */
/* One setting: from what was written to what its option asks for. */
#include "settings_internal.h"

#include "platform/paths.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DURATION_MAX_SEC = 2000000000 };

static char *take_text(struct builder *builder, const char *text)
{
    char *copy = settings_take(builder, strlen(text) + 1);
    memcpy(copy, text, strlen(text) + 1);
    return copy;
}

/* A problem with one setting, named in full. */
__attribute__((format(printf, 4, 5))) static void reject(struct builder *builder,
                                                         const clb_option *option,
                                                         const struct config_node *node,
                                                         const char *format, ...)
{
    char what[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    builder->failed = true;
    config_problem(builder->problems, node, "%s%s%s: %s", builder->where,
                   builder->where[0] != '\0' ? "." : "", option->key, what);
}

static bool is_secret(const clb_option *option)
{
    return (option->flags & CLB_OPTION_SECRET) != 0;
}

static void mismatch(struct builder *builder, const clb_option *option,
                     const struct config_node *node, const char *expected)
{
    const char *kind = node_kind_name(node);
    if (node->text == NULL)
        reject(builder, option, node, "expected %s, found %s", expected, kind);
    else if (is_secret(option))
        reject(builder, option, node, "expected %s, found %s (secret)", expected, kind);
    else
        reject(builder, option, node, "expected %s, found %s \"%s\"", expected, kind, node->text);
}

static void out_of_range(struct builder *builder, const clb_option *option,
                         const struct config_node *node, double value)
{
    char shown[32] = "(secret)";
    if (!is_secret(option))
        snprintf(shown, sizeof(shown), "%g", value);
    reject(builder, option, node, "%s is out of range: it goes from %g to %g", shown,
           option->minimum, option->maximum);
}

static bool read_number(const struct config_node *node, double *value)
{
    char *end;
    switch (node->kind) {
    case NODE_INT:
        *value = (double)node->integer;
        return true;
    case NODE_NUMBER:
        *value = node->number;
        return true;
    case NODE_TEXT:
        errno = 0;
        *value = strtod(node->text, &end);
        return end != node->text && *end == '\0' && errno == 0 && isfinite(*value);
    default:
        return false;
    }
}

static bool read_integer(const struct config_node *node, int64_t *value)
{
    double number;
    if (node->kind == NODE_INT) {
        *value = node->integer;
        return true;
    }
    if (!read_number(node, &number) || number != floor(number) || fabs(number) > 9e15)
        return false;
    *value = (int64_t)number;
    return true;
}

static bool read_bool(const struct config_node *node, int64_t *value)
{
    if (node->kind == NODE_TEXT) {
        *value = strcmp(node->text, "true") == 0;
        return *value != 0 || strcmp(node->text, "false") == 0;
    }
    *value = node->integer;
    return node->kind == NODE_BOOL;
}

static bool in_range(const clb_option *option, double value)
{
    bool has_range = option->minimum != 0 || option->maximum != 0;
    return !has_range || (value >= option->minimum && value <= option->maximum);
}

static void fill_number(struct builder *builder, const clb_option *option,
                        const struct config_node *node, clb_setting *setting)
{
    double value = 0;
    bool is_int = option->type == CLB_OPTION_INT;
    bool is_duration = option->type == CLB_OPTION_DURATION;
    if (is_int ? !read_integer(node, &setting->integer) : !read_number(node, &value)) {
        mismatch(builder, option, node,
                 is_int        ? "a whole number"
                 : is_duration ? "a number of seconds"
                               : "a number");
        return;
    }
    if (is_int)
        value = (double)setting->integer;
    if (!isfinite(value) || (is_duration && fabs(value) > DURATION_MAX_SEC))
        reject(builder, option, node, "this number is too large");
    else if (!in_range(option, value))
        out_of_range(builder, option, node, value);
    else if (is_duration)
        setting->integer = llround(value * 1000);
    else if (!is_int)
        setting->number = value;
}

static bool is_text(const struct config_node *node)
{
    return node->kind == NODE_STRING || node->kind == NODE_TEXT;
}

static void warn_of_control_characters(struct builder *builder, const clb_option *option,
                                       const struct config_node *node)
{
    for (const char *c = node->text; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x20)
            continue;
        config_warning(builder->problems, node,
                       "%s%s%s: this path holds a control character: write / or \\\\ for \\",
                       builder->where, builder->where[0] != '\0' ? "." : "", option->key);
        return;
    }
}

static void fill_path(struct builder *builder, const clb_option *option,
                      const struct config_node *node, clb_setting *setting)
{
    char joined[PATH_CAPACITY];
    bool is_empty = node->text[0] == '\0'; /* that is none */
    warn_of_control_characters(builder, option, node);
    if (is_empty && (option->flags & CLB_OPTION_REQUIRED) != 0)
        reject(builder, option, node, "it is empty");
    else if (!is_empty && !paths_join(joined, builder->folder, node->text))
        reject(builder, option, node, "this path is too long");
    else if (!is_empty)
        setting->text = take_text(builder, joined);
}

static void fill_enum(struct builder *builder, const clb_option *option,
                      const struct config_node *node, clb_setting *setting)
{
    char list[256] = "";
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, node->text) == 0)
            setting->text = *choice;
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", *choice);
    }
    if (setting->text != NULL)
        return;
    const char *near = config_nearest(node->text, option->choices);
    if (is_secret(option))
        reject(builder, option, node, "(secret) is none of: %s", list);
    else if (near != NULL)
        reject(builder, option, node, "\"%s\" is none of: %s (did you mean \"%s\"?)", node->text,
               list, near);
    else
        reject(builder, option, node, "\"%s\" is none of: %s", node->text, list);
}

/* ---- Lists ---- */

static void add_item(struct builder *builder, clb_setting *setting, const char **items,
                     const char *text, size_t length)
{
    while (length > 0 && text[0] == ' ') {
        text++;
        length--;
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    char *item = settings_take(builder, length + 1);
    memcpy(item, text, length);
    items[setting->count++] = item;
}

/* "a, b": as it comes from the environment. */
static void fill_list_of_text(struct builder *builder, const char *text, clb_setting *setting)
{
    size_t commas = 0;
    for (const char *c = text; *c != '\0'; c++)
        commas += *c == ',';
    const char **items = settings_take(builder, (commas + 1) * sizeof(items[0]));
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        add_item(builder, setting, items, text, length);
        text += length + (text[length] == ',');
    }
    setting->items = items;
}

static void fill_list(struct builder *builder, const clb_option *option,
                      const struct config_node *node, clb_setting *setting)
{
    size_t count = 1;
    for (const struct config_node *child = node->children; child != NULL; child = child->next)
        count++;
    const char **items = settings_take(builder, count * sizeof(items[0]));
    setting->items = items;
    if (node->kind == NODE_STRING) {
        items[setting->count++] = take_text(builder, node->text);
        return;
    }
    for (const struct config_node *child = node->children; child != NULL; child = child->next) {
        if (child->kind != NODE_STRING) {
            mismatch(builder, option, child, "a list of strings");
            return;
        }
        items[setting->count++] = take_text(builder, child->text);
    }
}

static void fill_groups(struct builder *builder, const clb_option *option,
                        const struct config_node *node, clb_setting *setting)
{
    char where[192];
    const char *outer = builder->where;
    size_t count = 1;
    for (const struct config_node *child = node->children; child != NULL; child = child->next)
        count++;
    const clb_settings **groups = settings_take(builder, count * sizeof(groups[0]));
    setting->groups = groups;
    for (const struct config_node *child = node->children; child != NULL; child = child->next) {
        if (child->kind != NODE_GROUP) {
            mismatch(builder, option, child, "a list of groups: ( { ... }, { ... } )");
            return;
        }
        snprintf(where, sizeof(where), "%s%s%s[%u]", outer, outer[0] != '\0' ? "." : "",
                 option->key, setting->count);
        clb_settings *made = settings_take(builder, sizeof(*made));
        builder->where = where;
        settings_fill(builder, made, child, option->fields, NULL, false);
        builder->where = outer;
        groups[setting->count++] = made;
    }
}

/* A list or list of groups, whose text may come from the environment or a table of options. */
static void fill_many(struct builder *builder, const clb_option *option,
                      const struct config_node *node, clb_setting *setting)
{
    bool groups = option->type == CLB_OPTION_GROUPS;
    struct config_node *parsed = NULL;
    int known = builder->problems->count;
    if (node->kind == NODE_TEXT && (node->text[0] == '[' || node->text[0] == '('))
        parsed = tree_parse_value(node->text, option->key, node->source, builder->problems);
    else if (node->kind == NODE_TEXT && !groups) {
        fill_list_of_text(builder, node->text, setting);
        return;
    }
    const struct config_node *list = parsed != NULL ? parsed : node;
    if (builder->problems->count > known)
        builder->failed = true; /* it was said already */
    else if (list->kind != NODE_LIST && (groups || list->kind != NODE_STRING))
        mismatch(builder, option, node,
                 groups ? "a list of groups: ( { ... }, { ... } )" : "a list of strings");
    else if (groups)
        fill_groups(builder, option, list, setting);
    else
        fill_list(builder, option, list, setting);
    node_destroy(parsed);
}

void values_fill(struct builder *builder, const clb_option *option, const struct config_node *node,
                 clb_setting *setting)
{
    switch (option->type) {
    case CLB_OPTION_INT:
    case CLB_OPTION_NUMBER:
    case CLB_OPTION_DURATION:
        fill_number(builder, option, node, setting);
        return;
    case CLB_OPTION_BOOL:
        if (!read_bool(node, &setting->integer))
            mismatch(builder, option, node, "true or false");
        return;
    case CLB_OPTION_LIST:
    case CLB_OPTION_GROUPS:
        fill_many(builder, option, node, setting);
        return;
    default:
        break;
    }
    if (!is_text(node))
        mismatch(builder, option, node, "a string");
    else if (option->type == CLB_OPTION_PATH)
        fill_path(builder, option, node, setting);
    else if (option->type == CLB_OPTION_ENUM)
        fill_enum(builder, option, node, setting);
    else
        setting->text = take_text(builder, node->text);
}
