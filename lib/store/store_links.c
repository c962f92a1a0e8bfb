/* lib/store/store_links.c — references between records: what is pointed to must be there, and what goes must not
 * leave a reference to nothing, unless its declaration says so. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/rules.h"

#define FOLLOW_MOST 1000 /* records that let go of one that is removed */

void jw_store_add_fault(struct jw_outcome *outcome, const char *field, const char *rule, const char *text) {
    if (outcome->fault_count == JW_STORE_FAULTS)
        return;
    struct jw_ledger_fault *fault = &outcome->faults[outcome->fault_count++];
    fault->field = field;
    fault->rule = rule;
    snprintf(fault->text, sizeof fault->text, "%s", text);
}

/* --- what a record points to
 * --------------------------------------------------------------------------------------- */
static jw_status is_there(struct jw_store_making *m, const char *ledger, int64_t id, bool *out,
                          struct jw_error *err) {
    char text[128];
    jw_sql_value value = JW_SQL_INT(id), found = {0};
    snprintf(text, sizeof text, "SELECT 1 FROM l_%s WHERE id = $1 AND removed = 0", ledger);
    jw_status st = jw_sql_one(m->store->sql, text, &value, 1, m->mem, &found, err);
    *out = st == JW_OK;
    return st == JW_END ? JW_OK : st;
}

static jw_status check_one(struct jw_store_making *m, const struct jw_ledger_field *field, const char *ledger,
                           const json_t *value, struct jw_error *err) {
    bool there = false;
    char text[160];
    if (!json_is_integer(value))
        return JW_OK;
    jw_status st = is_there(m, ledger, json_integer_value(value), &there, err);
    if (st != JW_OK || there)
        return st;
    snprintf(text, sizeof text, "%s/%lld is not there; choose one that is", ledger,
             (long long)json_integer_value(value));
    jw_store_add_fault(m->outcome, field->name, "reference", text);
    return JW_OK;
}

jw_status jw_store_check_links(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_ledger *ledger = m->change->ledger;
    const json_t *before = json_object_get(m->before, "fields");
    jw_status st = JW_OK;
    for (size_t i = 0; i < ledger->field_count && st == JW_OK; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const struct jw_rule_reference *rule = jw_rule_reference(field);
        const json_t *value = json_object_get(m->fields, field->name), *element;
        size_t k;
        if (!rule || !jw_ledgers_find(m->table->set->ledgers, jw_text_from(rule->ledger)))
            continue;
        if (m->change->deed != JW_RESTORE && json_equal(value, json_object_get(before, field->name)))
            continue; /* it was there when it was set, and may be kept as history */
        if (json_is_array(value)) {
            for (k = 0; k < json_array_size(value) && st == JW_OK; k++) {
                element = json_array_get(value, k);
                st = check_one(m, field, rule->ledger, element, err);
            }
        } else {
            st = check_one(m, field, rule->ledger, value, err);
        }
    }
    return st == JW_OK && m->outcome->fault_count ? jw_fail(err, JW_E_SYNTAX, "a reference to nothing") : st;
}

/* --- what points to a record
 * --------------------------------------------------------------------------------------- */
struct pointing {
    int64_t ids[FOLLOW_MOST];
    size_t count;
};

static jw_status take_id(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct pointing *pointing = context;
    (void)columns;
    if (pointing->count == FOLLOW_MOST)
        return jw_fail(err, JW_E_LIMIT, "more than %d records point to it; change them first", FOLLOW_MOST);
    pointing->ids[pointing->count++] = row[0].integer;
    return JW_OK;
}

/* Lists are JSON: [17], [17,…, …,17], …,17,… */
static jw_status find_pointing(struct jw_store_making *m, const struct jw_ledger *from,
                               const struct jw_ledger_field *field, struct pointing *out, struct jw_error *err) {
    char text[512], forms[4][32];
    long long id = m->change->id;
    jw_sql_value values[4] = {JW_SQL_INT(id)};
    if (!field->type->many) {
        snprintf(text, sizeof text, "SELECT id FROM l_%s WHERE f_%s = $1 AND removed = 0", from->name, field->name);
        return jw_sql_run(m->store->sql, text, values, 1, take_id, out, err);
    }
    static const char *const shapes[] = {"[%lld]", "[%lld,%%", "%%,%lld]", "%%,%lld,%%"};
    for (int i = 0; i < 4; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(forms[i], sizeof forms[i], shapes[i], id);
#pragma GCC diagnostic pop
        values[i] = JW_SQL_STR(jw_text_from(forms[i]));
    }
    snprintf(
        text, sizeof text,
        "SELECT id FROM l_%s WHERE removed = 0 AND (f_%s = $1 OR f_%s LIKE $2 OR f_%s LIKE $3 OR f_%s LIKE $4)",
        from->name, field->name, field->name, field->name, field->name);
    return jw_sql_run(m->store->sql, text, values, 4, take_id, out, err);
}

/* The field without the record that goes. */
static json_t *without(const json_t *value, int64_t id) {
    if (!json_is_array(value))
        return json_null();
    json_t *kept = json_array();
    size_t i;
    json_t *element;
    json_array_foreach((json_t *)(uintptr_t)value, i, element) if (json_integer_value(element) != id)
        json_array_append(kept, element);
    return kept;
}

/* A change like any other, with its version and its entry in the chain, in the same mark. */
static jw_status clear_one(struct jw_store_making *m, const struct jw_ledger *from,
                           const struct jw_ledger_field *field, int64_t id, struct jw_error *err) {
    json_t *record = NULL;
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    if (!outcome)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    const struct jw_store_table *table = jw_store_table_of(m->store, from);
    jw_status st = jw_store_read_row(m->store->sql, table, id, &record, NULL, 0, err);
    json_t *fields = NULL;
    if (st == JW_OK)
        fields = json_pack("{so}", field->name,
                           without(json_object_get(json_object_get(record, "fields"), field->name), m->change->id));
    struct jw_change change = {
        .ledger = from, .deed = JW_CHANGE, .id = id, .fields = fields, .actor = m->change->actor};
    struct jw_store_making next = {
        .store = m->store, .change = &change, .outcome = outcome, .mem = m->mem, .now = m->now};
    if (st == JW_OK)
        st = fields ? jw_store_make(&next, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_E_SYNTAX) { /* it needs the reference: then the record must stay */
        char text[160];
        snprintf(text, sizeof text, "%s/%lld cannot do without it", from->name, (long long)id);
        jw_store_add_fault(m->outcome, from->name, "reference", text);
    }
    json_decref(fields);
    json_decref(record);
    json_decref(next.before);
    json_decref(next.fields);
    json_decref(outcome->record);
    free(outcome);
    return st;
}

static jw_status let_go_of(struct jw_store_making *m, const struct jw_ledger *from,
                           const struct jw_ledger_field *field, jw_ledger_on_delete how, struct jw_error *err) {
    struct pointing *pointing = calloc(1, sizeof *pointing);
    if (!pointing)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = find_pointing(m, from, field, pointing, err);
    if (st == JW_OK && how == JW_DELETE_REFUSE && pointing->count) {
        char text[160];
        snprintf(text, sizeof text, "%zu records of %s point to it, the first is %s/%lld", pointing->count,
                 from->name, from->name, (long long)pointing->ids[0]);
        jw_store_add_fault(m->outcome, from->name, "reference", text);
        st = jw_fail(err, JW_E_SYNTAX, "%s", text);
    }
    for (size_t i = 0; i < pointing->count && st == JW_OK; i++)
        st = clear_one(m, from, field, pointing->ids[i], err);
    free(pointing);
    return st;
}

jw_status jw_store_let_go(struct jw_store_making *m, struct jw_error *err) {
    jw_status st = JW_OK;
    for (size_t i = 0; i < jw_ledgers_count(m->table->set->ledgers) && st == JW_OK; i++) {
        const struct jw_ledger *from = jw_ledgers_get(m->table->set->ledgers, i);
        for (size_t k = 0; k < from->field_count && st == JW_OK; k++) {
            const struct jw_rule_reference *rule = jw_rule_reference(&from->fields[k]);
            if (rule && rule->on_delete != JW_DELETE_KEEP && strcmp(rule->ledger, m->change->ledger->name) == 0)
                st = let_go_of(m, from, &from->fields[k], rule->on_delete, err);
        }
    }
    return st;
}
