/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* 127.x.x.x, as libcurl writes it: not a name that only begins like that. */
static bool is_loopback_address(const char *host)
{
    unsigned parts[3];
    int length = 0;
    if (strspn(host, "0123456789.") != strlen(host) ||
        sscanf(host, "127.%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2], &length) != 3)
        return false;
    return host[length] == '\0' && parts[0] < 256 && parts[1] < 256 && parts[2] < 256;
}

static bool names_this_machine(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           is_loopback_address(host);
}

static bool judge(const char *scheme, const char *host, bool allow_insecure, clb_error *error)
{
    if (strcasecmp(scheme, "https") == 0)
        return true;
    if (strcasecmp(scheme, "http") != 0) {
        snprintf(error->text, sizeof(error->text),
                 "endpoint_url: it begins with %.20s:, and has to begin with https:", scheme);
        return false;
    }
    if (allow_insecure || names_this_machine(host))
        return true;
    snprintf(error->text, sizeof(error->text),
             "endpoint_url: http to %.200s can be read and changed on its way: use https, or set "
             "allow_insecure = true",
             host);
    return false;
}

bool url_check(const char *url, bool allow_insecure, bool *is_loopback, clb_error *error)
{
    char *scheme = NULL;
    char *host = NULL;
    CURLU *parsed = curl_url();
    bool allowed = false;
    if (parsed != NULL && url != NULL &&
        curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        allowed = judge(scheme, host, allow_insecure, error);
        *is_loopback = names_this_machine(host);
    } else {
        snprintf(error->text, sizeof(error->text),
                 "endpoint_url: it is no address: write it as https://example.com/path");
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parsed);
    return allowed;
}

static bool is_proxy_scheme(const char *scheme)
{
    static const char *const known[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(scheme, known[i]) == 0)
            return true;
    return false;
}

bool url_check_proxy(const char *proxy, clb_error *error)
{
    char *scheme = NULL;
    CURLU *parsed = curl_url();
    bool is_known = parsed != NULL &&
                    curl_url_set(parsed, CURLUPART_URL, proxy,
                                 CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
                    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                    is_proxy_scheme(scheme);
    if (!is_known)
        snprintf(error->text, sizeof(error->text),
                 "proxy: it is no address of a proxy: write it as http://proxy:3128 or "
                 "socks5h://proxy:1080");
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return is_known;
}
