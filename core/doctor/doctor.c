/* SPDX-License-Identifier: MIT */
#include "examine.h"

#include "json.h"
#include "plugin/crashes.h"

typedef void (*examination)(struct doctor *doctor);

/* In this order: later ones use what earlier ones found. */
static const examination examinations[] = {
    examine_configuration, examine_agent,     examine_port,  examine_files, examine_settings,
    examine_database,      examine_detectors, examine_sinks, examine_time,  examine_allowance};

void doctor_examine(const struct config_options *options, struct doctor_report *report,
                    void (*show)(struct doctor_report *report))
{
    struct doctor doctor = {.options = options, .report = report, .runner = permission_user()};
    clock_init_system(&doctor.clock);
    crashes_watch(""); /* a plugin that ends the doctor is named */
    for (size_t i = 0; i < sizeof(examinations) / sizeof(examinations[0]); i++) {
        examinations[i](&doctor);
        if (show != NULL)
            show(report);
    }
    store_reader_close(doctor.reader);
    json_object_put(doctor.status);
    plan_finish(&doctor.plan);
}
