/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_MAX_BYTES = 8 * 1024 };

static const char file_key[] = "device_token_file";

static bool fail(clb_error *error, const char *key, const char *path, const char *what)
{
    snprintf(error->text, sizeof(error->text), "%s: %.300s: %s", key, path, what);
    return false;
}

/* -1 and a sentence, or the open file: a regular one, that not everybody may read. */
static int open_secret(const char *key, const char *path, clb_error *error)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *problem = NULL;
    if (file < 0 || fstat(file, &status) != 0)
        problem = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        problem = "is not a regular file";
    else if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        problem = "everybody may read or change this secret: run chmod 600 on it";
    if (problem == NULL)
        return file;
    fail(error, key, path, problem);
    if (file >= 0)
        close(file);
    return -1;
}

bool token_check_file(const char *key, const char *path, clb_error *error)
{
    int file = open_secret(key, path, error);
    if (file >= 0)
        close(file);
    return file >= 0;
}

static bool read_open_file(int file, const char *path, char *text, clb_error *error)
{
    ssize_t length = read(file, text, TOKEN_MAX_BYTES + 1);
    if (length < 0)
        return fail(error, file_key, path, strerror(errno));
    if (length > TOKEN_MAX_BYTES)
        return fail(error, file_key, path, "is too long for a token");
    while (length > 0 && strchr("\r\n\t ", text[length - 1]) != NULL)
        length--;
    text[length] = '\0';
    return length > 0 || fail(error, file_key, path, "holds no token");
}

static bool read_file(const char *path, char *text, clb_error *error)
{
    int file = open_secret(file_key, path, error);
    if (file < 0)
        return false;
    bool read = read_open_file(file, path, text, error);
    close(file);
    return read;
}

/* NULL, or what is wrong with it. What is wrong ends up in a log: never the token itself. */
static const char *problem_of(const char *token)
{
    if (strlen(token) > TOKEN_MAX_BYTES)
        return "the token is too long";
    for (; *token != '\0'; token++)
        if ((unsigned char)*token <= 0x20 || (unsigned char)*token >= 0x7F)
            return "the token holds a blank, a line end or another character that cannot be sent";
    return NULL;
}

bool token_read(const clb_settings *settings, char **token, clb_error *error)
{
    char from_file[TOKEN_MAX_BYTES + 2];
    const char *given = clb_setting_text(settings, "device_token");
    const char *path = clb_setting_text(settings, file_key);
    bool has_given = given != NULL && given[0] != '\0';
    bool has_path = path != NULL && path[0] != '\0';
    const char *problem = NULL;
    *token = NULL;
    if (has_path && !has_given) {
        if (!read_file(path, from_file, error))
            return false;
        given = from_file;
    }
    if (has_path && has_given)
        problem = "device_token and device_token_file are both set: use one of them";
    else if (has_path || has_given)
        problem = problem_of(given);
    if (problem == NULL && (has_path || has_given)) {
        *token = strdup(given);
        problem = *token == NULL ? "no memory" : NULL;
    }
    if (problem != NULL)
        snprintf(error->text, sizeof(error->text), "%s", problem);
    return problem == NULL;
}
