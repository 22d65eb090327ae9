/* SPDX-License-Identifier: MIT */
/* http_ingest: POSTs heartbeats as JSON. */
#include "body.h"
#include "gzip.h"
#include "header.h"
#include "options.h"
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
    const clb_log *log;
    struct post *post;
    struct body_form form;
    struct body body;
    struct gzip *gzip; /* made when it is needed */
    bool is_gzip;
    bool sends_gaps;
};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    post_destroy(self->post);
    gzip_destroy(self->gzip);
    body_finish(&self->body);
    free(self);
}

/* ---- Settings ---- */

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

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* The key is a secret, in whichever of the two files it is. */
static bool check_certificate(const struct post_settings *settings, clb_error *error)
{
    if (!is_given(settings->cert_file) && is_given(settings->key_file)) {
        snprintf(error->text, sizeof(error->text),
                 "client_key_file: it is of no use without client_cert_file");
        return false;
    }
    if (is_given(settings->key_file))
        return token_check_file("client_key_file", settings->key_file, error);
    return !is_given(settings->cert_file) ||
           token_check_file("client_cert_file", settings->cert_file, error);
}

static void take_form(struct instance *self, const clb_settings *settings)
{
    const char *format = clb_setting_text(settings, "format");
    self->form.is_lines = format != NULL && strcmp(format, "ndjson") == 0;
    self->is_gzip = clb_setting_integer(settings, "gzip") != 0;
    self->sends_gaps = clb_setting_integer(settings, "gaps") != 0;
}

static bool take_fields(struct instance *self, const clb_settings *settings, clb_error *error)
{
    const clb_setting *fields = clb_setting_find(settings, "fields");
    return fields_read(&self->form.fields, fields != NULL ? fields->items : NULL,
                       fields != NULL ? fields->count : 0, error);
}

static bool take_services(struct instance *self, const clb_clock **clock, clb_error *error)
{
    const clb_host *host = self->host;
    self->run = host->get_service(host, CLB_RUN);
    self->log = host->get_service(host, CLB_LOG);
    *clock = host->get_service(host, CLB_CLOCK);
    if (self->run != NULL && self->log != NULL && *clock != NULL)
        return true;
    snprintf(error->text, sizeof(error->text), "the host lacks %s, %s or %s", CLB_RUN, CLB_LOG,
             CLB_CLOCK);
    return false;
}

static bool make_post(struct instance *self, const clb_settings *settings, const char *token,
                      clb_error *error)
{
    const clb_setting *headers = clb_setting_find(settings, "headers");
    const clb_clock *clock;
    struct post_settings made = {
        .url = clb_setting_text(settings, "endpoint_url"),
        .token = token,
        .ca_file = clb_setting_text(settings, "ca_file"),
        .cert_file = clb_setting_text(settings, "client_cert_file"),
        .key_file = clb_setting_text(settings, "client_key_file"),
        .proxy = clb_setting_text(settings, "proxy"),
        .content_type = self->form.is_lines ? "application/x-ndjson" : "application/json",
        .is_gzip = self->is_gzip,
        .headers = headers != NULL ? headers->items : NULL,
        .headers_count = headers != NULL ? headers->count : 0,
        .connect_timeout_ms = clb_setting_integer(settings, "connect_timeout_sec")};
    bool allow_insecure = clb_setting_integer(settings, "allow_insecure") != 0;
    if (!take_services(self, &clock, error) ||
        !url_check(made.url, allow_insecure, &made.is_loopback, error) ||
        (is_given(made.proxy) && !url_check_proxy(made.proxy, error)) ||
        !check_headers(headers, token != NULL, error) || !check_certificate(&made, error))
        return false;
    self->post = post_create(self->host, self->run, clock, &made);
    if (self->post == NULL)
        snprintf(error->text, sizeof(error->text), "libcurl does not start");
    return self->post != NULL;
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    char *token = NULL;
    struct instance *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        snprintf(error->text, sizeof(error->text), "no memory");
        return CLB_FAILED;
    }
    self->host = host;
    take_form(self, settings);
    bool made = take_fields(self, settings, error) && token_read(settings, &token, error) &&
                make_post(self, settings, token, error);
    free(token);
    if (!made) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

/* ---- Delivering ---- */

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    (void)data;
    (void)error;
    return CLB_OK; /* connects when there is something to deliver */
}

/* Packs the body, when the receiver wants that. False: no memory. */
static bool pack(struct instance *self, struct upload *upload)
{
    if (!self->is_gzip)
        return true;
    if (self->gzip == NULL)
        self->gzip = gzip_create();
    return self->gzip != NULL &&
           gzip_pack(self->gzip, &self->body, &upload->packed, &upload->packed_bytes);
}

/* The same records have the same key: a receiver may tell a repeat by it. */
static void name_upload(struct upload *upload, const clb_batch *batch, uint32_t first,
                        uint32_t count)
{
    const clb_record *record = batch->records[first];
    if (record->kind == CLB_RECORD_GAP)
        snprintf(upload->key, sizeof(upload->key), "gap-%.40s", record->id);
    else
        snprintf(upload->key, sizeof(upload->key), "%.40s-%lld-%lld", batch->epoch,
                 (long long)record->seq, (long long)batch->records[first + count - 1]->seq);
}

static void send_records(struct instance *self, const clb_batch *batch, uint32_t first,
                         uint32_t count, clb_delivery *delivery, clb_error *error)
{
    struct upload upload = {.body = &self->body};
    name_upload(&upload, batch, first, count);
    if (body_begin(&self->body, &self->form, batch->records + first, count) &&
        pack(self, &upload)) {
        post_send(self->post, &upload, batch->deadline_ms, delivery, error);
        return;
    }
    delivery->outcome = CLB_RETRY;
    snprintf(error->text, sizeof(error->text), "no memory for the batch");
}

/* How many records from `first` on go together: heartbeats in a row. A gap has other keys, and a
 * table wants uniform ones. */
static uint32_t run_length(const clb_batch *batch, uint32_t first)
{
    uint32_t end = first + 1;
    if (batch->records[first]->kind == CLB_RECORD_HEARTBEAT)
        while (end < batch->count && batch->records[end]->kind == CLB_RECORD_HEARTBEAT)
            end++;
    return end - first;
}

/* Nothing is dropped silently: the log has what the receiver does not get. */
static void log_gap(const struct instance *self, const clb_record *record)
{
    char text[768];
    snprintf(text, sizeof(text), "a gap that is not sent, for gaps = false: %s", record->json);
    self->log->write(self->host, CLB_LOG_WARNING, text);
}

static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct instance *self = data;
    delivery->outcome = CLB_DELIVERED;
    for (uint32_t first = 0; first < batch->count;) {
        uint32_t kind = batch->records[first]->kind;
        uint32_t count = run_length(batch, first);
        if (kind == CLB_RECORD_HEARTBEAT || (kind == CLB_RECORD_GAP && self->sends_gaps))
            send_records(self, batch, first, count, delivery, error);
        else if (kind == CLB_RECORD_GAP)
            log_gap(self, batch->records[first]);
        if (delivery->outcome != CLB_DELIVERED)
            return;
        first += count;
        delivery->accepted = first;
    }
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    enum { KEEP_OPEN_MS = 30 * 1000 };
    /* The queue is empty: the memory serves others, and in a long rest the other side would close
     * the connection anyway. */
    gzip_destroy(self->gzip);
    self->gzip = NULL;
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
    .options = http_ingest_options,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
