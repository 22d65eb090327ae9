/* SPDX-License-Identifier: MIT */
/* http_ingest: POSTs heartbeats as a JSON array, as the first agent did. */
#include "body.h"
#include "header.h"
#include "post.h"
#include "token.h"
#include "url.h"

#include <clockblock/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct instance {
    const clb_host *host;
    const clb_run *run;
    struct post *post;
    struct body body;
    bool first_agent_keys;
};

static const char *const fields[] = {"all", "first_agent", NULL};

static const clb_option options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .flags = CLB_OPTION_REQUIRED,
     .key = "endpoint_url",
     .help = "where heartbeats are sent: https, or http on this machine"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .flags = CLB_OPTION_SECRET,
     .key = "device_token",
     .help = "the bearer token; better kept in a file of its own"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "device_token_file",
     .help = "a file with the bearer token, that others may not read"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_ENUM,
     .key = "fields",
     .default_text = "all",
     .choices = fields,
     .help = "first_agent sends its five keys only, for receivers that refuse others"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_LIST,
     .key = "headers",
     .help = "more headers, such as \"Prefer: resolution=ignore-duplicates\" for PostgREST"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "ca_file",
     .help = "certificates to trust, for a server with one of its own"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_BOOL,
     .key = "allow_insecure",
     .default_text = "false",
     .help = "allow http to other machines: anybody on the way can read and change heartbeats"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_DURATION,
     .key = "connect_timeout_sec",
     .default_text = "5",
     .help = "seconds that connecting may take",
     .minimum = 0.1,
     .maximum = 600},
};
static const clb_option *const option_table[] = {&options[0], &options[1], &options[2],
                                                 &options[3], &options[4], &options[5],
                                                 &options[6], &options[7], NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    post_destroy(self->post);
    body_finish(&self->body);
    free(self);
}

static bool check_headers(const clb_setting *headers, bool has_token, clb_error *error)
{
    for (uint32_t i = 0; headers != NULL && i < headers->count; i++) {
        const char *problem = header_problem(headers->items[i], has_token);
        if (problem == NULL)
            continue;
        snprintf(error->text, sizeof(error->text), "headers[%u]: it %s", (unsigned)i, problem);
        return false;
    }
    return true;
}

static bool make_post(struct instance *self, const clb_settings *settings, const char *token,
                      clb_error *error)
{
    const clb_setting *headers = clb_setting_find(settings, "headers");
    const clb_clock *clock = self->host->get_service(self->host, CLB_CLOCK);
    struct post_settings made = {.url = clb_setting_text(settings, "endpoint_url"),
                                 .token = token,
                                 .ca_file = clb_setting_text(settings, "ca_file"),
                                 .headers = headers != NULL ? headers->items : NULL,
                                 .headers_count = headers != NULL ? headers->count : 0,
                                 .connect_timeout_ms =
                                     clb_setting_integer(settings, "connect_timeout_sec")};
    self->run = self->host->get_service(self->host, CLB_RUN);
    if (self->run == NULL || clock == NULL) {
        snprintf(error->text, sizeof(error->text), "the host lacks %s or %s", CLB_RUN, CLB_CLOCK);
        return false;
    }
    bool allow_insecure = clb_setting_integer(settings, "allow_insecure") != 0;
    if (!url_check(made.url, allow_insecure, &made.is_loopback, error) ||
        !check_headers(headers, token != NULL, error))
        return false;
    self->post = post_create(self->host, self->run, clock, &made);
    if (self->post == NULL)
        snprintf(error->text, sizeof(error->text), "libcurl does not start");
    return self->post != NULL;
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    const char *keys = clb_setting_text(settings, "fields");
    char *token = NULL;
    struct instance *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        snprintf(error->text, sizeof(error->text), "no memory");
        return CLB_FAILED;
    }
    self->host = host;
    self->first_agent_keys = keys != NULL && strcmp(keys, "first_agent") == 0;
    bool made = token_read(settings, &token, error) && make_post(self, settings, token, error);
    free(token);
    if (!made) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    (void)data;
    (void)error;
    return CLB_OK; /* connects when there is something to deliver */
}

static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct instance *self = data;
    if (!body_write(&self->body, batch, self->first_agent_keys)) {
        delivery->outcome = CLB_RETRY;
        snprintf(error->text, sizeof(error->text), "no memory for the batch");
    } else if (self->body.count == 0) {
        delivery->outcome = CLB_DELIVERED; /* nothing in it is for this receiver */
        delivery->accepted = batch->count;
    } else {
        post_send(self->post, &self->body, batch, delivery, error);
    }
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    enum { KEEP_OPEN_MS = 30 * 1000, KEEP_BYTES = 64 * 1024 };
    /* The queue is empty: the memory of a large batch serves others, and in a long rest the other
     * side would close the connection anyway. */
    if (self->body.capacity > KEEP_BYTES)
        body_finish(&self->body);
    if (max_ms > KEEP_OPEN_MS)
        post_disconnect(self->post);
    return self->run->wait(self->host, max_ms);
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    post_disconnect(self->post);
}

static const clb_sink sink = {.flags = CLB_SINK_NETWORK,
                              .create = create,
                              .start = start,
                              .deliver = deliver,
                              .wait = wait,
                              .stop = stop,
                              .destroy = destroy};

static const void *CLB_CALL get_interface(const char *id)
{
    return id != NULL && strcmp(id, CLB_SINK) == 0 ? &sink : NULL;
}

static const clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = "http_ingest",
    .version = CLOCKBLOCK_VERSION,
    .description = "Sends heartbeats to an HTTP server as JSON",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
