/* lib/audit/audit.c — appending to the chain, and walking it. */
#include "audit.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

#define WORDS_MOST (16u << 20)
static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

jw_status jw_sm3_hex(jw_text bytes, char out[JW_AUDIT_HASH], struct jw_error *err) {
    unsigned char digest[32];
    unsigned size = 0;
    if (EVP_Digest(bytes.len ? bytes.ptr : "", bytes.len, digest, &size, EVP_sm3(), NULL) != 1 || size != 32)
        return jw_fail(err, JW_E_SYSTEM, "OpenSSL has no SM3");
    for (unsigned i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return JW_OK;
}

jw_status jw_audit_create(struct jw_sql *sql, struct jw_error *err) {
    jw_buffer text = JW_BUFFER(4096);
    const char *whole = jw_sql_type(sql, JW_SQL_INTEGER), *words = jw_sql_type(sql, JW_SQL_TEXT);
    jw_buffer_print(
        &text,
        "CREATE TABLE IF NOT EXISTS audit (seq %s, at %s NOT NULL, who %s NOT NULL, origin %s "
        "NOT NULL, action %s NOT NULL, object %s NOT NULL, detail %s NOT NULL, previous %s NOT NULL, hash %s "
        "NOT NULL);"
        "CREATE INDEX IF NOT EXISTS audit_object ON audit (object, seq);"
        "CREATE INDEX IF NOT EXISTS audit_who ON audit (who, seq);"
        "CREATE TABLE IF NOT EXISTS audit_head (one %s, seq %s NOT NULL, hash %s NOT NULL);"
        "INSERT INTO audit_head VALUES (1, 0, '%s') ON CONFLICT DO NOTHING",
        jw_sql_key(sql), whole, words, words, words, words, words, words, words, jw_sql_key(sql), whole, words,
        zeros);
    jw_buffer_byte(&text, '\0');
    jw_status st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_sql_script(sql, text.ptr, err);
    jw_buffer_free(&text);
    return st;
}

static void add_net(jw_buffer *out, jw_text text) {
    jw_buffer_print(out, "%zu:", text.len);
    jw_buffer_add(out, text);
    jw_buffer_byte(out, ',');
}

static void add_net_number(jw_buffer *out, int64_t number) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)number);
    add_net(out, (jw_text){digits, (size_t)len});
}

static jw_status hash_of(const struct jw_audit_entry *entry, jw_text previous, char out[JW_AUDIT_HASH],
                         struct jw_error *err) {
    jw_buffer words = JW_BUFFER(WORDS_MOST);
    add_net_number(&words, entry->seq);
    add_net_number(&words, entry->at);
    add_net(&words, entry->who);
    add_net(&words, entry->origin);
    add_net(&words, entry->action);
    add_net(&words, entry->object);
    add_net(&words, entry->detail);
    add_net(&words, previous);
    jw_status st = words.failed ? jw_fail(err, JW_E_LIMIT, "audit: an entry of more than %u MiB", WORDS_MOST >> 20)
                                : jw_sm3_hex(jw_buffer_text(&words), out, err);
    jw_buffer_free(&words);
    return st;
}

static jw_status take_head(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct jw_audit_head *head = context;
    (void)columns;
    if (row[1].text.len != JW_AUDIT_HASH - 1)
        return jw_fail(err, JW_E_SYNTAX, "audit: the head is no SM3");
    head->seq = row[0].integer;
    memcpy(head->hash, row[1].text.ptr, JW_AUDIT_HASH - 1);
    head->hash[JW_AUDIT_HASH - 1] = '\0';
    return JW_OK;
}

static jw_status read_head(struct jw_sql *sql, bool lock, struct jw_audit_head *out, struct jw_error *err) {
    *out = (struct jw_audit_head){.seq = -1};
    const char *text = lock && jw_sql_is_postgres(sql) ? "SELECT seq, hash FROM audit_head WHERE one = 1 FOR UPDATE"
                                                       : "SELECT seq, hash FROM audit_head WHERE one = 1";
    jw_status st = jw_sql_run(sql, text, NULL, 0, take_head, out, err);
    return st == JW_OK && out->seq < 0 ? jw_fail(err, JW_E_SYSTEM, "audit: the head is gone") : st;
}

jw_status jw_audit_get_head(struct jw_sql *sql, struct jw_audit_head *out, struct jw_error *err) {
    return read_head(sql, false, out, err);
}

jw_status jw_audit_append(struct jw_sql *sql, struct jw_audit_entry *entry, struct jw_error *err) {
    struct jw_audit_head head;
    char hash[JW_AUDIT_HASH];
    jw_status st = read_head(sql, true, &head, err);
    if (st != JW_OK)
        return st;
    entry->seq = head.seq + 1;
    st = hash_of(entry, jw_text_from(head.hash), hash, err);
    if (st != JW_OK)
        return st;
    jw_sql_value values[] = {JW_SQL_INT(entry->seq),        JW_SQL_INT(entry->at),
                             JW_SQL_STR(entry->who),        JW_SQL_STR(entry->origin),
                             JW_SQL_STR(entry->action),     JW_SQL_STR(entry->object),
                             JW_SQL_STR(entry->detail),     JW_SQL_STR(jw_text_from(head.hash)),
                             JW_SQL_STR(jw_text_from(hash))};
    st = jw_sql_run(sql, "INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", values, 9, NULL, NULL,
                    err);
    jw_sql_value moved[] = {values[0], values[8]};
    if (st == JW_OK)
        st = jw_sql_run(sql, "UPDATE audit_head SET seq = $1, hash = $2 WHERE one = 1", moved, 2, NULL, NULL, err);
    return st;
}

/* --- walking -------------------------------------------------------------------------------------------------- */
struct walk {
    const struct jw_audit_watch *watch;
    const struct jw_audit_head *published;
    int64_t last;
    char hash[JW_AUDIT_HASH]; /* as the last entry says */
};

JW_PRINTF(4, 5)
static void tell(const struct walk *walk, jw_audit_fault fault, int64_t seq, const char *fmt, ...) {
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    walk->watch->fault(walk->watch->context, fault, seq, text);
}

static jw_status step(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct walk *walk = context;
    struct jw_audit_entry entry = {row[0].integer, row[1].integer, row[2].text, row[3].text,
                                   row[4].text,    row[5].text,    row[6].text};
    jw_text previous = row[7].text, hash = row[8].text;
    char right[JW_AUDIT_HASH];
    (void)columns;
    jw_status st = hash_of(&entry, previous, right, err);
    if (st != JW_OK)
        return st;
    bool same = jw_text_is(hash, jw_text_from(right));
    if (entry.seq != walk->last + 1)
        tell(walk, JW_AUDIT_REMOVED, entry.seq, "entries %lld to %lld are missing", (long long)walk->last + 1,
             (long long)entry.seq - 1);
    else if (same && !jw_text_is(previous, jw_text_from(walk->hash)))
        tell(walk, JW_AUDIT_INSERTED, entry.seq,
             "entry %lld does not follow entry %lld: it was put in or moved, or entry "
             "%lld was rewritten",
             (long long)entry.seq, (long long)walk->last, (long long)walk->last);
    if (!same)
        tell(walk, JW_AUDIT_CHANGED, entry.seq, "entry %lld was changed", (long long)entry.seq);
    walk->last = entry.seq;
    snprintf(walk->hash, sizeof walk->hash, JW_FMT, JW_ARG(hash));
    const struct jw_audit_head *published = walk->published;
    if (published && published->seq == entry.seq && !jw_text_is(hash, jw_text_from(published->hash)))
        tell(walk, JW_AUDIT_CHANGED, entry.seq, "entry %lld is not the one whose hash was published",
             (long long)entry.seq);
    return same && walk->watch->walked ? walk->watch->walked(walk->watch->context, &entry, err) : JW_OK;
}

jw_status jw_audit_verify(struct jw_sql *sql, const struct jw_audit_head *published,
                          const struct jw_audit_watch *watch, struct jw_error *err) {
    struct walk walk = {.watch = watch, .published = published};
    struct jw_audit_head head;
    memcpy(walk.hash, zeros, sizeof walk.hash);
    jw_status st = jw_audit_get_head(sql, &head, err);
    /* in pieces: PostgreSQL would hand over the whole chain at once */
    for (int64_t from = -1; st == JW_OK && from != walk.last;) {
        jw_sql_value values[] = {JW_SQL_INT(from = walk.last)};
        st = jw_sql_run(
            sql,
            "SELECT seq, at, who, origin, action, object, detail, previous, hash FROM audit WHERE seq > $1 "
            "ORDER BY seq LIMIT 5000",
            values, 1, step, &walk, err);
    }
    if (st != JW_OK)
        return st;
    if (walk.last != head.seq || strcmp(walk.hash, head.hash) != 0)
        tell(&walk, JW_AUDIT_CUT, walk.last, "the chain ends at entry %lld, the head is entry %lld",
             (long long)walk.last, (long long)head.seq);
    if (published && published->seq > walk.last)
        tell(&walk, JW_AUDIT_CUT, walk.last, "the chain ends at entry %lld, entry %lld was published",
             (long long)walk.last, (long long)published->seq);
    return JW_OK;
}
