/* SPDX-License-Identifier: MIT */
/* The API: does it answer where it should, and if not, who has its port? */
#include "examine.h"

#include "json.h"
#include "platform/tcp_ask.h"

#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 3000, PAGE_MAX = 16 * 1024 };

static const char subject[] = "api";

/* An agent that listens everywhere is asked on this machine. */
static const char *reachable_host(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
}

static int ask(const struct config *config, const char *path, char page[PAGE_MAX],
               struct error *error)
{
    char request[256];
    page[0] = '\0';
    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n", path,
             (int)config->api_port);
    const struct tcp_question question = {.host = reachable_host(config->api_host),
                                          .port = (int)config->api_port,
                                          .timeout_ms = PATIENCE_MS,
                                          .request = request};
    return tcp_ask(&question, page, PAGE_MAX, error);
}

/* Ours shows its dashboard to everybody, also where the rest takes a token. */
static bool is_clockblock(const struct config *config)
{
    static char page[PAGE_MAX];
    return ask(config, "/", page, NULL) == 0 && strstr(page, "<title>ClockBlock") != NULL;
}

static void tell_taken(struct doctor *doctor, const struct config *config)
{
    char user[PERMISSION_USER_CAPACITY];
    bool has_user = tcp_owner((int)config->api_port, user);
    bool is_ours = is_clockblock(config);
    char taken[256 + PERMISSION_USER_CAPACITY];
    snprintf(taken, sizeof(taken), "port %d of %s is taken by %s%s%s", (int)config->api_port,
             config->api_host, is_ours ? "another ClockBlock" : "another program",
             has_user ? " of the user " : "", has_user ? user : "");
    if (is_ours && doctor->status == NULL) /* that may be the one that is meant to run */
        doctor_note(doctor, subject, "%s", taken);
    else
        doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject, "%s", taken);
    if (is_ours && has_user)
        doctor_advise(doctor,
                      "that agent has a database of its own: ask it with sudo -u %s clockblock "
                      "doctor. For both to run, give one another api.port",
                      user);
    else
        doctor_advise(doctor, "end that program, or set another api.port; heartbeats are recorded "
                              "all the same");
}

static void examine_running(struct doctor *doctor, const struct config *config)
{
    static char page[PAGE_MAX];
    struct error error = {0};
    struct json_object *api = json_get(doctor->status, "api");
    const char *url = json_get_text(api, "url");
    if (!json_object_get_boolean(json_get(api, "listening"))) {
        tell_taken(doctor, config);
    } else if (ask(config, "/health", page, &error) != 0 || strncmp(page, "HTTP/1.", 7) != 0) {
        doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject,
                       "nothing answers on http://%s:%d, and the agent serves %s: %s",
                       config->api_host, (int)config->api_port, url,
                       error.text[0] != '\0' ? error.text : "no answer of HTTP came");
        doctor_advise(doctor, "restart the agent if the configuration was changed, or look whether "
                              "a firewall is in the way");
    } else {
        doctor_ok(doctor, subject, "answers on %s%s", url,
                  config->api_token_file != NULL ? ", to who has the token" : "");
    }
}

void examine_port(struct doctor *doctor)
{
    static char page[PAGE_MAX];
    const struct config *config = doctor->plan.config;
    if (config == NULL)
        return;
    if (doctor->status != NULL)
        examine_running(doctor, config);
    else if (ask(config, "/", page, NULL) == 0)
        tell_taken(doctor, config);
    else
        doctor_ok(doctor, subject, "port %d of %s is free for an agent", (int)config->api_port,
                  config->api_host);
}
