/* lib/desk/aggregate.c — numbers over records, of those alone whose fields the asker may look at. */
#include "question.h"

#include <string.h>

struct figures {
    struct jw_store_figure list[JW_STORE_FIGURES];
    char names[JW_STORE_FIGURES][JW_LEDGER_NAME + 8];
    size_t count;
    struct jw_rights_scope rights[JW_STORE_FIGURES + 1];
    struct jw_store_scope scopes[JW_STORE_FIGURES + 1];
};

static bool refuse(const struct jw_visit *visit, struct jw_answer *answer, const char *field, const char *zh,
                   const char *en) {
    jw_answer_refuse(answer, visit->asker, JW_NO_QUERY);
    jw_answer_fault(answer, visit->asker, field, "figure", "%s", "%s", visit->asker->english ? en : zh);
    return false;
}

/* A record counts when each field that is looked at may be looked at: a condition that is always true, and limited
 * to the scope. */
static bool add_scope(struct jw_question *q, const struct jw_visit *visit, struct figures *f, int field,
                      size_t at) {
    const struct jw_store_scope *scope;
    if (field < 0)
        return true;
    if (!jw_question_look(q, visit, field, &f->rights[at], &f->scopes[at], &scope))
        return false;
    if (!scope)
        return true;
    if (q->query.filter_count == JW_DESK_FILTERS)
        return false;
    q->filters[q->query.filter_count++] =
        (struct jw_store_filter){.field = JW_COLUMN_ID, .op = JW_OP_NOT_EMPTY, .scope = scope};
    return true;
}

static bool add_figure(struct jw_question *q, const struct jw_visit *visit, struct figures *f, jw_text text,
                       struct jw_answer *answer) {
    static const char *const words[] = {"count", "sum", "min", "max"};
    jw_text word = text, name = text;
    size_t what = 0;
    bool has_field = jw_text_cut(&name, ':', &word);
    while (what < 4 && !jw_text_is(word, jw_text_from(words[what])))
        what++;
    if (f->count == JW_STORE_FIGURES || what == 4 || has_field != (what > 0))
        return refuse(visit, answer, "figures", "写作 count,sum:字段,min:字段,max:字段，最多8个",
                      "write count,sum:FIELD,min:FIELD,max:FIELD, at most 8");
    int field = has_field ? jw_question_field(visit, name) : JW_COLUMN_ID;
    const struct jw_ledger_type *type = field >= 0 ? visit->ledger->fields[field].type : NULL;
    if (field == JW_QUESTION_NONE || field == JW_COLUMN_STATE || (type && type->stored == JW_STORED_NOTHING) ||
        (type && type->many) || (what == JW_FIGURE_SUM && (!type || type->stored == JW_STORED_TEXT)))
        return refuse(visit, answer, "figures", "这个字段不能这样统计", "this cannot be computed of this field");
    snprintf(f->names[f->count], sizeof f->names[0], "%s%s%.*s", words[what], has_field ? ":" : "",
             has_field ? (int)name.len : 0, has_field ? name.ptr : "");
    f->list[f->count] = (struct jw_store_figure){(jw_store_figure_kind)what, field};
    f->count++;
    return add_scope(q, visit, f, has_field ? field : -1, f->count - 1);
}

static json_t *groups_of(const struct figures *f, const json_t *groups, bool whole) {
    json_t *out = json_array(), *group, *figure;
    size_t i, k;
    json_array_foreach((json_t *)(uintptr_t)groups, i, group) {
        json_t *one = json_object();
        if (!whole)
            json_object_set(one, "by", json_object_get(group, "by"));
        json_array_foreach(json_object_get(group, "figures"), k, figure) json_object_set(one, f->names[k], figure);
        json_array_append_new(out, one);
    }
    return json_pack("{so}", "groups", out);
}

static void aggregate(const struct jw_visit *visit, const struct jw_desk_query *asked, jw_text by, jw_text names,
                      struct jw_answer *out) {
    JW_AUTO(jw_question_free_p) struct jw_question *q = jw_question_new(visit, asked, out);
    struct figures f = {.count = 0};
    jw_text rest = names.len ? names : JW_TEXT("count"), name;
    json_t *groups = NULL;
    if (!q)
        return;
    int field = by.len ? jw_question_field(visit, by) : JW_COLUMN_ID;
    bool good = field == JW_COLUMN_STATE || (!by.len && field == JW_COLUMN_ID) ||
                (field >= 0 && visit->ledger->fields[field].type->stored != JW_STORED_NOTHING);
    if (!good) {
        refuse(visit, out, "by", "不能按这个字段分组", "this makes no groups");
        return;
    }
    while (good && jw_text_next(&rest, ',', &name))
        good = add_figure(q, visit, &f, jw_text_trim(name), out);
    if (!good || !add_scope(q, visit, &f, field, JW_STORE_FIGURES)) {
        if (good)
            refuse(visit, out, "by", "条件太多", "too many conditions");
        return;
    }
    jw_status st =
        jw_store_aggregate(jw_desk_store(visit->desk), &q->query, field, f.list, f.count, &groups, &out->err);
    if (st == JW_OK && q->sensitive) {
        json_t *detail = json_pack("{sb}", "asked", 1);
        st = jw_visit_audit(visit, "read", visit->ledger->name, detail, &out->err);
        json_decref(detail);
    }
    if (st == JW_OK)
        jw_answer_give(out, visit->asker, 200, groups_of(&f, groups, !by.len));
    else
        jw_answer_status(out, visit->asker, st == JW_E_SYNTAX ? JW_E_SYSTEM : st);
    json_decref(groups);
}

void jw_desk_aggregate(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                       const struct jw_desk_query *query, jw_text by, jw_text figures, struct jw_answer *out) {
    struct jw_visit visit;
    if (!jw_desk_enter(desk, asker, ledger, &visit, out))
        return;
    aggregate(&visit, query, by, figures, out);
    jw_desk_leave(&visit);
}
