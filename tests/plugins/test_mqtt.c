/* SPDX-License-Identifier: MIT */
/* The sink "mqtt", as the agent loads it, against a mosquitto on loopback. */
#include "batches.h"
#include "fake_host.h"
#include "mqtt_broker.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <mosquitto.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char heartbeats[] = "clockblock/pc-1/heartbeats";
static const char gaps[] = "clockblock/pc-1/gaps";
static const char state_topic[] = "clockblock/pc-1/state";
static const char availability[] = "clockblock/pc-1/availability";
static const char discovery[] = "homeassistant/device/clockblock_pc-1/config";
enum { PROMPT_MS = 3000, GREETING_MESSAGES = 2 }; /* online, and the discovery */

struct place {
    struct fake_host fake;
    struct mqtt_broker broker;
    struct mqtt_watcher watcher;
    struct made_batch made;
    clb_today today;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    fake_host_open(&place->fake, "mqtt");
    fake_host_set_text(&place->fake, "host", "127.0.0.1");
    fake_host_setting(&place->fake, "keep_alive_sec")->integer = 60;
    place->today = (clb_today){.size = sizeof(place->today), .used_ms = 60000};
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    fake_host_close(&place->fake);
    mqtt_watcher_stop(&place->watcher);
    mqtt_broker_remove(&place->broker);
    free(place);
    return 0;
}

static void set_port(struct place *place, int port)
{
    fake_host_setting(&place->fake, "port")->integer = port;
}

static void start(struct place *place)
{
    mqtt_broker_start(&place->broker, "");
    mqtt_watcher_start(&place->watcher, &place->broker);
    set_port(place, place->broker.port);
    fake_host_start(&place->fake);
}

static void make_batch(struct place *place, int first, int last)
{
    batch_make(&place->made, first, last);
    place->made.batch.device_id = "pc-1";
    place->made.batch.today = &place->today;
    place->made.batch.deadline_ms = atomic_load(&place->fake.monotonic_ms) + 10 * 1000;
}

static clb_delivery deliver_made(struct place *place)
{
    clb_delivery delivery = {.size = sizeof(delivery)};
    place->fake.error = (clb_error){.size = sizeof(place->fake.error)};
    place->fake.sink->deliver(place->fake.instance, &place->made.batch, &delivery,
                              &place->fake.error);
    return delivery;
}

static clb_delivery deliver(struct place *place, int first, int last)
{
    make_batch(place, first, last);
    return deliver_made(place);
}

static void assert_delivered(struct place *place, int first, int last)
{
    clb_delivery delivery = deliver(place, first, last);
    assert_string_equal("", place->fake.error.text);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(last - first + 1, delivery.accepted);
}

static void assert_says(const struct place *place, const char *part)
{
    if (strstr(place->fake.error.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", place->fake.error.text, part);
}

/* The host rings while the sink waits: it serves once, and returns. */
static void wait_once(struct place *place)
{
    char byte;
    fake_host_ring(&place->fake);
    assert_int_equal(CLB_OK, place->fake.sink->wait(place->fake.instance, 60 * 1000));
    assert_int_equal(1, read(place->fake.bell[0], &byte, 1));
}

/* Enough for all that is under way. */
static void wait_some(struct place *place)
{
    for (int i = 0; i < 10; i++) {
        wait_once(place);
        mqtt_watcher_linger(&place->watcher, 20);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- The stream ---- */

static void each_heartbeat_arrives_as_it_is_and_in_order(void **state)
{
    struct place *place = *state;
    start(place);
    make_batch(place, 1, 8);
    batch_set_kind(&place->made, 3, CLB_RECORD_GAP);
    batch_set_kind(&place->made, 5, 77); /* of later days */
    clb_delivery delivery = deliver_made(place);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(8, delivery.accepted);

    mqtt_watcher_wait(&place->watcher, GREETING_MESSAGES + 7);
    int index = 0;
    for (int i = 0; i < place->watcher.count; i++) {
        const struct watched *message = &place->watcher.messages[i];
        bool is_gap = strcmp(message->topic, gaps) == 0;
        if (!is_gap && strcmp(message->topic, heartbeats) != 0)
            continue;
        index += index == 5;
        assert_int_equal(index == 3, is_gap);
        assert_string_equal(place->made.json[index], message->payload);
        assert_false(message->is_retained);
        index++;
    }
    assert_int_equal(8, index);
}

static void one_connection_serves_many_batches(void **state)
{
    struct place *place = *state;
    start(place);
    for (int first = 1; first < 40; first += 8)
        assert_delivered(place, first, first + 7);
    mqtt_watcher_wait(&place->watcher, GREETING_MESSAGES + 40);
    assert_int_equal(1, mqtt_watcher_count(&place->watcher, availability));
}

static void an_empty_batch_needs_no_broker(void **state)
{
    struct place *place = *state;
    set_port(place, mqtt_free_port());
    fake_host_start(&place->fake);
    clb_delivery delivery = deliver(place, 1, 0);
    assert_int_equal(CLB_DELIVERED, delivery.outcome);
    assert_int_equal(0, delivery.accepted);
}

static void a_broker_that_comes_back_gets_a_new_connection(void **state)
{
    struct place *place = *state;
    start(place);
    assert_delivered(place, 1, 2);
    mqtt_watcher_stop(&place->watcher);
    mqtt_broker_restart(&place->broker);
    mqtt_watcher_start(&place->watcher, &place->broker);
    signal(SIGPIPE, SIG_DFL); /* a host need not ignore it */
    clb_delivery delivery = deliver(place, 3, 8);
    assert_int_equal(CLB_RETRY, delivery.outcome);
    assert_int_equal(0, delivery.accepted);
    assert_says(place, "the connection to the broker was lost");
    assert_delivered(place, 3, 4);
    wait_once(place);
    mqtt_watcher_wait(&place->watcher, GREETING_MESSAGES + 2 + 1); /* all that is retained, anew */
    assert_string_equal("online", mqtt_watcher_last(&place->watcher, availability)->payload);
    assert_non_null(mqtt_watcher_last(&place->watcher, discovery));
    assert_non_null(mqtt_watcher_last(&place->watcher, state_topic));
}

/* ---- What is retained ---- */

static void the_agent_is_online_until_it_stops(void **state)
{
    struct place *place = *state;
    start(place);
    assert_delivered(place, 1, 1);
    mqtt_watcher_wait(&place->watcher, GREETING_MESSAGES + 1);
    assert_string_equal("online", mqtt_watcher_last(&place->watcher, availability)->payload);
    fake_host_stop(&place->fake);
    mqtt_watcher_stop(&place->watcher);
    mqtt_watcher_start(&place->watcher, &place->broker);
    mqtt_watcher_wait(&place->watcher, 3); /* with the discovery and the state */
    assert_string_equal("offline", mqtt_watcher_last(&place->watcher, availability)->payload);
    assert_true(mqtt_watcher_last(&place->watcher, availability)->is_retained);
    assert_true(mqtt_watcher_last(&place->watcher, discovery)->is_retained);
    assert_true(mqtt_watcher_last(&place->watcher, state_topic)->is_retained);
}

static void the_state_is_told_when_nothing_older_is_under_way(void **state)
{
    struct place *place = *state;
    start(place);
    make_batch(place, 1, 2);
    place->made.records[1].activity = "the past";
    deliver_made(place);
    make_batch(place, 3, 4);
    place->made.records[1].activity = "Minecraft";
    deliver_made(place);
    wait_once(place);
    wait_once(place); /* nothing new */
    mqtt_watcher_wait(&place->watcher, GREETING_MESSAGES + 4 + 1);
    mqtt_watcher_linger(&place->watcher, 100);
    assert_int_equal(1, mqtt_watcher_count(&place->watcher, state_topic));
    assert_string_equal("{\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\",\"is_playing\":true,"
                        "\"activity\":\"Minecraft\",\"minutes_used\":1.000,"
                        "\"minutes_overdraft\":0.000,\"minutes_left\":null}",
                        mqtt_watcher_last(&place->watcher, state_topic)->payload);
}

static void a_long_drain_tells_the_totals_of_now_and_nothing_of_the_past(void **state)
{
    struct place *place = *state;
    start(place);
    assert_delivered(place, 1, 2);
    atomic_fetch_add(&place->fake.monotonic_ms, 2500);
    place->today.used_ms = 120000;
    assert_delivered(place, 3, 4);
    mqtt_watcher_wait(&place->watcher, GREETING_MESSAGES + 4 + 1);
    assert_string_equal("{\"timestamp_utc\":null,\"is_playing\":null,\"activity\":null,"
                        "\"minutes_used\":2.000,\"minutes_overdraft\":0.000,"
                        "\"minutes_left\":null}",
                        mqtt_watcher_last(&place->watcher, state_topic)->payload);
}

static void home_assistant_is_told_again_when_it_is_born(void **state)
{
    struct place *place = *state;
    start(place);
    assert_delivered(place, 1, 1);
    mqtt_watcher_publish(&place->watcher, "homeassistant/status", "offline");
    wait_some(place);
    assert_int_equal(1, mqtt_watcher_count(&place->watcher, discovery));
    mqtt_watcher_publish(&place->watcher, "homeassistant/status", "online");
    wait_some(place);
    assert_int_equal(2, mqtt_watcher_count(&place->watcher, discovery));
    assert_string_equal(place->watcher.messages[1].payload,
                        mqtt_watcher_last(&place->watcher, discovery)->payload);
}

static void a_connection_that_is_lost_in_a_rest_is_made_again(void **state)
{
    struct place *place = *state;
    start(place);
    assert_delivered(place, 1, 1);
    mqtt_watcher_stop(&place->watcher);
    mqtt_broker_restart(&place->broker);
    mqtt_watcher_start(&place->watcher, &place->broker);
    wait_some(place); /* hears of the end, connects, is greeted, and tells */
    assert_string_equal("online", mqtt_watcher_last(&place->watcher, availability)->payload);
    assert_non_null(mqtt_watcher_last(&place->watcher, state_topic));
    assert_int_equal(0, mqtt_watcher_count(&place->watcher, heartbeats));
}

/* ---- Trouble ---- */

static void nobody_there_is_a_reason_to_try_again(void **state)
{
    struct place *place = *state;
    set_port(place, mqtt_free_port());
    fake_host_start(&place->fake);
    assert_int_equal(CLB_RETRY, deliver(place, 1, 1).outcome);
    assert_says(place, "the broker cannot be reached: Connection refused");
}

static void a_wrong_password_holds(void **state)
{
    struct place *place = *state;
    char path[96];
    mqtt_broker_start(&place->broker, "allow_anonymous false");
    set_port(place, place->broker.port);
    snprintf(path, sizeof(path), "%s/secret", place->broker.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("wrong-secret\n", file);
    fclose(file);
    assert_int_equal(0, chmod(path, 0600));
    fake_host_set_text(&place->fake, "username", "kid");
    fake_host_set_text(&place->fake, "password_file", path);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_HOLD, deliver(place, 1, 1).outcome);
    assert_says(place, "check username and password");
    assert_null(strstr(place->fake.error.text, "wrong-secret"));
    assert_string_equal("", place->fake.log);
}

/* Listens, and says at most that it is there. */
struct mute {
    int listener;
    int port;
    const char *greetings[2]; /* to its connections, one after the other; NULL: no more */
    struct fake_host *fake;   /* cancelled when something came */
    bool lets_time_pass;
    pthread_t thread;
};

static void hear(struct mute *mute, int connection, const char *greeting)
{
    char bytes[4096];
    bool is_greeted = greeting == NULL;
    while (recv(connection, bytes, sizeof(bytes), 0) > 0) {
        if (!is_greeted) /* its second byte says how long it is */
            send(connection, greeting, (size_t)greeting[1] + 2, MSG_NOSIGNAL);
        else if (mute->lets_time_pass)
            atomic_fetch_add(&mute->fake->monotonic_ms, 3600 * 1000);
        else
            fake_host_cancel(mute->fake);
        is_greeted = true;
    }
    close(connection);
}

static void *be_mute(void *argument)
{
    struct mute *mute = argument;
    hear(mute, accept(mute->listener, NULL, NULL), mute->greetings[0]);
    if (mute->greetings[1] != NULL)
        hear(mute, accept(mute->listener, NULL, NULL), mute->greetings[1]);
    return NULL;
}

static void start_mute(struct place *place, struct mute *mute)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    mute->fake = &place->fake;
    mute->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(mute->listener, (struct sockaddr *)&address, length));
    assert_int_equal(0, listen(mute->listener, 4));
    assert_int_equal(0, getsockname(mute->listener, (struct sockaddr *)&address, &length));
    set_port(place, ntohs(address.sin_port));
    assert_int_equal(0, pthread_create(&mute->thread, NULL, be_mute, mute));
    fake_host_start(&place->fake);
}

static void stop_mute(struct place *place, struct mute *mute)
{
    fake_host_stop(&place->fake);
    pthread_join(mute->thread, NULL);
    close(mute->listener);
}

/* Each is a CONNACK. */
static const char welcome[] = "\x20\x03\x00\x00\x00";
static const char welcome_in_3_1_1[] = "\x20\x02\x00\x00";
static const char no_such_version[] = "\x20\x02\x00\x01";

static void what_is_not_confirmed_is_not_taken(void **state)
{
    struct place *place = *state;
    struct mute mute = {.greetings = {welcome}, .lets_time_pass = true};
    start_mute(place, &mute);
    int64_t start_ms = now_ms();
    clb_delivery delivery = deliver(place, 1, 3);
    assert_int_equal(CLB_RETRY, delivery.outcome);
    assert_int_equal(0, delivery.accepted);
    assert_says(place, "did not confirm in time");
    assert_true(now_ms() - start_ms < PROMPT_MS);
    stop_mute(place, &mute);
}

static void a_stop_does_not_wait_for_a_broker_that_confirms_nothing(void **state)
{
    struct place *place = *state;
    struct mute mute = {.greetings = {welcome}};
    start_mute(place, &mute);
    int64_t start_ms = now_ms();
    assert_int_equal(CLB_RETRY, deliver(place, 1, 3).outcome);
    assert_says(place, "broken off");
    stop_mute(place, &mute);
    assert_true(now_ms() - start_ms < 1500);
}

static void a_stop_does_not_wait_for_a_greeting(void **state)
{
    struct place *place = *state;
    struct mute mute = {0};
    start_mute(place, &mute);
    int64_t start_ms = now_ms();
    assert_int_equal(CLB_RETRY, deliver(place, 1, 3).outcome);
    assert_says(place, "broken off");
    stop_mute(place, &mute);
    assert_true(now_ms() - start_ms < 1000);
}

static void a_broker_of_before_mqtt_5_is_spoken_to_in_3_1_1(void **state)
{
    struct place *place = *state;
    struct mute mute = {.greetings = {no_such_version, welcome_in_3_1_1}};
    start_mute(place, &mute);
    assert_int_equal(CLB_RETRY, deliver(place, 1, 1).outcome);
    assert_says(place, "broken off"); /* it got as far as publishing: 3.1.1 was welcome */
    stop_mute(place, &mute);
}

static void a_version_that_the_user_insists_on_is_kept(void **state)
{
    struct place *place = *state;
    struct mute mute = {.greetings = {no_such_version}};
    fake_host_set_text(&place->fake, "protocol", "5");
    start_mute(place, &mute);
    assert_int_equal(CLB_HOLD, deliver(place, 1, 1).outcome);
    assert_says(place, "check protocol");
    stop_mute(place, &mute);
}

/* Stands in for the resolver of the C library, whoever calls it here. */
static sem_t lookup_began;
static sem_t lookup_may_end;
static sem_t lookup_ends;

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **result)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof(real));
    if (node == NULL || strcmp(node, "nowhere.invalid") != 0)
        return real(node, service, hints, result);
    sem_post(&lookup_began);
    sem_wait(&lookup_may_end);
    sem_post(&lookup_ends);
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
    sem_init(&lookup_ends, 0, 0);
    fake_host_set_text(&place->fake, "host", "nowhere.invalid");
    set_port(place, 1883);
    fake_host_start(&place->fake);
    assert_int_equal(0, pthread_create(&thread, NULL, cancel_in_lookup, &place->fake));
    int64_t start_ms = now_ms();
    assert_int_equal(CLB_RETRY, deliver(place, 1, 1).outcome);
    fake_host_stop(&place->fake);
    assert_true(now_ms() - start_ms < PROMPT_MS);
    pthread_join(thread, NULL);
    sem_post(&lookup_may_end);
    sem_wait(&lookup_ends); /* the thread that was left behind cleans up after itself */
}

static void one_lookup_at_a_time(void **state)
{
    struct place *place = *state;
    sem_init(&lookup_began, 0, 0);
    sem_init(&lookup_may_end, 0, 0);
    sem_init(&lookup_ends, 0, 0);
    fake_host_set_text(&place->fake, "host", "nowhere.invalid");
    set_port(place, 1883);
    fake_host_start(&place->fake);
    for (int i = 0; i < 3; i++) {
        make_batch(place, 1, 1);
        place->made.batch.deadline_ms = atomic_load(&place->fake.monotonic_ms);
        assert_int_equal(CLB_RETRY, deliver_made(place).outcome);
        assert_says(place, "still being looked up");
    }
    sem_post(&lookup_may_end);
    assert_int_equal(CLB_RETRY, deliver(place, 1, 1).outcome);
    assert_says(place, "the broker cannot be reached");
    sem_wait(&lookup_began);
    assert_int_equal(-1, sem_trywait(&lookup_began));
}

/* ---- Settings ---- */

static void settings_are_checked(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *key;
        const char *value;
        const char *reason;
    } cases[] = {
        {"host", "", "host: it is empty"},
        {"host", "mqtt://broker", "settings of their own"},
        {"host", "a b", "host: it is no name"},
        {"base_topic", "", "base_topic: it is empty"},
        {"base_topic", "a/#", "base_topic"},
        {"discovery_prefix", "a/+", "discovery_prefix"},
        {"client_id", "", "client_id: it is empty"},
        {"client_cert_file", "x.pem", "set both"},
        {"client_key_file", "x.pem", "set both"},
        {"ca_file", "x.pem", "set tls = true"},
        {"password", "secret", "it needs a username"},
        {"password_file", "/nowhere/secret", "it needs a username"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *before = fake_host_setting(&place->fake, cases[i].key)->text;
        fake_host_set_text(&place->fake, cases[i].key, cases[i].value);
        assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
        assert_null(place->fake.instance);
        assert_says(place, cases[i].reason);
        fake_host_set_text(&place->fake, cases[i].key, before);
    }
    fake_host_set_text(&place->fake, "username", "kid");
    fake_host_set_text(&place->fake, "password", "secret");
    fake_host_set_text(&place->fake, "password_file", "/nowhere/secret");
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_says(place, "both set");
    fake_host_set_text(&place->fake, "password", NULL);
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_says(place, "No such file");
    fake_host_set_text(&place->fake, "password_file", NULL);
    fake_host_start(&place->fake);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(each_heartbeat_arrives_as_it_is_and_in_order),
        IN_A_PLACE(one_connection_serves_many_batches),
        IN_A_PLACE(an_empty_batch_needs_no_broker),
        IN_A_PLACE(a_broker_that_comes_back_gets_a_new_connection),
        IN_A_PLACE(the_agent_is_online_until_it_stops),
        IN_A_PLACE(the_state_is_told_when_nothing_older_is_under_way),
        IN_A_PLACE(a_long_drain_tells_the_totals_of_now_and_nothing_of_the_past),
        IN_A_PLACE(home_assistant_is_told_again_when_it_is_born),
        IN_A_PLACE(a_connection_that_is_lost_in_a_rest_is_made_again),
        IN_A_PLACE(nobody_there_is_a_reason_to_try_again),
        IN_A_PLACE(a_wrong_password_holds),
        IN_A_PLACE(what_is_not_confirmed_is_not_taken),
        IN_A_PLACE(a_stop_does_not_wait_for_a_broker_that_confirms_nothing),
        IN_A_PLACE(a_stop_does_not_wait_for_a_greeting),
        IN_A_PLACE(a_broker_of_before_mqtt_5_is_spoken_to_in_3_1_1),
        IN_A_PLACE(a_version_that_the_user_insists_on_is_kept),
        IN_A_PLACE(a_stop_does_not_wait_for_a_lookup),
        IN_A_PLACE(one_lookup_at_a_time),
        IN_A_PLACE(settings_are_checked),
    };
    mosquitto_lib_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
