/* SPDX-License-Identifier: MIT */
#include "examine.h"

#include "record/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct doctor_finding *add(struct doctor *doctor, enum doctor_level level, int code,
                                  const char *subject)
{
    struct doctor_report *report = doctor->report;
    if (report->count == report->capacity) {
        report->capacity = report->capacity == 0 ? 16 : 2 * report->capacity;
        report->findings =
            realloc(report->findings, (size_t)report->capacity * sizeof(report->findings[0]));
        assert(report->findings != NULL);
    }
    struct doctor_finding *finding = &report->findings[report->count++];
    *finding = (struct doctor_finding){.level = level, .code = code};
    text_copy(finding->subject, sizeof(finding->subject), subject);
    return finding;
}

/* Paths and what plugins say go to a terminal here: nothing in them may command it. */
static void put(char target[DOCTOR_TEXT_CAPACITY], const char *format, va_list arguments)
{
    char text[DOCTOR_TEXT_CAPACITY];
    (void)vsnprintf(text, sizeof(text), format, arguments);
    text_copy(target, DOCTOR_TEXT_CAPACITY, text);
}

void doctor_ok(struct doctor *doctor, const char *subject, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put(add(doctor, DOCTOR_OK, 0, subject)->sentence, format, arguments);
    va_end(arguments);
}

void doctor_note(struct doctor *doctor, const char *subject, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put(add(doctor, DOCTOR_NOTE, 0, subject)->sentence, format, arguments);
    va_end(arguments);
}

void doctor_problem(struct doctor *doctor, int code, const char *subject, const char *format, ...)
{
    assert(code != 0);
    va_list arguments;
    va_start(arguments, format);
    put(add(doctor, DOCTOR_PROBLEM, code, subject)->sentence, format, arguments);
    va_end(arguments);
}

void doctor_advise(struct doctor *doctor, const char *format, ...)
{
    assert(doctor->report->count > 0);
    va_list arguments;
    va_start(arguments, format);
    put(doctor->report->findings[doctor->report->count - 1].advice, format, arguments);
    va_end(arguments);
}

int doctor_problems(const struct doctor *doctor)
{
    return doctor_count(doctor->report, DOCTOR_PROBLEM);
}

int doctor_count(const struct doctor_report *report, enum doctor_level level)
{
    int count = 0;
    for (int i = 0; i < report->count; i++)
        count += report->findings[i].level == level;
    return count;
}

/* How bad a code is; 0: not at all. */
static int rank(int code)
{
    static const int codes[] = {EXIT_CODE_UNAVAILABLE, EXIT_CODE_CONFIG, EXIT_CODE_DISK,
                                EXIT_CODE_DATA};
    for (int i = 0; i < (int)(sizeof(codes) / sizeof(codes[0])); i++)
        if (codes[i] == code)
            return i + 1;
    return 0;
}

int doctor_exit_code(const struct doctor_report *report)
{
    int worst = 0;
    for (int i = 0; i < report->count; i++)
        if (rank(report->findings[i].code) > rank(worst))
            worst = report->findings[i].code;
    return worst;
}

void doctor_report_finish(struct doctor_report *report)
{
    free(report->findings);
    *report = (struct doctor_report){0};
}

const char *doctor_duration(int64_t ms, char text[DOCTOR_DURATION_CAPACITY])
{
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    if (seconds < 120)
        snprintf(text, DOCTOR_DURATION_CAPACITY, "%" PRId64 " s", seconds);
    else if (seconds < 2 * 3600)
        snprintf(text, DOCTOR_DURATION_CAPACITY, "%" PRId64 " min", seconds / 60);
    else if (seconds < 2 * 86400)
        snprintf(text, DOCTOR_DURATION_CAPACITY, "%" PRId64 " h", seconds / 3600);
    else
        snprintf(text, DOCTOR_DURATION_CAPACITY, "%" PRId64 " days", seconds / 86400);
    return text;
}

const char *doctor_systemctl(struct doctor *doctor)
{
    char name[PERMISSION_USER_CAPACITY];
    if (!permission_is_person(doctor->runner))
        return "systemctl";
    if (doctor->runner == permission_user())
        return "systemctl --user";
    permission_user_name(doctor->runner, name);
    snprintf(doctor->systemctl, sizeof(doctor->systemctl), "systemctl --user --machine=%s@", name);
    return doctor->systemctl;
}

const char *doctor_journalctl(const struct doctor *doctor)
{
    if (!permission_is_person(doctor->runner))
        return "journalctl -u clockblock";
    return doctor->runner == permission_user() ? "journalctl --user -u clockblock"
                                               : "journalctl _SYSTEMD_USER_UNIT=clockblock.service";
}
