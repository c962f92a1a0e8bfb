/* daemons/api/tail.c — one stream: spool -> query -> JSON -> whoever looks. */
#include "tail.h"
#include "identity.h"
#include "question.h"

#include <stdlib.h>

#include "base/time.h"
#include "query/query.h"
#include "record/codec.h"
#include "spool/spool.h"

#define BEAT         (10 * JW_SECOND)
#define LONGEST      (1800 * JW_SECOND)
#define EVENT_MOST   (4 << 20)  /* JSON of one event */
#define FRAME_MEMORY (64 << 20) /* names and records of one frame */
#define LOOK_EVERY   64         /* frames without a pause between two looks at how far behind we are */

struct tail {
    struct jw_api *api;
    struct jw_spool_reader *reader;
    struct jw_arena *query_mem, *mem;
    const struct jw_query *query;
    struct jw_api_caller caller; /* a copy */
    char token[JW_SESSION_TOKEN + 1];
    struct jw_token api_token;
    int64_t last_asked; /* whether the caller may still see it */
    char folder[JW_PATH];
    struct jw_spool_frame frame;
    struct jw_batch_reader batch;
    struct jw_record rec;
    bool in_frame;
    uint32_t busy_frames;
    uint64_t next_event; /* number; 0: unknown */
    uint64_t number;     /* of the next record of the frame */
    jw_buffer pending;
    size_t sent; /* of pending */
    int64_t began, last_sent;
};

/* Where the log ends now. A fresh reader, because only the log's oldest frame and what lies behind it can be asked.
 */
static bool find_end(const char *folder, uint64_t *out) {
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = NULL;
    struct jw_spool_frame frame;
    struct jw_spool_lag lag;
    if (jw_spool_reader_open(folder, NULL, &reader, NULL) != JW_OK ||
        jw_spool_reader_next(reader, &frame, NULL) != JW_OK || jw_spool_reader_lag(reader, &lag, NULL) != JW_OK)
        return false;
    *out = frame.start + lag.bytes;
    return true;
}

static void say_dropped(struct tail *tail, uint64_t events) {
    jw_stat_add(jw_stats_get(tail->api->run->stats, "tail_dropped_total", (jw_text){0}), events);
    jw_buffer_print(&tail->pending, "event: dropped\ndata: {\"events\":%llu}\n\n", (unsigned long long)events);
}

/* Too far behind: to the end, and the next frame shows how many events lay between. */
static void catch_up(struct tail *tail) {
    uint64_t end;
    tail->busy_frames = 0;
    if (find_end(tail->folder, &end) && end > tail->frame.position + JW_TAIL_LAG_MOST &&
        jw_spool_reader_seek(tail->reader, end, NULL) == JW_OK)
        tail->in_frame = false;
}

static void open_frame(struct tail *tail) {
    if (tail->next_event && tail->frame.first_event > tail->next_event)
        say_dropped(tail, tail->frame.first_event - tail->next_event);
    tail->next_event = tail->frame.first_event + tail->frame.events;
    tail->number = tail->frame.first_event;
    jw_arena_reset(tail->mem);
    tail->rec = (struct jw_record){.mem = tail->mem};
    tail->in_frame = jw_batch_reader_open(&tail->batch, tail->frame.body, tail->mem, NULL) == JW_OK;
    if (!tail->in_frame)
        jw_buffer_add(&tail->pending, JW_TEXT("event: damaged\ndata: {}\n\n"));
}

static void add_event(struct tail *tail, uint64_t number) {
    char id[JW_EVENT_ID_TEXT], written[JW_TIME_TEXT];
    size_t before = tail->pending.len;
    jw_spool_event_id(jw_spool_reader_id(tail->reader), number, id);
    jw_time_print(tail->frame.written, written);
    jw_buffer_print(&tail->pending, "id: %s\ndata: {\"event.id\":\"%s\",\"event.ingested\":\"%s\"", id, id,
                    written);
    size_t head = tail->pending.len;
    jw_buffer_byte(&tail->pending, ',');
    jw_record_json(&tail->rec, &tail->pending);
    if (tail->pending.len == head + 1)
        tail->pending.len = head; /* an event without fields */
    jw_buffer_add(&tail->pending, JW_TEXT("}\n\n"));
    if (!tail->pending.failed)
        return;
    tail->pending.len = before;
    tail->pending.failed = false;
    say_dropped(tail, 1);
}

static void next_record(struct tail *tail) {
    jw_status st = jw_batch_reader_next(&tail->batch, &tail->rec, NULL);
    if (st != JW_OK) {
        tail->in_frame = false;
        if (st < 0)
            jw_buffer_add(&tail->pending, JW_TEXT("event: damaged\ndata: {}\n\n"));
        return;
    }
    uint64_t number = tail->number++;
    struct jw_query_place place = {
        .number = number, .ingested = tail->frame.written, .spool = jw_spool_reader_id(tail->reader)};
    if (jw_query_match(tail->query, &tail->rec, &place))
        add_event(tail, number);
}

/* Nothing new: wait a little, say that we are alive, end what must end. false: the stream is over. */
static bool pause_a_little(struct tail *tail) {
    tail->busy_frames = 0;
    if (jw_time_steady() - tail->last_sent < BEAT)
        return (void)!jw_spool_reader_wait(tail->reader, JW_SECOND / 2), true;
    if (jw_time_steady() - tail->began > LONGEST)
        return false;
    jw_buffer_add(&tail->pending, JW_TEXT(": alive\n\n"));
    return true;
}

/* A kicked session sees nothing more, however busy the stream is. */
static bool may_go_on(struct tail *tail) {
    int64_t now = jw_time_steady();
    if (now - tail->last_asked < JW_SECOND)
        return true;
    tail->last_asked = now;
    return jw_api_alive(tail->api, &tail->caller);
}

static bool step(struct tail *tail) {
    if (tail->in_frame)
        return next_record(tail), true;
    if (++tail->busy_frames >= LOOK_EVERY)
        catch_up(tail);
    switch (jw_spool_reader_next(tail->reader, &tail->frame, NULL)) {
    case JW_OK:
        open_frame(tail);
        return true;
    case JW_AGAIN:
        return pause_a_little(tail);
    case JW_E_SYNTAX:
        jw_buffer_add(&tail->pending, JW_TEXT("event: damaged\ndata: {}\n\n"));
        return true;
    default:
        return false;
    }
}

/* A frame without a match must not keep us from noticing that the peer has gone or that a beat is due. */
static size_t pull(void *stream, char *out, size_t room) {
    struct tail *tail = stream;
    while (tail->sent == tail->pending.len) {
        jw_buffer_clear(&tail->pending);
        tail->sent = 0;
        if (jw_http_server_stopping(tail->api->server) || !may_go_on(tail) || !step(tail))
            return 0;
        if (tail->pending.len == 0 && jw_time_steady() - tail->last_sent > BEAT)
            jw_buffer_add(&tail->pending, JW_TEXT(": alive\n\n"));
    }
    size_t size = tail->pending.len - tail->sent;
    size = size < room ? size : room;
    memcpy(out, tail->pending.ptr + tail->sent, size);
    tail->sent += size;
    tail->last_sent = jw_time_steady();
    return size;
}

static void ended(void *stream) {
    struct tail *tail = stream;
    atomic_fetch_sub(&tail->api->tails, 1);
    jw_spool_reader_close(tail->reader);
    jw_buffer_free(&tail->pending);
    jw_arena_free(tail->query_mem);
    jw_arena_free(tail->mem);
    free(tail);
}

/* JW_OK: ready at the end of the log. Otherwise `out` says why not. */
static jw_status open_tail(struct tail *tail, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_error err = {{0}};
    uint64_t end;
    const char *in;
    static const jw_text known[] = {JW_TEXT("q"), JW_TEXT("in")};
    if (!jw_question_only(request, known, sizeof known / sizeof *known, out) ||
        !jw_question_in(request, &in, out) ||
        !jw_question_parse(jw_http_request_param(request, "q"), tail->query_mem, &tail->query, out))
        return JW_E_SYNTAX;
    char sub[32];
    snprintf(sub, sizeof sub, "spool/%s", in);
    jw_daemon_path(tail->api->run, sub, tail->folder);
    bool there = find_end(tail->folder, &end);
    jw_status st = jw_spool_reader_open(tail->folder, NULL, &tail->reader, &err);
    if (st == JW_OK && there)
        st = jw_spool_reader_seek(tail->reader, end, &err);
    if (st != JW_OK)
        jw_http_response_error(out, 500, "internal", -1, "%s", err.text);
    return st;
}

void jw_tail_follow(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    const struct jw_api_caller *caller = request->user;
    if (atomic_fetch_add(&api->tails, 1) >= JW_TAIL_MOST) {
        atomic_fetch_sub(&api->tails, 1);
        jw_http_response_error(out, 503, "too_many_tails", -1, "%d live views are open already", JW_TAIL_MOST);
        return;
    }
    struct tail *tail = calloc(1, sizeof *tail);
    if (!tail) {
        atomic_fetch_sub(&api->tails, 1);
        jw_http_response_error(out, 503, "no_memory", -1, "no memory");
        return;
    }
    tail->api = api;
    tail->caller = *caller;
    snprintf(tail->token, sizeof tail->token, "%.*s", (int)caller->token.len,
             caller->token.len ? caller->token.ptr : "");
    tail->caller.token = jw_text_from(tail->token);
    if (caller->api_token) {
        tail->api_token = *caller->api_token;
        tail->caller.api_token = &tail->api_token;
    }
    tail->query_mem = jw_arena_new(4 << 20);
    tail->mem = jw_arena_new(FRAME_MEMORY);
    tail->pending = JW_BUFFER(EVENT_MOST);
    tail->began = tail->last_sent = tail->last_asked = jw_time_steady();
    if (!tail->query_mem || !tail->mem || open_tail(tail, request, out) != JW_OK) {
        if (out->status == 200)
            jw_http_response_error(out, 503, "no_memory", -1, "no memory");
        ended(tail);
        return;
    }
    jw_buffer_add(&tail->pending, JW_TEXT("retry: 2000\n\n"));
    out->type = "text/event-stream; charset=utf-8";
    out->stream = tail;
    out->pull = pull;
    out->ended = ended;
}
