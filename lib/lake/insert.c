/* lib/lake/insert.c — tokens where the server has them, questions where it has not. */
#include "insert.h"

int64_t jw_lake_insert_day(int64_t ingested) { return ingested / 1000 / JW_LAKE_DAY_US; }

/* The numbers that speak of the rows: text that is no text, sizes, a constraint. Everything else is the server's or
 * ours (a table that is missing, rights, a column we forgot), and no row is to be blamed for that. */
static bool blames_rows(int code) {
    static const int codes[] = {6, 27, 32, 33, 69, 70, 72, 117, 128, 131, 173, 246, 271, 469};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* The same for the same rows, and a valid query id. */
static void name_of(const struct jw_lake_load *load, char out[96]) {
    snprintf(out, 96, "%s-%08x-%llu-%llu", jw_lake_table_name(load->table), load->spool,
             (unsigned long long)load->first, (unsigned long long)load->last);
}

static jw_status count(struct jw_lake_client *client, const struct jw_lake_load *load, const char *sql,
                       uint64_t *out, struct jw_error *err) {
    jw_buffer answer = JW_BUFFER(4096);
    struct jw_lake_request request = {.sql = jw_text_from(sql), .node = load->node};
    jw_status st = jw_lake_client_query(client, &request, &answer, NULL, err);
    if (st == JW_OK && !jw_text_u64(jw_text_trim(jw_buffer_text(&answer)), out))
        st = jw_fail(err, JW_E_SYSTEM, "lake: the answer to a count is no number");
    jw_buffer_free(&answer);
    return st == JW_E_SYNTAX ? JW_E_SYSTEM : st; /* the question was refused, not the rows */
}

/* JW_OK and how many of the load's rows are there; JW_AGAIN while the server still works on it. */
static jw_status ask(struct jw_lake_client *client, const struct jw_lake_load *load, uint64_t *out,
                     struct jw_error *err) {
    char name[96], sql[512];
    uint64_t running = 0;
    name_of(load, name);
    snprintf(sql, sizeof sql, "SELECT count() FROM system.processes WHERE query_id = '%s'", name);
    jw_status st = count(client, load, sql, &running, err);
    if (st != JW_OK)
        return st;
    if (running)
        return jw_fail(err, JW_AGAIN, "the server still works on %s", name);
    int64_t day = jw_lake_insert_day(load->ingested_first) * JW_LAKE_DAY_US;
    snprintf(sql, sizeof sql,
             "SELECT count() FROM jw.%s WHERE ingested >= %lld AND ingested < %lld AND spool = %u AND number >= "
             "%llu AND "
             "number <= %llu",
             jw_lake_table_name(load->table), (long long)day, (long long)(day + JW_LAKE_DAY_US), load->spool,
             (unsigned long long)load->first, (unsigned long long)load->last);
    return count(client, load, sql, out, err);
}

jw_status jw_lake_insert(struct jw_lake_client *client, const struct jw_lake_load *load,
                         jw_lake_outcome *out_outcome, struct jw_error *err) {
    char name[96], sql[96];
    bool plain = jw_lake_client_level(client) == JW_LAKE_PLAIN;
    uint64_t there = 0;
    name_of(load, name);
    if (plain && load->again) {
        jw_status st = ask(client, load, &there, err);
        if (st != JW_OK)
            return st;
        if (there == load->rows)
            return *out_outcome = JW_LAKE_WAS_THERE, JW_OK;
        if (there) /* it was refused as a whole and halved before */
            return jw_fail(err, JW_E_SYNTAX, "lake: %llu of %u rows of %s are there already",
                           (unsigned long long)there, load->rows, name);
    }
    struct jw_lake_setting token = {"insert_deduplication_token", name};
    snprintf(sql, sizeof sql, "INSERT INTO jw.%s FORMAT Native", jw_lake_table_name(load->table));
    struct jw_lake_request request = {.sql = jw_text_from(sql),
                                      .body = load->block,
                                      .settings = &token,
                                      .setting_count = plain ? 0 : 1,
                                      .id = name,
                                      .format = "Native",
                                      .node = load->node};
    struct jw_lake_failure failure;
    jw_status st = jw_lake_client_query(client, &request, NULL, &failure, err);
    if (st == JW_OK)
        *out_outcome = JW_LAKE_LOADED;
    return st == JW_E_SYNTAX && !blames_rows(failure.code) ? JW_E_SYSTEM : st;
}
