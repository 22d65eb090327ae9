/* SPDX-License-Identifier: MIT */
#include "post.h"

#include "answer.h"
#include "reply.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_UP_MS = 250, SECRET_START = 8 };

/* Texts that libcurl gets for each request, owned. */
enum { URL, CA_FILE, CERT_FILE, KEY_FILE, PROXY, TEXTS };

struct post {
    const clb_host *host;
    const clb_run *run;
    const clb_clock *clock;
    char *texts[TEXTS]; /* NULL: unset */
    int64_t connect_timeout_ms;
    bool is_loopback;
    char secret_start[SECRET_START + 1]; /* of the token */
    struct curl_slist *headers;          /* the same for all */
    CURLM *multi;                        /* made when it is needed */
    CURL *easy;
    struct reply reply;
    char reason[CURL_ERROR_SIZE]; /* libcurl's words for a failure */
};

/* ---- Life ---- */

static bool add_header(struct post *post, const char *name, const char *value)
{
    size_t capacity = strlen(name) + strlen(value) + 1;
    char *line = malloc(capacity);
    if (line == NULL)
        return false;
    snprintf(line, capacity, "%s%s", name, value);
    struct curl_slist *longer = curl_slist_append(post->headers, line);
    free(line);
    if (longer == NULL)
        return false;
    post->headers = longer;
    return true;
}

static bool add_headers(struct post *post, const struct post_settings *settings)
{
    /* "Expect:" alone takes it out: a 100-continue costs a round trip, and a second of waiting for
     * servers that do not know it. */
    bool added = add_header(post, "Content-Type: ", settings->content_type) &&
                 add_header(post, "Expect:", "");
    if (added && settings->is_gzip)
        added = add_header(post, "Content-Encoding: ", "gzip");
    if (added && settings->token != NULL) {
        added = add_header(post, "Authorization: Bearer ", settings->token);
        snprintf(post->secret_start, sizeof(post->secret_start), "%.*s", (int)SECRET_START,
                 settings->token);
    }
    for (uint32_t i = 0; added && i < settings->headers_count; i++)
        added = add_header(post, settings->headers[i], "");
    return added;
}

static bool copy_texts(struct post *post, const struct post_settings *settings)
{
    const char *const texts[TEXTS] = {[URL] = settings->url,
                                      [CA_FILE] = settings->ca_file,
                                      [CERT_FILE] = settings->cert_file,
                                      [KEY_FILE] = settings->key_file,
                                      [PROXY] = settings->proxy};
    for (int i = 0; i < TEXTS; i++) {
        if (texts[i] == NULL || texts[i][0] == '\0')
            continue;
        post->texts[i] = strdup(texts[i]);
        if (post->texts[i] == NULL)
            return false;
    }
    return true;
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
    post->reply = (struct reply){.host = host, .clock = clock};
    post->connect_timeout_ms = settings->connect_timeout_ms;
    post->is_loopback = settings->is_loopback;
    if (copy_texts(post, settings) && add_headers(post, settings))
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
    for (int i = 0; i < TEXTS; i++)
        free(post->texts[i]);
    free(post);
}

/* ---- The request ---- */

static size_t on_read(char *bytes, size_t size, size_t count, void *body)
{
    return body_read(body, bytes, size * count);
}

/* A connection that was closed while it rested is noticed in the midst of sending: libcurl makes a
 * new one, and begins again. */
static int on_seek(void *body, curl_off_t offset, int origin)
{
    if (origin != SEEK_SET || offset != 0)
        return CURL_SEEKFUNC_CANTSEEK;
    body_rewind(body);
    return CURL_SEEKFUNC_OK;
}

static bool connect_handles(struct post *post)
{
    if (post->multi == NULL)
        post->multi = curl_multi_init();
    if (post->easy == NULL)
        post->easy = curl_easy_init();
    return post->multi != NULL && post->easy != NULL;
}

static void prepare_upload(CURL *easy, const struct upload *upload)
{
    bool is_packed = upload->packed != NULL;
    size_t length = is_packed ? upload->packed_bytes : upload->body->length;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    if (is_packed) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, upload->packed);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, upload->body);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, upload->body);
}

/* Who we trust, who we are, and through whom we go. */
static void prepare_way(const struct post *post)
{
    CURL *easy = post->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (post->texts[CA_FILE] != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, post->texts[CA_FILE]);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, post->texts[CA_FILE]);
    }
    if (post->texts[CERT_FILE] != NULL) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, post->texts[CERT_FILE]);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, post->texts[KEY_FILE]);
        curl_easy_setopt(easy, CURLOPT_KEYPASSWD,
                         ""); /* else it would be asked for on a terminal */
    }
    if (post->texts[PROXY] != NULL)
        curl_easy_setopt(easy, CURLOPT_PROXY, post->texts[PROXY]);
    if (post->is_loopback)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

static void prepare(struct post *post, const struct upload *upload, struct curl_slist *headers,
                    int64_t timeout_ms)
{
    CURL *easy = post->easy;
    curl_easy_reset(easy); /* the connection stays */
    curl_easy_setopt(easy, CURLOPT_URL, post->texts[URL]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "clockblock/" CLOCKBLOCK_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, reply_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &post->reply);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, reply_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &post->reply);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a lookup must not hold up a stop */
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->reason);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)post->connect_timeout_ms);
    prepare_way(post);
    prepare_upload(easy, upload);
}

static bool is_cancelled(const struct post *post)
{
    return post->run->cancelled(post->host) != 0;
}

static bool is_late(const struct post *post, int64_t deadline_ms)
{
    return post->clock->monotonic_ms(post->host) >= deadline_ms;
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
static CURLcode perform(struct post *post, int64_t deadline_ms)
{
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    bool listens = true;
    int running = 1;
    int left;
    if (curl_multi_add_handle(post->multi, post->easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    while (running > 0 && !is_cancelled(post) && !is_late(post, deadline_ms)) {
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
        post->secret_start[0] != '\0' && strstr(post->reply.text, post->secret_start) != NULL;
    return is_secret ? "" : post->reply.text;
}

static void judge_answer(const struct post *post, long status, clb_delivery *delivery,
                         clb_error *error)
{
    error->code = (int32_t)status;
    delivery->outcome = answer_outcome(status);
    if (delivery->outcome != CLB_DELIVERED)
        answer_sentence(status, shown_answer(post), error->text, sizeof(error->text));
    if (delivery->outcome == CLB_RETRY)
        delivery->retry_after_ms = post->reply.retry_after_ms;
}

/* Files of our own that cannot be used: no time heals that, a person has to. */
static bool is_misconfigured(CURLcode result)
{
    return result == CURLE_SSL_CERTPROBLEM || result == CURLE_SSL_CACERT_BADFILE;
}

static void judge_failure(const struct post *post, CURLcode result, long status, bool is_late,
                          clb_delivery *delivery, clb_error *error)
{
    const char *reason = post->reason[0] != '\0' ? post->reason
                         : result != CURLE_OK    ? curl_easy_strerror(result)
                                                 : "its headers have no end";
    delivery->outcome = is_misconfigured(result) ? CLB_HOLD : CLB_RETRY;
    if (is_cancelled(post))
        snprintf(error->text, sizeof(error->text), "broken off, for the agent wants to go on");
    else if (result == CURLE_OPERATION_TIMEDOUT || is_late)
        snprintf(error->text, sizeof(error->text), "the server did not answer in time");
    else if (status > 0)
        snprintf(error->text, sizeof(error->text), "the answer of the server broke off: %s",
                 reason);
    else
        snprintf(error->text, sizeof(error->text), "the server cannot be reached: %s", reason);
}

static void judge(struct post *post, CURLcode result, int64_t deadline_ms, clb_delivery *delivery,
                  clb_error *error)
{
    long status = 0;
    long proxy_status = 0;
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(post->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    /* An answer that we ourselves had enough of says what it means in its first line. */
    if ((result == CURLE_OK && post->reply.has_headers) || post->reply.is_capped)
        judge_answer(post, status, delivery, error);
    else if (proxy_status == 407)
        judge_answer(post, proxy_status, delivery, error);
    else
        judge_failure(post, result, status, is_late(post, deadline_ms), delivery, error);
}

void post_send(struct post *post, const struct upload *upload, int64_t deadline_ms,
               clb_delivery *delivery, clb_error *error)
{
    char key[200];
    int64_t timeout_ms = deadline_ms - post->clock->monotonic_ms(post->host);
    snprintf(key, sizeof(key), "Idempotency-Key: \"%s\"", upload->key);
    struct curl_slist own = {key, post->headers};
    reply_begin(&post->reply);
    post->reason[0] = '\0';
    if (!connect_handles(post)) {
        delivery->outcome = CLB_RETRY;
        snprintf(error->text, sizeof(error->text), "libcurl does not start");
        return;
    }
    prepare(post, upload, &own, timeout_ms > 1 ? timeout_ms : 1);
    CURLcode result = perform(post, deadline_ms);
    judge(post, result, deadline_ms, delivery, error);
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, NULL);
}
