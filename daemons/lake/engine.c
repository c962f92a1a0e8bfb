/* daemons/lake/engine.c — the C interface of libchdb 26.7, as its exported symbols and public documentation give
 * it. */
#include "engine.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define LINKS_MOST  40
#define APPEND_MOST (1 << 20) /* the engine queues 16 appends of one insert */

/* Opaque to us: a connection is a pointer to a pointer; results and insert streams are pointers. */
typedef void *chdb_connection;
typedef void *chdb_result;
typedef void *chdb_stream;

#define SYMBOLS(X)                                                                                       \
    X(chdb_connection *, chdb_connect, (int argc, char **argv))                                          \
    X(void, chdb_close_conn, (chdb_connection *))                                                        \
    X(chdb_result, chdb_query_with_params_n,                                                             \
      (chdb_connection, const char *, size_t, const char *, size_t, const char *const *, const size_t *, \
       const char *const *, const size_t *, size_t))                                                     \
    X(chdb_result, chdb_stream_query_with_params_n,                                                      \
      (chdb_connection, const char *, size_t, const char *, size_t, const char *const *, const size_t *, \
       const char *const *, const size_t *, size_t))                                                     \
    X(chdb_result, chdb_stream_fetch_result, (chdb_connection, chdb_result))                             \
    X(void, chdb_stream_cancel_query, (chdb_connection, chdb_result))                                    \
    X(void, chdb_destroy_query_result, (chdb_result))                                                    \
    X(char *, chdb_result_buffer, (chdb_result))                                                         \
    X(size_t, chdb_result_length, (chdb_result))                                                         \
    X(const char *, chdb_result_error, (chdb_result))                                                    \
    X(uint64_t, chdb_result_rows_written, (chdb_result))                                                 \
    X(chdb_stream, chdb_stream_insert_n, (chdb_connection, const char *, size_t, const char *, size_t))  \
    X(int, chdb_stream_append, (chdb_stream, const void *, size_t))                                      \
    X(chdb_result, chdb_stream_done, (chdb_stream))                                                      \
    X(void, chdb_stream_cancel_insert, (chdb_stream))                                                    \
    X(const char *, chdb_stream_insert_error, (chdb_stream))                                             \
    X(void, chdb_destroy_insert_stream, (chdb_stream))                                                   \
    X(void, chdb_set_signal_handlers_enabled, (int))

#define MEMBER(type, name, arguments) type(*name) arguments;

struct jw_engine {
    void *library;
    SYMBOLS(MEMBER)
    pthread_mutex_t lock;
    struct jw_engine_link *idle;
    size_t open;
    char path[4200], memory[64];
    int64_t query_memory;
    int threads;
};

struct jw_engine_link {
    struct jw_engine *engine;
    struct jw_engine_link *next;
    chdb_connection *connection;
    chdb_result stream, piece;
};

static jw_status find(struct jw_engine *engine, const char *name, void *out, struct jw_error *err) {
    void *symbol = dlsym(engine->library, name);
    if (!symbol)
        return jw_fail(err, JW_E_SYSTEM, "the engine lacks %s; jinwu needs libchdb 26.7.3 or newer", name);
    memcpy(out, &symbol, sizeof symbol);
    return JW_OK;
}

/* Loading blocks SIGPIPE in the calling thread, which the rest of the process does not expect. */
static void unblock_pipe(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

jw_status jw_engine_load(const char *library, struct jw_engine **out, struct jw_error *err) {
    struct jw_engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    engine->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!engine->library) {
        free(engine);
        return jw_fail(err, JW_E_SYSTEM, "the engine does not load: %s", dlerror());
    }
    jw_status st = JW_OK;
#define FIND(type, name, arguments) \
    if (st == JW_OK)                \
        st = find(engine, #name, &engine->name, err);
    SYMBOLS(FIND)
    if (st != JW_OK) {
        free(engine);
        return st;
    }
    unblock_pipe();
    engine->chdb_set_signal_handlers_enabled(0);
    pthread_mutex_init(&engine->lock, NULL);
    *out = engine;
    return JW_OK;
}

static jw_status connect(struct jw_engine *engine, struct jw_engine_link **out, struct jw_error *err) {
    char *arguments[] = {(char *)(uintptr_t) "jw-lake", engine->path, engine->memory};
    struct jw_engine_link *link = calloc(1, sizeof *link);
    if (!link)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    link->engine = engine;
    link->connection = engine->chdb_connect(3, arguments);
    unblock_pipe();
    if (!link->connection) {
        free(link);
        return jw_fail(err, JW_E_SYSTEM, "the engine does not open %s (is another process using it?)",
                       engine->path + 7);
    }
    *out = link;
    return JW_OK;
}

static void disconnect(struct jw_engine_link *link) {
    link->engine->chdb_close_conn(link->connection);
    free(link);
}

static jw_status say(struct jw_engine_link *link, const char *sql, struct jw_error *err) {
    struct jw_engine_failure why;
    struct jw_engine_query query = {.sql = sql, .format = "TSV"};
    return jw_engine_run(link, &query, NULL, &why) ? JW_OK : jw_fail(err, JW_E_SYSTEM, "engine: %s", why.text);
}

static const char *const preset_names[] = {
    "insert_deduplication_token", "insert_deduplicate", "max_result_rows",
    "max_rows_to_read",           "max_block_size",     "result_overflow_mode",
    "timeout_overflow_mode",      "read_overflow_mode"};

/* What holds for every statement unless its settings say otherwise. */
jw_status jw_engine_settle(struct jw_engine_link *link, struct jw_error *err) {
    char sql[1024];
    int used =
        snprintf(sql, sizeof sql,
                 "SET max_execution_time = 60, max_memory_usage = %lld, max_threads = %d, "
                 "max_partitions_per_insert_block = 0, max_insert_threads = 1, use_query_condition_cache = 1, "
                 "output_format_json_quote_64bit_integers = 0, max_query_size = 4194304, http_max_tries = 1, "
                 /* the first merge, seconds later, makes it: twice would be a sixth of what loading costs */
                 "exclude_materialize_skip_indexes_on_insert = 'line_ngrams'",
                 (long long)link->engine->query_memory, link->engine->threads);
    for (size_t i = 0; i < sizeof preset_names / sizeof *preset_names; i++)
        used += snprintf(sql + used, sizeof sql - (size_t)used, ", %s = DEFAULT", preset_names[i]);
    return say(link, sql, err);
}

static jw_status begin(struct jw_engine_link *link, struct jw_error *err) {
    jw_status st = jw_engine_settle(link, err);
    return st == JW_OK ? say(link, "USE jw", err) : st;
}

jw_status jw_engine_start(struct jw_engine *engine, const struct jw_engine_options *options, struct jw_error *err) {
    struct jw_engine_link *link;
    snprintf(engine->path, sizeof engine->path, "--path=%s", options->folder);
    snprintf(engine->memory, sizeof engine->memory, "--max_server_memory_usage=%lld",
             (long long)options->memory_bytes);
    engine->query_memory = options->memory_bytes / 2;
    engine->threads = options->threads;
    jw_status st = connect(engine, &link, err);
    if (st != JW_OK)
        return st;
    st = say(link, "CREATE DATABASE IF NOT EXISTS jw ENGINE = Atomic", err);
    if (st == JW_OK)
        st = say(link, "DROP DATABASE IF EXISTS default", err);
    if (st == JW_OK) /* without one of that name no further connection opens; this one is empty */
        st = say(link, "CREATE DATABASE default ENGINE = Memory", err);
    if (st == JW_OK)
        st = begin(link, err);
    engine->open = 1;
    jw_engine_give(engine, link);
    return st;
}

void jw_engine_close(struct jw_engine *engine) {
    while (engine && engine->idle) {
        struct jw_engine_link *link = engine->idle;
        engine->idle = link->next;
        disconnect(link);
    }
}

jw_status jw_engine_take(struct jw_engine *engine, struct jw_engine_link **out, struct jw_error *err) {
    pthread_mutex_lock(&engine->lock);
    struct jw_engine_link *link = engine->idle;
    bool may = link || engine->open < LINKS_MOST;
    if (link)
        engine->idle = link->next;
    else if (may)
        engine->open++;
    pthread_mutex_unlock(&engine->lock);
    if (!may)
        return jw_fail(err, JW_E_LIMIT, "%d statements run already", LINKS_MOST);
    if (link)
        return *out = link, JW_OK;
    jw_status st = connect(engine, &link, err);
    if (st == JW_OK && (st = begin(link, err)) != JW_OK)
        disconnect(link);
    if (st == JW_OK)
        return *out = link, JW_OK;
    pthread_mutex_lock(&engine->lock);
    engine->open--;
    pthread_mutex_unlock(&engine->lock);
    return st;
}

void jw_engine_give(struct jw_engine *engine, struct jw_engine_link *link) {
    pthread_mutex_lock(&engine->lock);
    link->next = engine->idle;
    engine->idle = link;
    pthread_mutex_unlock(&engine->lock);
}

void jw_engine_drop(struct jw_engine *engine, struct jw_engine_link *link) {
    disconnect(link);
    pthread_mutex_lock(&engine->lock);
    engine->open--;
    pthread_mutex_unlock(&engine->lock);
}

/* "Code: 81. DB::Exception: …", maybe behind "Error: ". */
static bool failed(const char *text, struct jw_engine_failure *why) {
    *why = (struct jw_engine_failure){0};
    if (!text)
        return false;
    snprintf(why->text, sizeof why->text, "%s", text);
    jw_text rest = jw_text_from(text), number;
    uint64_t code;
    size_t at;
    if (jw_text_find(rest, JW_TEXT("Code: "), &at)) {
        rest.ptr += at + 6, rest.len -= at + 6;
        if (jw_text_cut(&rest, '.', &number) && jw_text_u64(number, &code) && code < 100000)
            why->code = (int)code;
    }
    return true;
}

struct lists {
    const char *names[JW_ENGINE_PARAMETERS], *values[JW_ENGINE_PARAMETERS];
    size_t count;
};

static void spread(const struct jw_engine_query *query, struct lists *out) {
    out->count = query->parameter_count < JW_ENGINE_PARAMETERS ? query->parameter_count : JW_ENGINE_PARAMETERS;
    for (size_t i = 0; i < out->count; i++) {
        out->names[i] = query->parameters[i].name;
        out->values[i] = query->parameters[i].value;
    }
}

bool jw_engine_run(struct jw_engine_link *link, const struct jw_engine_query *query, jw_buffer *out,
                   struct jw_engine_failure *why) {
    struct jw_engine *e = link->engine;
    struct lists lists;
    spread(query, &lists);
    chdb_result result =
        e->chdb_query_with_params_n(*link->connection, query->sql, strlen(query->sql), query->format,
                                    strlen(query->format), lists.names, NULL, lists.values, NULL, lists.count);
    bool good = !failed(e->chdb_result_error(result), why);
    if (good && out)
        jw_buffer_add(out, (jw_text){e->chdb_result_buffer(result), e->chdb_result_length(result)});
    e->chdb_destroy_query_result(result);
    return good;
}

bool jw_engine_open(struct jw_engine_link *link, const struct jw_engine_query *query,
                    struct jw_engine_failure *why) {
    struct jw_engine *e = link->engine;
    struct lists lists;
    spread(query, &lists);
    link->piece = NULL;
    link->stream = e->chdb_stream_query_with_params_n(*link->connection, query->sql, strlen(query->sql),
                                                      query->format, strlen(query->format), lists.names, NULL,
                                                      lists.values, NULL, lists.count);
    if (!failed(e->chdb_result_error(link->stream), why))
        return true;
    e->chdb_destroy_query_result(link->stream);
    link->stream = NULL;
    return false;
}

bool jw_engine_next(struct jw_engine_link *link, jw_text *out_piece, struct jw_engine_failure *why) {
    struct jw_engine *e = link->engine;
    if (link->piece)
        e->chdb_destroy_query_result(link->piece);
    link->piece = e->chdb_stream_fetch_result(*link->connection, link->stream);
    if (failed(e->chdb_result_error(link->piece), why))
        return false;
    *out_piece = (jw_text){e->chdb_result_buffer(link->piece), e->chdb_result_length(link->piece)};
    return true;
}

void jw_engine_end(struct jw_engine_link *link) {
    struct jw_engine *e = link->engine;
    if (link->piece)
        e->chdb_destroy_query_result(link->piece);
    if (link->stream) {
        e->chdb_stream_cancel_query(*link->connection, link->stream);
        e->chdb_destroy_query_result(link->stream);
    }
    link->stream = link->piece = NULL;
}

bool jw_engine_insert(struct jw_engine_link *link, const char *sql, const char *format, jw_text body,
                      uint64_t *out_rows, struct jw_engine_failure *why) {
    struct jw_engine *e = link->engine;
    chdb_stream stream = e->chdb_stream_insert_n(*link->connection, sql, strlen(sql), format, strlen(format));
    bool good = !failed(e->chdb_stream_insert_error(stream), why);
    while (good && body.len) {
        size_t size = body.len < APPEND_MOST ? body.len : APPEND_MOST;
        if (e->chdb_stream_append(stream, body.ptr, size) != 0) {
            const char *text = e->chdb_stream_insert_error(stream);
            good = !failed(text ? text : "the insert ended early", why);
        }
        body.ptr += size, body.len -= size;
    }
    if (good) {
        chdb_result result = e->chdb_stream_done(stream);
        good = !failed(e->chdb_result_error(result), why);
        *out_rows = e->chdb_result_rows_written(result);
        e->chdb_destroy_query_result(result);
    } else {
        e->chdb_stream_cancel_insert(stream);
    }
    e->chdb_destroy_insert_stream(stream);
    return good;
}
