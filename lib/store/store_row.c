/* lib/store/store_row.c — one change as rows: the record, its words, its version in the history, its entry in the
 * audit chain. */
#include "store_parts.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"

#define WORDS_MOST 65536 /* bytes of one record's words */

static const char *const deeds[] = {"create", "change", "remove", "restore"};

static int64_t number_of(const json_t *record, const char *name) {
    return json_integer_value(json_object_get(record, name));
}

static const char *state_of(const struct jw_store_making *m) {
    const char *before = json_string_value(json_object_get(m->before, "state"));
    return m->change->state ? m->change->state : before ? before : "";
}

/* --- writing it -------------------------------------------------------------------------------------------------
 */
/* Of an index: writing such a column rewrites its entry, also with the same value. */
static bool is_kept_in_order(const struct jw_ledger *ledger, size_t i) {
    return ledger->fields[i].unique || jw_store_has_index(ledger, (int)i);
}

static bool is_changed(const struct jw_store_making *m, const struct jw_ledger_field *field) {
    return !json_equal(json_object_get(m->fields, field->name),
                       json_object_get(json_object_get(m->before, "fields"), field->name));
}

/* Where the record stays where it is: what no index holds at once, and each column of an index that changed by
 * itself. */
static jw_status write_changes(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_ledger *ledger = m->table->ledger;
    jw_sql_value *values = jw_arena_alloc(m->mem, (4 + m->table->stored) * sizeof *values), one[2];
    char text[JW_LEDGER_NAME * 2 + 64];
    size_t at = 4;
    jw_status st = JW_OK;
    if (!values)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    values[0] = one[0] = JW_SQL_INT(m->outcome->id);
    values[1] = JW_SQL_INT(m->outcome->version);
    values[2] = JW_SQL_INT(m->now);
    values[3] = JW_SQL_STR(m->change->actor.who);
    for (size_t i = 0; i < ledger->field_count && st == JW_OK; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const json_t *value = json_object_get(m->fields, field->name);
        if (!jw_column_has(field))
            continue;
        if (!is_kept_in_order(ledger, i)) {
            st = jw_column_encode(field, value, m->mem, &values[at++], err);
        } else if (is_changed(m, field)) {
            snprintf(text, sizeof text, "UPDATE l_%s SET f_%s = $2 WHERE id = $1", ledger->name, field->name);
            st = jw_column_encode(field, value, m->mem, &one[1], err);
            if (st == JW_OK)
                st = jw_sql_run(m->store->sql, text, one, 2, NULL, NULL, err);
        }
    }
    return st == JW_OK ? jw_sql_run(m->store->sql, m->table->touch, values, at, NULL, NULL, err) : st;
}

static bool stays(const struct jw_store_making *m) {
    const char *state = json_string_value(json_object_get(m->before, "state"));
    return m->change->deed == JW_CHANGE && strcmp(m->place, m->old_place) == 0 &&
           strcmp(state_of(m), state ? state : "") == 0;
}

jw_status jw_store_write_row(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_store_table *table = m->table;
    if (stays(m))
        return write_changes(m, err);
    const struct jw_ledger *ledger = table->ledger;
    size_t count = JW_STORE_FIXED + table->stored, at = JW_STORE_FIXED;
    jw_sql_value *values = jw_arena_alloc(m->mem, count * sizeof *values);
    if (!values)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    bool create = m->change->deed == JW_CREATE;
    const char *made_by = json_string_value(json_object_get(m->before, "made_by"));
    jw_sql_value fixed[JW_STORE_FIXED] = {
        JW_SQL_INT(m->outcome->id),
        JW_SQL_INT(m->outcome->version),
        JW_SQL_INT(m->change->deed == JW_REMOVE),
        JW_SQL_STR(jw_text_from(m->place)),
        JW_SQL_STR(jw_text_from(state_of(m))),
        JW_SQL_INT(create ? m->now : number_of(m->before, "made_at")),
        JW_SQL_STR(create ? m->change->actor.who : jw_text_from(made_by ? made_by : "")),
        JW_SQL_INT(m->now),
        JW_SQL_STR(m->change->actor.who),
    };
    memcpy(values, fixed, sizeof fixed);
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        if (!jw_column_has(field))
            continue;
        jw_status st = jw_column_encode(field, json_object_get(m->fields, field->name), m->mem, &values[at++], err);
        if (st != JW_OK)
            return st;
    }
    return jw_sql_run(m->store->sql, create ? table->insert : table->update, values, count, NULL, NULL, err);
}

/* Sensitive fields are not found by their words: a search would tell what the list masks. */
static jw_text words_of(struct jw_store_making *m, const json_t *fields, jw_buffer *out) {
    const struct jw_ledger *ledger = m->change->ledger;
    jw_buffer shown = JW_BUFFER(WORDS_MOST);
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const json_t *value = json_object_get(fields, field->name);
        if (!value || json_is_null(value) || field->sensitivity != JW_OPEN || field->type->stored != JW_STORED_TEXT)
            continue;
        jw_buffer_clear(&shown);
        if (field->type->show)
            field->type->show(field, value, "zh", &shown);
        else if (json_is_string(value))
            jw_buffer_add(&shown, (jw_text){json_string_value(value), json_string_length(value)});
        jw_words_add(out, jw_buffer_text(&shown));
    }
    jw_buffer_free(&shown);
    return jw_text_trim(jw_buffer_text(out));
}

static bool keep_text(jw_text text, char **out) {
    *out = text.len ? strndup(text.ptr, text.len) : NULL;
    return !text.len || *out;
}

static jw_status note_words(struct jw_store_making *m, bool drop, bool add, jw_text before, jw_text after,
                            struct jw_error *err) {
    struct jw_store *store = m->store;
    if (store->words_count == store->words_room) {
        size_t room = store->words_room ? store->words_room * 2 : 256;
        struct jw_store_words *words = realloc(store->words, room * sizeof *words);
        if (!words)
            return jw_fail(err, JW_E_LIMIT, "no memory");
        store->words = words;
        store->words_room = room;
    }
    struct jw_store_words *to = &store->words[store->words_count++];
    *to = (struct jw_store_words){.table = m->table, .id = m->outcome->id, .drop = drop, .add = add};
    return (!drop || keep_text(before, &to->before)) && (!add || keep_text(after, &to->after))
               ? JW_OK
               : jw_fail(err, JW_E_LIMIT, "no memory");
}

/* Most changes leave the words as they are. */
static jw_status write_words(struct jw_store_making *m, struct jw_error *err) {
    jw_buffer old = JW_BUFFER(WORDS_MOST), new = JW_BUFFER(WORDS_MOST);
    bool had = m->before && !json_is_true(json_object_get(m->before, "removed")),
         has = m->change->deed != JW_REMOVE;
    jw_text before = had ? words_of(m, json_object_get(m->before, "fields"), &old) : (jw_text){0};
    jw_text after = has ? words_of(m, m->fields, &new) : (jw_text){0};
    bool same = had && has && jw_text_is(before, after);
    jw_status st = same || (!had && !has) ? JW_OK : note_words(m, had, has, before, after, err);
    jw_buffer_free(&old);
    jw_buffer_free(&new);
    return st;
}

void jw_store_forget_words(struct jw_store *store, size_t from) {
    while (store->words_count > from) {
        struct jw_store_words *words = &store->words[--store->words_count];
        free(words->before);
        free(words->after);
    }
}

jw_status jw_store_flush_words(struct jw_store *store, struct jw_error *err) {
    bool postgres = jw_sql_is_postgres(store->sql);
    jw_status st = JW_OK;
    for (size_t i = 0; i < store->words_count && st == JW_OK; i++) {
        const struct jw_store_words *words = &store->words[i];
        jw_sql_value values[] = {JW_SQL_INT(words->id),
                                 JW_SQL_STR(jw_text_from(words->before ? words->before : ""))};
        if (words->drop)
            st = jw_sql_run(store->sql, words->table->words_drop, values, postgres ? 1 : 2, NULL, NULL, err);
        values[1].text = jw_text_from(words->after ? words->after : "");
        if (st == JW_OK && words->add)
            st = jw_sql_run(store->sql, words->table->words_add, values, 2, NULL, NULL, err);
    }
    jw_store_forget_words(store, 0);
    return st;
}

/* What the chain proves beside who, when and what: the version, and the reason that was given. */
static jw_status make_detail(struct jw_store_making *m, const char *hash, jw_text *out, struct jw_error *err) {
    jw_text why = m->change->actor.why;
    json_t *detail = json_pack("{ss sI}", "sm3", hash, "version", (json_int_t)m->outcome->version);
    if (detail && why.len)
        json_object_set_new(detail, "why", json_stringn(why.ptr, why.len));
    jw_status st = detail ? jw_column_print(detail, m->mem, out, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    json_decref(detail);
    return st;
}

static jw_status write_history(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_change *change = m->change;
    const char *deed = deeds[change->deed];
    char object[JW_STORE_OBJECT], hash[JW_AUDIT_HASH];
    jw_text fields, detail;
    json_t *whole = json_copy(m->fields); /* no field can be called "state" */
    bool good = whole && json_object_set_new(whole, "state", json_string(state_of(m))) == 0;
    jw_status st = good ? jw_column_print(whole, m->mem, &fields, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    json_decref(whole);
    if (st == JW_OK)
        st = jw_sm3_hex(fields, hash, err);
    if (st != JW_OK)
        return st;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(change->ledger->name)),
                             JW_SQL_INT(m->outcome->id),
                             JW_SQL_INT(m->outcome->version),
                             JW_SQL_INT(m->now),
                             JW_SQL_STR(change->actor.who),
                             JW_SQL_STR(change->actor.origin),
                             JW_SQL_STR(change->actor.why),
                             JW_SQL_STR(jw_text_from(deed)),
                             JW_SQL_STR(fields)};
    st = jw_sql_run(m->store->sql, "INSERT INTO history VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", values, 9,
                    NULL, NULL, err);
    if (st != JW_OK)
        return st;
    snprintf(object, sizeof object, "%s/%lld", change->ledger->name, (long long)m->outcome->id);
    st = make_detail(m, hash, &detail, err);
    if (st != JW_OK)
        return st;
    struct jw_audit_entry entry = {.at = m->now,
                                   .who = change->actor.who,
                                   .origin = change->actor.origin,
                                   .action = jw_text_from(deed),
                                   .object = jw_text_from(object),
                                   .detail = detail};
    return jw_audit_append(m->store->sql, &entry, err);
}

/* As reading it would give it: what was written is known. */
static jw_status make_record(struct jw_store_making *m, struct jw_error *err) {
    bool create = m->change->deed == JW_CREATE;
    const char *made_by = json_string_value(json_object_get(m->before, "made_by"));
    jw_text who = m->change->actor.who, made = create ? who : jw_text_from(made_by ? made_by : "");
    json_t *fields = json_copy(m->fields);
    m->outcome->record =
        fields ? json_pack("{sI sI sb ss ss sI ss% sI ss% so}", "id", (json_int_t)m->outcome->id, "version",
                           (json_int_t)m->outcome->version, "removed", m->change->deed == JW_REMOVE, "place",
                           m->place, "state", state_of(m), "made_at",
                           (json_int_t)(create ? m->now : number_of(m->before, "made_at")), "made_by",
                           made.len ? made.ptr : "", made.len, "changed_at", (json_int_t)m->now, "changed_by",
                           who.len ? who.ptr : "", who.len, "fields", fields)
               : NULL;
    return m->outcome->record ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

jw_status jw_store_write_rest(struct jw_store_making *m, struct jw_error *err) {
    jw_status st = write_words(m, err);
    if (st == JW_OK)
        st = write_history(m, err);
    return st == JW_OK ? make_record(m, err) : st;
}
