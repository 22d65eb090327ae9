/* SPDX-License-Identifier: MIT */
#include "post.h"

#include "answer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ANSWER_KEPT = 256, ANSWER_MAX = 64 * 1024, WAIT_MS = 1000 };

struct post {
    const clb_host *host;
    const clb_run *run;
    const clb_clock *clock;
    char *url;
    char *ca_file;
    int64_t connect_timeout_ms;
    struct curl_slist *headers; /* the same for all */
    CURLM *multi;               /* made when it is needed */
    CURL *easy;

    /* Of the answer in progress. */
    char answer[ANSWER_KEPT + 1];
    size_t answer_bytes;   /* all of them, also those that are not kept */
    bool headers_complete; /* the blank line behind them was seen */
    int64_t retry_after_ms;
};

static bool add_header(struct post *post, const char *line)
{
    struct curl_slist *longer = curl_slist_append(post->headers, line);
    if (longer == NULL)
        return false;
    post->headers = longer;
    return true;
}

static bool add_headers(struct post *post, const struct post_settings *settings)
{
    char line[4200];
    bool added = add_header(post, "Content-Type: application/json") && add_header(post, "Expect:");
    if (added && settings->token != NULL) {
        snprintf(line, sizeof(line), "Authorization: Bearer %s", settings->token);
        added = add_header(post, line);
    }
    for (uint32_t i = 0; added && i < settings->headers_count; i++)
        added = add_header(post, settings->headers[i]);
    return added;
}

struct post *post_create(const clb_host *host, const clb_run *run, const clb_clock *clock,
                         const struct post_settings *settings)
{
    /* The host promises that no other thread creates at this moment. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    struct post *post = calloc(1, sizeof(*post));
    if (post == NULL)
        return NULL;
    post->host = host;
    post->run = run;
    post->clock = clock;
    post->connect_timeout_ms = settings->connect_timeout_ms;
    post->url = strdup(settings->url);
    post->ca_file = settings->ca_file != NULL ? strdup(settings->ca_file) : NULL;
    if (post->url != NULL && add_headers(post, settings))
        return post;
    post_destroy(post);
    return NULL;
}

void post_disconnect(struct post *post)
{
    curl_easy_cleanup(post->easy);
    curl_multi_cleanup(post->multi);
    post->easy = NULL;
    post->multi = NULL;
}

void post_destroy(struct post *post)
{
    if (post == NULL)
        return;
    post_disconnect(post);
    curl_slist_free_all(post->headers);
    free(post->ca_file);
    free(post->url);
    free(post);
}

/* ---- The answer ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct post *post = context;
    size_t length = size * count;
    if (post->answer_bytes < ANSWER_KEPT) {
        size_t room = ANSWER_KEPT - post->answer_bytes;
        size_t kept = length < room ? length : room;
        memcpy(post->answer + post->answer_bytes, bytes, kept);
        post->answer[post->answer_bytes + kept] = '\0';
    }
    post->answer_bytes += length;
    return post->answer_bytes <= ANSWER_MAX ? length : 0;
}

static void take_retry_after(struct post *post, const char *value)
{
    post->retry_after_ms = answer_retry_seconds(value);
    if (post->retry_after_ms >= 0)
        return;
    time_t when = curl_getdate(value, NULL);
    int64_t wait_ms = (int64_t)when * 1000 - post->clock->wall_ms(post->host);
    post->retry_after_ms = when > 0 && wait_ms > 0 ? wait_ms : 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    static const char name[] = "retry-after:";
    struct post *post = context;
    size_t length = size * count;
    char value[128];
    if (length <= 2 && length > 0 && (bytes[0] == '\r' || bytes[0] == '\n'))
        post->headers_complete = true;
    if (length <= sizeof(name) || strncasecmp(bytes, name, sizeof(name) - 1) != 0)
        return length;
    const char *start = bytes + sizeof(name) - 1;
    size_t left = length - (sizeof(name) - 1);
    while (left > 0 && (*start == ' ' || *start == '\t')) {
        start++;
        left--;
    }
    snprintf(value, sizeof(value), "%.*s", (int)left, start);
    value[strcspn(value, "\r\n")] = '\0';
    take_retry_after(post, value);
    return length;
}

/* ---- The request ---- */

static bool connect_handles(struct post *post)
{
    if (post->multi == NULL)
        post->multi = curl_multi_init();
    if (post->easy == NULL)
        post->easy = curl_easy_init();
    return post->multi != NULL && post->easy != NULL;
}

static void prepare(struct post *post, const struct body *body, struct curl_slist *headers,
                    int64_t timeout_ms)
{
    CURL *easy = post->easy;
    curl_easy_reset(easy); /* the connection stays */
    curl_easy_setopt(easy, CURLOPT_URL, post->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body->bytes);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->length);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "clockblock/0.1.0");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a lookup must not hold up a stop */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)post->connect_timeout_ms);
    if (post->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, post->ca_file);
}

static bool is_over(const struct post *post)
{
    return post->run->cancelled(post->host) != 0;
}

/* Runs the request to its end, or until the host calls. */
static CURLcode perform(struct post *post)
{
    struct curl_waitfd bell = {.fd = (curl_socket_t)post->run->wake_handle(post->host),
                               .events = CURL_WAIT_POLLIN};
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    int running = 1;
    if (curl_multi_add_handle(post->multi, post->easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    while (running > 0 && !is_over(post)) {
        if (curl_multi_perform(post->multi, &running) != CURLM_OK)
            break;
        if (running > 0)
            curl_multi_poll(post->multi, &bell, 1, WAIT_MS, NULL);
    }
    int left;
    CURLMsg *message = curl_multi_info_read(post->multi, &left);
    if (message != NULL && message->msg == CURLMSG_DONE)
        result = message->data.result;
    curl_multi_remove_handle(post->multi, post->easy);
    return result;
}

static void judge(struct post *post, CURLcode result, const clb_batch *batch,
                  clb_delivery *delivery, clb_error *error)
{
    long status = 0;
    if (result != CURLE_OK || !post->headers_complete) {
        delivery->outcome = CLB_RETRY;
        snprintf(error->text, sizeof(error->text), "the server cannot be reached: %s",
                 is_over(post)        ? "broken off"
                 : result == CURLE_OK ? "its answer was cut short"
                                      : curl_easy_strerror(result));
        return;
    }
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    error->code = (int32_t)status;
    delivery->outcome = answer_outcome(status);
    delivery->retry_after_ms = delivery->outcome == CLB_RETRY ? post->retry_after_ms : 0;
    if (delivery->outcome == CLB_DELIVERED)
        delivery->accepted = batch->count;
    else
        answer_sentence(status, post->answer, error->text, sizeof(error->text));
}

void post_send(struct post *post, const struct body *body, const clb_batch *batch,
               clb_delivery *delivery, clb_error *error)
{
    char key[160];
    int64_t timeout_ms = batch->deadline_ms - post->clock->monotonic_ms(post->host);
    /* The same batch has the same key: a receiver may tell a repeat by it. */
    snprintf(key, sizeof(key), "Idempotency-Key: \"%s-%lld-%lld\"", batch->epoch,
             (long long)batch->records[0]->seq, (long long)batch->records[batch->count - 1]->seq);
    struct curl_slist own = {key, post->headers};
    post->answer[0] = '\0';
    post->answer_bytes = 0;
    post->headers_complete = false;
    post->retry_after_ms = 0;
    if (!connect_handles(post)) {
        delivery->outcome = CLB_RETRY;
        snprintf(error->text, sizeof(error->text), "libcurl does not start");
        return;
    }
    prepare(post, body, &own, timeout_ms > 1 ? timeout_ms : 1);
    CURLcode result = perform(post);
    judge(post, result, batch, delivery, error);
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, NULL);
}
