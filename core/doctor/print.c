/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include "json.h"
#include "platform/terminal.h"

#include <assert.h>
#include <stdio.h>

enum { MARK_COLUMNS = 9, SUBJECT_COLUMNS = 15 };

static const char *const marks[] = {"ok", "note", "problem"};
static const char *const colours[] = {"32", "33", "31"};

/* ---- For people ---- */

static void put_mark(enum doctor_level level, const struct terminal *terminal)
{
    if (terminal->has_colour)
        printf("\033[%sm%-*s\033[0m", colours[level], MARK_COLUMNS, marks[level]);
    else
        printf("%-*s", MARK_COLUMNS, marks[level]);
}

static void put_count(int count, const char *what)
{
    printf("%d %s%s", count, what, count == 1 ? "" : "s");
}

void doctor_print_sum(const struct doctor_report *report)
{
    int problems = doctor_count(report, DOCTOR_PROBLEM);
    int notes = doctor_count(report, DOCTOR_NOTE);
    putchar('\n');
    if (problems > 0)
        put_count(problems, "problem");
    else
        printf("All is well");
    if (notes > 0) {
        printf("%s", problems > 0 ? ", " : ", with ");
        put_count(notes, "note");
    }
    puts(problems > 0 ? ". Below each problem stands what to do." : ".");
}

static void put_finding(const struct doctor_finding *finding, const struct terminal *terminal)
{
    put_mark(finding->level, terminal);
    printf("%-*s %s\n", SUBJECT_COLUMNS, finding->subject, finding->sentence);
    if (finding->advice[0] != '\0')
        printf("%-*s%s\n", MARK_COLUMNS + SUBJECT_COLUMNS + 1, "", finding->advice);
}

void doctor_print(struct doctor_report *report)
{
    struct terminal terminal;
    terminal_look(&terminal);
    for (; report->shown < report->count; report->shown++)
        put_finding(&report->findings[report->shown], &terminal);
    (void)fflush(stdout);
}

/* ---- For programs ---- */

static struct json_object *finding_json(const struct doctor_finding *finding)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "level", json_object_new_string(marks[finding->level]));
    json_object_object_add(json, "subject", json_object_new_string(finding->subject));
    json_object_object_add(json, "sentence", json_object_new_string(finding->sentence));
    json_object_object_add(json, "advice", json_text(finding->advice));
    return json;
}

void doctor_print_json(const struct doctor_report *report)
{
    struct json_object *json = json_object_new_object();
    struct json_object *findings = json_object_new_array();
    assert(json != NULL && findings != NULL);
    for (int i = 0; i < report->count; i++)
        json_object_array_add(findings, finding_json(&report->findings[i]));
    int problems = doctor_count(report, DOCTOR_PROBLEM);
    json_object_object_add(json, "is_well", json_object_new_boolean(problems == 0));
    json_object_object_add(json, "problems", json_object_new_int(problems));
    json_object_object_add(json, "notes", json_object_new_int(doctor_count(report, DOCTOR_NOTE)));
    json_object_object_add(json, "findings", findings);
    json_show(json);
    json_object_put(json);
}
