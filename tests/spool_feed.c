/* tests/spool_feed.c — writes firewall-like events into a spool: `spool_feed FOLDER COUNT [RATE] [EACH]`. RATE
 * events a second (0: as fast as it goes), EACH events a frame. Prints how many were durable. For tests and
 * measuring. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "record/codec.h"
#include "spool/spool.h"

struct feed {
    struct jw_spool *spool;
    struct jw_batch_writer *batch;
    struct jw_arena *mem;
    uint64_t count, rate, each, seed, position;
};

static uint64_t dice(struct feed *feed) {
    feed->seed ^= feed->seed << 13;
    feed->seed ^= feed->seed >> 7;
    return feed->seed ^= feed->seed << 17;
}

static jw_text keep(struct feed *feed, const char *text) { return jw_arena_copy(feed->mem, jw_text_from(text)); }

static jw_status add_event(struct feed *feed, uint64_t number) {
    static const char *const actions[] = {"accept", "drop", "accept", "reject"};
    static const unsigned ports[] = {443, 80, 53, 22, 3389, 8080};
    struct jw_record rec = {.mem = feed->mem};
    char line[512], source[32], target[32], host[16], rule[8], when[JW_TIME_TEXT];
    int64_t now = jw_time_now() / JW_MS * JW_MS;
    unsigned a = (unsigned)dice(feed), b = (unsigned)(dice(feed) >> 32), port = 1024 + (unsigned)dice(feed) % 60000;
    unsigned to = ports[(unsigned)(dice(feed) >> 20) % 6], bytes = (unsigned)(dice(feed) >> 24) % 90000;
    const char *action = actions[(dice(feed) >> 13) % 4], *protocol = to == 53 ? "udp" : "tcp";
    jw_time_print(now, when);
    snprintf(source, sizeof source, "10.%u.%u.%u", a % 4, (a >> 8) % 16, (a >> 16) % 200);
    snprintf(target, sizeof target, "%u.%u.%u.%u", 11 + b % 50, (b >> 8) % 200, (b >> 16) % 250, (b >> 24) % 250);
    snprintf(host, sizeof host, "fw-%02u", (a >> 24) % 4);
    snprintf(rule, sizeof rule, "%u", (a >> 26) % 37);
    snprintf(line, sizeof line,
             "<134>%s %s filterlog: seq=%llu rule=%s action=%s proto=%s src=%s sport=%u dst=%s dport=%u bytes=%u",
             when, host, (unsigned long long)number, rule, action, protocol, source, port, target, to, bytes);
    jw_record_set_time(&rec, now);
    jw_record_put(&rec, JW_F_EVENT_ORIGINAL, keep(feed, line));
    jw_record_put(&rec, JW_F_EVENT_KIND, JW_TEXT("event"));
    jw_record_put(&rec, JW_F_EVENT_CATEGORY, JW_TEXT("network"));
    jw_record_put(&rec, JW_F_EVENT_ACTION, keep(feed, action));
    jw_record_put(&rec, JW_F_EVENT_DATASET, JW_TEXT("firewall.log"));
    jw_record_put(&rec, JW_F_GOV_UNIT, JW_TEXT("数据局"));
    jw_record_put(&rec, JW_F_GOV_SOURCE, JW_TEXT("syslog-udp"));
    jw_record_put(&rec, JW_F_GOV_PARSER, JW_TEXT("firewall"));
    jw_record_put_kind(&rec, JW_F_GOV_PARSED, JW_TEXT("true"), JW_KIND_BOOL);
    jw_record_put(&rec, JW_F_HOST_NAME, keep(feed, host));
    jw_record_put(&rec, JW_F_SOURCE_IP, keep(feed, source));
    jw_record_put_u64(&rec, JW_F_SOURCE_PORT, port);
    jw_record_put(&rec, JW_F_DESTINATION_IP, keep(feed, target));
    jw_record_put_u64(&rec, JW_F_DESTINATION_PORT, to);
    jw_record_put(&rec, JW_F_NETWORK_TRANSPORT, keep(feed, protocol));
    jw_record_put_u64(&rec, JW_F_NETWORK_BYTES, bytes);
    jw_record_put(&rec, JW_F_RULE_ID, keep(feed, rule));
    return jw_batch_writer_add(feed->batch, &rec);
}

static jw_status append(struct feed *feed, struct jw_error *err) {
    struct jw_spool_frame frame = {.events = jw_batch_writer_count(feed->batch)};
    frame.body = jw_batch_writer_finish(feed->batch);
    jw_status st;
    while ((st = jw_spool_append(feed->spool, &frame, &feed->position, err)) == JW_AGAIN)
        usleep(20000);
    return st;
}

static jw_status run(struct feed *feed, struct jw_error *err) {
    jw_status st = JW_OK;
    int64_t began = jw_time_steady();
    for (uint64_t i = 0; st == JW_OK && i < feed->count;) {
        jw_arena_reset(feed->mem);
        for (uint64_t n = 0; st == JW_OK && n < feed->each && i < feed->count; n++, i++)
            st = add_event(feed, i);
        if (st == JW_OK)
            st = append(feed, err);
        int64_t due = feed->rate ? began + (int64_t)(i * JW_SECOND / feed->rate) - jw_time_steady() : 0;
        if (due > 0)
            usleep((useconds_t)(due / 1000));
    }
    return st == JW_OK ? jw_spool_wait(feed->spool, feed->position, 60 * JW_SECOND, err) : st;
}

int main(int argc, char **argv) {
    struct jw_error err = {{0}};
    struct feed feed = {.each = 200, .seed = UINT64_C(88172645463325252) ^ (uint64_t)jw_time_now()};
    bool good = argc >= 3 && jw_text_u64(jw_text_from(argv[2]), &feed.count) &&
                (argc < 4 || jw_text_u64(jw_text_from(argv[3]), &feed.rate)) &&
                (argc < 5 || jw_text_u64(jw_text_from(argv[4]), &feed.each));
    if (!good)
        return fprintf(stderr, "spool_feed FOLDER COUNT [RATE] [EACH]\n"), 2;
    feed.batch = jw_batch_writer_new(64u << 20);
    feed.mem = jw_arena_new(256u << 20);
    jw_status st = feed.batch && feed.mem ? jw_spool_open(argv[1], NULL, &feed.spool, NULL, &err) : JW_E_LIMIT;
    if (st == JW_OK)
        st = run(&feed, &err);
    jw_spool_close(feed.spool);
    jw_batch_writer_free(feed.batch);
    jw_arena_free(feed.mem);
    if (st == JW_OK)
        printf("%llu\n", (unsigned long long)feed.count);
    else
        fprintf(stderr, "spool_feed: %s\n", err.text);
    return st == JW_OK ? 0 : 1;
}
