/* lib/exchange/preview_row.c — one row of an import: which record it is, what would change, and what is wrong with
 * it. */
#include "parts.h"

#include <string.h>

#include "desk/answer.h"
#include "ledger/characters.h"
#include "ledger/rules.h"
#include "store/column.h"

#define FAULTS 32

static const char *pick(const struct jw_preview *p, const char *zh, const char *en) {
    return jw_columns_pick(p->exchange->english, zh, en);
}

jw_status jw_preview_complain(struct jw_preview *p, uint32_t row, int column, const char *field, const char *rule,
                              const char *text, struct jw_error *err) {
    char address[JW_SHEET_ADDRESS] = "", mended[320];
    if (json_array_size(p->errors) >= JW_EXCHANGE_ERRORS) {
        p->left_out++;
        return JW_OK;
    }
    if (column >= 0)
        jw_sheet_address((size_t)column, row, address);
    snprintf(mended, sizeof mended, "%s", text);
    jw_characters_mend(mended);
    json_t *entry = json_pack("{sI ss ss ss ss}", "row", (json_int_t)row, "cell", address, "field", field, "rule",
                              rule, "text", mended);
    return entry && json_array_append_new(p->errors, entry) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static int column_of(const struct jw_preview *p, int field) {
    for (size_t i = 0; i < p->column_count; i++)
        if (p->fields[i] == field)
            return (int)i;
    return -1;
}

static jw_text cell_of(const struct jw_preview *p, const struct jw_row *row, int field) {
    int column = column_of(p, field);
    return column >= 0 && (size_t)column < row->count ? jw_characters_trim(row->cells[column].text) : (jw_text){0};
}

/* --- which record --- */
static jw_status find_by_value(struct jw_preview *p, const struct jw_ledger_field *field, const json_t *value,
                               int64_t *out, struct jw_error *err) {
    char text[160], column[JW_COLUMN];
    jw_sql_value key, found = {0};
    jw_column_name(field, column);
    snprintf(text, sizeof text, "SELECT id FROM l_%s WHERE %s = $1 AND removed = 0", p->exchange->ledger->name,
             column);
    jw_status st = jw_column_encode(field, value, p->mem, &key, err);
    if (st == JW_OK)
        st = jw_sql_one(p->sql, text, &key, 1, p->mem, &found, err);
    *out = st == JW_OK ? found.integer : 0;
    return st == JW_END ? JW_OK : st;
}

/* The canonical value of a unique field in this row; NULL: none, or it is wrong, which is told later. */
static json_t *key_of(struct jw_preview *p, const struct jw_row *row, int field) {
    const struct jw_ledger_field *about = &p->exchange->ledger->fields[field];
    jw_text cell = cell_of(p, row, field);
    json_t *read = NULL, *out = NULL;
    jw_status st = JW_OK;
    if (!cell.len || jw_rule_reference(about))
        return NULL;
    if (about->type->read)
        st = about->type->read(about, cell, &read, NULL);
    else
        read = json_stringn(cell.ptr, cell.len);
    if (st == JW_OK && read && about->type->check(about, read, &out, NULL) != JW_OK)
        out = NULL;
    json_decref(st == JW_OK ? read : NULL);
    return out;
}

static jw_status find_by_key(struct jw_preview *p, const struct jw_row *row, int64_t *out, struct jw_error *err) {
    const struct jw_ledger *ledger = p->exchange->ledger;
    jw_status st = JW_OK;
    for (size_t i = 0; i < ledger->field_count && st == JW_OK && *out == 0; i++) {
        json_t *key = ledger->fields[i].unique ? key_of(p, row, (int)i) : NULL;
        if (key)
            st = find_by_value(p, &ledger->fields[i], key, out, err);
        json_decref(key);
    }
    return st;
}

/* "17", "#17", "server/17" */
static bool number_in(jw_text cell, int64_t *out) {
    jw_text head;
    if (!jw_text_cut(&cell, '/', &head))
        jw_text_drop(&cell, JW_TEXT("#"));
    return jw_text_i64(cell, out) && *out > 0 && *out < JW_ROW_FIRST;
}

static jw_status complain_of(struct jw_preview *p, const struct jw_row *row, int field, const char *name,
                             const char *rule, const char *text, bool *wrong, struct jw_error *err) {
    *wrong = true;
    return jw_preview_complain(p, row->number, column_of(p, field), name, rule, text, err);
}

/* *before: the record as it is, for the caller to release; NULL: a new one. */
static jw_status find_record(struct jw_preview *p, const struct jw_row *row, json_t **before, bool *wrong,
                             struct jw_error *err) {
    jw_text number = cell_of(p, row, JW_COLUMNS_ID), version = cell_of(p, row, JW_COLUMNS_VERSION);
    int64_t id = 0, read = 0;
    if (number.len && !number_in(number, &id))
        return complain_of(
            p, row, JW_COLUMNS_ID, "id", "type",
            pick(p, "不是记录号；例如 17，新记录留空", "is no number of a record; leave it empty for new ones"),
            wrong, err);
    jw_status st = id ? JW_OK : find_by_key(p, row, &id, err);
    if (st == JW_OK && id)
        st = jw_store_get(p->exchange->store, p->exchange->ledger, id, before, err);
    bool seen = st == JW_OK && *before && !json_is_true(json_object_get(*before, "removed")) &&
                (!p->rights || jw_rights_may_record(p->rights, JW_MAY_READ, *before));
    if (st < 0)
        return st;
    if (!id)
        return JW_OK;
    if (!seen) {
        json_decref(*before);
        *before = NULL;
        return complain_of(p, row, JW_COLUMNS_ID, "id", "reference",
                           pick(p, "没有这条记录", "there is no such record"), wrong, err);
    }
    if (version.len &&
        (!jw_text_i64(version, &read) || read != json_integer_value(json_object_get(*before, "version"))))
        return complain_of(p, row, JW_COLUMNS_VERSION, "version", "version",
                           pick(p, "导出以后有人改过这条记录；请重新导出再改",
                                "somebody has changed the record since; export it again"),
                           wrong, err);
    return JW_OK;
}

/* --- rights --- */
jw_status jw_preview_would_be(const struct jw_exchange *exchange, struct jw_names *names, const json_t *before,
                              const json_t *fields, json_t **out, struct jw_error *err) {
    const struct jw_ledger *ledger = exchange->ledger;
    const struct jw_name *unit = NULL;
    jw_text place = JW_TEXT("");
    jw_status st = JW_OK;
    json_t *all = before ? json_copy(json_object_get(before, "fields")) : json_object();
    if (!all || json_object_update(all, (json_t *)(uintptr_t)fields) != 0)
        st = jw_fail(err, JW_E_LIMIT, "no memory");
    const json_t *value = ledger->unit < 0 ? NULL : json_object_get(all, ledger->fields[ledger->unit].name);
    int64_t id = json_integer_value(value);
    if (st == JW_OK && id > 0 &&
        id < JW_ROW_FIRST) /* below a unit of the file itself: for those who may make the whole tree */
        st = jw_names_get(names, "organisation", id, &unit, err);
    if (unit)
        place = unit->place;
    *out = st == JW_OK ? json_pack("{ss% sO}", "place", place.ptr, place.len, "fields", all) : NULL;
    json_decref(all);
    return st == JW_OK && !*out ? jw_fail(err, JW_E_LIMIT, "no memory") : st;
}

static jw_status check_rights(struct jw_preview *p, const struct jw_row *row, const json_t *before,
                              const json_t *changed, bool *wrong, struct jw_error *err) {
    const struct jw_ledger *ledger = p->exchange->ledger;
    unsigned may = before ? JW_MAY_CHANGE : JW_MAY_CREATE;
    const char *key;
    json_t *value, *after = NULL;
    if (!p->rights)
        return JW_OK;
    jw_status st = jw_preview_would_be(p->exchange, p->names, before, changed, &after, err);
    bool allowed = st == JW_OK && jw_rights_may_record(p->rights, may, after) &&
                   (!before || (jw_rights_may_record(p->rights, may, before) &&
                                jw_rights_may_record(p->rights, JW_MAY_IMPORT, before)));
    if (st == JW_OK && !allowed)
        st = complain_of(
            p, row, ledger->unit, ledger->unit < 0 ? "" : ledger->fields[ledger->unit].name, "rights",
            pick(p, "没有权限写这条记录（看单位是否在本人管辖范围内）", "you may not write this record"), wrong,
            err);
    json_object_foreach((json_t *)(uintptr_t)changed, key, value) {
        int field = jw_ledger_field_find(ledger, jw_text_from(key));
        bool given = before || !json_is_null(value);
        bool usual = !before && json_equal(value, ledger->fields[field].preset);
        if (st != JW_OK || !allowed || !given || usual || jw_rights_may_field(p->rights, may, after, field))
            continue;
        st = complain_of(p, row, field, key, "rights",
                         pick(p, "没有权限填写这个字段", "you may not write this field"), wrong, err);
    }
    json_decref(after);
    return st;
}

/* --- what must be the only one --- */
static jw_status check_unique(struct jw_preview *p, const struct jw_row *row, const json_t *before,
                              const json_t *changed, bool *wrong, struct jw_error *err) {
    const struct jw_ledger *ledger = p->exchange->ledger;
    jw_status st = JW_OK;
    char text[160];
    for (size_t i = 0; i < ledger->field_count && st == JW_OK; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const json_t *value = json_object_get(changed, field->name);
        int64_t id = 0;
        jw_text canonical;
        if (!field->unique || !value || json_is_null(value))
            continue;
        st = jw_column_print(value, p->mem, &canonical, err);
        uint32_t first = st == JW_OK ? jw_seen_put(p->values, (int)i, canonical, row->number, false) : 0;
        if (st == JW_OK && first) {
            snprintf(text, sizeof text,
                     pick(p, "与本文件第%u行相同；它必须唯一", "the same as in row %u; it must be the only one"),
                     first);
            st = complain_of(p, row, (int)i, field->name, "unique", text, wrong, err);
        } else if (st == JW_OK) {
            st = find_by_value(p, field, value, &id, err);
            if (st == JW_OK && id && id != json_integer_value(json_object_get(before, "id")))
                st = complain_of(p, row, (int)i, field->name, "unique",
                                 pick(p, "已有另一条记录用了这个值；它必须唯一", "another record has this value"),
                                 wrong, err);
        }
    }
    return st;
}

/* --- the plan --- */
static jw_status plan(struct jw_preview *p, const struct jw_row *row, const json_t *before, const json_t *fields,
                      struct jw_error *err) {
    json_t *line = json_pack("{sI sO}", "r", (json_int_t)row->number, "f", fields);
    if (line && before) {
        json_object_set(line, "i", json_object_get(before, "id"));
        json_object_set(line, "v", json_object_get(before, "version"));
    }
    bool good = line && json_dumpf(line, p->kept.plan, JSON_COMPACT) == 0 && fputc('\n', p->kept.plan) != EOF;
    json_decref(line);
    return good ? JW_OK : jw_fail(err, JW_E_SYSTEM, "the plan cannot be written: %m");
}

/* Only what is another value than now. */
static void drop_same(json_t *fields, const json_t *before) {
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(fields, next, key, value) {
        const json_t *old = json_object_get(json_object_get(before, "fields"), key);
        bool empty = json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
        if (json_equal(value, old) || (empty && (!old || json_is_null(old))))
            json_object_del(fields, key);
    }
}

static jw_status check_fields(struct jw_preview *p, const struct jw_row *row, const json_t *before, json_t *given,
                              json_t **out, bool *wrong, struct jw_error *err) {
    struct jw_ledger_fault faults[FAULTS];
    size_t count = FAULTS;
    const struct jw_ledger *ledger = p->exchange->ledger;
    jw_status st = jw_ledger_check(ledger, given, before != NULL, out, faults, &count, err);
    if (st != JW_E_SYNTAX)
        return st;
    st = JW_OK;
    for (size_t i = 0; i < count && st == JW_OK; i++) {
        int field = jw_ledger_field_find(ledger, jw_text_from(faults[i].field));
        char zh[640];
        jw_answer_zh(field < 0 ? NULL : &ledger->fields[field], &faults[i], zh, sizeof zh);
        st = complain_of(p, row, field, faults[i].field, faults[i].rule, pick(p, zh, faults[i].text), wrong, err);
    }
    return st;
}

/* Now rows behind it may point to it by what it is called. */
static void register_name(struct jw_preview *p, const struct jw_row *row, const json_t *before,
                          const json_t *fields) {
    const struct jw_ledger *ledger = p->exchange->ledger;
    const json_t *name = ledger->called < 0 ? NULL : json_object_get(fields, ledger->fields[ledger->called].name);
    if (!before && json_is_string(name))
        jw_seen_put(p->references.rows, p->references.what,
                    (jw_text){json_string_value(name), json_string_length(name)}, row->number, true);
}

static jw_status judge(struct jw_preview *p, const struct jw_row *row, json_t *before, json_t *given, bool *wrong,
                       struct jw_error *err) {
    json_t *fields = NULL;
    bool unread = *wrong; /* what could not be read is missing: to call it required would be wrong */
    jw_status st = unread ? JW_OK : check_fields(p, row, before, given, &fields, wrong, err);
    if (st == JW_OK && before && fields)
        drop_same(fields, before);
    if (st == JW_OK && fields && (!before || json_object_size(fields))) {
        st = check_unique(p, row, before, fields, wrong, err);
        if (st == JW_OK)
            st = check_rights(p, row, before, fields, wrong, err);
    }
    if (st == JW_OK && !*wrong && json_object_size(fields)) {
        st = plan(p, row, before, fields, err);
        register_name(p, row, before, fields);
        p->made += !before;
        p->changed += before != NULL;
    } else if (st == JW_OK && !*wrong) {
        p->same++;
    }
    json_decref(fields);
    return st;
}

jw_status jw_preview_row(struct jw_preview *p, const struct jw_row *row, struct jw_error *err) {
    json_t *before = NULL, *given = NULL;
    bool wrong = false;
    char number[32];
    if (++p->rows > JW_EXCHANGE_ROWS)
        return jw_fail(err, JW_E_LIMIT,
                       pick(p, "一次最多导入%d行；请拆成几个文件", "at most %d rows at once; split the file"),
                       JW_EXCHANGE_ROWS);
    jw_arena_reset(p->mem);
    jw_status st = find_record(p, row, &before, &wrong, err);
    if (st == JW_OK && before) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(before, "id")));
        uint32_t first = jw_seen_put(p->values, JW_COLUMNS_ID, jw_text_from(number), row->number, false);
        if (first)
            st = complain_of(p, row, JW_COLUMNS_ID, "id", "unique",
                             pick(p, "前面已有一行是同一条记录", "a row before is the same record"), &wrong, err);
    }
    if (st == JW_OK && !wrong)
        st = jw_preview_values(p, row, before, &given, &wrong, err);
    if (st == JW_OK && given)
        st = judge(p, row, before, given, &wrong, err);
    p->wrong += wrong;
    json_decref(given);
    json_decref(before);
    return st;
}
