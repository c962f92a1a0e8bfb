/* lib/store/store_fixture.h — what tests of records begin with, here and in the libraries above: an empty database,
 * on SQLite or the PostgreSQL that JW_TEST_DB names, and declarations in a folder. Tests only. */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "sql/sql.h"
#include "test/test.h"

static inline void fixture_database(struct jw_test *t, char *out_db, size_t room) {
    const char *server = getenv("JW_TEST_DB");
    snprintf(out_db, room, "%.2900s/ledger.db", t->folder);
    if (!server)
        return;
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
    snprintf(out_db, room, "%s", server);
    JW_CHECK_OK(t, jw_sql_open(server, &sql, &t->err));
    JW_CHECK_OK(t, jw_sql_script(sql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", &t->err));
}

static inline void fixture_ledger(const char *folder, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.yaml", folder, name);
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}
