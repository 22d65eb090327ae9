/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWORD_MAX_BYTES = 4 * 1024 };

static bool fail(clb_error *error, const char *path, const char *what)
{
    snprintf(error->text, sizeof(error->text), "password_file: %.300s: %s", path, what);
    return false;
}

/* The first line: a password may hold blanks, but no line end. */
static bool read_open_file(int file, const char *path, char *text, clb_error *error)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return fail(error, path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail(error, path, "is not a regular file");
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return fail(error, path, "everybody may read or change this secret: run chmod 600 on it");
    ssize_t length = read(file, text, PASSWORD_MAX_BYTES + 1);
    if (length < 0)
        return fail(error, path, strerror(errno));
    if (length > PASSWORD_MAX_BYTES)
        return fail(error, path, "is too long for a password");
    text[length] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return text[0] != '\0' || fail(error, path, "holds no password");
}

static bool read_file(const char *path, char *text, clb_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return fail(error, path, strerror(errno));
    bool is_read = read_open_file(file, path, text, error);
    close(file);
    return is_read;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

bool secret_read(const clb_settings *settings, char **password, clb_error *error)
{
    char from_file[PASSWORD_MAX_BYTES + 2];
    const char *given = clb_setting_text(settings, "password");
    const char *path = clb_setting_text(settings, "password_file");
    *password = NULL;
    if (is_set(given) && is_set(path)) {
        snprintf(error->text, sizeof(error->text),
                 "password and password_file are both set: use one of them");
        return false;
    }
    if (is_set(path)) {
        if (!read_file(path, from_file, error))
            return false;
        given = from_file;
    }
    if (!is_set(given))
        return true;
    *password = strdup(given);
    if (*password == NULL)
        snprintf(error->text, sizeof(error->text), "no memory");
    return *password != NULL;
}
