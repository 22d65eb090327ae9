/* SPDX-License-Identifier: MIT */
#include "post.h"

#include "answer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of an answer a little is kept, for the user to read, and a limited part is read at all. */
enum { ANSWER_KEPT_BYTES = 256, ANSWER_MAX_BYTES = 64 * 1024 };
enum { LOOK_UP_MS = 250, SECRET_START = 8 };

struct post {
    const clb_host *host;
    const clb_run *run;
    const clb_clock *clock;
    char *url;
    char *ca_file;
    int64_t connect_timeout_ms;
    bool is_loopback;
    char secret_start[SECRET_START + 1]; /* of the token */
    struct curl_slist *headers;          /* the same for all */
    CURLM *multi;                        /* made when it is needed */
    CURL *easy;

    /* Of the answer in progress. */
    char answer[ANSWER_KEPT_BYTES + 1];
    size_t answer_bytes; /* all of them, also those that are not kept */
    bool is_capped;      /* we had enough of it */
    bool has_headers;    /* all of them: libcurl takes an end in their midst for a good one */
    int64_t retry_after_ms;
    char reason[CURL_ERROR_SIZE]; /* libcurl's words for a failure */
};

static bool add_header(struct post *post, const char *line)
{
    struct curl_slist *longer = curl_slist_append(post->headers, line);
    if (longer == NULL)
        return false;
    post->headers = longer;
    return true;
}

static bool add_token(struct post *post, const char *token)
{
    static const char name[] = "Authorization: Bearer ";
    size_t capacity = sizeof(name) + strlen(token);
    char *line = malloc(capacity);
    if (line == NULL)
        return false;
    snprintf(line, capacity, "%s%s", name, token);
    bool added = add_header(post, line);
    free(line);
    snprintf(post->secret_start, sizeof(post->secret_start), "%.*s", (int)SECRET_START, token);
    return added;
}

static bool add_headers(struct post *post, const struct post_settings *settings)
{
    /* "Expect:" alone takes it out: a 100-continue costs a round trip, and a second of waiting for
     * servers that do not know it. */
    bool added = add_header(post, "Content-Type: application/json") && add_header(post, "Expect:");
    if (added && settings->token != NULL)
        added = add_token(post, settings->token);
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
    post->is_loopback = settings->is_loopback;
    post->url = strdup(settings->url);
    post->ca_file = settings->ca_file != NULL ? strdup(settings->ca_file) : NULL;
    bool is_copied = post->url != NULL && (settings->ca_file == NULL || post->ca_file != NULL);
    if (is_copied && add_headers(post, settings))
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
    if (post->answer_bytes < ANSWER_KEPT_BYTES) {
        size_t room = ANSWER_KEPT_BYTES - post->answer_bytes;
        size_t kept = length < room ? length : room;
        memcpy(post->answer + post->answer_bytes, bytes, kept);
        post->answer[post->answer_bytes + kept] = '\0';
    }
    post->answer_bytes += length;
    post->is_capped = post->answer_bytes > ANSWER_MAX_BYTES;
    return post->is_capped ? 0 : length; /* 0 ends the transfer */
}

static void take_retry_after(struct post *post, const char *value)
{
    int64_t retry_ms = answer_retry_seconds(value);
    if (retry_ms < 0) {
        time_t when = curl_getdate(value, NULL);
        retry_ms = when > 0 ? (int64_t)when * 1000 - post->clock->wall_ms(post->host) : 0;
    }
    post->retry_after_ms = answer_clamp_retry_ms(retry_ms);
}

static bool begins_with(const char *line, size_t length, const char *start)
{
    return length >= strlen(start) && strncasecmp(line, start, strlen(start)) == 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    static const char retry_after[] = "Retry-After:";
    struct post *post = context;
    size_t length = size * count;
    char value[128];
    if (length > 0 && (bytes[0] == '\r' || bytes[0] == '\n'))
        post->has_headers = true;
    else if (begins_with(bytes, length, "HTTP/"))
        post->has_headers = false; /* what came before was a 1xx */
    if (!begins_with(bytes, length, retry_after))
        return length;
    snprintf(value, sizeof(value), "%.*s", (int)(length - strlen(retry_after)),
             bytes + strlen(retry_after));
    for (size_t end = strlen(value); end > 0 && strchr(" \t\r\n", value[end - 1]); end--)
        value[end - 1] = '\0';
    take_retry_after(post, value + strspn(value, " \t"));
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
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "clockblock/" CLOCKBLOCK_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a lookup must not hold up a stop */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->reason);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)post->connect_timeout_ms);
    if (post->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, post->ca_file);
    if (post->is_loopback)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

static bool is_cancelled(const struct post *post)
{
    return post->run->cancelled(post->host) != 0;
}

static bool is_late(const struct post *post, const clb_batch *batch)
{
    return post->clock->monotonic_ms(post->host) >= batch->deadline_ms;
}

/* Sleeps until the connection or the host has something. Returns whether the bell is still worth
 * listening to: one that rang for anything but an end goes on ringing until the host takes it. */
static bool sleep_until_event(const struct post *post, bool listens)
{
    struct curl_waitfd bell = {.fd = (curl_socket_t)post->run->wake_handle(post->host),
                               .events = CURL_WAIT_POLLIN};
    curl_multi_poll(post->multi, &bell, listens ? 1 : 0, LOOK_UP_MS, NULL);
    return listens && bell.revents == 0;
}

/* Runs the request to its end, or until it is broken off. */
static CURLcode perform(struct post *post, const clb_batch *batch)
{
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    bool listens = true;
    int running = 1;
    int left;
    if (curl_multi_add_handle(post->multi, post->easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    while (running > 0 && !is_cancelled(post) && !is_late(post, batch)) {
        if (curl_multi_perform(post->multi, &running) != CURLM_OK)
            break;
        if (running > 0)
            listens = sleep_until_event(post, listens);
    }
    const CURLMsg *message = curl_multi_info_read(post->multi, &left);
    if (message != NULL && message->msg == CURLMSG_DONE)
        result = message->data.result;
    curl_multi_remove_handle(post->multi, post->easy);
    return result;
}

/* ---- What it came to ---- */

/* A server may send back what it was sent: then nothing of it is shown. */
static const char *shown_answer(const struct post *post)
{
    bool is_secret =
        post->secret_start[0] != '\0' && strstr(post->answer, post->secret_start) != NULL;
    return is_secret ? "" : post->answer;
}

static void judge_answer(struct post *post, long status, const clb_batch *batch,
                         clb_delivery *delivery, clb_error *error)
{
    error->code = (int32_t)status;
    delivery->outcome = answer_outcome(status);
    if (delivery->outcome == CLB_DELIVERED)
        delivery->accepted = batch->count;
    else
        answer_sentence(status, shown_answer(post), error->text, sizeof(error->text));
    if (delivery->outcome == CLB_RETRY)
        delivery->retry_after_ms = post->retry_after_ms;
}

static void judge_failure(const struct post *post, CURLcode result, long status,
                          const clb_batch *batch, clb_delivery *delivery, clb_error *error)
{
    const char *reason = post->reason[0] != '\0' ? post->reason
                         : result != CURLE_OK    ? curl_easy_strerror(result)
                                                 : "its headers have no end";
    delivery->outcome = CLB_RETRY;
    if (is_cancelled(post))
        snprintf(error->text, sizeof(error->text), "broken off, for the agent wants to go on");
    else if (result == CURLE_OPERATION_TIMEDOUT || is_late(post, batch))
        snprintf(error->text, sizeof(error->text), "the server did not answer in time");
    else if (status > 0)
        snprintf(error->text, sizeof(error->text), "the answer of the server broke off: %s",
                 reason);
    else
        snprintf(error->text, sizeof(error->text), "the server cannot be reached: %s", reason);
}

static void judge(struct post *post, CURLcode result, const clb_batch *batch,
                  clb_delivery *delivery, clb_error *error)
{
    long status = 0;
    long proxy_status = 0;
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(post->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    /* An answer that we ourselves had enough of says what it means in its first line. */
    if ((result == CURLE_OK && post->has_headers) || post->is_capped)
        judge_answer(post, status, batch, delivery, error);
    else if (proxy_status == 407)
        judge_answer(post, proxy_status, batch, delivery, error);
    else
        judge_failure(post, result, status, batch, delivery, error);
}

void post_send(struct post *post, const struct body *body, const clb_batch *batch,
               clb_delivery *delivery, clb_error *error)
{
    char key[160];
    int64_t timeout_ms = batch->deadline_ms - post->clock->monotonic_ms(post->host);
    /* The same batch has the same key: a receiver may tell a repeat by it. */
    snprintf(key, sizeof(key), "Idempotency-Key: \"%.40s-%lld-%lld\"", batch->epoch,
             (long long)body->first_seq, (long long)body->last_seq);
    struct curl_slist own = {key, post->headers};
    post->answer[0] = '\0';
    post->answer_bytes = 0;
    post->is_capped = false;
    post->has_headers = false;
    post->retry_after_ms = 0;
    post->reason[0] = '\0';
    if (!connect_handles(post)) {
        delivery->outcome = CLB_RETRY;
        snprintf(error->text, sizeof(error->text), "libcurl does not start");
        return;
    }
    prepare(post, body, &own, timeout_ms > 1 ? timeout_ms : 1);
    CURLcode result = perform(post, batch);
    judge(post, result, batch, delivery, error);
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, NULL);
}
