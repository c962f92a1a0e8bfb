/* cli/bench_ledger.c — `jinwu bench ledger`: a city's records, and how long people wait for them. Bare SQLite
 * inserts of rows as large, in durable commits of as many, stand beside the writes. */
#include "bench_ledger.h"
#include "bench.h"
#include "command.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"

#define ASKED        400 /* questions of one kind */
#define WRITERS      8
#define WRITERS_MOST 64
#define PAGE         50

struct bench {
    struct jw_city city;
    const char *where; /* the database under measurement */
    const char *folder, *only;
    double seconds;
    uint64_t seed;
    bool slow;
    struct jw_error err;
};

static uint32_t dice(struct bench *bench, uint32_t below) {
    bench->seed = bench->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(bench->seed >> 33) % below;
}

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Of this thread, in which SQLite does its work: what it would take if nothing else ran on the machine. */
static int64_t own_cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * JW_SECOND + now.tv_nsec;
}

/* --- questions ---------------------------------------------------------------------------------------------------
 */
static json_t *words_of(const char *text) { return json_string(text); }

static jw_status ask(struct bench *bench, struct jw_store_query *query) {
    json_t *rows = NULL;
    int64_t total = 0;
    query->ledger = bench->city.server;
    query->limit = PAGE;
    jw_status st = jw_store_list(bench->city.store, query, &rows, &total, &bench->err);
    json_decref(rows);
    return st;
}

static void county(struct bench *bench, char out[32]) {
    snprintf(out, 32, "1.%u.", 2 + dice(bench, JW_CITY_COUNTIES));
}

/* What somebody of a county sees: its own records, filtered and sorted in one of several ways. */
static jw_status ask_county(struct bench *bench, bool count) {
    static const char *const grades[] = {"core", "important", "common"};
    static const char *const sorts[] = {"name", "ip", "grade"};
    char place[32];
    const char *places[] = {place, NULL};
    county(bench, place);
    struct jw_store_scope scope = {.places = places};
    json_t *grade = words_of(grades[dice(bench, 3)]);
    struct jw_store_filter filter = {
        .field = jw_ledger_field_find(bench->city.server, JW_TEXT("grade")), .op = JW_OP_EQ, .value = grade};
    uint32_t sort = dice(bench, 5);
    struct jw_store_query query = {
        .filters = &filter,
        .filter_count = 1,
        .scope = &scope,
        .sort = sort == 3   ? JW_COLUMN_CHANGED
                : sort == 4 ? JW_COLUMN_ID
                            : jw_ledger_field_find(bench->city.server, jw_text_from(sorts[sort])),
        .descending = dice(bench, 2),
        .count = count,
    };
    jw_status st = ask(bench, &query);
    json_decref(grade);
    return st;
}

static jw_status list_county(struct bench *bench) { return ask_county(bench, false); }
static jw_status list_and_count(struct bench *bench) { return ask_county(bench, true); }

static jw_status search_words(struct bench *bench) {
    static const char *const words[] = {"预算 数据库", "仁化 学籍",    "不动产登记", "srv",
                                        "种粮 备份",   "南雄营运车辆", "麒麟"};
    char place[32];
    const char *places[] = {place, NULL};
    county(bench, place);
    struct jw_store_scope scope = {.places = places};
    return ask(bench, &(struct jw_store_query){
                          .words = jw_text_from(words[dice(bench, 7)]), .scope = &scope, .sort = JW_COLUMN_ID});
}

static jw_status get_one(struct bench *bench) {
    json_t *record = NULL;
    jw_status st = jw_store_get(bench->city.store, bench->city.server,
                                1 + dice(bench, (uint32_t)bench->city.assets), &record, &bench->err);
    json_decref(record);
    return st;
}

static int by_time(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_wanted(const struct bench *bench, const char *what) {
    return !bench->only || strstr(what, bench->only);
}

static jw_status measure(struct bench *bench, const char *what, jw_status (*question)(struct bench *),
                         double goal_ms) {
    int64_t times[ASKED], works[ASKED];
    if (!is_wanted(bench, what))
        return JW_OK;
    bench->seed = 42;              /* the same questions in every run */
    for (int i = 0; i < 20; i++) { /* statements prepared, pages read */
        jw_status st = question(bench);
        if (st != JW_OK)
            return st;
    }
    for (int i = 0; i < ASKED; i++) {
        int64_t start = jw_time_steady(), work = own_cpu_ns();
        jw_status st = question(bench);
        times[i] = jw_time_steady() - start;
        works[i] = own_cpu_ns() - work;
        if (st != JW_OK)
            return st;
    }
    qsort(times, ASKED, sizeof *times, by_time);
    qsort(works, ASKED, sizeof *works, by_time);
    double p95 = (double)times[ASKED * 95 / 100] / (double)JW_MS;
    bench->slow |= goal_ms > 0 && p95 > goal_ms;
    char goal[48] = "";
    if (goal_ms > 0)
        snprintf(goal, sizeof goal, "   goal p95 < %.0f ms%s", goal_ms, p95 > goal_ms ? ": MISSED" : "");
    jw_bench_row(what, "p50 %7.2f ms  p95 %7.2f ms  most %7.2f ms   processor p50 %.2f ms  p95 %.2f ms%s",
                 (double)times[ASKED / 2] / (double)JW_MS, p95, (double)times[ASKED - 1] / (double)JW_MS,
                 (double)works[ASKED / 2] / (double)JW_MS, (double)works[ASKED * 95 / 100] / (double)JW_MS, goal);
    return JW_OK;
}

/* --- writes ------------------------------------------------------------------------------------------------------
 */
struct writers {
    struct bench *bench;
    int64_t first; /* of new servers; beyond those of earlier runs */
    atomic_llong next, written;
    atomic_bool stop, failed;
};

static jw_status write_one(struct writers *w, struct jw_outcome *outcome, int64_t i, struct jw_error *err) {
    struct bench *bench = w->bench;
    bool create = i % 2 == 0;
    json_t *fields = create ? jw_bench_ledger_server(&bench->city, w->first + i)
                            : json_pack("{si ss}", "cores", (int)(i % 4096 + 1), "note", "扩容");
    struct jw_change change = {.ledger = bench->city.server,
                               .deed = create ? JW_CREATE : JW_CHANGE,
                               .id = create ? 0 : 1 + i * 7919 % bench->city.assets,
                               .fields = fields,
                               .actor = {JW_TEXT("bench"), JW_TEXT("cli"), JW_TEXT("")}};
    jw_status st = fields ? jw_store_change(bench->city.store, &change, outcome, err) : JW_E_LIMIT;
    json_decref(fields);
    json_decref(outcome->record);
    outcome->record = NULL;
    return st;
}

static void *write_on(void *context) {
    struct writers *w = context;
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    struct jw_error err = {{0}};
    while (outcome && !w->stop && !w->failed) {
        if (write_one(w, outcome, atomic_fetch_add(&w->next, 1), &err) != JW_OK) {
            if (!atomic_exchange(&w->failed, true))
                w->bench->err = err;
        } else
            w->written++;
    }
    free(outcome);
    return NULL;
}

static jw_status write_all(struct bench *bench, int writers) {
    struct writers w = {.bench = bench, .first = jw_time_now() / 1000};
    pthread_t threads[WRITERS_MOST];
    double cpu = cpu_s();
    int64_t start = jw_time_steady();
    int started = 0;
    while (started < writers && pthread_create(&threads[started], NULL, write_on, &w) == 0)
        started++;
    usleep((useconds_t)(bench->seconds * 1e6));
    w.stop = true;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    double seconds = (double)(jw_time_steady() - start) / (double)JW_SECOND, rate = (double)w.written / seconds;
    if (w.failed)
        return JW_E_SYSTEM;
    char what[32];
    snprintf(what, sizeof what, "writes, %d at a time", writers);
    bench->slow |= rate < 2000;
    jw_bench_row(what, "%7.0f a second, each durable, with history and audit; cpu %.2f ms each   goal 2000%s", rate,
                 (cpu_s() - cpu) * 1000 / (double)w.written, rate < 2000 ? ": MISSED" : "");
    return JW_OK;
}

/* The peer: SQLite alone, one row of as many bytes, in transactions of as many rows as there are writers. */
static jw_status write_bare(struct bench *bench, int writers) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
    char path[4096];
    snprintf(path, sizeof path, "%s/bare.db", bench->folder);
    jw_status st = jw_sql_open(path, &sql, &bench->err);
    if (st == JW_OK)
        st = jw_sql_script(sql, "CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, fields TEXT)",
                           &bench->err);
    int64_t start = jw_time_steady(), rows = 0;
    double cpu = cpu_s();
    while (st == JW_OK && (double)(jw_time_steady() - start) < bench->seconds * (double)JW_SECOND) {
        st = jw_sql_begin(sql, true, &bench->err);
        for (int i = 0; i < writers && st == JW_OK; i++, rows++) {
            json_t *fields = jw_bench_ledger_server(&bench->city, rows);
            char *text = fields ? json_dumps(fields, JSON_COMPACT) : NULL;
            jw_sql_value value = JW_SQL_STR(jw_text_from(text ? text : ""));
            st = jw_sql_run(sql, "INSERT INTO bare (fields) VALUES ($1)", &value, 1, NULL, NULL, &bench->err);
            free(text);
            json_decref(fields);
        }
        st = jw_sql_end(sql, st, &bench->err);
    }
    double seconds = (double)(jw_time_steady() - start) / (double)JW_SECOND;
    if (st == JW_OK)
        jw_bench_row("bare SQLite inserts", "%7.0f a second, durable commits of %d; cpu %.2f ms each",
                     (double)rows / seconds, writers, (cpu_s() - cpu) * 1000 / (double)rows);
    return st;
}

/* --- the whole ---------------------------------------------------------------------------------------------------
 */
static jw_status measure_all(struct bench *bench) {
    jw_bench_row(strncmp(bench->where, "postgres", 8) == 0 ? "PostgreSQL" : "SQLite",
                 "%lld servers, %lld persons, %lld units", (long long)bench->city.made,
                 (long long)bench->city.persons, (long long)bench->city.units);
    jw_status st = measure(bench, "list of a county", list_county, 50);
    if (st == JW_OK)
        st = measure(bench, "list and its total", list_and_count, 0);
    if (st == JW_OK)
        st = measure(bench, "words in a county", search_words, 50);
    if (st == JW_OK)
        st = measure(bench, "get", get_one, 5);
    for (int writers = WRITERS; st == JW_OK && writers <= WRITERS_MOST && is_wanted(bench, "writes"); writers *= 8)
        st = write_all(bench, writers);
    return st;
}

static jw_status measure_store(struct bench *bench, const char *where, const struct jw_ledgers *ledgers) {
    bench->where = where;
    bench->city.ledgers = ledgers;
    jw_status st = jw_store_open(where, ledgers, &bench->city.store, &bench->err);
    if (st == JW_OK)
        st = jw_store_migrate(bench->city.store, NULL, NULL, &bench->err);
    if (st == JW_OK)
        st = jw_bench_ledger_make(&bench->city, &bench->err);
    if (st == JW_OK)
        st = measure_all(bench);
    jw_store_close(bench->city.store);
    bench->city.store = NULL;
    return st;
}

static void remove_folder(const char *folder) {
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
                                        "bare.db",   "bare.db-wal",   "bare.db-shm"};
    char path[4096];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static int run_in(struct bench *bench, const char *content, const char *db) {
    struct jw_ledgers *ledgers = NULL;
    char path[4096];
    snprintf(path, sizeof path, "%s/ledgers", content ? content : jw_command_content());
    jw_status st = jw_ledgers_load(path, NULL, NULL, NULL, &ledgers, &bench->err);
    snprintf(path, sizeof path, "%s/ledger.db", bench->folder);
    if (st == JW_OK)
        st = measure_store(bench, path, ledgers);
    for (int writers = WRITERS; st == JW_OK && writers <= WRITERS_MOST && is_wanted(bench, "writes"); writers *= 8)
        st = write_bare(bench, writers);
    if (st == JW_OK && db)
        st = measure_store(bench, db, ledgers);
    jw_ledgers_free(ledgers);
    if (st != JW_OK)
        return jw_command_failed("bench", "ledger: %s", bench->err.text);
    return bench->slow ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static bool read_count(const char *text, int64_t most, int64_t *out) {
    return !text || (jw_text_i64(jw_text_from(text), out) && *out >= 100 && *out <= most);
}

static int run(int argc, char **argv) {
    static const struct jw_command_option options[] = {{"assets", false},
                                                       {"seconds", false},
                                                       {"data", false},
                                                       {"db", false},
                                                       {"content", false},
                                                       {"only", false},
                                                       {0}};
    const char *values[6] = {NULL};
    char scratch[] = "/tmp/jw_bench.XXXXXX";
    int64_t seconds = 10;
    struct bench bench = {.city = {.assets = 1000000, .persons = 20000, .units = 2600}};
    int result = jw_command_options("bench", options, &argc, argv, values);
    if (result)
        return result;
    if (!read_count(values[0], 10000000, &bench.city.assets))
        return jw_command_usage("bench", "--assets wants 100 to 10000000");
    if (values[1] && (!jw_text_i64(jw_text_from(values[1]), &seconds) || seconds < 1 || seconds > 3600))
        return jw_command_usage("bench", "--seconds wants 1 to 3600");
    bench.seconds = (double)seconds;
    bench.only = values[5];
    bench.folder = values[2] ? values[2] : mkdtemp(scratch);
    if (!bench.folder || (values[2] && mkdir(values[2], 0700) != 0 && access(values[2], W_OK) != 0))
        return jw_command_failed("bench", "no folder to measure in");
    result = run_in(&bench, values[4], values[3]);
    if (!values[2])
        remove_folder(bench.folder);
    return result;
}

const struct jw_bench jw_bench_ledger = {
    .name = "ledger",
    .about = "a million assets: lists with rights, single records, words, durable writes",
    .help = "               --assets N      servers that are made first (1000000)\n"
            "               --seconds N     how long to write (10)\n"
            "               --data DIR      make the records there and keep them for the next run\n"
            "               --only WORD     measure what has WORD in its name: list, words, get, writes\n"
            "               --db WHERE      measure this PostgreSQL as well; its records are made in it\n",
    .run = run,
};
