/* daemons/collect/elastic_bulk.c — bulk bodies into the spool, answered when durable.
 *
 * A body has an origin: a hash of the key and its bytes. Its frames carry how far into the body they reach, so a
 * sender that comes again with a body whose answer it never got (it died, we died, a connection broke) continues
 * where it was: nothing is stored twice. Once the answer is sent the origin is forgotten: equal bodies sent on
 * purpose later are new events. Behind jw-api "sent" is what jw-api says (answered), else what our socket says. */
#include "bulk.h"
#include "elastic.h"

#include <stdlib.h>

#include <openssl/sha.h>

#include "base/hash.h"
#include "base/time.h"
#include "json/json.h"

#define PATIENCE     (2 * JW_SECOND)  /* for room, before anything of a body was taken: then 429 for all of it */
#define PATIENCE_MID (30 * JW_SECOND) /* when a part was taken: then 429 for each item of the rest */
#define CHECK_MEMORY (16 << 20)
#define HINT_MOST    128

enum verdict { TAKEN = 0, PUSHED_BACK = 1, KNOWN_WRONG = 2 }; /* of one item */

struct item {
    uint8_t verdict, action;
    uint32_t id_at, id_len; /* in run.names */
    uint32_t index_at, index_len;
    const char *wrong;
};

struct jw_elastic_pending {
    struct jw_elastic_pending *next;
    uint64_t origin;
};

struct run {
    struct jw_elastic *elastic;
    struct jw_source *source;
    struct jw_arena *check;
    jw_text peer, default_index;
    struct jw_elastic_pending pending;
    uint64_t reached; /* how far an earlier try got: offset in the body */
    struct item *items;
    size_t count, capacity, group_from;
    jw_buffer names;
    struct jw_lines *lines; /* the group being gathered */
    char dataset[HINT_MOST];
    size_t dataset_len;
    uint64_t group_end;
    bool took_some, refused; /* refused: from here on nothing more is taken */
    jw_status failed;
    pthread_mutex_t lock; /* of outstanding, failed_late */
    pthread_cond_t answered;
    uint32_t outstanding;
    bool failed_late;
};

/* --- one at a time for one body ---------------------------------------------------------------------------------
 */

/* A sender that gave up waiting and sends again while we still work on the first: the second waits its turn. */
static void enter(struct run *run) {
    struct jw_elastic *elastic = run->elastic;
    pthread_mutex_lock(&elastic->lock);
    for (bool busy = true; busy;) {
        busy = false;
        for (struct jw_elastic_pending *other = elastic->pending; other && !busy; other = other->next)
            busy = other->origin == run->pending.origin;
        if (busy)
            pthread_cond_wait(&elastic->changed, &elastic->lock);
    }
    run->pending.next = elastic->pending;
    elastic->pending = &run->pending;
    pthread_mutex_unlock(&elastic->lock);
    if (jw_spool_origin(elastic->collect->spool, run->pending.origin, &run->reached))
        jw_stat_add(elastic->again, 1);
}

static void leave(struct run *run) {
    struct jw_elastic *elastic = run->elastic;
    pthread_mutex_lock(&elastic->lock);
    struct jw_elastic_pending **at = &elastic->pending;
    while (*at != &run->pending)
        at = &(*at)->next;
    *at = run->pending.next;
    pthread_cond_broadcast(&elastic->changed);
    pthread_mutex_unlock(&elastic->lock);
}

static uint64_t origin_of(const char *key_id, jw_text body) {
    unsigned char digest[SHA256_DIGEST_LENGTH], both[SHA256_DIGEST_LENGTH + JW_KEY_ID] = {0};
    uint64_t origin;
    SHA256((const unsigned char *)body.ptr, body.len, both);
    memcpy(both + SHA256_DIGEST_LENGTH, key_id, strlen(key_id));
    SHA256(both, sizeof both, digest);
    memcpy(&origin, digest, sizeof origin);
    return origin ? origin : 1;
}

/* --- submitting -------------------------------------------------------------------------------------------------
 */

/* Loop's thread. */
static void on_answer(void *context, jw_status st, uint32_t events) {
    struct run *run = context;
    (void)events;
    pthread_mutex_lock(&run->lock);
    run->failed_late |= st != JW_OK;
    run->outstanding--;
    pthread_cond_signal(&run->answered);
    pthread_mutex_unlock(&run->lock);
}

static jw_status submit(struct run *run) {
    struct jw_submission ask = {.lines = run->lines,
                                .source = run->source,
                                .format = JW_TEXT("json"),
                                .dataset = {run->dataset, run->dataset_len},
                                .peer = run->peer,
                                .origin = run->pending.origin,
                                .origin_at = run->group_end,
                                .lane = run->pending.origin,
                                .done = on_answer,
                                .context = run};
    int64_t until = jw_time_steady() + (run->took_some ? PATIENCE_MID : PATIENCE);
    pthread_mutex_lock(&run->lock);
    run->outstanding++;
    pthread_mutex_unlock(&run->lock);
    jw_status st;
    while ((st = jw_submit(run->elastic->collect->pipeline, &ask)) == JW_AGAIN && jw_time_steady() < until)
        nanosleep(&(struct timespec){.tv_nsec = 5 * JW_MS}, NULL);
    if (st != JW_OK) {
        pthread_mutex_lock(&run->lock);
        run->outstanding--;
        pthread_mutex_unlock(&run->lock);
        jw_lines_free(run->lines);
    }
    run->lines = NULL;
    return st;
}

/* Hands the gathered group over. What was not taken says so, item by item. */
static void flush(struct run *run) {
    if (!run->lines)
        return;
    jw_status st = submit(run);
    run->took_some |= st == JW_OK;
    if (st != JW_OK) {
        run->refused = true;
        run->failed = st;
        for (size_t i = run->group_from; i < run->count; i++)
            if (run->items[i].verdict == TAKEN)
                run->items[i].verdict = PUSHED_BACK;
    }
    run->group_from = run->count;
}

/* --- documents --------------------------------------------------------------------------------------------------
 */

/* What the document says it is; else `fields.dataset` of Beats; else the name of its data stream. The intake reads
 * event.dataset by itself. {NULL, 0} in `out`: nothing. Gives what is wrong with the document, or NULL. */
static const char *look_into(struct run *run, jw_text document, jw_text index, jw_text *out) {
    static const char *const hints[] = {"data_stream.dataset", "fields.dataset", "fields.event.dataset"};
    struct jw_record rec = {.mem = run->check};
    jw_arena_reset(run->check);
    jw_status st = jw_json_flatten(document, &rec, NULL);
    *out = jw_bulk_dataset(index);
    if (st == JW_E_SYNTAX)
        return "the document is not one valid JSON object";
    if (st != JW_OK) /* deeper or larger than we look into: kept as it came */
        return NULL;
    if (jw_record_find_id(&rec, JW_F_EVENT_DATASET)) {
        *out = (jw_text){NULL, 0};
        return NULL;
    }
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        const jw_field *field = jw_record_find(&rec, jw_text_from(hints[i]));
        if (field && field->kind == JW_KIND_TEXT && field->value.len && field->value.len < HINT_MOST)
            return *out = field->value, NULL;
    }
    return NULL;
}

static bool fits(const struct run *run, jw_text document, jw_text dataset) {
    return run->lines->count < JW_SUBMIT_LINES && run->lines->len + document.len <= JW_SUBMIT_BYTES &&
           jw_text_is((jw_text){run->dataset, run->dataset_len}, dataset);
}

/* Into the group; a full one, or one of another kind, goes on its way first. */
static void gather(struct run *run, jw_text document, jw_text dataset, size_t end) {
    size_t most = run->elastic->collect->message_most;
    jw_text kept = {document.ptr, document.len < most ? document.len : most};
    if (run->lines && !fits(run, kept, dataset)) {
        run->count--; /* this item is of the next group */
        flush(run);
        run->count++;
    }
    if (!run->lines && !run->refused) {
        run->lines = jw_lines_new();
        run->dataset_len = dataset.len;
        memcpy(run->dataset, dataset.len ? dataset.ptr : "", dataset.len);
    }
    if (run->refused || !run->lines || !jw_lines_add(run->lines, kept, kept.len < document.len ? JW_LINE_CUT : 0))
        run->items[run->count - 1].verdict = PUSHED_BACK;
    else
        run->group_end = end;
}

static bool remember(struct run *run, const jw_bulk_item *item, struct item **out) {
    if (run->count == run->capacity) {
        size_t capacity = run->capacity ? run->capacity * 2 : 64;
        struct item *items = realloc(run->items, capacity * sizeof *items);
        if (!items)
            return false;
        run->items = items;
        run->capacity = capacity;
    }
    *out = &run->items[run->count++];
    jw_text index = item->index.len ? item->index : run->default_index;
    **out = (struct item){.action = (uint8_t)item->action,
                          .id_at = (uint32_t)run->names.len,
                          .id_len = (uint32_t)item->id.len,
                          .index_at = (uint32_t)(run->names.len + item->id.len),
                          .index_len = (uint32_t)index.len,
                          .wrong = item->wrong};
    jw_buffer_add(&run->names, item->id);
    jw_buffer_add(&run->names, index);
    return !run->names.failed;
}

static void take(struct run *run, const jw_bulk_item *item, struct item *kept) {
    jw_text dataset = {NULL, 0};
    jw_text index = item->index.len ? item->index : run->default_index;
    if (!kept->wrong)
        kept->wrong = look_into(run, item->document, index, &dataset);
    if (kept->wrong) {
        kept->verdict = KNOWN_WRONG;
        jw_stat_add(run->source->invalid, 1);
    } else if (item->end > run->reached) {
        gather(run, item->document, dataset, item->end);
    }
}

/* Everything that was submitted is answered, and what an earlier try appended is durable as well. */
static void wait_for_all(struct run *run) {
    struct jw_spool *spool = run->elastic->collect->spool;
    pthread_mutex_lock(&run->lock);
    while (run->outstanding)
        pthread_cond_wait(&run->answered, &run->lock);
    pthread_mutex_unlock(&run->lock);
    if (run->reached && jw_spool_wait(spool, jw_spool_appended(spool), 30 * JW_SECOND, NULL) != JW_OK)
        run->failed_late = true;
    if (run->failed_late)
        run->failed = JW_E_SYSTEM;
}

/* --- answers ----------------------------------------------------------------------------------------------------
 */

static void add_error(jw_buffer *out, const struct item *item) {
    if (item->verdict == PUSHED_BACK)
        jw_buffer_add(out, JW_TEXT(",\"status\":429,\"error\":{\"type\":\"es_rejected_execution_exception\","
                                   "\"reason\":\"the spool is full; send it again later\"}"));
    else
        jw_buffer_add(out,
                      JW_TEXT(",\"status\":400,\"error\":{\"type\":\"document_parsing_exception\",\"reason\":"));
    if (item->verdict == KNOWN_WRONG) {
        jw_buffer_json(out, jw_text_from(item->wrong));
        jw_buffer_byte(out, '}');
    }
}

static void add_item(const struct run *run, const struct item *item, bool brief, jw_buffer *out) {
    jw_buffer_print(out, "{\"%s\":{", jw_bulk_action_name((jw_bulk_action)item->action));
    if (brief && item->verdict == TAKEN) {
        jw_buffer_add(out, JW_TEXT("\"status\":201}}"));
        return;
    }
    jw_buffer_add(out, JW_TEXT("\"_index\":"));
    jw_buffer_json(out, (jw_text){run->names.ptr + item->index_at, item->index_len});
    jw_buffer_add(out, JW_TEXT(",\"_id\":"));
    if (item->id_len)
        jw_buffer_json(out, (jw_text){run->names.ptr + item->id_at, item->id_len});
    else /* unique enough for whoever looks at it; the event's own id is made by the spool */
        jw_buffer_print(out, "\"%016llx%08zx\"", (unsigned long long)run->pending.origin,
                        (size_t)(item - run->items));
    if (item->verdict == TAKEN)
        jw_buffer_add(out,
                      JW_TEXT(",\"_version\":1,\"result\":\"created\",\"_shards\":{\"total\":1,\"successful\":1,"
                              "\"failed\":0},\"_seq_no\":0,\"_primary_term\":1,\"status\":201"));
    else
        add_error(out, item);
    jw_buffer_add(out, JW_TEXT("}}"));
}

/* filter_path as Beats and Logstash use it: they want errors and statuses, and no more to read than that. */
static void answer(const struct run *run, jw_text filter, int64_t took_ns, struct jw_http_response *out) {
    bool errors = false, brief = filter.len > 0;
    bool items = !brief || jw_text_find(filter, JW_TEXT("items"), NULL);
    for (size_t i = 0; i < run->count; i++)
        errors |= run->items[i].verdict != TAKEN;
    jw_buffer_byte(&out->body, '{');
    if (!brief || jw_text_find(filter, JW_TEXT("took"), NULL))
        jw_buffer_print(&out->body, "\"took\":%lld,", (long long)(took_ns / JW_MS));
    jw_buffer_print(&out->body, "\"errors\":%s", errors ? "true" : "false");
    if (items) {
        jw_buffer_add(&out->body, JW_TEXT(",\"items\":["));
        for (size_t i = 0; i < run->count; i++) {
            if (i)
                jw_buffer_byte(&out->body, ',');
            add_item(run, &run->items[i], brief, &out->body);
        }
        jw_buffer_byte(&out->body, ']');
    }
    jw_buffer_add(&out->body, JW_TEXT("}\n"));
}

static void push_back(struct jw_elastic *elastic, struct jw_http_response *out) {
    jw_stat_add(elastic->refused, 1);
    jw_elastic_hello_error(out, 429, "es_rejected_execution_exception", "the spool is full; send it again later");
    jw_http_response_header(out, "Retry-After", JW_TEXT("2"));
}

/* --- the answer was sent, or not --------------------------------------------------------------------------------
 */

struct sent {
    struct jw_elastic *elastic;
    uint64_t origin;
};

static void after(void *context, bool was_sent) {
    struct sent *sent = context;
    if (was_sent)
        jw_spool_forget(sent->elastic->collect->spool, sent->origin);
    free(sent);
}

/* jw-api stands between us and the sender: it says when the sender has its answer. */
static void arrange_forgetting(struct run *run, const struct jw_http_request *request,
                               struct jw_http_response *out) {
    char hex[17];
    if (jw_http_request_header(request, "X-Jinwu-Forwarded").ptr && request->peer[0] == '\0') {
        snprintf(hex, sizeof hex, "%016llx", (unsigned long long)run->pending.origin);
        jw_http_response_header(out, "X-Jinwu-Origin", jw_text_from(hex));
        return;
    }
    struct sent *sent = malloc(sizeof *sent);
    if (!sent)
        return; /* stays remembered: an equal body within the next 65,536 is taken for a resend */
    *sent = (struct sent){run->elastic, run->pending.origin};
    out->after = after;
    out->after_context = sent;
}

void jw_elastic_bulk_answered(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_elastic *elastic = context;
    jw_text hex = jw_http_request_value(request, "origin");
    uint64_t origin = 0;
    bool good = hex.len == 16 && request->peer[0] == '\0';
    for (size_t i = 0; good && i < hex.len; i++) {
        const char *digit = hex.ptr[i] ? strchr("0123456789abcdef", hex.ptr[i]) : NULL;
        good = digit != NULL;
        origin = origin << 4 | (good ? (uint64_t)(digit - "0123456789abcdef") : 0);
    }
    if (good && origin)
        jw_spool_forget(elastic->collect->spool, origin);
    else
        jw_elastic_hello_error(out, 400, "illegal_argument_exception", "not an origin");
}

/* --- one request ------------------------------------------------------------------------------------------------
 */

static bool begin(struct run *run, struct jw_elastic *elastic, struct jw_http_request *request) {
    const jw_key *key = request->user;
    jw_text forwarded = jw_http_request_header(request, "X-Forwarded-For");
    *run = (struct run){.elastic = elastic,
                        .source = jw_source_named(elastic->collect->sources, jw_text_from(key->name)),
                        .check = jw_arena_new(CHECK_MEMORY),
                        .default_index = jw_http_request_value(request, "index"),
                        .peer = jw_text_from(request->peer),
                        .pending = {.origin = origin_of(key->id, request->body)},
                        .names = JW_BUFFER(64 << 20),
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .answered = PTHREAD_COND_INITIALIZER};
    if (request->peer[0] == '\0' && forwarded.ptr) /* only jw-api reaches the unix socket */
        run->peer = forwarded;
    return run->check;
}

static void end(struct run *run) {
    jw_lines_free(run->lines);
    jw_arena_free(run->check);
    jw_buffer_free(&run->names);
    free(run->items);
}

/* false: `out` tells why the whole body was refused. */
static bool finish(struct run *run, struct jw_http_request *request, struct jw_http_response *out) {
    flush(run);
    wait_for_all(run);
    bool nothing_kept = !run->took_some && !run->reached;
    if (run->failed == JW_E_SYSTEM)
        jw_elastic_hello_error(out, 503, "unavailable_shards_exception", "jinwu is stopping or its disk failed");
    else if (run->refused && nothing_kept)
        push_back(run->elastic, out);
    if (out->status != 200)
        return false;
    if (!nothing_kept)
        arrange_forgetting(run, request, out);
    return true;
}

static void run_items(struct run *run, jw_text body, struct jw_http_response *out) {
    struct jw_bulk bulk = JW_BULK(body);
    jw_bulk_item item;
    struct item *kept;
    while (out->status == 200 && jw_bulk_next(&bulk, &item) == JW_OK) {
        if (!remember(run, &item, &kept))
            jw_elastic_hello_error(out, 503, "circuit_breaking_exception", "no memory for so many items");
        else
            take(run, &item, kept);
    }
}

static bool has_too_many_items(jw_text body) {
    struct jw_bulk bulk = JW_BULK(body);
    size_t lines = 0;
    for (size_t i = 0; i < bulk.body.len && lines <= 2 * (size_t)JW_ELASTIC_ITEMS; i++, lines++) {
        const char *end = memchr(bulk.body.ptr + i, '\n', bulk.body.len - i);
        i = end ? (size_t)(end - bulk.body.ptr) : bulk.body.len;
    }
    return lines > 2 * (size_t)JW_ELASTIC_ITEMS;
}

void jw_elastic_bulk_run(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    int64_t begun = jw_time_steady();
    struct run run;
    if (has_too_many_items(request->body)) {
        jw_elastic_hello_error(out, 413, "content_too_large", "more than %d items in one body", JW_ELASTIC_ITEMS);
        return;
    }
    if (!begin(&run, context, request)) {
        push_back(context, out);
        return;
    }
    enter(&run);
    run_items(&run, request->body, out);
    if (finish(&run, request, out))
        answer(&run, jw_http_request_param(request, "filter_path"), jw_time_steady() - begun, out);
    leave(&run);
    end(&run);
}

void jw_elastic_bulk_one(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct run run;
    struct item *kept;
    jw_bulk_item item = {.action = JW_BULK_CREATE,
                         .id = jw_http_request_value(request, "id"),
                         .document = jw_text_trim(request->body),
                         .end = request->body.len};
    if (!begin(&run, context, request)) {
        push_back(context, out);
        return;
    }
    enter(&run);
    if (!remember(&run, &item, &kept))
        push_back(context, out);
    else
        take(&run, &item, kept);
    bool good = finish(&run, request, out);
    if (good && run.items[0].verdict == KNOWN_WRONG) {
        jw_elastic_hello_error(out, 400, "document_parsing_exception", "%s", run.items[0].wrong);
    } else if (good) {
        jw_buffer whole = JW_BUFFER(65536);
        add_item(&run, &run.items[0], false, &whole);
        size_t head = strlen("{\"create\":");
        jw_buffer_add(&out->body, (jw_text){whole.ptr + head, whole.len - head - 1});
        jw_buffer_free(&whole);
        out->status = 201;
    }
    leave(&run);
    end(&run);
}
