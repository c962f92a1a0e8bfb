/* lib/desk/visit.c — one ledger as one person meets it. */
#include "visit.h"

#include <string.h>

#include "audit/audit.h"

bool jw_desk_enter(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, struct jw_visit *out,
                   struct jw_answer *answer) {
    *out = (struct jw_visit){.desk = desk, .asker = asker, .now = jw_desk_hold(desk)};
    out->ledger = jw_ledgers_find(out->now->ledgers, ledger);
    jw_status st = out->ledger
                       ? jw_rights_new(out->now->roles, out->ledger, asker->holder, &out->rights, &answer->err)
                       : JW_END;
    if (st == JW_OK && !jw_rights_may(out->rights, JW_MAY_READ) && !jw_rights_may(out->rights, JW_MAY_CREATE))
        st = JW_END;
    if (st == JW_OK)
        return true;
    jw_desk_leave(out);
    return jw_answer_status(answer, asker, st);
}

void jw_desk_leave(struct jw_visit *visit) {
    jw_rights_free(visit->rights);
    visit->rights = NULL;
    jw_desk_release(visit->desk, visit->now);
    visit->now = NULL;
}

const struct jw_store_scope *jw_visit_scope(const struct jw_rights_scope *from, struct jw_store_scope *out) {
    *out = (struct jw_store_scope){0};
    if (from->all)
        return NULL;
    if (!from->none)
        *out = (struct jw_store_scope){.places = from->places, .units = from->units, .owner = from->owner};
    return out;
}

bool jw_visit_read(const struct jw_visit *visit, int64_t id, json_t **out, struct jw_answer *answer) {
    json_t *record = NULL;
    jw_status st = jw_store_get(jw_desk_store(visit->desk), visit->ledger, id, &record, &answer->err);
    bool removed = json_is_true(json_object_get(record, "removed"));
    if (st == JW_OK && jw_rights_may_record(visit->rights, JW_MAY_READ, record) &&
        (!removed || jw_rights_may_record(visit->rights, JW_MAY_DELETE, record))) {
        *out = record;
        return true;
    }
    json_decref(record);
    return st == JW_OK || st == JW_END ? jw_visit_refuse(visit, JW_NO_RECORD, id, "read", answer)
                                       : jw_answer_status(answer, visit->asker, st);
}

/* --- entries
 * ------------------------------------------------------------------------------------------------------ */
struct note {
    struct jw_audit_entry entry;
};

static jw_status append(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct note *note = context;
    struct jw_audit_entry entry = note->entry;
    entry.at = now;
    return jw_audit_append(sql, &entry, err);
}

jw_status jw_visit_audit(const struct jw_visit *visit, const char *action, const char *object, const json_t *detail,
                         struct jw_error *err) {
    char *text = json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    struct note note = {.entry = {.who = jw_text_from(visit->asker->holder->account),
                                  .origin = visit->asker->origin,
                                  .action = jw_text_from(action),
                                  .object = jw_text_from(object),
                                  .detail = jw_text_from(text)}};
    jw_status st = jw_store_do(jw_desk_store(visit->desk), append, &note, err);
    free(text);
    return st;
}

bool jw_visit_refuse(const struct jw_visit *visit, enum jw_no why, int64_t id, const char *deed,
                     struct jw_answer *answer) {
    char object[JW_LEDGER_NAME + 24];
    json_t *detail = json_pack("{ss}", "deed", deed);
    snprintf(object, sizeof object, "%s/%lld", visit->ledger->name, (long long)id);
    jw_status st = jw_visit_audit(visit, "refuse", object, detail, &answer->err);
    json_decref(detail);
    return st == JW_OK ? jw_answer_refuse(answer, visit->asker, why) : jw_answer_status(answer, visit->asker, st);
}

/* --- showing
 * ------------------------------------------------------------------------------------------------------ */
static json_t *what_may_be_done(const struct jw_visit *visit, const json_t *record) {
    static const struct {
        unsigned may;
        const char *word;
    } deeds[] = {{JW_MAY_CHANGE, "change"}, {JW_MAY_DELETE, "delete"}};
    json_t *words = json_array();
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (jw_rights_may_record(visit->rights, deeds[i].may, record))
            json_array_append_new(words, json_string(deeds[i].word));
    return words;
}

json_t *jw_visit_show(const struct jw_visit *visit, const json_t *record, bool unmask, bool *out_shown) {
    json_t *shown = jw_rights_show(visit->rights, record, unmask, out_shown);
    if (json_is_object(shown) && json_object_set_new(shown, "may", what_may_be_done(visit, record)) == 0)
        return shown;
    json_decref(shown);
    return NULL;
}
