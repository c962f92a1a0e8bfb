/* daemons/collect/stream_submit.c — from a connection's messages to the pipeline, and its answers back. */
#include "stream_parts.h"

static void on_done(void *context, jw_status st, uint32_t events) {
    struct flying *flying = context;
    struct jw_stream *stream = flying->stream;
    stream->flying--;
    stream->flying_bytes -= flying->bytes;
    if (stream->server->options.protocol->answered)
        stream->server->options.protocol->answered(stream, stream->state, st, events, flying->origin_at);
    free(flying);
    jw_stream_flush(stream);
    jw_stream_settle(stream);
}

static void queue(struct jw_stream *stream, struct jw_lines *lines, uint64_t origin, uint64_t origin_at) {
    struct ready *ready = malloc(sizeof *ready);
    if (!ready) {
        jw_source_drop(stream->source, lines->count, lines->len);
        jw_lines_free(lines);
        jw_stream_break_off(stream); /* acknowledged it will never be */
        return;
    }
    *ready = (struct ready){.lines = lines, .origin = origin, .origin_at = origin_at};
    *stream->ready_tail = ready;
    stream->ready_tail = &ready->next;
}

static void close_batch(struct jw_stream *stream) {
    if (stream->lines && stream->lines->count) {
        queue(stream, stream->lines, 0, 0);
        stream->lines = NULL;
    }
}

void jw_stream_batch(struct jw_stream *stream, struct jw_lines *lines, uint64_t origin, uint64_t origin_at) {
    close_batch(stream);
    queue(stream, lines, origin, origin_at);
}

void jw_stream_message(struct jw_stream *stream, jw_text line, unsigned flags) {
    if (stream->lines && (stream->lines->count == JW_SUBMIT_LINES ||
                          (stream->lines->count && stream->lines->len + line.len > BATCH_MOST)))
        close_batch(stream);
    if (!stream->lines)
        stream->lines = jw_lines_new();
    if (!stream->lines || !jw_lines_add(stream->lines, line, flags)) {
        jw_source_drop(stream->source, 1, line.len);
        jw_stream_break_off(stream);
    }
}

bool jw_stream_names(struct jw_stream *stream, struct jw_source *source, jw_text format, jw_text dataset) {
    char *names = malloc(format.len + dataset.len + 1);
    if (!names)
        return false;
    close_batch(stream);
    free(stream->names);
    stream->names = names;
    stream->source = source;
    stream->format = (jw_text){names, format.len};
    stream->dataset = (jw_text){names + format.len, dataset.len};
    if (format.len)
        memcpy(names, format.ptr, format.len);
    if (dataset.len)
        memcpy(names + format.len, dataset.ptr, dataset.len);
    return true;
}

static jw_status submit_one(struct jw_stream *stream, const struct ready *ready) {
    struct flying *flying = malloc(sizeof *flying);
    if (!flying)
        return JW_E_LIMIT;
    *flying = (struct flying){stream, jw_lines_cost(ready->lines), ready->origin_at};
    jw_status st = jw_submit(stream->server->collect->pipeline,
                             &(struct jw_submission){.lines = ready->lines,
                                                     .source = stream->source,
                                                     .format = stream->format,
                                                     .dataset = stream->dataset,
                                                     .peer = jw_text_from(stream->peer),
                                                     .origin = ready->origin,
                                                     .origin_at = ready->origin_at,
                                                     .lane = ready->origin ? ready->origin : stream->lane,
                                                     .done = on_done,
                                                     .context = flying});
    if (st == JW_OK) {
        stream->flying++;
        stream->flying_bytes += flying->bytes;
    } else {
        free(flying);
    }
    return st;
}

/* No memory, or we are ending: what waits is not taken, and nothing after it may be. */
static void give_up(struct jw_stream *stream, jw_status st) {
    jw_stream_break_off(stream);
    for (struct ready *ready = stream->ready, *next; ready; ready = next) {
        next = ready->next;
        jw_source_drop(stream->source, ready->lines->count, ready->lines->len);
        if (stream->server->options.protocol->answered)
            stream->server->options.protocol->answered(stream, stream->state, st, ready->lines->count,
                                                       ready->origin_at);
        jw_lines_free(ready->lines);
        free(ready);
    }
    stream->ready = NULL;
    stream->ready_tail = &stream->ready;
}

void jw_stream_submit_all(struct jw_stream *stream) {
    close_batch(stream);
    while (stream->ready) {
        struct ready *ready = stream->ready;
        jw_status st = submit_one(stream, ready);
        if (st == JW_AGAIN) {
            jw_pipeline_await(stream->server->collect->pipeline, &stream->waiter);
            return;
        }
        if (st != JW_OK) {
            give_up(stream, st);
            return;
        }
        if (!(stream->ready = ready->next))
            stream->ready_tail = &stream->ready;
        free(ready);
    }
}

void jw_stream_on_room(void *context) {
    struct jw_stream *stream = context;
    jw_stream_submit_all(stream);
    jw_stream_settle(stream);
}
