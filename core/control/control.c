/* SPDX-License-Identifier: MIT */
#include "control.h"

#include "json.h"
#include "log.h"
#include "platform/file.h"
#include "platform/local_socket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The thread serves HTTP too: somebody who connects and says nothing must not hold it up for long.
 */
enum {
    REQUEST_MAX = 4096,
    ANSWER_MAX = 4 * 1024 * 1024,
    SERVE_TIMEOUT_MS = 250,
    USER_CAPACITY = 256
};

struct control {
    intptr_t listener;
    const struct control_command *commands;
    void *context;
    char path[PATH_CAPACITY];
};

static bool socket_path(const char *db_path, char path[PATH_CAPACITY])
{
    return snprintf(path, PATH_CAPACITY, "%s.sock", db_path) < PATH_CAPACITY;
}

int control_open(struct control **control, const char *db_path,
                 const struct control_command *commands, void *context, struct error *error)
{
    struct control *made = calloc(1, sizeof(*made));
    assert(made != NULL);
    made->commands = commands;
    made->context = context;
    int result = socket_path(db_path, made->path)
                     ? local_socket_listen(made->path, &made->listener, error)
                     : error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", db_path);
    if (result != 0) {
        free(made);
        return result;
    }
    *control = made;
    return 0;
}

void control_close(struct control *control)
{
    if (control == NULL)
        return;
    local_socket_close(control->listener);
    remove(control->path);
    free(control);
}

bool control_is_there(const struct control *control)
{
    return control != NULL && file_exists(control->path);
}

intptr_t control_handle(const struct control *control)
{
    return control->listener;
}

char *control_fail(const struct error *error)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL && error->code != 0);
    json_object_object_add(json, "error", json_object_new_string(error->text));
    json_object_object_add(json, "code", json_object_new_int(error->code));
    return json_print(json);
}

char *control_problem(const char *sentence)
{
    struct error error = {0};
    error_set(&error, EXIT_CODE_UNAVAILABLE, "%s", sentence);
    return control_fail(&error);
}

static void take_arguments(struct json_object *request,
                           const char *arguments[CONTROL_ARGUMENTS_MAX + 1])
{
    struct json_object *list = NULL;
    size_t count = 0;
    if (json_object_object_get_ex(request, "arguments", &list) &&
        json_object_is_type(list, json_type_array))
        count = json_object_array_length(list);
    for (size_t i = 0; i < count && i < CONTROL_ARGUMENTS_MAX; i++)
        arguments[i] = json_object_get_string(json_object_array_get_idx(list, i));
}

static char *serve(const struct control_command *command, void *context, intptr_t connection,
                   const char *arguments[CONTROL_ARGUMENTS_MAX + 1])
{
    char user[USER_CAPACITY];
    int place = command->user_argument;
    if (place > 0 && arguments[place - 1] != NULL &&
        local_socket_user(connection, user, sizeof(user)))
        arguments[place - 1] = user;
    return command->serve(context, arguments);
}

static char *answer(const struct control *control, intptr_t connection, const char *line)
{
    struct json_object *request = json_tokener_parse(line);
    struct json_object *name = NULL;
    const char *arguments[CONTROL_ARGUMENTS_MAX + 1] = {NULL};
    json_object_object_get_ex(request, "command", &name);
    take_arguments(request, arguments);
    char *text = NULL;
    for (const struct control_command *command = control->commands; command->name != NULL;
         command++)
        if (name != NULL && strcmp(json_object_get_string(name), command->name) == 0)
            text = serve(command, control->context, connection, arguments);
    json_object_put(request);
    return text != NULL ? text : control_problem("the running agent does not know this command");
}

void control_serve(struct control *control)
{
    char line[REQUEST_MAX];
    intptr_t connection;
    struct error error = {0};
    if (local_socket_accept(control->listener, SERVE_TIMEOUT_MS, &connection, line, sizeof(line),
                            &error) != 0) {
        log_debug("control", "%s", error.text);
        return;
    }
    char *text = answer(control, connection, line);
    if (local_socket_send(connection, text, strlen(text), &error) != 0)
        log_debug("control", "%s", error.text);
    free(text);
    local_socket_close(connection);
}

/* The caller frees it with free(). */
static char *request_line(const char *command, const char *const *arguments)
{
    struct json_object *request = json_object_new_object();
    struct json_object *list = json_object_new_array();
    assert(request != NULL && list != NULL);
    json_object_object_add(request, "command", json_object_new_string(command));
    for (; arguments != NULL && *arguments != NULL; arguments++)
        json_object_array_add(list, json_object_new_string(*arguments));
    json_object_object_add(request, "arguments", list);
    return json_print(request);
}

static int send_request(intptr_t connection, const char *command, const char *const *arguments,
                        struct error *error)
{
    char *line = request_line(command, arguments);
    size_t length = strlen(line);
    int result = length + 1 < REQUEST_MAX
                     ? local_socket_send(connection, line, length, error)
                     : error_set(error, EXIT_CODE_USAGE, "these arguments are too long");
    if (result == 0)
        result = local_socket_send(connection, "\n", 1, error);
    free(line);
    return result;
}

/* Whoever asks once more, because he takes this for a refusal, would grant twice. */
static int tell_unanswered(int patience_sec, const char *reason, struct error *error)
{
    return error_set(error, EXIT_CODE_UNAVAILABLE,
                     "the running agent was asked, and has not answered within %d s (%s): it may "
                     "still do it, so look before you ask again, for example with clockblock "
                     "status or clockblock grants",
                     patience_sec, reason);
}

static int receive_answer(intptr_t connection, int patience_sec, char **answer_text,
                          struct error *error)
{
    struct error reason = {0};
    if (local_socket_receive(connection, ANSWER_MAX, answer_text, &reason) != 0)
        return tell_unanswered(patience_sec, reason.text, error);
    if ((*answer_text)[0] != '\0')
        return 0;
    free(*answer_text);
    *answer_text = NULL;
    return tell_unanswered(patience_sec, "it closed the connection", error);
}

int control_ask(const char *db_path, const char *command, const char *const *arguments,
                int patience_sec, char **answer_text, struct error *error)
{
    char path[PATH_CAPACITY];
    intptr_t connection;
    if (!socket_path(db_path, path))
        return error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", db_path);
    struct error reason = {0};
    if (local_socket_connect(path, patience_sec * 1000, &connection, &reason) != 0) {
        error_set(error, EXIT_CODE_UNAVAILABLE, "no agent is running on %s (%s)", db_path,
                  reason.text);
        return CONTROL_NOBODY;
    }

    int result = send_request(connection, command, arguments, error);
    if (result == 0)
        result = receive_answer(connection, patience_sec, answer_text, error);
    local_socket_close(connection);
    return result;
}
