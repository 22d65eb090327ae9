/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stddef.h>

static const char *const formats[] = {"array", "ndjson", NULL};

#define OPTION(NAME, TYPE, KEY, HELP, ...)                                                         \
    static const clb_option NAME = {.size = sizeof(clb_option),                                    \
                                    .type = CLB_OPTION_##TYPE,                                     \
                                    .key = (KEY),                                                  \
                                    .help = (HELP),                                                \
                                    __VA_ARGS__}

OPTION(endpoint_url, STRING, "endpoint_url",
       "where heartbeats are sent: https, or http on this machine", .flags = CLB_OPTION_REQUIRED);
OPTION(device_token, STRING, "device_token", "the bearer token; better kept in a file of its own",
       .flags = CLB_OPTION_SECRET);
OPTION(device_token_file, PATH, "device_token_file",
       "a file with the bearer token, that others may not read", .flags = 0);
OPTION(format, ENUM, "format",
       "array: one JSON array; ndjson: one object a line, for receivers of logs",
       .default_text = "array", .choices = formats);
OPTION(
    fields, LIST, "fields",
    "keys to send, such as [ \"id\", \"timestamp_utc\", \"is_playing\" ]; all, or first_agent for "
    "its five",
    .default_text = "all");
OPTION(gzip, BOOL, "gzip", "send a seventh of the bytes, to a receiver that unpacks gzip",
       .default_text = "false");
OPTION(gaps, BOOL, "gaps",
       "also send, in a POST of its own, a record of heartbeats that could not be kept",
       .default_text = "false");
OPTION(headers, LIST, "headers",
       "more headers, such as \"Prefer: resolution=ignore-duplicates\" for PostgREST", .flags = 0);
OPTION(ca_file, PATH, "ca_file", "certificates to trust, for a server with one of its own",
       .flags = 0);
OPTION(client_cert_file, PATH, "client_cert_file",
       "a certificate (PEM) to show to a server that asks for one", .flags = 0);
OPTION(client_key_file, PATH, "client_key_file",
       "its key, without a password, that others may not read; unset: it is in client_cert_file",
       .flags = 0);
OPTION(proxy, STRING, "proxy",
       "go through this proxy, such as http://proxy:3128; unset: as the environment says",
       .flags = CLB_OPTION_SECRET);
OPTION(allow_insecure, BOOL, "allow_insecure",
       "allow http to other machines: anybody on the way can read and change heartbeats",
       .default_text = "false");
OPTION(connect_timeout, DURATION, "connect_timeout_sec", "seconds that connecting may take",
       .default_text = "5", .minimum = 0.1, .maximum = 600);

const clb_option *const http_ingest_options[] = {&endpoint_url,
                                                 &device_token,
                                                 &device_token_file,
                                                 &format,
                                                 &fields,
                                                 &gzip,
                                                 &gaps,
                                                 &headers,
                                                 &ca_file,
                                                 &client_cert_file,
                                                 &client_key_file,
                                                 &proxy,
                                                 &allow_insecure,
                                                 &connect_timeout,
                                                 NULL};
