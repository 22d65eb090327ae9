/* SPDX-License-Identifier: MIT */
/* `clockblock doctor`: what is wrong, and what to do. */
#include "doctor/doctor.h"
#include "commands.h"

int command_doctor(const struct command_line *line)
{
    struct config_options options = command_config(line);
    struct doctor_report report = {0};
    doctor_examine(&options, &report, line->json ? NULL : doctor_print);
    if (line->json)
        doctor_print_json(&report);
    else
        doctor_print_sum(&report);
    int code = doctor_exit_code(&report);
    doctor_report_finish(&report);
    return code;
}
