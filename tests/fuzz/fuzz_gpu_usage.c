/* SPDX-License-Identifier: MIT */
/* The parsers of gpu_usage and the sums behind them. The text is one process' fdinfo at several
 * times, which are separated by a NUL; its first byte says how long they are apart. */
#include "gpu_usage/fdinfo.h"
#include "gpu_usage/names.h"
#include "gpu_usage/use.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
    assert(strlen(name) < FDINFO_NAME_CAPACITY);
    for (; *name != '\0'; name++)
        assert(*name > ' ' && *name <= '~');
}

static void feed(struct use_client *client, const char *text, size_t length, int64_t now_ms)
{
    struct fdinfo info;
    double percents[FDINFO_ENGINES_MAX];
    if (!fdinfo_parse(text, length, &info))
        return;
    check_name(info.driver);
    check_name(info.device);
    assert(info.count >= 0 && info.count <= FDINFO_ENGINES_MAX);
    for (int i = 0; i < info.count; i++) {
        check_name(info.engines[i].name);
        assert(info.engines[i].capacity >= 1 && info.engines[i].capacity <= FDINFO_CAPACITY_MAX);
    }
    use_update(client, &info, now_ms, percents);
    for (int i = 0; i < FDINFO_ENGINES_MAX; i++)
        assert(percents[i] >= 0 && percents[i] <= 100);
}

static void name(const char *text, size_t length)
{
    char program[NAMES_CAPACITY];
    char chosen[NAMES_CAPACITY];
    char again[NAMES_CAPACITY];
    names_program(program, text, length);
    names_choose(chosen, program, program);
    memcpy(again, chosen, sizeof(again));
    names_clean(again);
    assert(strcmp(chosen, again) == 0); /* what is clean stays as it is */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct use_client client = {0};
    int64_t now_ms = 0;
    int64_t step_ms = size > 0 ? (int64_t)data[0] * 100 - 1000 : 0; /* a clock may go back */
    for (size_t at = 1; at < size;) {
        const uint8_t *end = memchr(data + at, '\0', size - at);
        size_t length = end != NULL ? (size_t)(end - data) - at : size - at;
        char *text = malloc(length + 1); /* where a byte too many is noticed */
        assert(text != NULL);
        memcpy(text, data + at, length);
        text[length] = '\0';
        feed(&client, text, length, now_ms);
        name(text, length);
        free(text);
        now_ms += step_ms;
        at += length + 1;
    }
    return 0;
}
