/* lib/sql/sql_test.c — the same promises on both engines: SQLite, and what JW_TEST_DB names
 * (tests/servers/postgres.py runs this program so). */
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#include "test/test.h"

static const char *place(struct jw_test *t) {
    static char path[4096];
    const char *server = getenv("JW_TEST_DB");
    snprintf(path, sizeof path, "%s/test.db", t->folder);
    return server ? server : path;
}

/* An empty database with one table. */
static struct jw_sql *start(struct jw_test *t) {
    struct jw_sql *sql = NULL;
    char text[512];
    JW_CHECK_OK(t, jw_sql_open(place(t), &sql, &t->err));
    if (!sql)
        exit(1);
    if (jw_sql_is_postgres(sql))
        JW_CHECK_OK(t, jw_sql_script(sql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", &t->err));
    snprintf(text, sizeof text,
             "CREATE TABLE t (id %s PRIMARY KEY, name %s NOT NULL, size %s, raw %s); "
             "CREATE UNIQUE INDEX \"t.name\" ON t (name)",
             jw_sql_type(sql, JW_SQL_INTEGER), jw_sql_type(sql, JW_SQL_TEXT), jw_sql_type(sql, JW_SQL_REAL),
             jw_sql_type(sql, JW_SQL_BYTES));
    JW_CHECK_OK(t, jw_sql_script(sql, text, &t->err));
    return sql;
}

static jw_status put(struct jw_sql *sql, int64_t id, jw_text name, struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_INT(id),
                             JW_SQL_STR(name),
                             {.kind = JW_SQL_REAL, .real = 0.1},
                             {.kind = JW_SQL_BYTES, .text = JW_TEXT("\0\1\xff'")}};
    return jw_sql_run(sql, "INSERT INTO t VALUES ($1, $2, $3, $4)", values, 4, NULL, NULL, err);
}

static int64_t rows(struct jw_test *t, struct jw_sql *sql) {
    jw_sql_value count = {0};
    JW_CHECK_OK(t, jw_sql_one(sql, "SELECT count(*) FROM t", NULL, 0, t->mem, &count, &t->err));
    return count.integer;
}

static jw_status same_row(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct jw_test *t = context;
    (void)err;
    JW_CHECK_INT(t, columns, 5);
    JW_CHECK_INT(t, row[0].integer, INT64_MIN + 1);
    JW_CHECK_TEXT(t, row[1].text, JW_TEXT("张'; DROP TABLE t; --"));
    JW_CHECK(t, row[2].kind == JW_SQL_REAL && row[2].real == 0.1);
    JW_CHECK_TEXT(t, row[3].text, JW_TEXT("\0\1\xff'"));
    JW_CHECK(t, row[4].kind == JW_SQL_NULL);
    return JW_OK;
}

static void values_come_back_as_they_went_in(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    JW_CHECK_OK(t, put(sql, INT64_MIN + 1, JW_TEXT("张'; DROP TABLE t; --"), &t->err));
    JW_CHECK_INT(t, jw_sql_changed(sql), 1);
    JW_CHECK_OK(t, jw_sql_run(sql, "SELECT id, name, size, raw, NULL FROM t", NULL, 0, same_row, t, &t->err));
    JW_CHECK_OK(t, put(sql, 2, JW_TEXT(""), &t->err)); /* an empty text is a text */
    jw_sql_value name = {0}, id = JW_SQL_INT(2);
    JW_CHECK_OK(t, jw_sql_one(sql, "SELECT name FROM t WHERE id = $1", &id, 1, t->mem, &name, &t->err));
    JW_CHECK(t, name.kind == JW_SQL_TEXT && name.text.len == 0);
    id.integer = 3;
    JW_CHECK_INT(t, jw_sql_one(sql, "SELECT name FROM t WHERE id = $1", &id, 1, t->mem, &name, &t->err), JW_END);
}

static void parameters_may_come_in_any_order_and_twice(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    jw_sql_value values[] = {JW_SQL_STR(JW_TEXT("a")), JW_SQL_INT(7)}, got = {0};
    JW_CHECK_OK(t, jw_sql_run(sql, "INSERT INTO t (id, name) VALUES ($2, $1)", values, 2, NULL, NULL, &t->err));
    JW_CHECK_OK(t, jw_sql_one(sql, "SELECT id FROM t WHERE name = $1 AND id = $2 AND id = $2", values, 2, t->mem,
                              &got, &t->err));
    JW_CHECK_INT(t, got.integer, 7);
    JW_CHECK(t, jw_sql_run(sql, "SELECT id FROM t WHERE id = $2", values, 1, NULL, NULL, &t->err) < 0);
}

static void a_broken_constraint_is_named_alike(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    JW_CHECK_OK(t, put(sql, 1, JW_TEXT("a"), &t->err));
    JW_CHECK_INT(t, put(sql, 2, JW_TEXT("a"), &t->err), JW_E_DENIED);
    JW_CHECK_TEXT(t, jw_text_from(jw_sql_broken(sql)), JW_TEXT("t.name"));
    jw_sql_value values[] = {JW_SQL_INT(3), JW_SQL_NOTHING};
    JW_CHECK_INT(t, jw_sql_run(sql, "INSERT INTO t (id, name) VALUES ($1, $2)", values, 2, NULL, NULL, &t->err),
                 JW_E_DENIED);
    JW_CHECK_TEXT(t, jw_text_from(jw_sql_broken(sql)), JW_TEXT("t.name"));
    JW_CHECK_INT(t, rows(t, sql), 1); /* and the connection goes on */
}

static void a_wrong_statement_is_told_apart(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    JW_CHECK_INT(t, jw_sql_run(sql, "SELEKT 1", NULL, 0, NULL, NULL, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, jw_sql_run(sql, "SELECT \"no such column\" FROM t", NULL, 0, NULL, NULL, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, rows(t, sql), 0);
}

static void a_transaction_is_whole_or_nothing(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    JW_CHECK_OK(t, jw_sql_begin(sql, true, &t->err));
    JW_CHECK_OK(t, put(sql, 1, JW_TEXT("a"), &t->err));
    JW_CHECK_INT(t, jw_sql_end(sql, JW_E_DENIED, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, rows(t, sql), 0);
    JW_CHECK_OK(t, jw_sql_begin(sql, true, &t->err));
    JW_CHECK_OK(t, put(sql, 1, JW_TEXT("a"), &t->err));
    JW_CHECK_OK(t, jw_sql_end(sql, JW_OK, &t->err));
    jw_sql_close(sql);
    JW_CHECK_OK(t, jw_sql_open(place(t), &sql, &t->err)); /* the cleanup closes this one */
    JW_CHECK_INT(t, rows(t, sql), 1);
}

static void one_failed_part_of_a_shared_commit_leaves_the_others(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    JW_CHECK_OK(t, jw_sql_begin(sql, true, &t->err));
    for (int i = 0; i < 3; i++) { /* the second one has the name of the first */
        JW_CHECK_OK(t, jw_sql_mark(sql, &t->err));
        jw_status st = put(sql, i, i < 2 ? JW_TEXT("a") : JW_TEXT("b"), &t->err);
        JW_CHECK_INT(t, jw_sql_release(sql, st, &t->err), i == 1 ? JW_E_DENIED : JW_OK);
        if (i == 1)
            JW_CHECK_TEXT(t, jw_text_from(jw_sql_broken(sql)), JW_TEXT("t.name"));
    }
    JW_CHECK_OK(t, jw_sql_end(sql, JW_OK, &t->err));
    JW_CHECK_INT(t, rows(t, sql), 2);
}

static void readers_see_one_moment(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *writer = start(t);
    JW_AUTO(jw_sql_close_p) struct jw_sql *reader = NULL;
    JW_CHECK_OK(t, jw_sql_open(place(t), &reader, &t->err));
    JW_CHECK_OK(t, jw_sql_begin(reader, false, &t->err));
    JW_CHECK_INT(t, rows(t, reader), 0);
    JW_CHECK_OK(t, put(writer, 1, JW_TEXT("a"), &t->err)); /* and do not hold writers up */
    JW_CHECK_INT(t, rows(t, reader), 0);
    JW_CHECK_OK(t, jw_sql_end(reader, JW_OK, &t->err));
    JW_CHECK_INT(t, rows(t, reader), 1);
}

static void texts_sort_by_bytes(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    static const jw_text names[] = {JW_TEXT("张"), JW_TEXT("b"),   JW_TEXT("B"),
                                    JW_TEXT("_"),  JW_TEXT("a-1"), JW_TEXT("a1")};
    for (int i = 0; i < 6; i++)
        JW_CHECK_OK(t, put(sql, i, names[i], &t->err));
    jw_sql_value all = {0};
    JW_CHECK_OK(t, jw_sql_one(sql,
                              jw_sql_is_postgres(sql)
                                  ? "SELECT string_agg(name, ' ') FROM (SELECT name FROM t ORDER BY name) s"
                                  : "SELECT group_concat(name, ' ') FROM (SELECT name FROM t ORDER BY name)",
                              NULL, 0, t->mem, &all, &t->err));
    JW_CHECK_TEXT(t, all.text, JW_TEXT("B _ a-1 a1 b 张"));
}

static void a_place_that_cannot_be_opened_is_told_without_its_password(struct jw_test *t) {
    struct jw_sql *sql = NULL;
    JW_CHECK_INT(t, jw_sql_open("/nowhere/at/all.db", &sql, &t->err), JW_E_SYSTEM);
    JW_CHECK_INT(t, jw_sql_open("postgresql://li:s3cret@127.0.0.1:1/x", &sql, &t->err), JW_E_SYSTEM);
    JW_CHECK(t, strstr(t->err.text, "127.0.0.1") && !strstr(t->err.text, "s3cret"));
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(values_come_back_as_they_went_in),
                                      JW_CASE(parameters_may_come_in_any_order_and_twice),
                                      JW_CASE(a_broken_constraint_is_named_alike),
                                      JW_CASE(a_wrong_statement_is_told_apart),
                                      JW_CASE(a_transaction_is_whole_or_nothing),
                                      JW_CASE(one_failed_part_of_a_shared_commit_leaves_the_others),
                                      JW_CASE(readers_see_one_moment),
                                      JW_CASE(texts_sort_by_bytes),
                                      JW_CASE(a_place_that_cannot_be_opened_is_told_without_its_password),
                                      {0}});
}
