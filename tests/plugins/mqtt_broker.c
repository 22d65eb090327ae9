/* SPDX-License-Identifier: MIT */
#include "mqtt_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10 * 1000, STEP_MS = 20 };

static void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

int mqtt_free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof(address);
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(probe, (struct sockaddr *)&address, length));
    assert_int_equal(0, getsockname(probe, (struct sockaddr *)&address, &length));
    close(probe);
    return ntohs(address.sin_port);
}

/* ---- The broker ---- */

static bool is_up(int port)
{
    struct sockaddr_in address = loopback(port);
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(probe);
    return connected;
}

static void run(struct mqtt_broker *broker)
{
    broker->pid = fork();
    assert_true(broker->pid >= 0);
    if (broker->pid == 0) {
        int log = open("/dev/null", O_WRONLY);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test crashes */
        dup2(log, 1);
        dup2(log, 2);
        if (chdir(broker->folder) == 0)
            execlp("mosquitto", "mosquitto", "-c", "mosquitto.conf", (char *)NULL);
        _exit(127);
    }
    for (int waited = 0; !is_up(broker->port); waited += STEP_MS) {
        if (waited > PATIENCE_MS || waitpid(broker->pid, NULL, WNOHANG) != 0)
            fail_msg("mosquitto does not come up in %s", broker->folder);
        sleep_ms(STEP_MS);
    }
}

void mqtt_broker_start(struct mqtt_broker *broker, const char *more)
{
    char path[128];
    snprintf(broker->folder, sizeof(broker->folder), "/tmp/clockblock-mqtt-XXXXXX");
    assert_non_null(mkdtemp(broker->folder));
    broker->port = mqtt_free_port();
    snprintf(path, sizeof(path), "%s/mosquitto.conf", broker->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    /* As root it would become another user, and outlive a test that crashes. */
    fprintf(file, "%slistener %d 127.0.0.1\n%s\n", getuid() == 0 ? "user root\n" : "", broker->port,
            more[0] != '\0' ? more : "allow_anonymous true");
    fclose(file);
    run(broker);
}

void mqtt_broker_kill(struct mqtt_broker *broker)
{
    if (broker->pid <= 0)
        return;
    kill(broker->pid, SIGKILL);
    waitpid(broker->pid, NULL, 0);
    broker->pid = 0;
}

void mqtt_broker_restart(struct mqtt_broker *broker)
{
    mqtt_broker_kill(broker);
    run(broker);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void mqtt_broker_remove(struct mqtt_broker *broker)
{
    mqtt_broker_kill(broker);
    if (broker->folder[0] != '\0')
        nftw(broker->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- Who listens ---- */

static void on_subscribe(struct mosquitto *mosquitto, void *context, int id, int count,
                         const int *granted)
{
    struct mqtt_watcher *watcher = context;
    (void)mosquitto;
    (void)id;
    (void)count;
    (void)granted;
    watcher->is_subscribed = true;
}

static void on_publish(struct mosquitto *mosquitto, void *context, int id)
{
    struct mqtt_watcher *watcher = context;
    (void)mosquitto;
    (void)id;
    watcher->confirmed++;
}

static void on_message(struct mosquitto *mosquitto, void *context,
                       const struct mosquitto_message *message)
{
    struct mqtt_watcher *watcher = context;
    (void)mosquitto;
    if (watcher->count == WATCHED_MAX)
        return;
    struct watched *watched = &watcher->messages[watcher->count++];
    snprintf(watched->topic, sizeof(watched->topic), "%s", message->topic);
    snprintf(watched->payload, sizeof(watched->payload), "%.*s", message->payloadlen,
             message->payload != NULL ? (const char *)message->payload : "");
    watched->is_retained = message->retain;
}

static void step(struct mqtt_watcher *watcher)
{
    assert_int_equal(MOSQ_ERR_SUCCESS, mosquitto_loop(watcher->mosquitto, STEP_MS, 1));
}

void mqtt_watcher_start(struct mqtt_watcher *watcher, const struct mqtt_broker *broker)
{
    memset(watcher, 0, sizeof(*watcher));
    watcher->mosquitto = mosquitto_new(NULL, true, watcher);
    assert_non_null(watcher->mosquitto);
    mosquitto_message_callback_set(watcher->mosquitto, on_message);
    mosquitto_subscribe_callback_set(watcher->mosquitto, on_subscribe);
    mosquitto_publish_callback_set(watcher->mosquitto, on_publish);
    assert_int_equal(MOSQ_ERR_SUCCESS,
                     mosquitto_connect(watcher->mosquitto, "127.0.0.1", broker->port, 60));
    mosquitto_subscribe(watcher->mosquitto, NULL, "#", 1);
    for (int waited = 0; !watcher->is_subscribed; waited += STEP_MS) {
        assert_true(waited < PATIENCE_MS);
        step(watcher);
    }
}

void mqtt_watcher_stop(struct mqtt_watcher *watcher)
{
    if (watcher->mosquitto != NULL)
        mosquitto_destroy(watcher->mosquitto);
    watcher->mosquitto = NULL;
}

void mqtt_watcher_wait(struct mqtt_watcher *watcher, int count)
{
    for (int steps = 0; watcher->count < count; steps++) {
        if (steps > PATIENCE_MS / STEP_MS + count)
            fail_msg("%d messages came, and not %d", watcher->count, count);
        step(watcher);
    }
}

void mqtt_watcher_linger(struct mqtt_watcher *watcher, int ms)
{
    for (int waited = 0; waited < ms; waited += STEP_MS)
        step(watcher);
}

void mqtt_watcher_publish(struct mqtt_watcher *watcher, const char *topic, const char *payload)
{
    int confirmed = watcher->confirmed;
    assert_int_equal(MOSQ_ERR_SUCCESS, mosquitto_publish(watcher->mosquitto, NULL, topic,
                                                         (int)strlen(payload), payload, 1, false));
    for (int steps = 0; watcher->confirmed == confirmed; steps++) {
        assert_true(steps < PATIENCE_MS / STEP_MS);
        step(watcher);
    }
}

const struct watched *mqtt_watcher_last(const struct mqtt_watcher *watcher, const char *topic)
{
    for (int i = watcher->count; i > 0; i--)
        if (strcmp(watcher->messages[i - 1].topic, topic) == 0)
            return &watcher->messages[i - 1];
    return NULL;
}

int mqtt_watcher_count(const struct mqtt_watcher *watcher, const char *topic)
{
    int count = 0;
    for (int i = 0; i < watcher->count; i++)
        count += strcmp(watcher->messages[i].topic, topic) == 0;
    return count;
}
