/* daemons/collect/ledgers.c — from records of the ledgers to rows of the table that events are attributed with. */
#include "ledgers.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "gov/live.h"
#include "store/column.h"
#include "store/feed.h"

#define POLL_NS   (500 * JW_MS)
#define PATH_MOST 4096
#define SHOW_MOST 1024

/* The columns of a wish. */
enum column { ADDRESS, MAC, HOST, PLANE, UNIT, OWNER, ASSET, EXCEPT, COLUMNS };

struct jw_ledgers_watch {
    char *where, *content;
    struct jw_gov_live *live;
    struct jw_gov_table *coming; /* while everything is read; NULL: changes go into the live one */
    struct jw_ledgers *ledgers;
    struct jw_feed_wish wishes[JW_GOV_LEDGERS];
    size_t count; /* the first two are organisation and person, when they are declared */
    struct jw_feed *feed;
    jw_stat *rows, *bytes, *seq, *away, *changes, *refused, *failures;
    bool was_away, known;
    pthread_mutex_t lock; /* of the two flags */
    pthread_cond_t wake;
    bool stop, reload;
    pthread_t thread;
    bool started;
};

/* --- one record -------------------------------------------------------------------------------------------------
 */
static const struct jw_ledger_field *field_of(const struct jw_feed_wish *wish, enum column column) {
    return wish->fields[column] < 0 ? NULL : &wish->ledger->fields[wish->fields[column]];
}

static int64_t number_in(const jw_sql_value *value) { return value->kind == JW_SQL_INTEGER ? value->integer : 0; }
static jw_text text_in(const jw_sql_value *value) {
    return value->kind == JW_SQL_TEXT ? value->text : (jw_text){0};
}

static bool is_excepted(const struct jw_feed_wish *wish, const jw_sql_value *values) {
    char **words = wish->ledger->attribution.except_values;
    for (; words && *words; words++)
        if (jw_text_is(text_in(&values[EXCEPT]), jw_text_from(*words)))
            return true;
    return false;
}

static bool read_network(const struct jw_ledger_field *field, jw_text column, jw_network *out) {
    jw_buffer text = JW_BUFFER(256);
    bool good = column.len && (!field->type->unpack || field->type->unpack(column, &text)) && !text.failed &&
                jw_network_parse(field->type->unpack ? jw_buffer_text(&text) : column, out);
    jw_buffer_free(&text);
    return good;
}

static bool read_mac(jw_text text, uint8_t out[6]) { /* "00:1a:2b:3c:4d:5e" */
    unsigned part[6];
    char copy[18];
    if (text.len != 17)
        return false;
    memcpy(copy, text.ptr, 17);
    copy[17] = '\0';
    if (sscanf(copy, "%2x:%2x:%2x:%2x:%2x:%2x", &part[0], &part[1], &part[2], &part[3], &part[4], &part[5]) != 6)
        return false;
    for (int i = 0; i < 6; i++)
        out[i] = (uint8_t)part[i];
    return true;
}

static bool is_cidr(const struct jw_ledger_field *field) { return field && strcmp(field->type->name, "cidr") == 0; }

/* A choice by its label: people search for 公共业务, not for "public". */
static jw_text plane_of(const struct jw_ledger_field *field, const jw_sql_value *value, jw_buffer *out) {
    json_t *word = field && value->kind == JW_SQL_TEXT ? jw_column_decode(field, value) : NULL;
    if (word && field->type->show)
        field->type->show(field, word, "zh", out);
    else
        jw_buffer_add(out, text_in(value));
    json_decref(word);
    return jw_buffer_text(out);
}

static jw_status change_table(struct jw_ledgers_watch *watch, struct jw_gov_table *table, size_t wish, int64_t id,
                              const jw_sql_value *values) {
    const struct jw_feed_wish *ask = &watch->wishes[wish];
    bool unit = strcmp(ask->ledger->name, "organisation") == 0, person = strcmp(ask->ledger->name, "person") == 0;
    if (unit || person)
        return jw_gov_table_name(table, unit ? JW_GOV_UNIT : JW_GOV_OWNER, id,
                                 values ? text_in(&values[ASSET]) : (jw_text){0});
    if (!values || is_excepted(ask, values))
        return jw_gov_table_drop(table, (uint32_t)wish, id), JW_OK;
    jw_buffer plane = JW_BUFFER(SHOW_MOST);
    const struct jw_ledger_field *address = field_of(ask, ADDRESS);
    struct jw_gov_row row = {.ledger = (uint32_t)wish,
                             .record = id,
                             .unit = number_in(&values[UNIT]),
                             .owner = number_in(&values[OWNER]),
                             .asset = is_cidr(address) ? (jw_text){0} : text_in(&values[ASSET]),
                             .plane = plane_of(field_of(ask, PLANE), &values[PLANE], &plane),
                             .host = text_in(&values[HOST])};
    row.has_network = address && read_network(address, text_in(&values[ADDRESS]), &row.network);
    row.has_mac = read_mac(text_in(&values[MAC]), row.mac);
    jw_status st = JW_OK;
    if (row.has_network || row.has_mac || row.host.len)
        st = jw_gov_table_put(table, &row);
    else
        jw_gov_table_drop(table, (uint32_t)wish, id);
    jw_buffer_free(&plane);
    return st;
}

/* --- what the feed tells ----------------------------------------------------------------------------------------
 */
static jw_status on_begin(void *context, struct jw_error *err) {
    struct jw_ledgers_watch *watch = context;
    jw_gov_table_free(watch->coming);
    watch->coming = jw_gov_table_new();
    return watch->coming ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static jw_status on_each(void *context, size_t wish, int64_t id, const jw_sql_value *values, struct jw_error *err) {
    struct jw_ledgers_watch *watch = context;
    (void)err;
    struct jw_gov_table *table = watch->coming ? watch->coming : jw_gov_live_edit(watch->live);
    jw_status st = table ? change_table(watch, table, wish, id, values) : JW_OK;
    if (!watch->coming)
        jw_gov_live_done(watch->live);
    if (st != JW_OK)
        jw_stat_add(watch->refused, 1); /* one record too many; the others hold */
    return JW_OK;
}

static void on_whole(void *context) {
    struct jw_ledgers_watch *watch = context;
    jw_gov_live_swap(watch->live, watch->coming);
    watch->coming = NULL;
}

/* --- the declarations -------------------------------------------------------------------------------------------
 */
static void add_wish(struct jw_ledgers_watch *watch, const struct jw_ledger *ledger) {
    const struct jw_ledger_attribution *says = &ledger->attribution;
    if (watch->count == JW_GOV_LEDGERS)
        return;
    struct jw_feed_wish *wish = &watch->wishes[watch->count++];
    *wish = (struct jw_feed_wish){.ledger = ledger, .count = COLUMNS};
    wish->fields[ADDRESS] = says->given ? says->address : -1;
    wish->fields[MAC] = says->given ? says->mac : -1;
    wish->fields[HOST] = says->given ? says->host : -1;
    wish->fields[PLANE] = says->given ? says->plane : -1;
    wish->fields[UNIT] = says->given ? ledger->unit : -1;
    wish->fields[OWNER] = says->given ? ledger->owner : -1;
    wish->fields[EXCEPT] = says->given ? says->except : -1;
    wish->fields[ASSET] = ledger->called;
}

static void on_refused(void *context, const char *file, int line, int column, const char *reason) {
    (void)context;
    jw_log(JW_LOG_WARNING, "ledgers: %s:%d:%d: %s", file, line, column, reason);
}

static jw_status declare(struct jw_ledgers_watch *watch, struct jw_error *err) {
    char folder[PATH_MOST];
    struct jw_ledgers *ledgers = NULL;
    snprintf(folder, sizeof folder, "%s/ledgers", watch->content);
    jw_status st = jw_ledgers_load(folder, watch->ledgers, on_refused, NULL, &ledgers, err);
    if (st != JW_OK)
        return st;
    jw_feed_free(watch->feed);
    watch->feed = NULL;
    jw_ledgers_free(watch->ledgers);
    watch->ledgers = ledgers;
    watch->count = 0;
    const struct jw_ledger *names[] = {jw_ledgers_find(ledgers, JW_TEXT("organisation")),
                                       jw_ledgers_find(ledgers, JW_TEXT("person"))};
    for (int i = 0; i < 2; i++)
        if (names[i])
            add_wish(watch, names[i]);
    for (size_t i = 0; i < jw_ledgers_count(ledgers); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(ledgers, i);
        if (ledger->attribution.given && ledger != names[0] && ledger != names[1])
            add_wish(watch, ledger);
    }
    struct jw_feed_taker taker = {watch, on_begin, on_each, on_whole};
    return jw_feed_new(watch->where, watch->wishes, watch->count, &taker, &watch->feed, err);
}

/* --- the thread -------------------------------------------------------------------------------------------------
 */
static bool is_missing(const struct jw_ledgers_watch *watch) {
    return strstr(watch->where, "://") == NULL && access(watch->where, F_OK) != 0;
}

/* One log line when the database goes, one when it is back. A file that never was is an installation without
 * ledgers. */
static void tell(struct jw_ledgers_watch *watch, jw_status st, const struct jw_error *err) {
    bool away = st != JW_OK && (watch->known || !is_missing(watch));
    if (away && !watch->was_away)
        jw_log(JW_LOG_WARNING, "ledgers: %s; what was known of addresses stays in force", err->text);
    else if (st == JW_OK && (watch->was_away || !watch->known))
        jw_log(JW_LOG_INFO, "ledgers: %llu rows of addresses are in force, up to entry %lld",
               (unsigned long long)*watch->rows, (long long)jw_feed_get_seq(watch->feed));
    if (away)
        jw_stat_add(watch->failures, 1);
    watch->was_away = away;
    watch->known = watch->known || st == JW_OK;
    jw_stat_set(watch->away, away);
}

static void step(struct jw_ledgers_watch *watch) {
    struct jw_error err = {{0}};
    uint64_t changes = 0;
    jw_status st = watch->feed ? JW_OK : declare(watch, &err);
    if (st == JW_OK)
        st = jw_feed_poll(watch->feed, &changes, &err);
    const struct jw_gov_table *table = jw_gov_live_enter(watch->live);
    jw_stat_set(watch->rows, table ? jw_gov_table_count(table) : 0);
    jw_stat_set(watch->bytes, table ? jw_gov_table_bytes(table) : 0);
    jw_gov_live_leave(watch->live);
    if (watch->feed)
        jw_stat_set(watch->seq, (uint64_t)jw_feed_get_seq(watch->feed));
    jw_stat_add(watch->changes, changes);
    tell(watch, st, &err);
}

/* False: the end. */
static bool wait_for_next(struct jw_ledgers_watch *watch, bool *out_reload) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_NS;
    until.tv_sec += until.tv_nsec / JW_SECOND;
    until.tv_nsec %= JW_SECOND;
    pthread_mutex_lock(&watch->lock);
    while (!watch->stop && !watch->reload && pthread_cond_timedwait(&watch->wake, &watch->lock, &until) == 0)
        continue;
    bool go_on = !watch->stop;
    *out_reload = watch->reload;
    watch->reload = false;
    pthread_mutex_unlock(&watch->lock);
    return go_on;
}

static void *watch_all(void *context) {
    struct jw_ledgers_watch *watch = context;
    bool reload;
    while (wait_for_next(watch, &reload)) {
        struct jw_error err = {{0}};
        if (reload && declare(watch, &err) != JW_OK)
            jw_log(JW_LOG_ERROR, "ledgers: %s; the declarations in use stay", err.text);
        step(watch);
    }
    return NULL;
}

static void count_in(struct jw_ledgers_watch *watch, struct jw_stats *stats) {
    watch->rows = jw_stats_get(stats, "ledger_rows", (jw_text){0});
    watch->bytes = jw_stats_get(stats, "ledger_bytes", (jw_text){0});
    watch->seq = jw_stats_get(stats, "ledger_seq", (jw_text){0});
    watch->away = jw_stats_get(stats, "ledger_away", (jw_text){0});
    watch->changes = jw_stats_get(stats, "ledger_changes_total", (jw_text){0});
    watch->refused = jw_stats_get(stats, "ledger_refused_total", (jw_text){0});
    watch->failures = jw_stats_get(stats, "ledger_failures_total", (jw_text){0});
}

jw_status jw_ledgers_watch_start(const struct jw_ledgers_options *options, struct jw_ledgers_watch **out,
                                 struct jw_error *err) {
    struct jw_ledgers_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->wake, NULL);
    watch->live = options->live;
    watch->where = strdup(options->where);
    watch->content = strdup(options->content);
    count_in(watch, options->stats);
    if (watch->where && watch->content) {
        step(watch);
        watch->started = pthread_create(&watch->thread, NULL, watch_all, watch) == 0;
    }
    if (!watch->started) {
        jw_ledgers_watch_stop(watch);
        return jw_fail(err, JW_E_LIMIT, "no memory or thread to watch the ledgers");
    }
    *out = watch;
    return JW_OK;
}

void jw_ledgers_watch_reload(struct jw_ledgers_watch *watch) {
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->reload = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
}

void jw_ledgers_watch_stop(struct jw_ledgers_watch *watch) {
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stop = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    if (watch->started)
        pthread_join(watch->thread, NULL);
    jw_feed_free(watch->feed);
    jw_ledgers_free(watch->ledgers);
    jw_gov_table_free(watch->coming);
    pthread_mutex_destroy(&watch->lock);
    pthread_cond_destroy(&watch->wake);
    free(watch->where);
    free(watch->content);
    free(watch);
}
