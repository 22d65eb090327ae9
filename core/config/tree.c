/* SPDX-License-Identifier: MIT */
/* libconfig's syntax, made into our tree. The only file that knows libconfig. */
#include "node.h"

#include <assert.h>
#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config_node *convert(const config_setting_t *setting, const char *source);

static void convert_children(const config_setting_t *setting, const char *source,
                             struct config_node *parent)
{
    int count = config_setting_length(setting);
    for (int i = 0; i < count; i++)
        node_append(parent, convert(config_setting_get_elem(setting, (unsigned)i), source));
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

/* ---- Whole numbers that libconfig would wrap without a word ---- */

struct scanner {
    const char *next;
    const char *end;
    int line;
};

static void skip_string(struct scanner *scanner)
{
    for (scanner->next++; scanner->next < scanner->end && *scanner->next != '"'; scanner->next++) {
        if (*scanner->next == '\\' && scanner->next + 1 < scanner->end)
            scanner->next++;
        if (*scanner->next == '\n')
            scanner->line++;
    }
    scanner->next++;
}

static void skip_comment(struct scanner *scanner, bool to_line_end)
{
    while (scanner->next < scanner->end) {
        if (*scanner->next == '\n' && to_line_end)
            return;
        if (*scanner->next == '\n')
            scanner->line++;
        if (!to_line_end && scanner->end - scanner->next >= 2 &&
            memcmp(scanner->next, "*/", 2) == 0) {
            scanner->next += 2;
            return;
        }
        scanner->next++;
    }
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '+' || c == '-' || c == '*';
}

/* libconfig holds a number in 32 bits, unless an L stands behind it, and hex of 32 bits may be
 * negative. A word that does not begin like a number, or is a fraction, is somebody else's. */
static bool is_too_large(const char *word, size_t length)
{
    char text[64];
    char *end;
    snprintf(text, sizeof(text), "%.*s", (int)length, word);
    bool is_hex = length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    if (digits[0] < '0' || digits[0] > '9')
        return false;
    errno = 0;
    long long value = is_hex ? (long long)strtoull(text, &end, 16) : strtoll(text, &end, 10);
    if (*end != '\0' && *end != 'L' && length < sizeof(text))
        return false;
    if (errno == ERANGE || length >= sizeof(text))
        return true;
    return *end != 'L' &&
           (value > (is_hex ? (long long)UINT32_MAX : INT32_MAX) || value < INT32_MIN);
}

static bool check_numbers(const char *text, size_t length, const char *source,
                          struct config_problems *problems)
{
    struct scanner scanner = {text, text + length, 1};
    bool sound = true;
    while (scanner.next < scanner.end) {
        char c = *scanner.next;
        if (c == '"') {
            skip_string(&scanner);
        } else if (c == '#' ||
                   (c == '/' && scanner.next + 1 < scanner.end && scanner.next[1] == '/')) {
            skip_comment(&scanner, true);
        } else if (c == '/' && scanner.next + 1 < scanner.end && scanner.next[1] == '*') {
            skip_comment(&scanner, false);
        } else if (is_word(c)) {
            const char *word = scanner.next;
            while (scanner.next < scanner.end && is_word(*scanner.next))
                scanner.next++;
            if (!is_too_large(word, (size_t)(scanner.next - word)))
                continue;
            struct config_node place = {.source = (char *)source, .line = scanner.line};
            config_problem(problems, &place, "the number %.*s is too large",
                           (int)(scanner.next - word), word);
            sound = false;
        } else {
            scanner.line += c == '\n';
            scanner.next++;
        }
    }
    return sound;
}

/* ---- Parsing ---- */

static void syntax_problem(const config_t *config, const char *source,
                           struct config_problems *problems)
{
    const char *file = config_error_file(config);
    struct config_node place = {.source = (char *)(file != NULL ? file : source),
                                .line = config_error_line(config)};
    config_problem(problems, &place,
                   "%s here, or on the line before (a ';' or a bracket may be missing)",
                   config_error_text(config) != NULL ? config_error_text(config) : "syntax error");
}

struct config_node *tree_parse(const char *text, size_t length, const char *source,
                               const char *folder, struct config_problems *problems)
{
    struct config_node start = {.source = (char *)source, .line = 1};
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3; /* a byte order mark, as some editors write it */
        length -= 3;
    }
    if (memchr(text, '\0', length) != NULL) {
        config_problem(problems, &start, "this is not a text file");
        return NULL;
    }
    if (!check_numbers(text, length, source, problems))
        return NULL;

    config_t config;
    struct config_node *root = NULL;
    config_init(&config);
    config_set_include_dir(&config, folder);
    if (config_read_string(&config, text) == CONFIG_TRUE) {
        root = node_create(NODE_GROUP, NULL, source, 1);
        convert_children(config_root_setting(&config), source, root);
    } else {
        syntax_problem(&config, source, problems);
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

struct config_node *tree_parse_value(const char *text, const char *name, const char *source)
{
    config_t config;
    struct config_node *node = NULL;
    size_t capacity = strlen(text) + 16;
    char *wrapped = malloc(capacity);
    assert(wrapped != NULL);
    snprintf(wrapped, capacity, "value = %s;", text);
    config_init(&config);
    if (config_read_string(&config, wrapped) == CONFIG_TRUE)
        node = convert(config_lookup(&config, "value"), source);
    config_destroy(&config);
    free(wrapped);

    place_nowhere(node);
    if (node != NULL) {
        free(node->name);
        node->name = name != NULL ? strdup(name) : NULL;
    }
    return node;
}
