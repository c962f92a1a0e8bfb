/* lib/desk/entries.c — the audit chain for those who may read it. */
#include "visit.h"

#include <string.h>

#include "audit/audit.h"

struct asking {
    const struct jw_desk_entries *asked;
    int64_t limit;
    json_t *entries;
};

static jw_status add_entry(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct asking *asking = context;
    (void)columns;
    json_t *detail = json_loadb(row[6].text.ptr, row[6].text.len, JSON_DECODE_ANY, NULL);
    json_t *entry = json_pack(
        "{sI sI ss% ss% ss% ss% so ss%}", "seq", (json_int_t)row[0].integer, "at", (json_int_t)row[1].integer,
        "who", row[2].text.ptr, row[2].text.len, "origin", row[3].text.ptr, row[3].text.len, "action",
        row[4].text.ptr, row[4].text.len, "object", row[5].text.ptr, row[5].text.len, "detail",
        detail ? detail : json_stringn(row[6].text.ptr, row[6].text.len), "hash", row[7].text.ptr, row[7].text.len);
    return entry && json_array_append_new(asking->entries, entry) == 0
               ? JW_OK
               : jw_fail(err, JW_E_SYSTEM, "audit/%lld is damaged", (long long)row[0].integer);
}

/* Each word is given twice: once as a condition, once to say that there is none. */
static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct asking *asking = context;
    const struct jw_desk_entries *asked = asking->asked;
    jw_text object = asked->object;
    char end[128];
    bool whole = object.len && object.ptr[object.len - 1] == '/' && object.len < sizeof end;
    snprintf(end, sizeof end, "%.*s0", whole ? (int)object.len - 1 : 0, object.ptr ? object.ptr : "");
    jw_sql_value values[] = {JW_SQL_INT(asked->before ? asked->before : INT64_MAX),
                             JW_SQL_STR(asked->who),
                             JW_SQL_STR(asked->action),
                             JW_SQL_STR(object),
                             JW_SQL_STR(whole ? jw_text_from(end) : object),
                             JW_SQL_INT(asking->limit)};
    for (size_t i = 1; i < 5; i++)
        if (!values[i].text.ptr)
            values[i].text = JW_TEXT("");
    return jw_sql_run(
        sql,
        whole ? "SELECT seq, at, who, origin, action, object, detail, hash FROM audit WHERE seq < $1 AND "
                "($2 = '' OR who = $2) AND ($3 = '' OR action = $3) AND object >= $4 AND object < $5 "
                "ORDER BY seq DESC LIMIT $6"
              : "SELECT seq, at, who, origin, action, object, detail, hash FROM audit WHERE seq < $1 AND "
                "($2 = '' OR who = $2) AND ($3 = '' OR action = $3) AND ($4 = '' OR object = $5) "
                "ORDER BY seq DESC LIMIT $6",
        values, 6, add_entry, asking, err);
}

void jw_desk_entries(struct jw_desk *desk, const struct jw_asker *asker, const struct jw_desk_entries *asked,
                     struct jw_answer *out) {
    struct asking asking = {.asked = asked, .limit = asked->limit ? asked->limit : 50, .entries = NULL};
    struct jw_visit visit = {.desk = desk, .asker = asker, .now = jw_desk_hold(desk)};
    bool may = jw_rights_has_power(visit.now->roles, asker->holder, JW_TEXT("audit.read"));
    json_t *detail = json_pack("{sb}", "refused", (int)!may);
    jw_status st = jw_visit_audit(&visit, may ? "read" : "refuse", "audit", detail, &out->err);
    json_decref(detail);
    jw_desk_release(desk, visit.now);
    if (st == JW_OK && !may) {
        jw_answer_refuse(out, asker, JW_NO_RIGHT);
        return;
    }
    if (asking.limit < 1 || asking.limit > JW_STORE_PAGE)
        asking.limit = JW_STORE_PAGE;
    asking.entries = json_array();
    if (st == JW_OK)
        st = jw_store_look(jw_desk_store(desk), look, &asking, &out->err);
    size_t size = json_array_size(asking.entries);
    json_t *last = json_object_get(json_array_get(asking.entries, size ? size - 1 : 0), "seq");
    bool more = (int64_t)size == asking.limit && json_integer_value(last) > 1;
    if (st == JW_OK)
        jw_answer_give(
            out, asker, 200,
            json_pack("{sO so}", "entries", asking.entries, "next", more ? json_incref(last) : json_null()));
    else
        jw_answer_status(out, asker, st);
    json_decref(asking.entries);
}
