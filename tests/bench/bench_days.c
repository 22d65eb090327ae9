/* SPDX-License-Identifier: MIT */
/* What it takes to answer about days. Prints the median of many answers, in milliseconds.
 *   bench_days daily DATABASE DATE       the total of a UTC day, as /daily asks for it
 *   bench_days range DATABASE FROM TO    the household's days from one date to the other */
#include "days.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWERS = 501 };

struct bench {
    struct store_reader *reader;
    struct household *household;
    struct days days;
    int32_t from;
    int32_t to;
    int64_t used_ms; /* what the answer says, so that nobody leaves it out */
    int visited;
};

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "bench_days: %s\n", what);
    exit(1);
}

static void ask_daily(struct bench *bench)
{
    struct error error = {0};
    struct store_daily daily;
    if (store_read_daily(bench->reader, bench->days.device_id, bench->from, &daily, &error) != 0)
        give_up(error.text);
    bench->used_ms = daily.used_ms;
}

static void add_day(int32_t date, const struct day_account *day, void *context)
{
    struct bench *bench = context;
    (void)date;
    bench->used_ms += day->used_ms;
    bench->visited++;
}

static void ask_range(struct bench *bench)
{
    struct error error = {0};
    bench->used_ms = 0;
    bench->visited = 0;
    if (days_each(&bench->days, bench->from, bench->to, add_day, bench, &error) != 0)
        give_up(error.text);
    if (bench->visited != bench->to - bench->from + 1)
        give_up("a day is missing");
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static double median_ms(struct bench *bench, void (*ask)(struct bench *bench))
{
    static int64_t took_us[ANSWERS];
    for (int i = 0; i < ANSWERS; i++) {
        int64_t begun_us = clock_measure_us();
        ask(bench);
        took_us[i] = clock_measure_us() - begun_us;
        if (bench->used_ms == 0)
            give_up("nothing was played then");
    }
    qsort(took_us, ANSWERS, sizeof(took_us[0]), compare);
    int64_t median_us = took_us[(ANSWERS - 1) / 2];
    return (double)median_us / 1000;
}

static void open_bench(struct bench *bench, const char *path)
{
    static char zone[] = "Europe/Paris";
    struct error error = {0};
    struct config config = {.timezone = zone};
    if (store_reader_open(&bench->reader, path, &error) != 0 ||
        household_create(&bench->household, &config, &error) != 0)
        give_up(error.text);
    bench->days = (struct days){bench->household, bench->reader, "pc-01"};
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    const char *what = argc > 1 ? argv[1] : "";
    bool is_range = argc == 5 && strcmp(what, "range") == 0;
    if (!is_range && (argc != 4 || strcmp(what, "daily") != 0))
        give_up("usage: see the head of bench_days.c");
    if (!civil_parse_date(argv[3], &bench.from) || !civil_parse_date(argv[argc - 1], &bench.to) ||
        bench.from > bench.to)
        give_up("a date is 2026-01-31");
    open_bench(&bench, argv[2]);
    printf("%.3f\n", median_ms(&bench, is_range ? ask_range : ask_daily));
    household_destroy(bench.household);
    store_reader_close(bench.reader);
    return 0;
}
