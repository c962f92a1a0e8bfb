/* lib/desk/reading.c — one record, its history, and lists, as the asker may see them. */
#include "question.h"

#include <string.h>

/* --- what is shown
 * ------------------------------------------------------------------------------------------------ */
struct showing {
    const struct jw_visit *visit;
    bool unmask;
    jw_text fields; /* names with commas; empty: those of lists; "*": all */
    bool wanted[JW_LEDGER_FIELDS];
    json_t *shown; /* numbers of the records that were shown unmasked */
};

static bool choose_fields(struct showing *s, struct jw_answer *answer) {
    const struct jw_ledger *ledger = s->visit->ledger;
    jw_text rest = s->fields, name;
    for (const int *listed = ledger->listed; !rest.len && listed && *listed >= 0; listed++)
        s->wanted[*listed] = true;
    for (size_t i = 0; jw_text_is(s->fields, JW_TEXT("*")) && i < ledger->field_count; i++)
        s->wanted[i] = true;
    if (!rest.len || jw_text_is(rest, JW_TEXT("*")))
        return true;
    while (jw_text_next(&rest, ',', &name)) {
        int field = jw_ledger_field_find(ledger, jw_text_trim(name));
        if (field >= 0) {
            s->wanted[field] = true;
            continue;
        }
        jw_answer_refuse(answer, s->visit->asker, JW_NO_QUERY);
        jw_answer_fault(answer, s->visit->asker, "fields", "unknown", "fields 中有不存在的字段",
                        "fields names one that does not exist");
        return false;
    }
    return true;
}

static json_t *show_one(struct showing *s, const json_t *record) {
    bool shown = false;
    json_t *out = jw_visit_show(s->visit, record, s->unmask, &shown);
    json_t *fields = json_object_get(out, "fields");
    for (size_t i = 0; i < s->visit->ledger->field_count; i++)
        if (!s->wanted[i])
            json_object_del(fields, s->visit->ledger->fields[i].name);
    if (shown)
        json_array_append(s->shown, json_object_get(record, "id"));
    return out;
}

/* --- lists
 * -------------------------------------------------------------------------------------------------------- */
/* What was asked about a masked field is as good as reading it. */
static jw_status note_reading(const struct showing *s, const struct jw_question *q, struct jw_error *err) {
    if (!q->sensitive && json_array_size(s->shown) == 0)
        return JW_OK;
    json_t *detail = json_pack("{sb sO}", "asked", (int)q->sensitive, "records", s->shown);
    jw_status st = detail ? jw_visit_audit(s->visit, "read", s->visit->ledger->name, detail, err)
                          : jw_fail(err, JW_E_LIMIT, "no memory");
    json_decref(detail);
    return st;
}

static json_t *page_of(struct showing *s, const struct jw_question *q, const json_t *rows, int64_t total) {
    json_t *records = json_array(), *row, *next = json_null();
    size_t i, size = json_array_size(rows);
    json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
        if (json_array_append_new(records, show_one(s, row)) == 0)
            continue;
        json_decref(records);
        return NULL;
    }
    if ((int64_t)size == q->query.limit)
        next = json_incref(json_object_get(json_array_get(rows, size - 1), "id"));
    json_t *page = json_pack("{so so}", "records", records, "next", next);
    if (page && q->query.count) {
        bool more = total > JW_STORE_COUNTED;
        json_object_set_new(page, "total", json_integer(more ? JW_STORE_COUNTED : total));
        json_object_set_new(page, "more", json_boolean(more));
    }
    return page;
}

static void list(const struct jw_visit *visit, const struct jw_desk_query *asked, struct jw_answer *out) {
    struct showing s = {.visit = visit, .unmask = asked->unmask, .fields = asked->fields};
    JW_AUTO(jw_question_free_p) struct jw_question *q = jw_question_new(visit, asked, out);
    json_t *rows = NULL;
    int64_t total = 0;
    if (!q || !choose_fields(&s, out))
        return;
    s.shown = json_array();
    jw_status st = jw_store_list(jw_desk_store(visit->desk), &q->query, &rows, &total, &out->err);
    json_t *page = st == JW_OK ? page_of(&s, q, rows, total) : NULL;
    if (page)
        st = note_reading(&s, q, &out->err);
    if (st == JW_OK) {
        jw_answer_give(out, visit->asker, 200, page);
    } else {
        json_decref(page);
        if (st == JW_E_SYNTAX) { /* words of punctuation */
            jw_answer_refuse(out, visit->asker, JW_NO_QUERY);
            jw_answer_fault(out, visit->asker, "q", "words", "搜索1到16个词，不能只有标点", "%s", out->err.text);
        } else {
            jw_answer_status(out, visit->asker, st);
        }
    }
    json_decref(rows);
    json_decref(s.shown);
}

void jw_desk_list(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                  const struct jw_desk_query *query, struct jw_answer *out) {
    struct jw_visit visit;
    if (!jw_desk_enter(desk, asker, ledger, &visit, out))
        return;
    list(&visit, query, out);
    jw_desk_leave(&visit);
}

/* --- one record
 * --------------------------------------------------------------------------------------------------- */
static void get(const struct jw_visit *visit, int64_t id, bool unmask, struct jw_answer *out) {
    json_t *record = NULL;
    bool shown = false;
    char object[JW_LEDGER_NAME + 24];
    if (!jw_visit_read(visit, id, &record, out))
        return;
    json_t *body = jw_visit_show(visit, record, unmask, &shown);
    jw_status st = JW_OK;
    if (shown) {
        json_t *detail = json_pack("{sO}", "seen", json_object_get(record, "version"));
        snprintf(object, sizeof object, "%s/%lld", visit->ledger->name, (long long)id);
        st = jw_visit_audit(visit, "read", object, detail, &out->err);
        json_decref(detail);
    }
    if (st == JW_OK) {
        out->version = json_integer_value(json_object_get(record, "version"));
        jw_answer_give(out, visit->asker, 200, body);
    } else {
        json_decref(body);
        jw_answer_status(out, visit->asker, st);
    }
    json_decref(record);
}

void jw_desk_get(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id, bool unmask,
                 struct jw_answer *out) {
    struct jw_visit visit;
    if (!jw_desk_enter(desk, asker, ledger, &visit, out))
        return;
    get(&visit, id, unmask, out);
    jw_desk_leave(&visit);
}

/* --- history
 * ------------------------------------------------------------------------------------------------------ */
/* A version shows what the record shows: whoever may read it now may read what it was, and no field besides. */
static bool mask_version(const struct jw_visit *visit, const json_t *record, json_t *version, bool unmask,
                         bool *shown) {
    const json_t *was = json_object_get(version, "fields");
    json_t *fields = json_object();
    for (size_t i = 0; fields && i < visit->ledger->field_count; i++) {
        const struct jw_ledger_field *field = &visit->ledger->fields[i];
        json_t *value = json_object_get(was, field->name), *masked = NULL;
        bool plain = jw_rights_may_field(visit->rights, JW_MAY_SENSITIVE, record, (int)i);
        if (!value || !jw_rights_may_field(visit->rights, JW_MAY_READ, record, (int)i) ||
            (field->sensitivity == JW_SECRET && !plain))
            continue;
        if (field->sensitivity == JW_OPEN || (plain && unmask)) {
            *shown |= field->sensitivity != JW_OPEN && !json_is_null(value);
            json_object_set(fields, field->name, value);
            continue;
        }
        jw_ledger_mask(field, value, &masked);
        json_object_set_new(fields, field->name, masked);
    }
    return fields && json_object_set_new(version, "fields", fields) == 0;
}

static json_t *history_body(const struct jw_visit *visit, const json_t *record, json_t *versions, int64_t limit,
                            bool unmask, bool *shown) {
    size_t i, size = json_array_size(versions);
    json_t *version;
    json_array_foreach(versions, i, version) if (!mask_version(visit, record, version, unmask, shown)) return NULL;
    json_t *last = json_object_get(json_array_get(versions, size ? size - 1 : 0), "version");
    bool more = (int64_t)size == limit && json_integer_value(last) > 1;
    return json_pack("{sO so}", "versions", versions, "next", more ? json_incref(last) : json_null());
}

static void history(const struct jw_visit *visit, int64_t id, int64_t before, int64_t limit, bool unmask,
                    struct jw_answer *out) {
    json_t *record = NULL, *versions = NULL, *body = NULL;
    bool shown = false;
    char object[JW_LEDGER_NAME + 24];
    limit = limit < 1 ? 50 : limit > JW_STORE_PAGE ? JW_STORE_PAGE : limit;
    if (!jw_visit_read(visit, id, &record, out))
        return;
    jw_status st = jw_store_history(jw_desk_store(visit->desk), visit->ledger, id, before, (size_t)limit, &versions,
                                    &out->err);
    if (st == JW_OK)
        body = history_body(visit, record, versions, limit, unmask, &shown);
    if (st == JW_OK && shown) {
        json_t *detail = json_pack("{sO}", "seen", json_object_get(record, "version"));
        snprintf(object, sizeof object, "%s/%lld", visit->ledger->name, (long long)id);
        st = jw_visit_audit(visit, "read", object, detail, &out->err);
        json_decref(detail);
    }
    if (st == JW_OK)
        jw_answer_give(out, visit->asker, 200, json_incref(body));
    else
        jw_answer_status(out, visit->asker, st);
    json_decref(body);
    json_decref(versions);
    json_decref(record);
}

void jw_desk_history(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id, int64_t before,
                     int64_t limit, bool unmask, struct jw_answer *out) {
    struct jw_visit visit;
    if (!jw_desk_enter(desk, asker, ledger, &visit, out))
        return;
    history(&visit, id, before, limit, unmask, out);
    jw_desk_leave(&visit);
}
