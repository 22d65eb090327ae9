/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static char *copy(const char *text)
{
    char *copied = text != NULL ? strdup(text) : NULL;
    assert(copied != NULL || text == NULL);
    return copied;
}

struct config_node *node_create(enum node_kind kind, const char *name, const char *source, int line)
{
    struct config_node *node = calloc(1, sizeof(*node));
    assert(node != NULL);
    node->kind = kind;
    node->name = copy(name);
    node->source = copy(source);
    node->line = line;
    return node;
}

void node_destroy(struct config_node *node)
{
    while (node != NULL) {
        struct config_node *next = node->next;
        node_destroy(node->children);
        free(node->name);
        free(node->source);
        free(node->text);
        free(node);
        node = next;
    }
}

void node_append(struct config_node *parent, struct config_node *child)
{
    struct config_node **last = &parent->children;
    while (*last != NULL)
        last = &(*last)->next;
    *last = child;
}

struct config_node *node_find(const struct config_node *group, const char *name)
{
    if (group == NULL || group->kind != NODE_GROUP)
        return NULL;
    for (struct config_node *child = group->children; child != NULL; child = child->next)
        if (child->name != NULL && strcmp(child->name, name) == 0)
            return child;
    return NULL;
}

const char *node_kind_name(const struct config_node *node)
{
    static const char *const names[] = {"a group",  "a list",        "a string", "a whole number",
                                        "a number", "true or false", "a text"};
    return names[node->kind];
}
