/* lib/audit/audit_test.c — every way of tampering with the chain is found and named. On the engine of JW_TEST_DB.
 */
#include "audit.h"

#include <stdlib.h>
#include <string.h>

#include "test/test.h"

static struct jw_sql *start(struct jw_test *t) {
    char path[4096];
    struct jw_sql *sql = NULL;
    const char *server = getenv("JW_TEST_DB");
    snprintf(path, sizeof path, "%s/audit.db", t->folder);
    JW_CHECK_OK(t, jw_sql_open(server ? server : path, &sql, &t->err));
    if (server)
        JW_CHECK_OK(t, jw_sql_script(sql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", &t->err));
    JW_CHECK_OK(t, jw_audit_create(sql, &t->err));
    JW_CHECK_OK(t, jw_audit_create(sql, &t->err));
    for (int i = 0; i < 5; i++) {
        struct jw_audit_entry entry = {.at = 1000 + i,
                                       .who = JW_TEXT("li"),
                                       .origin = JW_TEXT("10.0.0.1"),
                                       .action = JW_TEXT("change"),
                                       .object = JW_TEXT("asset/7"),
                                       .detail = JW_TEXT("{}")};
        JW_CHECK_OK(t, jw_sql_begin(sql, true, &t->err));
        JW_CHECK_OK(t, jw_audit_append(sql, &entry, &t->err));
        JW_CHECK_OK(t, jw_sql_end(sql, JW_OK, &t->err));
        JW_CHECK_INT(t, entry.seq, i + 1);
    }
    return sql;
}

struct found {
    int faults, walked;
    jw_audit_fault fault; /* the first */
    int64_t seq;
};
static void on_fault(void *context, jw_audit_fault fault, int64_t seq, const char *text) {
    struct found *found = context;
    (void)text;
    if (!found->faults++) {
        found->fault = fault;
        found->seq = seq;
    }
}
static jw_status on_walked(void *context, const struct jw_audit_entry *entry, struct jw_error *err) {
    struct found *found = context;
    (void)entry, (void)err;
    found->walked++;
    return JW_OK;
}
static struct found verify(struct jw_test *t, struct jw_sql *sql, const struct jw_audit_head *published) {
    struct found found = {0};
    JW_CHECK_OK(t, jw_audit_verify(sql, published, &(struct jw_audit_watch){&found, on_fault, on_walked}, &t->err));
    return found;
}

static void an_untouched_chain_is_whole(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    struct jw_audit_head head;
    JW_CHECK_OK(t, jw_audit_get_head(sql, &head, &t->err));
    struct found found = verify(t, sql, &head);
    JW_CHECK_INT(t, found.faults, 0);
    JW_CHECK_INT(t, found.walked, 5);
    JW_CHECK_INT(t, head.seq, 5);
}

static void tampering_is_found_and_named(struct jw_test *t) {
    static const struct {
        const char *how;
        jw_audit_fault fault;
        int64_t seq;
    } cases[] = {
        {"UPDATE audit SET who = 'wang' WHERE seq = 3", JW_AUDIT_CHANGED, 3},
        {"UPDATE audit SET at = at + 1 WHERE seq = 1", JW_AUDIT_CHANGED, 1},
        {"UPDATE audit SET who = '', origin = 'li10.0.0.1' WHERE seq = 2", JW_AUDIT_CHANGED, 2},
        {"DELETE FROM audit WHERE seq = 2", JW_AUDIT_REMOVED, 3},
        {"DELETE FROM audit WHERE seq = 5", JW_AUDIT_CUT, 4},
        {"DELETE FROM audit WHERE seq = 5; UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit WHERE seq "
         "= 4)",
         JW_AUDIT_CUT, 4}, /* the published head knows better */
        {"UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = "
         "3 WHERE "
         "seq = 99",
         JW_AUDIT_CHANGED, 2},
        {"UPDATE audit SET seq = seq + 100 WHERE seq > 2; UPDATE audit SET seq = seq - 99 WHERE seq > 100; INSERT "
         "INTO audit "
         "SELECT 3, at, who, origin, action, object, detail, previous, hash FROM audit WHERE seq = 2",
         JW_AUDIT_CHANGED, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
        struct jw_audit_head head;
        JW_CHECK_OK(t, jw_audit_get_head(sql, &head, &t->err));
        JW_CHECK_OK(t, jw_sql_script(sql, cases[i].how, &t->err));
        struct found found = verify(t, sql, &head);
        JW_CHECK(t, found.faults > 0);
        JW_CHECK_INT(t, found.fault, cases[i].fault);
        JW_CHECK_INT(t, found.seq, cases[i].seq);
        JW_CHECK_OK(t, jw_sql_script(sql, "DROP TABLE audit; DROP TABLE audit_head", &t->err));
    }
}

/* Whoever knows how the hash is made can write an entry that is right in itself. */
static void an_entry_that_was_forged_whole_does_not_fit(struct jw_test *t) {
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = start(t);
    JW_CHECK_OK(
        t, jw_sql_script(sql,
                         "DELETE FROM audit WHERE seq >= 3; UPDATE audit_head SET seq = 2, hash = (SELECT hash "
                         "FROM audit WHERE seq = 1)",
                         &t->err));
    struct jw_audit_entry forged = {.at = 1, .who = JW_TEXT("nobody"), .action = JW_TEXT("read")};
    JW_CHECK_OK(t, jw_sql_begin(sql, true, &t->err));
    JW_CHECK_OK(t, jw_audit_append(sql, &forged, &t->err));
    JW_CHECK_OK(t, jw_sql_end(sql, JW_OK, &t->err));
    struct found found = verify(t, sql, NULL);
    JW_CHECK_INT(t, found.faults, 1);
    JW_CHECK_INT(t, found.fault, JW_AUDIT_INSERTED);
    JW_CHECK_INT(t, found.seq, 3);
}

static void sm3_is_the_standards_own(struct jw_test *t) { /* GB/T 32905-2016, appendix A.1 */
    char hash[JW_AUDIT_HASH];
    JW_CHECK_OK(t, jw_sm3_hex(JW_TEXT("abc"), hash, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(hash),
                  JW_TEXT("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"));
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(an_untouched_chain_is_whole),
                                                     JW_CASE(tampering_is_found_and_named),
                                                     JW_CASE(an_entry_that_was_forged_whole_does_not_fit),
                                                     JW_CASE(sm3_is_the_standards_own),
                                                     {0}});
}
