/* SPDX-License-Identifier: MIT */
/* Where a sink connects to. Plugins name their settings as they like; these names are usual. */
#include "examine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *scheme;
    int port;
} schemes[] = {{"http", 80},      {"https", 443},   {"socks4", 1080},
               {"socks4a", 1080}, {"socks5", 1080}, {"socks5h", 1080}};

static int port_of_scheme(const char *url)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i].scheme);
        if (strncasecmp(url, schemes[i].scheme, length) == 0 &&
            strncmp(url + length, "://", 3) == 0)
            return schemes[i].port;
    }
    return 0;
}

static bool put(struct endpoint *endpoint, const char *host, size_t length, long port)
{
    if (length == 0 || length >= sizeof(endpoint->host) || port < 1 || port > 65535)
        return false;
    memcpy(endpoint->host, host, length);
    endpoint->host[length] = '\0';
    endpoint->port = (int)port;
    return true;
}

/* scheme://user:password@host:port/path; what is not written is passed over. */
static bool parse_url(const char *url, int usual_port, struct endpoint *endpoint)
{
    const char *slashes = strstr(url, "://");
    const char *begin = slashes != NULL ? slashes + 3 : url;
    const char *end = begin + strcspn(begin, "/?#");
    for (const char *at = begin; at < end; at++)
        if (*at == '@')
            begin = at + 1;
    bool is_bracketed = *begin == '[';
    const char *host = begin + is_bracketed;
    size_t length = strcspn(host, is_bracketed ? "]" : ":/?#");
    if (host + length > end)
        return false;
    const char *behind = host + length + is_bracketed;
    long port = behind < end && *behind == ':' ? strtol(behind + 1, NULL, 10) : usual_port;
    return put(endpoint, host, length, port);
}

/* ---- Proxies ---- */

/* In either case, but for http_proxy: a server's environment holds HTTP_PROXY from strangers. */
static const char *variable(const struct doctor *doctor, const char *name)
{
    bool is_exact = strcmp(name, "http_proxy") == 0;
    size_t length = strlen(name);
    for (char *const *one = doctor->options->environment; *one != NULL; one++)
        if ((is_exact ? strncmp(*one, name, length) : strncasecmp(*one, name, length)) == 0 &&
            (*one)[length] == '=' && (*one)[length + 1] != '\0')
            return *one + length + 1;
    return NULL;
}

/* Is this host one of those of no_proxy? "example.com" is also what ends with ".example.com". */
static bool goes_direct(const struct doctor *doctor, const char *host)
{
    const char *list = variable(doctor, "no_proxy");
    size_t host_length = strlen(host);
    while (list != NULL && *list != '\0') {
        list += strspn(list, ", .");
        size_t length = strcspn(list, ", ");
        const char *tail = length <= host_length ? host + host_length - length : "";
        bool is_whole = length == host_length || (length < host_length && tail[-1] == '.');
        if (length > 0 && ((length == 1 && *list == '*') || (length <= host_length && is_whole &&
                                                             strncasecmp(tail, list, length) == 0)))
            return true;
        list += length;
    }
    return false;
}

static void look_for_proxy(const struct doctor *doctor, const clb_settings *settings,
                           const char *url, struct endpoint *endpoint)
{
    enum { PROXY_PORT = 1080 }; /* what libcurl takes */
    const clb_setting *own = clb_setting_find(settings, "proxy");
    if (own == NULL || goes_direct(doctor, endpoint->host))
        return; /* it knows none */
    const char *proxy = own->text;
    if (proxy == NULL)
        proxy = variable(doctor, strncasecmp(url, "https:", 6) == 0 ? "https_proxy" : "http_proxy");
    if (proxy == NULL)
        proxy = variable(doctor, "all_proxy");
    struct endpoint found = {.is_proxy = true};
    int usual = proxy != NULL && port_of_scheme(proxy) == 443 ? 443 : PROXY_PORT;
    if (proxy != NULL && parse_url(proxy, usual, &found))
        *endpoint = found;
}

bool examine_endpoint(const struct doctor *doctor, const clb_settings *settings,
                      struct endpoint *endpoint)
{
    enum { PORT_PLAIN = 1883, PORT_TLS = 8883 }; /* of the only protocol with a host of its own */
    const char *url = clb_setting_text(settings, "endpoint_url");
    const char *host = clb_setting_text(settings, "host");
    *endpoint = (struct endpoint){.port = 0};
    if (url != NULL) {
        if (!parse_url(url, port_of_scheme(url), endpoint))
            return false;
        look_for_proxy(doctor, settings, url, endpoint);
        return true;
    }
    if (host == NULL)
        return false;
    int64_t port = clb_setting_integer(settings, "port");
    bool has_tls = clb_setting_integer(settings, "tls") != 0;
    if (port == 0)
        port = has_tls ? PORT_TLS : PORT_PLAIN;
    return put(endpoint, host, strlen(host), (long)port);
}
