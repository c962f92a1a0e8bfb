/* lib/desk/writing.c — a change is looked at three times: the record as it is and what is given, by the rights; the
 * values, by the store; the record as it would be, by the rights again, in the transaction itself. */
#include "writing.h"
#include "attachments.h"
#include "pointing.h"

#include <stdlib.h>
#include <string.h>

#define TRIES 5 /* of a change without a version that somebody else got in the way of */

static const char *const deeds[] = {"create", "change", "remove", "restore"};
static const unsigned rights[] = {JW_MAY_CREATE, JW_MAY_CHANGE, JW_MAY_DELETE, JW_MAY_DELETE};

/* --- what is given
 * ------------------------------------------------------------------------------------------------ */
/* A form sends back what it was shown: the mask of a value that is still the same means "as it is". */
static bool is_own_mask(const struct jw_writing *w, const struct jw_ledger_field *field, const json_t *given) {
    json_t *masked = NULL;
    const json_t *now = json_object_get(json_object_get(w->before, "fields"), field->name);
    if (field->sensitivity == JW_OPEN || !w->before || !json_is_string(given))
        return false;
    jw_ledger_mask(field, now, &masked);
    bool same = json_equal(masked, given) && !json_equal(given, now);
    json_decref(masked);
    return same;
}

static bool may_give(const struct jw_writing *w, int field, const json_t *given) {
    const struct jw_visit *visit = w->visit;
    const char *name = visit->ledger->fields[field].name;
    if (!w->before) /* the record as it would be is looked at in its transaction */
        return jw_rights_may_some(visit->rights, JW_MAY_CREATE, field);
    return jw_rights_may_field(visit->rights, JW_MAY_CHANGE, w->before, field) ||
           (jw_rights_may_field(visit->rights, JW_MAY_SENSITIVE, w->before, field) &&
            json_equal(given, json_object_get(json_object_get(w->before, "fields"), name)));
}

static bool is_seen(const struct jw_writing *w, int field) {
    return jw_rights_may_field(w->visit->rights, JW_MAY_READ, w->before, field) ||
           jw_rights_may_field(w->visit->rights, JW_MAY_CHANGE, w->before, field);
}

static bool take_fields(struct jw_writing *w, struct jw_answer *answer) {
    const struct jw_visit *visit = w->visit;
    const char *name;
    json_t *value;
    bool denied = false, unknown = false;
    w->fields = json_object();
    if (!w->fields)
        return jw_answer_refuse(answer, visit->asker, JW_NO_ROOM);
    json_object_foreach((json_t *)(uintptr_t)w->asked->fields, name, value) {
        int field = jw_ledger_field_find(visit->ledger, jw_text_from(name));
        if (field >= 0 && is_own_mask(w, &visit->ledger->fields[field], value))
            continue;
        if (field >= 0 && may_give(w, field, value)) {
            json_object_set(w->fields, name, value);
            continue;
        }
        bool hidden = field < 0 || !is_seen(w, field);
        if (!denied && !unknown)
            jw_answer_refuse(answer, visit->asker, hidden ? JW_NO_VALUES : JW_NO_RIGHT);
        denied |= !hidden;
        unknown |= hidden;
        jw_answer_fault(answer, visit->asker, name, hidden ? "unknown" : "denied",
                        hidden ? "没有字段“%.60s”" : "您没有权限填写字段“%.60s”",
                        hidden ? "there is no field \"%.60s\"" : "you may not write the field \"%.60s\"", name);
    }
    const json_t *before = json_object_get(w->before, "fields");
    return !denied && !unknown && jw_attachments_check(visit, w->fields, before, answer) &&
           jw_pointing_check(visit, w->fields, before, answer);
}

/* --- before
 * ------------------------------------------------------------------------------------------------------- */
static bool read_before(struct jw_writing *w, struct jw_answer *answer) {
    const struct jw_visit *visit = w->visit;
    if (!jw_visit_read(visit, w->asked->id, &w->before, answer))
        return false;
    bool removed = json_is_true(json_object_get(w->before, "removed"));
    if (removed != (w->asked->deed == JW_RESTORE))
        return jw_visit_refuse(visit, JW_NO_RECORD, w->asked->id, deeds[w->asked->deed], answer);
    if (!jw_rights_may_record(visit->rights, rights[w->asked->deed], w->before))
        return jw_visit_refuse(visit, JW_NO_RIGHT, w->asked->id, deeds[w->asked->deed], answer);
    return true;
}

/* The record as it would be: nobody moves one out of reach, or makes one where there is no right to. */
static jw_status look_after(void *context, struct jw_sql *sql, const struct jw_outcome *made,
                            struct jw_error *err) {
    const struct jw_writing *w = context;
    const struct jw_visit *visit = w->visit;
    unsigned may = rights[w->asked->deed];
    if (!jw_rights_may_record(visit->rights, may, made->record))
        return jw_fail(err, JW_E_DENIED, "the record as it would be");
    const char *name;
    json_t *value;
    json_object_foreach(w->fields, name, value) {
        int field = jw_ledger_field_find(visit->ledger, jw_text_from(name));
        if (w->asked->deed == JW_CREATE && field >= 0 &&
            !jw_rights_may_field(visit->rights, JW_MAY_CREATE, made->record, field))
            return jw_fail(err, JW_E_DENIED, "%s", name);
    }
    return w->asked->also ? w->asked->also(w->asked->context, sql, made, err) : JW_OK;
}

bool jw_writing_begin(struct jw_writing *w, struct jw_answer *answer) {
    const struct jw_visit *visit = w->visit;
    const struct jw_deed_asked *asked = w->asked;
    if (asked->deed == JW_CREATE && !jw_rights_may(visit->rights, JW_MAY_CREATE))
        return jw_visit_refuse(visit, JW_NO_RIGHT, 0, "create", answer);
    if (asked->deed != JW_CREATE && !read_before(w, answer))
        return false;
    if ((asked->deed == JW_CREATE || asked->deed == JW_CHANGE) && !take_fields(w, answer))
        return false;
    w->change = (struct jw_change){
        .ledger = visit->ledger,
        .deed = asked->deed,
        .id = asked->id,
        .version = asked->version ? asked->version : json_integer_value(json_object_get(w->before, "version")),
        .fields = w->fields,
        .state = asked->state,
        .actor = {jw_text_from(visit->asker->holder->account), visit->asker->origin, visit->asker->why},
        .also = look_after,
        .context = w,
    };
    jw_workflow_prepare(visit->now->workflow, visit->asker->holder, &w->change, &w->with);
    jw_status st = jw_workflow_check(&w->with, &w->outcome, &answer->err);
    if (st != JW_OK)
        jw_writing_answer(w, st, answer);
    return st == JW_OK;
}

/* --- after
 * -------------------------------------------------------------------------------------------------------- */
void jw_writing_answer(struct jw_writing *w, jw_status st, struct jw_answer *answer) {
    const struct jw_visit *visit = w->visit;
    json_t *shown = w->outcome.record ? jw_visit_show(visit, w->outcome.record, false, NULL) : NULL;
    if (st == JW_OK) {
        /* a person may make what that person may not read: then only its number is told */
        json_t *body = shown ? json_incref(shown)
                             : json_pack("{sI sI}", "id", (json_int_t)w->outcome.id, "version",
                                         (json_int_t)w->outcome.version);
        answer->version = w->outcome.version;
        jw_answer_give(answer, visit->asker, w->asked->deed == JW_CREATE ? 201 : 200, body);
    } else if (st == JW_E_DENIED) {
        jw_visit_refuse(visit, JW_NO_RIGHT, w->asked->id, deeds[w->asked->deed], answer);
    } else {
        jw_answer_status(answer, visit->asker, st);
        if (st == JW_AGAIN && shown)
            json_object_set(answer->body, "record", shown);
        if (st == JW_E_SYNTAX)
            jw_answer_faults(answer, visit->asker, visit->ledger, w->outcome.faults, w->outcome.fault_count);
    }
    json_decref(shown);
}

void jw_writing_end(struct jw_writing *w) {
    json_decref(w->before);
    json_decref(w->fields);
    json_decref(w->outcome.record);
    w->before = w->fields = w->outcome.record = NULL;
}

static void make(struct jw_writing *w, struct jw_answer *out) {
    jw_status st = JW_AGAIN;
    for (int i = 0; i < TRIES && st == JW_AGAIN; i++) {
        jw_writing_end(w);
        if (!jw_writing_begin(w, out))
            return;
        st = jw_store_change(jw_desk_store(w->visit->desk), &w->change, &w->outcome, &out->err);
        if (w->asked->version)
            break; /* the asker decides, who has seen another version */
    }
    jw_writing_answer(w, st, out);
}

void jw_desk_do(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                const struct jw_deed_asked *asked, struct jw_answer *out) {
    struct jw_visit visit;
    struct jw_writing *writing = calloc(1, sizeof *writing);
    if (!writing) {
        jw_answer_refuse(out, asker, JW_NO_ROOM);
        return;
    }
    if (jw_desk_enter(desk, asker, ledger, &visit, out)) {
        writing->visit = &visit;
        writing->asked = asked;
        make(writing, out);
        jw_writing_end(writing);
        jw_desk_leave(&visit);
    }
    free(writing);
}
