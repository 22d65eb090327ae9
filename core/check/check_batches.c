/* SPDX-License-Identifier: MIT */
/* Batches of every size and kind, also of hosts that know less or more than this one. */
#include "records.h"
#include "session.h"

#include <string.h>

enum { MANY = 1000, LATER_KIND = 77 };

static void deliver(struct host *host, const struct records *records, const char *what)
{
    clb_delivery delivery;
    check_circumstance(what);
    call_deliver(host, &records->batch, &delivery);
}

static void deliver_count(struct host *host, uint32_t count, const char *what)
{
    struct records records;
    records_init(&records, count);
    deliver(host, &records, what);
    records_finish(&records);
}

static void set_activity(struct records *records, uint32_t index, const char *activity)
{
    clb_record *record = &records->records[index].abi;
    record->is_playing = 1;
    record->activity = activity;
}

static void deliver_odd_records(struct host *host)
{
    enum { LONGEST = ACTIVITY_CAPACITY - 1 };
    struct records records;
    char longest[ACTIVITY_CAPACITY];
    memset(longest, 'x', LONGEST);
    longest[LONGEST] = '\0';
    records_init(&records, 5);
    set_activity(&records, 0, longest);
    set_activity(&records, 1, NULL);
    set_activity(&records, 2, "\xE3\x83\x9E\xE3\x82\xA4\xE3\x82\xAF\xE3\x83\xA9 \"%s%n\" \\ </b>");
    records_make_gap(&records, 3);
    records.records[4].abi.kind = LATER_KIND;
    deliver(host, &records, "a batch holds odd activities, a gap and an unknown kind");
    records_finish(&records);
}

/* Kinds that a sink does not know are skipped and count as taken, whatever the rest comes to. */
static void deliver_one_kind(struct host *host, uint32_t kind, const char *what)
{
    struct records records;
    records_init(&records, 2);
    for (uint32_t i = 0; i < records.batch.count; i++) {
        if (kind == CLB_RECORD_GAP)
            records_make_gap(&records, i);
        records.records[i].abi.kind = kind;
    }
    deliver(host, &records, what);
    records_finish(&records);
}

void check_batches(struct subject *subject)
{
    struct host *host = session_start(subject);
    deliver_count(host, 0, "a batch is empty");
    deliver_count(host, 1, "a batch holds one record");
    deliver_count(host, 2, "a batch holds two records");
    deliver_odd_records(host);
    deliver_one_kind(host, CLB_RECORD_GAP, "a batch holds nothing but gaps");
    deliver_one_kind(host, LATER_KIND, "a batch holds nothing but unknown kinds");
    deliver_count(host, MANY, "a batch holds 1,000 records");
    deliver_count(host, 0, "a batch is empty again");
    session_end(host);
}

/* A newer host has longer structs, an older one has shorter ones: what it lacks reads as zero. */
static void resize(struct records *records, uint32_t more, uint32_t record_bytes)
{
    records->batch.size = (uint32_t)sizeof(records->batch) + more;
    records->today.size = (uint32_t)sizeof(records->today);
    for (uint32_t i = 0; i < records->batch.count; i++) {
        clb_record *record = &records->records[i].abi;
        record->size = record_bytes;
        if (record_bytes < sizeof(*record))
            record->activity = NULL;
    }
}

void check_batch_sizes(struct subject *subject)
{
    struct host *host = session_start(subject);
    struct records records;
    records_init(&records, 3);
    resize(&records, sizeof(records.records[0].later),
           sizeof(clb_record) + sizeof(records.records[0].later));
    deliver(host, &records, "the host is newer: its structs are longer");
    resize(&records, 0, offsetof(clb_record, activity));
    deliver(host, &records, "the host is older: its records lack their last member");
    records_finish(&records);
    session_end(host);
}
