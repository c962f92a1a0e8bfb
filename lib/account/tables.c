/* lib/account/tables.c — the tables of people; written once, harmless when they are there. */
#include "parts.h"

/* I: whole number, T: text; both never NULL. */
static const char *const tables[] = {
    ("accounts (name T PRIMARY KEY, person I, password T, password_at I, must_change I, version I, disabled I, "
     "second T, second_on I, second_step I, subject T, certificate T, created I, created_by T, last_login I, "
     "last_origin T)"),
    "grants (account T, role T, unit I, given_at I, given_by T, PRIMARY KEY (account, role, unit))",
    "lockouts (name T, address T, failures I, last I, until I, PRIMARY KEY (name, address))",
    ("sessions (digest T PRIMARY KEY, id T, account T, version I, stage I, how T, origin T, agent T, started I, "
     "used I)"),
    "tokens (digest T PRIMARY KEY, id T, account T, label T, scope T, expires I, created I, used I)",
    "recovery_codes (account T, digest T, PRIMARY KEY (account, digest))",
    "password_history (account T, at I, password T, PRIMARY KEY (account, at))",
};
static const char indexes[] =
    "CREATE UNIQUE INDEX IF NOT EXISTS \"accounts.subject\" ON accounts (subject) WHERE subject <> '';"
    "CREATE UNIQUE INDEX IF NOT EXISTS \"accounts.certificate\" ON accounts (certificate) WHERE certificate <> '';"
    "CREATE INDEX IF NOT EXISTS grants_role ON grants (role);"
    "CREATE INDEX IF NOT EXISTS sessions_account ON sessions (account, used);"
    "CREATE UNIQUE INDEX IF NOT EXISTS sessions_id ON sessions (id);"
    "CREATE INDEX IF NOT EXISTS tokens_account ON tokens (account)";

static void add_table(struct jw_sql *sql, const char *declared, jw_buffer *out) {
    jw_buffer_add(out, JW_TEXT("CREATE TABLE IF NOT EXISTS "));
    for (const char *c = declared; *c; c++) {
        bool alone = c > declared && c[-1] == ' ' && (c[1] == ' ' || c[1] == ',' || c[1] == ')');
        if (alone && (*c == 'I' || *c == 'T'))
            jw_buffer_print(out, "%s NOT NULL", jw_sql_type(sql, *c == 'I' ? JW_SQL_INTEGER : JW_SQL_TEXT));
        else
            jw_buffer_byte(out, *c);
    }
    jw_buffer_byte(out, ';');
}

jw_status jw_account_tables(struct jw_sql *sql, struct jw_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(8192);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        add_table(sql, tables[i], &text);
    jw_buffer_add(&text, jw_text_from(indexes));
    jw_buffer_byte(&text, '\0');
    return text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_sql_script(sql, text.ptr, err);
}
