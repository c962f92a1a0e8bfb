/* daemons/loader/follow.c — one spool into one table: gather frames, write down the intent, send, commit. */
#include "intent.h"
#include "loader.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "lake/native.h"
#include "record/codec.h"

#define DECODE_MOST  (192u << 20)
#define FIRST_DELAY  (JW_SECOND / 10)
#define LAST_DELAY   (5 * JW_SECOND)
#define STOP_SECONDS 8

struct jw_follow {
    struct jw_loader *loader;
    const char *name;
    char folder[JW_PATH];
    jw_lake_table table;
    pthread_t thread;
    struct jw_spool_reader *reader;
    struct jw_lake_block *block;
    struct jw_arena *mem;
    int intent_fd;
    size_t next_node;
    jw_stat *rows, *batches, *retries, *rejected, *damaged, *there, *lag_events, *lag_bytes, *lag_seconds;
};

/* The frames of one batch, and of them the events [first, last] that the block holds. */
struct batch {
    uint64_t from, to;    /* positions */
    uint64_t first, last; /* event numbers; 0: none yet */
    int64_t ingested_first, ingested_last;
    int64_t day;
    bool whole; /* every frame of it went into the block; false: one frame that is too large for one load */
};

static bool stopping(const struct jw_follow *follow) { return atomic_load(&follow->loader->stop); }

static void pause_ns(const struct jw_follow *follow, int64_t ns) {
    for (int64_t slept = 0; slept < ns && !stopping(follow); slept += JW_SECOND / 20)
        usleep(50000);
}

/* --- frames into the block ------------------------------------------------------------------------------------ */
/* What to do with each record of a frame. */
typedef jw_status (*each_fn)(struct jw_follow *follow, void *context, struct jw_record *rec, uint64_t number,
                             int64_t written, struct jw_error *err);

static jw_status walk(struct jw_follow *follow, const struct jw_spool_frame *frame, each_fn fn, void *context,
                      struct jw_error *err) {
    struct jw_batch_reader reader;
    jw_arena_reset(follow->mem);
    struct jw_record rec = {.mem = follow->mem};
    jw_status st = jw_batch_reader_open(&reader, frame->body, follow->mem, err);
    for (uint64_t i = 0; st == JW_OK && i < frame->events; i++) {
        st = jw_batch_reader_next(&reader, &rec, err);
        if (st == JW_OK && (st = fn(follow, context, &rec, frame->first_event + i, frame->written, err)) != JW_OK)
            return st;
    }
    if (st < 0) { /* its checksum was right, so this is a writer's mistake: what can be read was read */
        jw_stat_add(follow->damaged, 1);
        jw_log(JW_LOG_ERROR, "spool %s: frame at %llu: %s", follow->name, (unsigned long long)frame->start,
               err->text);
    }
    return JW_OK;
}

static jw_status add_record(struct jw_follow *follow, void *context, struct jw_record *rec, uint64_t number,
                            int64_t written, struct jw_error *err) {
    struct batch *batch = context;
    (void)err;
    jw_status st = jw_lake_block_add(follow->block, rec, jw_spool_reader_id(follow->reader), number, written);
    if (st != JW_OK)
        return JW_E_LIMIT;
    if (!batch->first) {
        batch->first = number;
        batch->ingested_first = written;
    }
    batch->last = number;
    batch->ingested_last = written;
    return JW_OK;
}

/* One frame that is gone or damaged must not stop the ones behind it. */
static jw_status next_frame(struct jw_follow *follow, struct jw_spool_frame *out, struct jw_error *err) {
    jw_status st;
    while ((st = jw_spool_reader_next(follow->reader, out, err)) == JW_E_SYNTAX && !stopping(follow)) {
        jw_stat_add(follow->damaged, 1);
        jw_log(JW_LOG_ERROR, "spool %s: %s", follow->name, err->text);
    }
    return st;
}

/* --- the events of a batch once more ---------------------------------------------------------------------------
 */
struct part {
    uint64_t first, last; /* event numbers wanted */
    uint64_t next;        /* the first that did not fit into the block; 0: all did */
    struct batch found;
    const char *reject; /* not NULL: keep the row with this reason instead */
};

static jw_status part_record(struct jw_follow *follow, void *context, struct jw_record *rec, uint64_t number,
                             int64_t written, struct jw_error *err) {
    struct part *part = context;
    if (number < part->first || number > part->last || part->next)
        return JW_OK;
    if (part->reject)
        return jw_reject_keep(follow->loader, rec, part->reject, err);
    if (add_record(follow, &part->found, rec, number, written, err) != JW_OK)
        part->next = number;
    return JW_OK;
}

/* The frames of the batch once more, the wanted events into the block. */
static jw_status read_part(struct jw_follow *follow, const struct batch *batch, struct part *part,
                           struct jw_error *err) {
    struct jw_spool_frame frame;
    jw_lake_block_clear(follow->block);
    part->found = (struct batch){0};
    part->next = 0;
    jw_status st = jw_spool_reader_seek(follow->reader, batch->from, err);
    while (st == JW_OK) {
        st = next_frame(follow, &frame, err);
        if (st != JW_OK || frame.position > batch->to)
            break;
        st = walk(follow, &frame, part_record, part, err);
        if (frame.position == batch->to)
            break;
    }
    if (st == JW_AGAIN) /* frames that were there cannot be waited for */
        st = jw_fail(err, JW_E_SYSTEM, "spool %s: a batch is gone", follow->name);
    return st;
}

/* Puts a frame into the block if it belongs to the batch: same day, room for all of it. */
static jw_status take_frame(struct jw_follow *follow, struct batch *batch, const struct jw_spool_frame *frame,
                            struct jw_error *err) {
    bool first = batch->to == 0;
    int64_t day = jw_lake_insert_day(frame->written);
    if (!first &&
        (day != batch->day || jw_lake_block_rows(follow->block) + frame->events > 2 * follow->loader->rows))
        return JW_END;
    struct batch before = *batch;
    uint32_t rows = jw_lake_block_rows(follow->block);
    size_t size = jw_lake_block_size(follow->block); /* half a frame in the block would be work done twice */
    if (!first && size + (rows ? size / rows : 1024) * frame->events > JW_LOADER_BLOCK / 10 * 9)
        return JW_END;
    jw_status st = walk(follow, frame, add_record, batch, err);
    if (st == JW_E_LIMIT && !first) { /* half of it is in the block: the batch once more, without it */
        struct part part = {.first = before.first, .last = before.last};
        *batch = before;
        st = read_part(follow, batch, &part, err);
        return st == JW_OK ? JW_END : st;
    }
    if (st != JW_OK && st != JW_E_LIMIT)
        return st;
    if (first) {
        batch->from = frame->start;
        batch->day = day;
    }
    batch->to = frame->position;
    batch->whole = st == JW_OK;
    return batch->whole ? JW_OK : JW_END;
}

/* New frames until there are enough rows or the first has waited long enough. JW_AGAIN: there is nothing. */
static jw_status gather(struct jw_follow *follow, struct batch *batch, struct jw_error *err) {
    struct jw_spool_frame frame;
    int64_t began = 0;
    *batch = (struct batch){0};
    jw_lake_block_clear(follow->block);
    while (!stopping(follow)) {
        jw_status st = next_frame(follow, &frame, err);
        if (st == JW_AGAIN) {
            int64_t left = began ? began + follow->loader->wait_ns - jw_time_steady() : JW_SECOND / 5;
            if (left <= 0 || (!began && jw_spool_reader_wait(follow->reader, left) == JW_AGAIN))
                break;
            if (began && jw_spool_reader_wait(follow->reader, left) < 0)
                break;
            continue;
        }
        if (st != JW_OK)
            return st;
        if (!began)
            began = jw_time_steady();
        st = take_frame(follow, batch, &frame, err);
        if (st == JW_END)
            break;
        if (st != JW_OK)
            return st;
        if (jw_lake_block_rows(follow->block) >= follow->loader->rows)
            break;
    }
    if (!batch->to)
        return JW_AGAIN;
    return jw_spool_reader_seek(follow->reader, batch->to, err); /* a frame that was looked at comes again */
}

/* --- sending -------------------------------------------------------------------------------------------------- */
static uint64_t node_hash(const struct jw_follow *follow, size_t node) {
    return jw_hash_stable(jw_text_from(jw_lake_client_node(follow->loader->lake, node)));
}

/* A node that answers now: an unsent batch has a free choice. With one node there is none. */
static size_t choose_node(struct jw_follow *follow) {
    struct jw_error err;
    size_t count = jw_lake_client_nodes(follow->loader->lake);
    for (size_t i = 0; count > 1 && i < count; i++) {
        size_t node = follow->next_node++ % count;
        if (jw_lake_client_ping(follow->loader->lake, node, &err) == JW_OK)
            return node;
    }
    return count > 1 ? follow->next_node++ % count : 0;
}

static void tell_lag(struct jw_follow *follow) {
    struct jw_spool_lag lag;
    if (jw_spool_reader_lag(follow->reader, &lag, NULL) != JW_OK)
        return;
    jw_stat_set(follow->lag_events, lag.events);
    jw_stat_set(follow->lag_bytes, lag.bytes);
    int64_t age = lag.oldest ? jw_time_now() - lag.oldest : 0;
    jw_stat_set(follow->lag_seconds, age > 0 ? (uint64_t)(age / JW_SECOND) : 0);
}

/* Sends until it is there or refused; only a stop ends it otherwise (JW_AGAIN). */
static jw_status send_load(struct jw_follow *follow, struct jw_lake_load *load, struct jw_error *err) {
    bool told = false;
    for (int64_t delay = FIRST_DELAY; !stopping(follow); delay = delay * 2 > LAST_DELAY ? LAST_DELAY : delay * 2) {
        jw_lake_outcome outcome;
        jw_status st = jw_lake_insert(follow->loader->lake, load, &outcome, err);
        if (st == JW_OK) {
            jw_stat_add(follow->rows, load->rows);
            if (outcome == JW_LAKE_WAS_THERE)
                jw_stat_add(follow->there, load->rows);
            if (told)
                jw_log(JW_LOG_INFO, "%s: the lake takes rows again", follow->name);
            return JW_OK;
        }
        if (st == JW_E_SYNTAX)
            return st;
        load->again = true;
        atomic_store(&follow->loader->schema_ready, false); /* a new lake, or one without our tables */
        jw_stat_add(follow->retries, 1);
        tell_lag(follow);
        if (!told)
            jw_log(JW_LOG_WARNING, "%s waits for the lake: %s", follow->name, err->text);
        told = true;
        pause_ns(follow, delay);
    }
    return JW_AGAIN;
}

/* --- a load that is refused is halved until the bad rows stand alone -------------------------------------------
 */
static jw_status reject_row(struct jw_follow *follow, const struct batch *batch, uint64_t number,
                            struct jw_error *err) {
    char reason[sizeof err->text];
    snprintf(reason, sizeof reason, "%s", err->text);
    struct part part = {.first = number, .last = number, .reject = reason};
    jw_stat_add(follow->rejected, 1);
    jw_log(JW_LOG_ERROR, "%s: event %llu is refused and kept in spool-rejected: %s", follow->name,
           (unsigned long long)number, reason);
    return read_part(follow, batch, &part, err);
}

static jw_status send_range(struct jw_follow *follow, const struct batch *batch, struct jw_lake_load *load,
                            uint64_t first, uint64_t last, struct jw_error *err);

/* What the block holds of [first, last], then what did not fit. */
static jw_status send_block(struct jw_follow *follow, const struct batch *batch, struct jw_lake_load *load,
                            const struct batch *found, struct jw_error *err) {
    bool again = load->again;
    load->rows = jw_lake_block_rows(follow->block);
    load->first = found->first;
    load->last = found->last;
    load->ingested_first = found->ingested_first;
    load->ingested_last = found->ingested_last;
    load->block = jw_lake_block_finish(follow->block);
    if (!load->block.ptr)
        return jw_fail(err, JW_E_LIMIT, "no memory for a load of %u rows", load->rows);
    jw_status st = send_load(follow, load, err);
    load->again = again || st == JW_E_SYNTAX;
    if (st != JW_E_SYNTAX)
        return st;
    if (found->first == found->last)
        return reject_row(follow, batch, found->first, err);
    uint64_t middle = found->first + (found->last - found->first) / 2, last = found->last;
    st = send_range(follow, batch, load, found->first, middle, err);
    return st == JW_OK ? send_range(follow, batch, load, middle + 1, last, err) : st;
}

static jw_status send_range(struct jw_follow *follow, const struct batch *batch, struct jw_lake_load *load,
                            uint64_t first, uint64_t last, struct jw_error *err) {
    while (first <= last) {
        struct part part = {.first = first, .last = last};
        jw_status st = read_part(follow, batch, &part, err);
        if (st != JW_OK)
            return st;
        if (part.next && !part.found.first) { /* this one alone is larger than a load */
            jw_fail(err, JW_E_LIMIT, "larger than %u MiB as a row", JW_LOADER_BLOCK >> 20);
            if ((st = reject_row(follow, batch, part.next, err)) != JW_OK)
                return st;
            first = part.next + 1;
            continue;
        }
        uint64_t next = part.next;
        struct batch found = part.found;
        if (found.first && (st = send_block(follow, batch, load, &found, err)) != JW_OK)
            return st;
        if (!next)
            break;
        first = next;
    }
    return JW_OK;
}

/* --- one batch ------------------------------------------------------------------------------------------------ */
static jw_status send_batch(struct jw_follow *follow, struct batch *batch, size_t node, bool again,
                            struct jw_error *err) {
    struct jw_lake_load load = {
        .table = follow->table, .node = node, .spool = jw_spool_reader_id(follow->reader), .again = again};
    struct batch found = *batch;
    jw_status st = JW_OK;
    if (!batch->whole)
        st = send_range(follow, batch, &load, 1, UINT64_MAX - 1, err);
    else if (jw_lake_block_rows(follow->block))
        st = send_block(follow, batch, &load, &found, err);
    if (st != JW_OK)
        return st;
    jw_stat_add(follow->batches, 1);
    st = jw_spool_reader_seek(follow->reader, batch->to, err);
    return st == JW_OK ? jw_spool_reader_commit(follow->reader, batch->to, err) : st;
}

static jw_status load_new(struct jw_follow *follow, struct jw_error *err) {
    struct batch batch;
    jw_status st = gather(follow, &batch, err);
    if (st != JW_OK)
        return st;
    size_t node = choose_node(follow);
    struct jw_intent intent;
    memset(&intent, 0, sizeof intent);
    intent.from = batch.from;
    intent.to = batch.to;
    intent.node = node_hash(follow, node);
    intent.spool = jw_spool_reader_id(follow->reader);
    st = jw_intent_write(follow->intent_fd, &intent, err);
    return st == JW_OK ? send_batch(follow, &batch, node, false, err) : st;
}

/* The batch that was under way when the last loader ended. JW_END: there is none. */
static jw_status load_intended(struct jw_follow *follow, struct jw_error *err) {
    struct jw_intent intent;
    jw_status st = jw_intent_read(follow->intent_fd, &intent, err);
    if (st != JW_OK || intent.spool != jw_spool_reader_id(follow->reader) ||
        intent.to <= jw_spool_reader_committed(follow->reader))
        return st < 0 ? st : JW_END;
    size_t node = 0, count = jw_lake_client_nodes(follow->loader->lake);
    while (node < count && node_hash(follow, node) != intent.node)
        node++;
    if (node == count) {
        jw_log(JW_LOG_ERROR, "%s: the node that was sent a batch is no longer configured; it is sent to another",
               follow->name);
        node = 0;
    }
    struct batch batch = {.from = intent.from, .to = intent.to};
    struct part part = {.first = 1, .last = UINT64_MAX - 1};
    st = read_part(follow, &batch, &part, err);
    if (st != JW_OK)
        return st;
    batch.first = part.found.first;
    batch.last = part.found.last;
    batch.ingested_first = part.found.ingested_first;
    batch.ingested_last = part.found.ingested_last;
    batch.whole = part.next == 0;
    jw_log(JW_LOG_INFO, "%s: the batch that was under way goes again", follow->name);
    return send_batch(follow, &batch, node, true, err);
}

static bool open_reader(struct jw_follow *follow) {
    struct jw_error err;
    while (!stopping(follow)) {
        if (jw_spool_reader_open(follow->folder, "loader", &follow->reader, &err) == JW_OK)
            return true;
        jw_log(JW_LOG_ERROR, "spool %s: %s", follow->name, err.text);
        pause_ns(follow, LAST_DELAY);
    }
    return false;
}

static void *follow_run(void *context) {
    struct jw_follow *follow = context;
    struct jw_error err;
    bool began = false;
    while (!atomic_load(&follow->loader->schema_ready) && !stopping(follow))
        usleep(20000);
    if (!open_reader(follow))
        return NULL;
    while (!stopping(follow)) {
        jw_status st = JW_END;
        if (!began && jw_spool_reader_id(follow->reader))
            st = load_intended(follow, &err);
        began |= jw_spool_reader_id(follow->reader) && (st == JW_OK || st == JW_END);
        if (st == JW_OK || st == JW_END)
            st = load_new(follow, &err);
        tell_lag(follow);
        if (st == JW_OK || st == JW_AGAIN)
            continue;
        /* nothing was committed: from the beginning, the batch under way first */
        jw_log(JW_LOG_ERROR, "spool %s: %s", follow->name, err.text);
        jw_stat_add(follow->retries, 1);
        pause_ns(follow, LAST_DELAY);
        jw_spool_reader_close(follow->reader);
        follow->reader = NULL;
        began = false;
        if (!open_reader(follow))
            break;
    }
    return NULL;
}

static void free_follow(struct jw_follow *follow) {
    jw_spool_reader_close(follow->reader);
    jw_lake_block_free(follow->block);
    jw_arena_free(follow->mem);
    if (follow->intent_fd >= 0)
        close(follow->intent_fd);
    free(follow);
}

static void find_stats(struct jw_follow *follow) {
    struct jw_stats *stats = follow->loader->run->stats;
    jw_text source = jw_text_from(follow->name);
    follow->rows = jw_stats_get(stats, "rows_loaded_total", source);
    follow->batches = jw_stats_get(stats, "batches_total", source);
    follow->retries = jw_stats_get(stats, "retries_total", source);
    follow->rejected = jw_stats_get(stats, "rows_rejected_total", source);
    follow->damaged = jw_stats_get(stats, "frames_damaged_total", source);
    follow->there = jw_stats_get(stats, "rows_were_there_total", source);
    follow->lag_events = jw_stats_get(stats, "lag_events", source);
    follow->lag_bytes = jw_stats_get(stats, "lag_bytes", source);
    follow->lag_seconds = jw_stats_get(stats, "lag_seconds", source);
}

jw_status jw_follow_start(struct jw_loader *loader, const char *name, jw_lake_table table, struct jw_follow **out,
                          struct jw_error *err) {
    char sub[80], path[JW_PATH];
    struct jw_follow *follow = calloc(1, sizeof *follow);
    if (!follow)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    follow->loader = loader;
    follow->name = name;
    follow->table = table;
    follow->intent_fd = -1;
    snprintf(sub, sizeof sub, "spool/%s", name);
    jw_daemon_path(loader->run, sub, follow->folder);
    find_stats(follow);
    follow->block = jw_lake_block_new(jw_lake_client_level(loader->lake), JW_LOADER_BLOCK);
    follow->mem = jw_arena_new(DECODE_MOST);
    snprintf(sub, sizeof sub, "run/loader-%s.intent", name);
    jw_status st = follow->block && follow->mem ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK)
        st = jw_intent_open(jw_daemon_path(loader->run, sub, path), &follow->intent_fd, err);
    if (st == JW_OK && pthread_create(&follow->thread, NULL, follow_run, follow) != 0)
        st = jw_fail(err, JW_E_SYSTEM, "no thread");
    if (st != JW_OK) {
        free_follow(follow);
        return st;
    }
    *out = follow;
    return JW_OK;
}

void jw_follow_stop(struct jw_follow *follow) {
    struct timespec until;
    if (!follow)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_SECONDS;
    /* a request may hang for a minute; leaving it is as safe as dying, see intent.h */
    if (pthread_timedjoin_np(follow->thread, NULL, &until) == 0)
        free_follow(follow);
    else
        _exit(0);
}
