/* lib/intake/file.c — whole files: EVTX, gzip of anything, JSON documents over several lines, lines of text. */
#include "intake.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "evtx/evtx.h"

#define CHUNK     (256u << 10)
#define EVENT_MAX (16u << 20) /* longest event; of a longer one the begin is kept and counted as damaged */
#define EVTX_MAX  (1u << 30)
#define ARENA     (64u << 20) /* of one event */

struct reading {
    struct jw_intake_worker *worker;
    const struct jw_intake_from *from;
    const char *path;
    jw_intake_each each;
    void *context;
    struct jw_intake_counts counts;
    struct jw_arena *mem;
    gzFile file;
    jw_buffer buf; /* bytes read and not yet used */
    size_t at;
    bool end, skipping; /* skipping: the rest of an event that was too long */
    bool in_array;      /* its ']' has not come yet */
};

static void close_reading(struct reading *reading) {
    jw_arena_free(reading->mem);
    if (reading->file)
        gzclose(reading->file);
    jw_buffer_free(&reading->buf);
}

static jw_status take(struct reading *reading, jw_text text, struct jw_error *err) {
    struct jw_record rec = {.mem = reading->mem};
    jw_status st = jw_intake_line(reading->worker, reading->from, text, &rec, err);
    if (st < JW_OK)
        return st;
    reading->counts.events++;
    reading->counts.unparsed += st == JW_AGAIN;
    st = reading->each(reading->context, reading->counts.events, &rec, err);
    jw_arena_reset(reading->mem);
    return st;
}

/* More bytes behind those that are there. False at the end of the file, or of what can be read of it. */
static bool fill(struct reading *reading) {
    if (reading->end)
        return false;
    if (reading->at) {
        memmove(reading->buf.ptr, reading->buf.ptr + reading->at, reading->buf.len - reading->at);
        reading->buf.len -= reading->at;
        reading->at = 0;
    }
    if (!jw_buffer_reserve(&reading->buf, CHUNK)) {
        reading->end = true;
        return false;
    }
    int got = gzread(reading->file, reading->buf.ptr + reading->buf.len, CHUNK);
    int error = Z_OK;
    if (got == 0)
        gzerror(reading->file, &error);
    if (got < 0 || error == Z_BUF_ERROR) /* a broken or cut gzip stream: what came before it counts */
        reading->counts.damaged++;
    if (got <= 0) {
        reading->end = true;
        return false;
    }
    reading->buf.len += (size_t)got;
    return true;
}

static bool is_blank(jw_text text) { return jw_text_trim(text).len == 0; }

static jw_status read_lines(struct reading *reading, struct jw_error *err) {
    size_t searched = 0; /* bytes behind `at` without a line's end */
    for (;;) {
        char *start = reading->buf.ptr + reading->at;
        size_t have = reading->buf.len - reading->at;
        char *newline = have > searched ? memchr(start + searched, '\n', have - searched) : NULL;
        if (!newline && have < EVENT_MAX) {
            searched = have;
            if (fill(reading))
                continue;
            if (have == 0)
                return JW_OK;
        }
        size_t len = newline ? (size_t)(newline - start) : have;
        start = reading->buf.ptr + reading->at;
        jw_status st = JW_OK;
        if (reading->skipping)
            reading->skipping = newline == NULL;
        else if (!is_blank((jw_text){start, len}))
            st = take(reading, (jw_text){start, len}, err);
        if (!newline && have >= EVENT_MAX && !reading->skipping) {
            reading->counts.damaged++;
            reading->skipping = true;
        }
        reading->at += len + (newline != NULL);
        searched = 0;
        if (st != JW_OK)
            return st;
    }
}

/* The end of the object that begins at `text`, or 0 when it is not there yet. */
static size_t object_end(jw_text text, size_t *from, int *depth, bool *inside) {
    for (size_t i = *from; i < text.len; i++) {
        char c = text.ptr[i];
        if (*inside) {
            if (c == '\\' && i + 1 == text.len) { /* what it escapes is not here yet */
                *from = i;
                return 0;
            }
            if (c == '\\')
                i++;
            else if (c == '"')
                *inside = false;
        } else if (c == '"') {
            *inside = true;
        } else if (c == '{' || c == '[') {
            (*depth)++;
        } else if ((c == '}' || c == ']') && --*depth == 0) {
            return i + 1;
        }
    }
    *from = text.len;
    return 0;
}

static bool next_object(struct reading *reading) {
    do
        for (; reading->at < reading->buf.len; reading->at++)
            if (reading->buf.ptr[reading->at] == '{')
                return true;
            else if (reading->buf.ptr[reading->at] == '[')
                reading->in_array = true;
            else if (reading->buf.ptr[reading->at] == ']')
                reading->in_array = false;
    while (fill(reading));
    reading->counts.damaged += reading->in_array; /* cut between two objects */
    return false;
}

/* One array of objects, or objects that stretch over lines, one behind the other. */
static jw_status read_objects(struct reading *reading, struct jw_error *err) {
    while (next_object(reading)) {
        size_t from = 0, end = 0;
        int depth = 0;
        bool inside = false;
        for (;;) {
            jw_text text = {reading->buf.ptr + reading->at, reading->buf.len - reading->at};
            end = object_end(text, &from, &depth, &inside);
            if (end || text.len >= EVENT_MAX || !fill(reading))
                break;
        }
        if (!end) {
            reading->counts.damaged++;
            return JW_OK;
        }
        jw_status st = take(reading, (jw_text){reading->buf.ptr + reading->at, end}, err);
        reading->at += end;
        if (st != JW_OK)
            return st;
    }
    return JW_OK;
}

/* Begins like an array of objects, or with an object that does not end on its line. */
static bool is_document(const struct reading *reading) {
    jw_text text = {reading->buf.ptr, reading->buf.len}, line;
    jw_text_drop(&text, JW_TEXT("\xEF\xBB\xBF"));
    text = jw_text_trim(text);
    if (!text.len || (*text.ptr != '[' && *text.ptr != '{'))
        return false;
    bool array = *text.ptr == '[';
    if (array) {
        text.ptr++, text.len--;
        text = jw_text_trim(text);
        return text.len && *text.ptr == '{';
    }
    bool inside = false;
    int depth = 0;
    size_t from = 0;
    return jw_text_cut(&text, '\n', &line) && object_end(line, &from, &depth, &inside) == 0;
}

/* The identifier in the record's header is its number; a damaged record is counted and the next one read. */
static jw_status read_records(struct reading *reading, struct jw_evtx *evtx, struct jw_error *err) {
    for (;;) {
        struct jw_record rec = {.mem = reading->mem};
        uint64_t id = 0;
        jw_status st = jw_evtx_next(evtx, &id, &rec, err);
        if (st == JW_END)
            return JW_OK;
        if (st == JW_OK) {
            st = jw_intake_record(reading->worker, reading->from, &rec, err);
            reading->counts.events += st == JW_OK;
            if (st == JW_OK)
                st = reading->each(reading->context, id, &rec, err);
        } else if (st == JW_E_SYNTAX) {
            st = JW_OK;
        }
        jw_arena_reset(reading->mem);
        if (st != JW_OK)
            return st;
    }
}

/* EVTX is random access: the whole file is read into memory, up to a ceiling. */
static jw_status read_evtx(struct reading *reading, struct jw_error *err) {
    while (reading->buf.len - reading->at < EVTX_MAX && fill(reading))
        ;
    if (reading->buf.failed || !reading->end)
        return jw_fail(err, JW_E_LIMIT, "%s: an EVTX file larger than %u MiB", reading->path, EVTX_MAX >> 20);
    JW_AUTO(jw_evtx_close_p) struct jw_evtx *evtx = NULL;
    jw_status st = jw_evtx_open(jw_buffer_text(&reading->buf), &evtx, err);
    if (st != JW_OK)
        return st;
    st = read_records(reading, evtx, err);
    reading->counts.damaged += jw_evtx_counts(evtx).damaged;
    return st;
}

static jw_status read_all(struct reading *reading, struct jw_error *err) {
    int error = 0;
    if (!fill(reading)) {
        gzerror(reading->file, &error);
        return error < 0 && reading->counts.damaged
                   ? jw_fail(err, JW_E_SYSTEM, "%s: %s", reading->path, gzerror(reading->file, &error))
                   : JW_OK;
    }
    if (jw_evtx_detect(jw_buffer_text(&reading->buf))) {
        reading->buf.ceiling = EVTX_MAX + 2 * CHUNK;
        return read_evtx(reading, err);
    }
    return is_document(reading) ? read_objects(reading, err) : read_lines(reading, err);
}

jw_status jw_intake_file(struct jw_intake_worker *worker, const struct jw_intake_from *from, const char *path,
                         jw_intake_each each, void *context, struct jw_intake_counts *out, struct jw_error *err) {
    JW_AUTO(close_reading)
    struct reading reading = {.worker = worker,
                              .from = from,
                              .path = path,
                              .each = each,
                              .context = context,
                              .buf = JW_BUFFER(EVENT_MAX + 2 * CHUNK)};
    reading.mem = jw_arena_new(ARENA);
    if (!reading.mem)
        return jw_fail(err, JW_E_LIMIT, "%s: no memory", path);
    reading.file = gzopen(path, "rbe");
    if (!reading.file)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno ? errno : ENOMEM));
    gzbuffer(reading.file, CHUNK);
    jw_status st = read_all(&reading, err);
    *out = reading.counts;
    return st;
}
