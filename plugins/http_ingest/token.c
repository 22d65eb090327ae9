/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_MAX = 4096 };

static bool fail(clb_error *error, const char *path, const char *what)
{
    snprintf(error->text, sizeof(error->text), "device_token_file: %.300s: %s", path, what);
    return false;
}

static bool read_file(const char *path, char **token, clb_error *error)
{
    char text[TOKEN_MAX + 1];
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0 || fstat(file, &status) != 0) {
        const char *reason = strerror(errno);
        if (file >= 0)
            close(file);
        return fail(error, path, reason);
    }
    ssize_t length = read(file, text, TOKEN_MAX);
    close(file);
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return fail(error, path, "everybody may read this secret; run: chmod 600 on it");
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == '\0')
        return fail(error, path, "holds no token");
    *token = strdup(text);
    return *token != NULL;
}

static bool is_header_text(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return false;
    return true;
}

bool token_read(const clb_settings *settings, char **token, clb_error *error)
{
    const char *given = clb_setting_text(settings, "device_token");
    const char *path = clb_setting_text(settings, "device_token_file");
    *token = NULL;
    if (given != NULL && given[0] != '\0' && path != NULL) {
        snprintf(error->text, sizeof(error->text),
                 "device_token and device_token_file are both set: use one of them");
        return false;
    }
    if (path != NULL && !read_file(path, token, error))
        return false;
    if (path == NULL && given != NULL && given[0] != '\0')
        *token = strdup(given);
    if (*token == NULL || is_header_text(*token))
        return true;
    snprintf(error->text, sizeof(error->text), "the token holds a control character");
    free(*token);
    *token = NULL;
    return false;
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

static bool judge(const char *scheme, const char *host, bool allow_insecure, clb_error *error)
{
    if (strcmp(scheme, "https") == 0)
        return true;
    if (strcmp(scheme, "http") == 0 && (allow_insecure || is_loopback(host)))
        return true;
    snprintf(error->text, sizeof(error->text),
             "endpoint_url: %s to %.200s is not safe: use https, or set allow_insecure = true",
             scheme, host);
    return false;
}

bool token_check_url(const char *url, bool allow_insecure, clb_error *error)
{
    char *scheme = NULL;
    char *host = NULL;
    CURLU *parsed = curl_url();
    bool safe = false;
    if (parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        safe = judge(scheme, host, allow_insecure, error);
    else
        snprintf(error->text, sizeof(error->text),
                 "endpoint_url: it is no address: write it as https://example.com/path");
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parsed);
    return safe;
}
