/* SPDX-License-Identifier: MIT */
/*
 * The doctor: looks at all that an agent needs, and says in plain words what is wrong and what to
 * do. It changes nothing: no file is written, nothing is sent to a sink, and no lock is taken.
 * Where an agent runs it is asked; where none runs the doctor looks for itself.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include "config/config.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_PROBLEM };

enum { DOCTOR_SUBJECT_CAPACITY = 96, DOCTOR_TEXT_CAPACITY = 1536 };

struct doctor_finding {
    enum doctor_level level;
    int code; /* of a problem: the exit code that it stands for */
    char subject[DOCTOR_SUBJECT_CAPACITY];
    char sentence[DOCTOR_TEXT_CAPACITY];
    char advice[DOCTOR_TEXT_CAPACITY]; /* "": none */
};

struct doctor_report {
    struct doctor_finding *findings; /* owned */
    int count;
    int capacity;
    int shown; /* of these, by doctor_print() */
};

/* Looks, and fills an empty report. Waits: some seconds for each sink that does not answer. show()
 * (may be NULL) is called whenever there may be more findings. [main] */
void doctor_examine(const struct config_options *options, struct doctor_report *report,
                    void (*show)(struct doctor_report *report));
void doctor_report_finish(struct doctor_report *report);

int doctor_count(const struct doctor_report *report, enum doctor_level level);
/* 0, or that of the worst problem: damaged data, then the disk, the configuration, a service. */
int doctor_exit_code(const struct doctor_report *report);

/* Prints to standard output, for people: the findings that it has not printed yet. So what was
 * found stays when a plugin ends the process. */
void doctor_print(struct doctor_report *report);
void doctor_print_sum(const struct doctor_report *report);
/* The whole report, for programs. */
void doctor_print_json(const struct doctor_report *report);

#endif
