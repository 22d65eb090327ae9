/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const result_names[RESULTS] = {"passed", "failed", "skipped"};

void report_begin(struct report *report, const struct check_options *options)
{
    *report = (struct report){.options = options};
    if (!options->json)
        return;
    report->checks = json_object_new_array();
    assert(report->checks != NULL);
}

static void add_check(struct report *report, const struct check *check, enum result result,
                      const char *reason, int64_t took_ms)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "name", json_object_new_string(check->name));
    json_object_object_add(json, "result", json_object_new_string(result_names[result]));
    json_object_object_add(json, "reason", json_text(reason));
    json_object_object_add(json, "ms", json_object_new_int64(took_ms));
    json_object_array_add(report->checks, json);
}

static void print_check(const struct report *report, const struct check *check, enum result result,
                        const char *reason)
{
    static const char *const words[RESULTS] = {"passed", "FAILED", "skipped"};
    const struct check_options *options = report->options;
    printf("%-7s  %-17s  %s", words[result], check->name,
           result == RESULT_PASSED ? check->shows : reason);
    if (result == RESULT_FAILED)
        printf("; again: clockblock plugins check %s --only %s --seed %u", options->file,
               check->name, (unsigned)options->seed);
    printf("\n");
    fflush(stdout); /* the next one may take a while */
}

void report_check(struct report *report, const struct check *check, enum result result,
                  const char *reason, int64_t took_ms)
{
    report->counts[result]++;
    if (report->checks != NULL)
        add_check(report, check, result, reason, took_ms);
    else
        print_check(report, check, result, reason);
}

static void print_json(struct report *report)
{
    const struct check_options *options = report->options;
    const struct facts *facts = &report->facts;
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "file", json_object_new_string(options->file));
    json_object_object_add(json, "id", json_text(facts->id));
    json_object_object_add(json, "version", json_text(facts->version));
    json_object_object_add(json, "kind", json_text(facts->kind));
    json_object_object_add(json, "abi", json_text(facts->abi));
    json_object_object_add(json, "seed", json_object_new_int64(options->seed));
    json_object_object_add(json, "checks", report->checks);
    for (int i = 0; i < RESULTS; i++)
        json_object_object_add(json, result_names[i], json_object_new_int(report->counts[i]));
    json_show(json);
    json_object_put(json);
}

void report_end(struct report *report)
{
    const struct facts *facts = &report->facts;
    if (report->checks != NULL) {
        print_json(report);
        return;
    }
    if (facts->id[0] != '\0')
        printf("%s %s, a %s for ABI %s, seed %u\n", facts->id, facts->version, facts->kind,
               facts->abi, (unsigned)report->options->seed);
    printf("%d passed, %d failed, %d skipped\n", report->counts[RESULT_PASSED],
           report->counts[RESULT_FAILED], report->counts[RESULT_SKIPPED]);
}
