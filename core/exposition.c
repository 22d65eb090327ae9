/* SPDX-License-Identifier: MIT */
#include "exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static void put_label_value(struct exposition *page, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            buffer_put(&page->text, "\\n");
        else if (*value == '"' || *value == '\\')
            buffer_put_bytes(&page->text, (char[2]){'\\', *value}, 2);
        else
            buffer_put_bytes(&page->text, value, 1);
    }
}

static void put_labels(struct exposition *page, const char *const *labels)
{
    const char *before = "{";
    for (; labels != NULL && labels[0] != NULL; labels += 2) {
        buffer_put(&page->text, before);
        buffer_put(&page->text, labels[0]);
        buffer_put(&page->text, "=\"");
        put_label_value(page, labels[1]);
        buffer_put(&page->text, "\"");
        before = ",";
    }
    buffer_put(&page->text, before[0] == ',' ? "} " : " ");
}

static void put_sample(struct exposition *page, const char *const *labels, const char *value)
{
    assert(page->name != NULL);
    buffer_put(&page->text, page->name);
    put_labels(page, labels);
    buffer_put(&page->text, value);
    buffer_put(&page->text, "\n");
}

void exposition_family(struct exposition *page, const char *name, enum exposition_type type,
                       const char *help)
{
    page->name = name;
    buffer_put(&page->text, "# HELP ");
    buffer_put(&page->text, name);
    buffer_put(&page->text, " ");
    buffer_put(&page->text, help);
    buffer_put(&page->text, "\n# TYPE ");
    buffer_put(&page->text, name);
    buffer_put(&page->text, type == EXPOSITION_COUNTER ? " counter\n" : " gauge\n");
}

void exposition_integer(struct exposition *page, const char *const *labels, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    put_sample(page, labels, text);
}

void exposition_seconds(struct exposition *page, const char *const *labels, int64_t us)
{
    char text[40];
    const char *sign = us < 0 ? "-" : "";
    uint64_t size = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    snprintf(text, sizeof(text), "%s%" PRIu64 ".%06" PRIu64, sign, size / 1000000, size % 1000000);
    put_sample(page, labels, text);
}
