/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <stddef.h>

/* 1 to 5 are of MQTT 3.1.1, the others of 5. What is not here is trouble that may pass. */
static const struct meaning {
    int code;
    int32_t outcome;
    const char *words; /* the phrase of the standard, and what the user can do */
} meanings[] = {
    {0, CLB_DELIVERED, "success"},
    {16, CLB_DELIVERED, "no matching subscribers"},
    {1, CLB_HOLD, "unacceptable protocol version: check protocol"},
    {2, CLB_HOLD, "identifier rejected: check client_id"},
    {3, CLB_RETRY, "server unavailable"},
    {4, CLB_HOLD, "bad user name or password: check username and password"},
    {5, CLB_HOLD, "not authorized: check username and password"},
    {128, CLB_RETRY, "unspecified error"},
    {129, CLB_RETRY, "malformed packet"},
    {130, CLB_RETRY, "protocol error"},
    {131, CLB_RETRY, "an error of its own"},
    {132, CLB_HOLD, "unsupported protocol version: check protocol"},
    {133, CLB_HOLD, "client identifier not valid: check client_id"},
    {134, CLB_HOLD, "bad user name or password: check username and password"},
    {135, CLB_HOLD, "not authorized: check username and password, and what the user may publish"},
    {136, CLB_RETRY, "server unavailable"},
    {137, CLB_RETRY, "server busy"},
    {138, CLB_HOLD, "banned: the broker's administrator has to allow this client"},
    {139, CLB_RETRY, "server shutting down"},
    {140, CLB_HOLD, "bad authentication method: check username and password"},
    {141, CLB_RETRY, "keep alive timeout"},
    {142, CLB_RETRY, "session taken over: another client has the same client_id"},
    {144, CLB_HOLD, "topic name invalid: check base_topic"},
    {149, CLB_TOO_LARGE, "packet too large"},
    {150, CLB_RETRY, "message rate too high"},
    {151, CLB_RETRY, "quota exceeded"},
    {152, CLB_RETRY, "administrative action"},
    {153, CLB_BAD_RECORD, "payload format invalid: it does not accept a heartbeat"},
    {154, CLB_HOLD, "retain not supported: the broker has to allow it"},
    {155, CLB_HOLD, "QoS not supported: the broker has to allow QoS 1"},
    {156, CLB_HOLD, "use another server: check host"},
    {157, CLB_HOLD, "server moved: check host"},
    {159, CLB_RETRY, "connection rate exceeded"},
};

static const struct meaning *find(int code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].code == code)
            return &meanings[i];
    return NULL;
}

int32_t answer_outcome(int code)
{
    const struct meaning *meaning = find(code);
    return meaning != NULL ? meaning->outcome : CLB_RETRY;
}

const char *answer_words(int code)
{
    const struct meaning *meaning = find(code);
    return meaning != NULL ? meaning->words : "an unknown code";
}

bool answer_is_about_version(int code)
{
    return code == 1 || code == 132;
}
