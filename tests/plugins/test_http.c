/* SPDX-License-Identifier: MIT */
/* The sink "http_ingest", as the agent loads it, against a server on loopback. */
#include "batches.h"
#include "fake_host.h"
#include "http_server.h"

#include <netdb.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

static const char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";
static const char token[] = "a-secret-token-of-this-device";
enum { PROMPT_MS = 3000 }; /* far below all time limits here */

struct place {
    struct fake_host fake;
    struct http_server server;
    bool has_server;
    char url[96];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    fake_host_open(&place->fake, "http_ingest");
    fake_host_set_text(&place->fake, "endpoint_url", "https://example.com/clockblock/heartbeat");
    *state = place;
    return 0;
}

static void stop_server(struct place *place)
{
    if (place->has_server)
        http_server_stop(&place->server);
    place->has_server = false;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    fake_host_stop(&place->fake);
    stop_server(place); /* it may still ring the bell */
    fake_host_close(&place->fake);
    free(place);
    return 0;
}

static void open_server(struct place *place)
{
    http_server_open(&place->server);
    snprintf(place->url, sizeof(place->url), "http://127.0.0.1:%d/in?a=b", place->server.port);
    fake_host_set_text(&place->fake, "endpoint_url", place->url);
}

/* Starts the server and then the sink. */
static void start(struct place *place, const char *answer)
{
    http_server_start(&place->server, answer);
    place->has_server = true;
    fake_host_start(&place->fake);
}

static clb_delivery deliver(struct place *place, const clb_batch *batch)
{
    clb_delivery delivery = {.size = sizeof(delivery)};
    place->fake.error = (clb_error){.size = sizeof(place->fake.error)};
    place->fake.sink->deliver(place->fake.instance, batch, &delivery, &place->fake.error);
    return delivery;
}

static clb_delivery deliver_two(struct place *place)
{
    struct made_batch made;
    batch_make(&made, 7, 8);
    return deliver(place, &made.batch);
}

static void assert_says(const struct place *place, const char *part)
{
    if (strstr(place->fake.error.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", place->fake.error.text, part);
}

static void assert_asked(struct place *place, const char *part)
{
    assert_true(atomic_load(&place->server.requests) > 0);
    if (strstr(place->server.request, part) == NULL)
        fail_msg("no \"%s\" in\n%s", part, place->server.request);
}

static char *body_of(struct place *place)
{
    assert_asked(place, "\r\n\r\n");
    return strstr(place->server.request, "\r\n\r\n") + 4;
}

/* Restarts both, with another answer. */
static clb_delivery deliver_against(struct place *place, const char *answer)
{
    fake_host_stop(&place->fake);
    stop_server(place);
    open_server(place);
    start(place, answer);
    return deliver_two(place);
}

/* ---- Requests ---- */

static void a_batch_is_posted_as_the_first_agent_did(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    char body[1024];
    static const char *const headers[] = {"Prefer: resolution=ignore-duplicates"};
    fake_host_set_text(&place->fake, "device_token", token);
    fake_host_set_list(&place->fake, "headers", headers, 1);
    open_server(place);
    start(place, no_content);
    batch_make(&made, 7, 8);
    clb_delivery delivery = deliver(place, &made.batch);
    assert_string_equal("", place->fake.error.text);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(2, delivery.accepted);

    assert_int_equal(0, strncmp("POST /in?a=b HTTP/1.1\r\n", place->server.request, 23));
    assert_asked(place, "\r\nContent-Type: application/json\r\n");
    assert_asked(place, "\r\nAuthorization: Bearer a-secret-token-of-this-device\r\n");
    assert_asked(place, "\r\nIdempotency-Key: \"b977f6c6-c3e2-4f93-97a2-8a9c8084d794-7-8\"\r\n");
    assert_asked(place, "\r\nUser-Agent: clockblock/");
    assert_asked(place, "\r\nPrefer: resolution=ignore-duplicates\r\n");
    assert_null(strstr(place->server.request, "Expect"));
    snprintf(body, sizeof(body), "[%s,%s]", made.json[0], made.json[1]);
    assert_string_equal(body, body_of(place));
}

static void without_a_token_none_is_sent(void **state)
{
    struct place *place = *state;
    assert_int_equal(CLB_DELIVERED, deliver_against(place, no_content).outcome);
    assert_null(strstr(place->server.request, "Authorization"));
}

static void five_keys_are_sent_when_the_receiver_wants_them(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"first_agent"};
    fake_host_set_list(&place->fake, "fields", names, 1);
    assert_int_equal(CLB_DELIVERED, deliver_against(place, no_content).outcome);
    assert_asked(place,
                 "\r\n\r\n[{\"id\":\"an-id\",\"device_id\":\"pc \\\"1\\\"\",\"timestamp_utc\":"
                 "\"2026-01-16T12:00:00.000Z\",\"is_playing\":true,\"poll_interval_sec\":5},{");
}

static void one_connection_serves_many_batches(void **state)
{
    struct place *place = *state;
    deliver_against(place, no_content);
    for (int i = 0; i < 5; i++)
        assert_int_equal(CLB_DELIVERED, deliver_two(place).outcome);
    assert_int_equal(6, atomic_load(&place->server.requests));
    assert_int_equal(1, atomic_load(&place->server.connections));
    place->fake.sink->wait(place->fake.instance, 5000);
    deliver_two(place);
    assert_int_equal(1, atomic_load(&place->server.connections));
    place->fake.sink->wait(place->fake.instance, 300 * 1000); /* a long rest */
    deliver_two(place);
    assert_int_equal(2, atomic_load(&place->server.connections));
}

static void a_receiver_of_logs_gets_lines(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    char body[1024];
    fake_host_set_text(&place->fake, "format", "ndjson");
    assert_int_equal(CLB_DELIVERED, deliver_against(place, no_content).outcome);
    assert_asked(place, "\r\nContent-Type: application/x-ndjson\r\n");
    batch_make(&made, 7, 8);
    snprintf(body, sizeof(body), "%s\n%s\n", made.json[0], made.json[1]);
    assert_string_equal(body, body_of(place));
}

/* Unpacks the body of the last request. */
static void unpack(struct place *place, char *text, size_t capacity)
{
    char *packed = body_of(place);
    z_stream stream = {.next_in = (Bytef *)packed, .next_out = (Bytef *)text};
    stream.avail_in =
        (uInt)(place->server.request_bytes - (size_t)(packed - place->server.request));
    stream.avail_out = (uInt)capacity - 1;
    assert_int_equal(Z_OK, inflateInit2(&stream, 15 + 16));
    assert_int_equal(Z_STREAM_END, inflate(&stream, Z_FINISH));
    assert_int_equal(0, stream.avail_in);
    text[stream.total_out] = '\0';
    inflateEnd(&stream);
}

static void a_packed_body_unpacks_to_the_same(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    char expected[2048];
    char text[2048];
    fake_host_setting(&place->fake, "gzip")->integer = 1;
    deliver_against(place, no_content);
    for (int last = 3; last <= 4; last++) {
        batch_make(&made, 3, last);
        assert_int_equal(CLB_DELIVERED, deliver(place, &made.batch).outcome);
        assert_asked(place, "\r\nContent-Encoding: gzip\r\n");
        assert_asked(place, "\r\nContent-Type: application/json\r\n");
        snprintf(expected, sizeof(expected), "[%s%s%s]", made.json[0], last > 3 ? "," : "",
                 last > 3 ? made.json[1] : "");
        unpack(place, text, sizeof(text));
        assert_string_equal(expected, text);
        place->fake.sink->wait(place->fake.instance, 5000); /* gives its memory back */
    }
}

/* The keys of all requests, one after the other. */
struct keys {
    struct place *place;
    char text[512];
};

static void note_key(void *context)
{
    struct keys *keys = context;
    const char *key = strstr(keys->place->server.request, "Idempotency-Key: ");
    size_t used = strlen(keys->text);
    snprintf(keys->text + used, sizeof(keys->text) - used, "%.*s ", (int)strcspn(key + 17, "\r"),
             key + 17);
}

/* Two heartbeats, a gap, a kind of later days, a heartbeat. */
static clb_delivery deliver_mixed(struct place *place)
{
    struct made_batch made;
    batch_make(&made, 3, 7);
    batch_set_kind(&made, 2, CLB_RECORD_GAP);
    batch_set_kind(&made, 3, 77);
    return deliver(place, &made.batch);
}

static void a_gap_goes_in_a_post_of_its_own_in_its_place(void **state)
{
    struct place *place = *state;
    struct keys keys = {.place = place};
    fake_host_setting(&place->fake, "gaps")->integer = 1;
    open_server(place);
    place->server.asked = note_key;
    place->server.context = &keys;
    start(place, no_content);
    clb_delivery delivery = deliver_mixed(place);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(5, delivery.accepted);
    assert_string_equal("\"b977f6c6-c3e2-4f93-97a2-8a9c8084d794-3-4\" \"gap-g\" "
                        "\"b977f6c6-c3e2-4f93-97a2-8a9c8084d794-7-7\" ",
                        keys.text);
    assert_string_equal("", place->fake.log);
}

static void a_gap_that_is_not_sent_is_logged(void **state)
{
    struct place *place = *state;
    open_server(place);
    start(place, no_content);
    clb_delivery delivery = deliver_mixed(place);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(5, delivery.accepted);
    assert_int_equal(2, atomic_load(&place->server.requests));
    assert_non_null(strstr(place->fake.log, "\"from_seq\":1,\"to_seq\":900"));
}

static void what_was_taken_before_a_refusal_counts(void **state)
{
    struct place *place = *state;
    fake_host_setting(&place->fake, "gaps")->integer = 1;
    open_server(place);
    place->server.later = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
    start(place, no_content);
    clb_delivery delivery = deliver_mixed(place);
    assert_int_equal(CLB_RETRY, delivery.outcome);
    assert_int_equal(2, delivery.accepted);
    assert_says(place, "500");
}

static void a_batch_without_heartbeats_is_not_sent(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    deliver_against(place, no_content);
    batch_make(&made, 1, 1);
    batch_set_kind(&made, 0, CLB_RECORD_GAP);
    clb_delivery delivery = deliver(place, &made.batch);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(1, delivery.accepted);
    assert_int_equal(1, atomic_load(&place->server.requests));
}

static void what_a_closed_connection_swallowed_is_sent_again_from_its_beginning(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    char body[1024];
    open_server(place);
    place->server.answers = 1;
    start(place, no_content);
    batch_make(&made, 7, 8);
    snprintf(body, sizeof(body), "[%s,%s]", made.json[0], made.json[1]);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(CLB_DELIVERED, deliver(place, &made.batch).outcome);
        assert_string_equal(body, body_of(place));
        assert_int_equal(i, atomic_load(&place->server.connections));
    }
    assert_int_equal(3, atomic_load(&place->server.requests));
}

static void a_proxy_gets_the_whole_address(void **state)
{
    struct place *place = *state;
    char proxy[64];
    open_server(place);
    snprintf(proxy, sizeof(proxy), "http://user:word@127.0.0.1:%d", place->server.port);
    fake_host_set_text(&place->fake, "endpoint_url", "http://nowhere.invalid/in");
    fake_host_set_text(&place->fake, "proxy", proxy);
    fake_host_setting(&place->fake, "allow_insecure")->integer = 1;
    start(place, no_content);
    assert_int_equal(CLB_DELIVERED, deliver_two(place).outcome);
    assert_int_equal(
        0, strncmp("POST http://nowhere.invalid/in HTTP/1.1\r\n", place->server.request, 41));
    assert_asked(place, "\r\nProxy-Authorization: Basic dXNlcjp3b3Jk\r\n");
}

/* ---- Answers ---- */

static void each_answer_has_its_outcome(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *line;
        int32_t outcome;
        const char *sentence;
    } cases[] = {
        {"200 OK", CLB_DELIVERED, ""},
        {"401 Unauthorized", CLB_HOLD, "401 Unauthorized: check device_token"},
        {"404 Not Found", CLB_HOLD, "check endpoint_url"},
        {"409 Conflict", CLB_CONFLICT, "409"},
        {"413 Too Large", CLB_TOO_LARGE, "413"},
        {"422 Unprocessable", CLB_BAD_RECORD, "422"},
        {"500 Oops", CLB_RETRY, "500"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char answer[256];
        snprintf(answer, sizeof(answer), "HTTP/1.1 %s\r\nContent-Length: 5\r\n\r\nwhy?!",
                 cases[i].line);
        clb_delivery delivery = deliver_against(place, answer);
        assert_int_equal(cases[i].outcome, delivery.outcome);
        assert_int_equal(cases[i].outcome == CLB_DELIVERED ? 2 : 0, delivery.accepted);
        assert_says(place, cases[i].sentence);
        if (cases[i].outcome != CLB_DELIVERED)
            assert_says(place, "(why?!)");
    }
}

static void a_redirect_is_not_followed(void **state)
{
    struct place *place = *state;
    char answer[256];
    open_server(place);
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:%d/other\r\n"
             "Content-Length: 0\r\n\r\n",
             place->server.port);
    start(place, answer);
    assert_int_equal(CLB_HOLD, deliver_two(place).outcome);
    assert_int_equal(1, atomic_load(&place->server.requests));
    assert_says(place, "redirect");
}

static int64_t retry_after_ms(struct place *place, const char *value)
{
    char answer[256];
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 503 Service Unavailable\r\nretry-AFTER: %s\r\nContent-Length: 0\r\n\r\n",
             value);
    clb_delivery delivery = deliver_against(place, answer);
    assert_int_equal(CLB_RETRY, delivery.outcome);
    return delivery.retry_after_ms;
}

static void the_server_may_ask_for_a_pause(void **state)
{
    struct place *place = *state;
    /* It is 2026-10-21T08:00:00Z. */
    assert_int_equal(120 * 1000, retry_after_ms(place, "120"));
    assert_int_equal(90 * 1000, retry_after_ms(place, "Wed, 21 Oct 2026 08:01:30 GMT"));
    assert_int_equal(0, retry_after_ms(place, "Wed, 21 Oct 2026 07:00:00 GMT"));
    assert_int_equal(3600 * 1000, retry_after_ms(place, "86400"));
    assert_int_equal(3600 * 1000, retry_after_ms(place, "Wed, 21 Oct 2099 08:01:30 GMT"));
    assert_int_equal(0, retry_after_ms(place, "soon"));
}

static void an_answer_that_breaks_off_is_no_answer(void **state)
{
    struct place *place = *state;
    static const char *const answers[] = {
        "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        open_server(place);
        place->server.closes = true;
        start(place, answers[i]);
        clb_delivery delivery = deliver_two(place);
        assert_int_equal(CLB_RETRY, delivery.outcome);
        assert_int_equal(0, delivery.accepted);
        assert_true(place->fake.error.text[0] != '\0');
        fake_host_stop(&place->fake);
        stop_server(place);
    }
}

static char *long_answer(const char *head, size_t bytes)
{
    char *answer = malloc(strlen(head) + bytes + 1);
    assert_non_null(answer);
    memcpy(answer, head, strlen(head));
    memset(answer + strlen(head), 'x', bytes);
    answer[strlen(head) + bytes] = '\0';
    return answer;
}

static void of_a_long_answer_the_first_line_counts(void **state)
{
    struct place *place = *state;
    char *good = long_answer("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", 1000000);
    char *bad = long_answer("HTTP/1.1 403 No\r\nContent-Length: 1000000\r\n\r\n", 1000000);
    assert_int_equal(CLB_DELIVERED, deliver_against(place, good).outcome);
    assert_int_equal(CLB_HOLD, deliver_against(place, bad).outcome);
    assert_true(strlen(place->fake.error.text) < 400);
    free(good);
    free(bad);
}

static void the_token_is_in_no_sentence(void **state)
{
    struct place *place = *state;
    fake_host_set_text(&place->fake, "device_token", token);
    deliver_against(place, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 47\r\n\r\n"
                           "bad header: Bearer a-secret-token-of-this-device");
    assert_says(place, "401");
    assert_null(strstr(place->fake.error.text, "a-secret"));
    assert_string_equal("", place->fake.log);
}

static void a_password_in_the_address_is_in_no_sentence(void **state)
{
    struct place *place = *state;
    open_server(place);
    start(place, NULL);
    fake_host_stop(&place->fake);
    stop_server(place); /* nobody listens there any more */
    snprintf(place->url, sizeof(place->url), "http://user:password@127.0.0.1:%d/",
             place->server.port);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_RETRY, deliver_two(place).outcome);
    assert_says(place, "the server cannot be reached: ");
    assert_null(strstr(place->fake.error.text, "password"));
}

/* ---- Ends ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void cancel(void *context)
{
    fake_host_cancel(context);
}

static void a_stop_does_not_wait_for_a_slow_server(void **state)
{
    struct place *place = *state;
    open_server(place);
    place->server.asked = cancel;
    place->server.context = &place->fake;
    start(place, NULL);
    int64_t start_ms = now_ms();
    clb_delivery delivery = deliver_two(place);
    assert_true(now_ms() - start_ms < PROMPT_MS);
    assert_int_equal(CLB_RETRY, delivery.outcome);
    assert_int_equal(0, delivery.accepted);
    assert_says(place, "broken off");
}

static void let_time_pass(void *context)
{
    struct fake_host *fake = context;
    atomic_fetch_add(&fake->monotonic_ms, 3600 * 1000);
}

static void the_deadline_is_on_the_clock_of_the_agent(void **state)
{
    struct place *place = *state;
    open_server(place);
    place->server.asked = let_time_pass;
    place->server.context = &place->fake;
    start(place, NULL);
    int64_t start_ms = now_ms();
    assert_int_equal(CLB_RETRY, deliver_two(place).outcome);
    assert_true(now_ms() - start_ms < PROMPT_MS);
    assert_says(place, "did not answer in time");
}

static int64_t cpu_ms(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* The bell also rings for other things, and goes on until the host takes it. */
static void a_bell_that_means_no_stop_does_not_keep_it_busy(void **state)
{
    struct place *place = *state;
    struct made_batch made;
    open_server(place);
    fake_host_ring(&place->fake);
    start(place, NULL);
    batch_make(&made, 1, 1);
    made.batch.deadline_ms = atomic_load(&place->fake.monotonic_ms) + 1500;
    int64_t before_ms = cpu_ms();
    assert_int_equal(CLB_RETRY, deliver(place, &made.batch).outcome);
    assert_true(cpu_ms() - before_ms < 500);
    assert_says(place, "did not answer in time");
}

/* Stands in for the resolver of the C library, whoever calls it here. */
static sem_t lookup_began;
static sem_t lookup_may_end;

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **result)
{
    (void)node;
    (void)service;
    (void)hints;
    (void)result;
    sem_post(&lookup_began);
    sem_wait(&lookup_may_end);
    return EAI_FAIL;
}

static void *cancel_in_lookup(void *context)
{
    sem_wait(&lookup_began);
    fake_host_cancel(context);
    return NULL;
}

static void a_stop_does_not_wait_for_a_lookup(void **state)
{
    struct place *place = *state;
    pthread_t thread;
    sem_init(&lookup_began, 0, 0);
    sem_init(&lookup_may_end, 0, 0);
    fake_host_set_text(&place->fake, "endpoint_url", "https://nowhere.invalid/in");
    fake_host_start(&place->fake);
    assert_int_equal(0, pthread_create(&thread, NULL, cancel_in_lookup, &place->fake));
    int64_t start_ms = now_ms();
    assert_int_equal(CLB_RETRY, deliver_two(place).outcome);
    fake_host_stop(&place->fake);
    assert_true(now_ms() - start_ms < PROMPT_MS);
    pthread_join(thread, NULL);
    sem_post(&lookup_may_end);
}

/* ---- Settings ---- */

static void assert_refused(struct place *place, const char *reason)
{
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_null(place->fake.instance);
    assert_says(place, reason);
}

static void an_address_is_checked(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *url;
        const char *reason; /* NULL: it is fine */
    } cases[] = {
        {"https://example.com/in", NULL},
        {"https://example.com:8443/in?x=1", NULL},
        {"http://localhost:3000/in", NULL},
        {"http://LOCALHOST/in", NULL},
        {"http://127.9.8.7/in", NULL},
        {"http://[::1]:3000/in", NULL},
        {"http://example.com/in", "use https"},
        {"http://127.0.0.1.example.com/in", "use https"},
        {"http://localhost.example.com/", "use https"},
        {"http://127.0.0.1.5/in", "use https"},
        {"http://127.0.0.999/in", "use https"},
        {"http://1127.0.0.1/in", "use https"},
        {"http://192.168.1.2/in", "use https"},
        {"ftp://127.0.0.1/in", "has to begin with https"},
        {"file:///etc/passwd", "endpoint_url"},
        {"example.com/in", "it is no address"},
        {"https://", "it is no address"},
        {"https://exa mple.com/", "it is no address"},
        {"", "it is no address"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_host_set_text(&place->fake, "endpoint_url", cases[i].url);
        if (cases[i].reason != NULL) {
            assert_refused(place, cases[i].reason);
            continue;
        }
        fake_host_start(&place->fake);
        fake_host_stop(&place->fake);
    }
    fake_host_set_text(&place->fake, "endpoint_url", "http://user:password@192.168.1.2/");
    assert_refused(place, "192.168.1.2");
    assert_null(strstr(place->fake.error.text, "password"));
    fake_host_setting(&place->fake, "allow_insecure")->integer = 1;
    fake_host_start(&place->fake);
}

static void put_token(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(0, chmod(path, mode));
}

static void a_token_may_lie_in_a_file_of_its_own(void **state)
{
    struct place *place = *state;
    char path[64] = "/tmp/clockblock-token-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    fake_host_set_text(&place->fake, "device_token_file", path);
    put_token(path, "a-secret-token-of-this-device\r\n", 0640);
    assert_int_equal(CLB_DELIVERED, deliver_against(place, no_content).outcome);
    assert_asked(place, "\r\nAuthorization: Bearer a-secret-token-of-this-device\r\n");
    fake_host_stop(&place->fake);

    put_token(path, "a-secret-token", 0644);
    assert_refused(place, "chmod 600");
    put_token(path, "\n", 0600);
    assert_refused(place, "holds no token");
    put_token(path, "a-secret\nX-Other: header", 0600);
    assert_refused(place, "cannot be sent");
    assert_null(strstr(place->fake.error.text, "a-secret"));
    fake_host_set_text(&place->fake, "device_token", token);
    assert_refused(place, "both set");
    fake_host_set_text(&place->fake, "device_token", NULL);
    unlink(path);
    assert_refused(place, "No such file");
    fake_host_set_text(&place->fake, "device_token_file", "/tmp");
    assert_refused(place, "not a regular file");
}

/* A file with this text, for the test to unlink. */
static void make_file(char path[64], const char *text, mode_t mode)
{
    snprintf(path, 64, "/tmp/clockblock-file-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    put_token(path, text, mode);
}

static void the_key_of_a_certificate_is_a_secret(void **state)
{
    struct place *place = *state;
    char path[64];
    make_file(path, "a key", 0644);
    fake_host_set_text(&place->fake, "client_key_file", path);
    assert_refused(place, "client_key_file: it is of no use without client_cert_file");
    fake_host_set_text(&place->fake, "client_cert_file", path);
    assert_refused(place, "client_key_file: /tmp/clockblock-file-");
    assert_says(place, "chmod 600");
    fake_host_set_text(&place->fake, "client_key_file", NULL); /* then the certificate holds it */
    assert_refused(place, "client_cert_file: ");
    assert_int_equal(0, chmod(path, 0600));
    fake_host_start(&place->fake);
    fake_host_stop(&place->fake);
    unlink(path);
    assert_refused(place, "No such file");
}

static void files_that_no_time_will_heal_hold(void **state)
{
    struct place *place = *state;
    static const char *const keys[] = {"client_cert_file", "ca_file"};
    char path[64];
    make_file(path, "this is no certificate", 0600);
    open_server(place);
    snprintf(place->url, sizeof(place->url), "https://127.0.0.1:%d/", place->server.port);
    http_server_start(&place->server, no_content);
    place->has_server = true;
    for (int i = 0; i < 2; i++) {
        fake_host_set_text(&place->fake, keys[i], path);
        fake_host_start(&place->fake);
        assert_int_equal(CLB_HOLD, deliver_two(place).outcome);
        assert_says(place, path);
        fake_host_stop(&place->fake);
        fake_host_set_text(&place->fake, keys[i], NULL);
    }
    unlink(path);
}

static void a_proxy_is_checked_and_its_password_not_shown(void **state)
{
    struct place *place = *state;
    static const char *const good[] = {"http://proxy:3128", "proxy:3128", "socks5h://10.0.0.1:1080",
                                       "https://user:password@proxy/"};
    static const char *const bad[] = {"ftp://user:password@proxy", "http://user:password@",
                                      "user:password@pro xy"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        fake_host_set_text(&place->fake, "proxy", good[i]);
        fake_host_start(&place->fake);
        fake_host_stop(&place->fake);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fake_host_set_text(&place->fake, "proxy", bad[i]);
        assert_refused(place, "proxy: ");
        assert_null(strstr(place->fake.error.text, "password"));
    }
}

static void a_key_that_no_heartbeat_has_is_refused(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"id", "playing"};
    fake_host_set_list(&place->fake, "fields", names, 2);
    assert_refused(place, "fields[1]: \"playing\"");
}

static void a_wrong_header_is_named(void **state)
{
    struct place *place = *state;
    static const char *const headers[] = {"X-Good: yes", "no header"};
    fake_host_set_list(&place->fake, "headers", headers, 2);
    assert_refused(place, "headers[1]");
}

static void a_host_without_services_is_refused(void **state)
{
    struct place *place = *state;
    place->fake.lacks = CLB_CLOCK;
    assert_refused(place, CLB_CLOCK);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(a_batch_is_posted_as_the_first_agent_did),
        IN_A_PLACE(without_a_token_none_is_sent),
        IN_A_PLACE(five_keys_are_sent_when_the_receiver_wants_them),
        IN_A_PLACE(one_connection_serves_many_batches),
        IN_A_PLACE(a_receiver_of_logs_gets_lines),
        IN_A_PLACE(a_packed_body_unpacks_to_the_same),
        IN_A_PLACE(a_gap_goes_in_a_post_of_its_own_in_its_place),
        IN_A_PLACE(a_gap_that_is_not_sent_is_logged),
        IN_A_PLACE(what_was_taken_before_a_refusal_counts),
        IN_A_PLACE(a_batch_without_heartbeats_is_not_sent),
        IN_A_PLACE(what_a_closed_connection_swallowed_is_sent_again_from_its_beginning),
        IN_A_PLACE(a_proxy_gets_the_whole_address),
        IN_A_PLACE(each_answer_has_its_outcome),
        IN_A_PLACE(a_redirect_is_not_followed),
        IN_A_PLACE(the_server_may_ask_for_a_pause),
        IN_A_PLACE(an_answer_that_breaks_off_is_no_answer),
        IN_A_PLACE(of_a_long_answer_the_first_line_counts),
        IN_A_PLACE(the_token_is_in_no_sentence),
        IN_A_PLACE(a_password_in_the_address_is_in_no_sentence),
        IN_A_PLACE(a_stop_does_not_wait_for_a_slow_server),
        IN_A_PLACE(the_deadline_is_on_the_clock_of_the_agent),
        IN_A_PLACE(a_bell_that_means_no_stop_does_not_keep_it_busy),
        IN_A_PLACE(a_stop_does_not_wait_for_a_lookup),
        IN_A_PLACE(an_address_is_checked),
        IN_A_PLACE(a_token_may_lie_in_a_file_of_its_own),
        IN_A_PLACE(the_key_of_a_certificate_is_a_secret),
        IN_A_PLACE(files_that_no_time_will_heal_hold),
        IN_A_PLACE(a_proxy_is_checked_and_its_password_not_shown),
        IN_A_PLACE(a_key_that_no_heartbeat_has_is_refused),
        IN_A_PLACE(a_wrong_header_is_named),
        IN_A_PLACE(a_host_without_services_is_refused),
    };
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("all_proxy");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
