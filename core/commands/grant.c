/* SPDX-License-Identifier: MIT */
/* `clockblock grant MINUTES` and `clockblock grants`: bonus minutes of a day. */
#include "commands.h"
#include "json.h"
#include "platform/process.h"
#include "store/account.h"

#include <stdio.h>
#include <string.h>

static void print_grant(struct json_object *answer)
{
    double minutes = json_get_number(answer, "minutes");
    bool is_limited = json_get_text(answer, "minutes_left")[0] != '\0';
    printf("%s: %g minutes %s %s, %g granted in all; ", json_get_text(answer, "date"),
           minutes < 0 ? -minutes : minutes, minutes < 0 ? "taken back by" : "given by",
           json_get_text(answer, "granted_by"), json_get_number(answer, "minutes_granted"));
    if (is_limited)
        printf("%.1f left to play\n", json_get_number(answer, "minutes_left"));
    else
        printf("that day has no limit\n");
}

int command_grant(const struct command_line *line)
{
    char user[GRANT_BY_CAPACITY];
    struct json_object *answer = NULL;
    if (line->arguments_count != 1) {
        fprintf(stderr, "clockblock grant: how many minutes? For example clockblock grant 30 "
                        "--date 2026-01-16 --note \"for the homework\"\n");
        return EXIT_CODE_USAGE;
    }
    process_user_name(user, sizeof(user));
    const char *const arguments[] = {line->arguments[0], line->date != NULL ? line->date : "today",
                                     user, line->note, NULL};
    int result = command_ask(line, "grant", arguments, &answer);
    if (result != 0)
        return result;
    if (line->json)
        json_show(answer);
    else
        print_grant(answer);
    json_object_put(answer);
    return 0;
}

static void print_list(struct json_object *list)
{
    size_t count = json_object_array_length(list);
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const char *note = json_get_text(one, "note");
        printf("%s  %9s min  by %s at %s%s%s\n", json_get_text(one, "date"),
               json_get_text(one, "minutes"), json_get_text(one, "granted_by"),
               json_get_text(one, "granted_at"), note[0] != '\0' ? ": " : "", note);
    }
    if (count == 0)
        printf("nothing was granted\n");
}

int command_grants(const struct command_line *line)
{
    const char *const none[] = {NULL};
    struct json_object *answer = NULL;
    struct json_object *list = NULL;
    int result = command_ask(line, "grants", none, &answer);
    if (result != 0)
        return result;
    json_object_object_get_ex(answer, "grants", &list);
    if (line->json)
        json_show(list);
    else
        print_list(list);
    json_object_put(answer);
    return 0;
}
