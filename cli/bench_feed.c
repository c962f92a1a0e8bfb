/* cli/bench_feed.c — a reproducible stream of log lines, and its sender. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"

#define LINE_MOST 512
#define PIECE     ((size_t)64 << 10) /* bytes per send(2) at full speed */

static uint32_t next(uint64_t *state) { /* xorshift64*, Vigna 2016: fast and always the same */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(*state * 0x2545F4914F6CDD1Du >> 32);
}

/* Small numbers are frequent, as popular hosts are: the minimum of two draws. */
static uint32_t popular(uint64_t *r, uint32_t most) {
    uint32_t a = next(r) % most, b = next(r) % most;
    return a < b ? a : b;
}

/* What varies from packet to packet in a real filter's log: addresses, ports, the IP identification; interface,
 * hardware address, lifetime and length come from few values. */
static int packet_line(char *out, const char *when, uint64_t *r) {
    static const uint32_t lengths[] = {40, 44, 48, 52, 60, 64, 76, 1500},
                          lives[] = {49, 52, 54, 57, 60, 64, 113, 128};
    static const uint32_t ports[] = {22, 80, 443, 445, 3389, 6379, 3306, 53};
    uint32_t a = next(r), b = next(r), from = popular(r, 8192), host = a % 40;
    uint32_t port = b % 5 ? ports[b >> 8 & 7] : 1024 + (b >> 8) % 60000;
    return snprintf(
        out, LINE_MOST,
        "<4>%s fw%02u kernel: nft-drop IN=eth%u OUT= MAC=52:54:00:1a:2b:%02x:52:54:00:01:02:03:08:00 "
        "SRC=203.%u.%u.%u DST=10.%u.%u.%u LEN=%u TOS=0x00 PREC=0x00 TTL=%u ID=%u DF PROTO=%s SPT=%u DPT=%u "
        "WINDOW=64240 RES=0x00 SYN URGP=0\n",
        when, host, host & 3, host, from >> 11, from >> 3 & 255, (from & 7) * 31, host & 7, a >> 8 & 15,
        popular(r, 250), lengths[a >> 12 & 7], lives[from & 7], b & 65535, b & 3 ? "TCP" : "UDP",
        1024 + (a >> 16) % 60000, port);
}

static int login_line(char *out, const char *when, uint64_t *r) {
    static const char *const users[] = {"root", "admin", "oracle", "git", "backup", "www", "zhang", "li"};
    uint32_t a = next(r), b = next(r);
    return snprintf(out, LINE_MOST, "<38>%s srv%03u sshd[%u]: %s password for %s%s from 192.0.2.%u port %u ssh2\n",
                    when, a % 300, 1000 + b % 60000, b & 7 ? "Failed" : "Accepted", b & 8 ? "invalid user " : "",
                    users[a >> 9 & 7], b >> 8 & 255, 1024 + a % 60000);
}

static int web_line(char *out, const char *when, uint64_t *r) {
    static const char *const paths[] = {"/",     "/index.html", "/api/v1/items", "/zwfw/list.do", "/static/app.js",
                                        "/login"};
    uint32_t a = next(r), b = next(r);
    return snprintf(
        out, LINE_MOST,
        "<190>%s web%02u nginx: 198.51.100.%u - - [20/Nov/2026:08:00:%02u +0800] \"%s %s?id=%u HTTP/1.1\" "
        "%u %u \"-\" \"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\"\n",
        when, a % 20, a >> 8 & 255, a % 60, a & 16 ? "GET" : "POST", paths[b % 6], b >> 8, a & 64 ? 200 : 404,
        b % 100000);
}

jw_status jw_feed_new(size_t lines, struct jw_feed *out, struct jw_error *err) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t random = 0x6A696E7775; /* "jinwu" */
    struct jw_feed feed = {
        .bytes = malloc(lines * LINE_MOST), .starts = malloc((lines + 1) * sizeof(size_t)), .lines = lines};
    if (!feed.bytes || !feed.starts) {
        jw_feed_free(&feed);
        return jw_fail(err, JW_E_LIMIT, "no memory for %zu lines", lines);
    }
    time_t now = time(NULL);
    size_t at = 0;
    for (size_t i = 0; i < lines; i++) {
        char when[32];
        struct tm civil;
        time_t second =
            now - 60 + (time_t)(i * 60 / lines); /* the last minute, so that today's partition takes it */
        localtime_r(&second, &civil);
        snprintf(when, sizeof when, "%.3s %2d %02d:%02d:%02d", months + 3 * civil.tm_mon, civil.tm_mday,
                 civil.tm_hour, civil.tm_min, civil.tm_sec);
        feed.starts[i] = at;
        uint32_t kind = next(&random) % 10;
        at += (size_t)(kind < 7   ? packet_line(feed.bytes + at, when, &random)
                       : kind < 9 ? login_line(feed.bytes + at, when, &random)
                                  : web_line(feed.bytes + at, when, &random));
    }
    feed.starts[lines] = at;
    *out = feed;
    return JW_OK;
}

void jw_feed_free(struct jw_feed *feed) {
    free(feed->bytes);
    free(feed->starts);
    *feed = (struct jw_feed){0};
}

static jw_status send_all(int fd, const char *bytes, size_t size, struct jw_error *err) {
    while (size) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return jw_fail(err, JW_E_SYSTEM, "send: %s", strerror(errno));
        bytes += sent;
        size -= (size_t)sent;
    }
    return JW_OK;
}

static int dial(int port) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

jw_status jw_feed_send(const struct jw_feed *feed, int port, uint64_t from, uint64_t to, double rate,
                       struct jw_error *err) {
    int fd = dial(port);
    if (fd < 0)
        return jw_fail(err, JW_E_SYSTEM, "127.0.0.1:%d: %s", port, strerror(errno));
    int64_t start = jw_time_steady();
    jw_status st = JW_OK;
    for (uint64_t at = from; at < to && st == JW_OK;) {
        size_t first = (size_t)(at % feed->lines), last = first;
        size_t most = rate > 0 ? (size_t)(rate / 200) + 1 : feed->lines; /* paced: 5 ms worth at a time */
        while (last < feed->lines && last - first < most && at + (last - first) < to &&
               feed->starts[last] - feed->starts[first] < PIECE)
            last++;
        st = send_all(fd, feed->bytes + feed->starts[first], feed->starts[last] - feed->starts[first], err);
        at += last - first;
        int64_t ahead =
            rate > 0 ? (int64_t)((double)(at - from) / rate * JW_SECOND) - (jw_time_steady() - start) : 0;
        if (ahead > 0)
            usleep((useconds_t)(ahead / 1000));
    }
    close(fd);
    return st;
}

int jw_bench_port(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    int port =
        bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && getsockname(fd, (struct sockaddr *)&any, &size) == 0
            ? ntohs(any.sin_port)
            : 0;
    close(fd);
    return port;
}
