/* lib/store/store_place.c — paths of units. A subtree is a range of them: "1.15." to "1.15/", '/' being the
 * character after '.'. */
#include "store_parts.h"

#include <string.h>

#define DEEP_MOST 32 /* levels of the organisation; a path of them must fit */

static const char organisation[] = "organisation";

static jw_status refuse(struct jw_store_making *m, const char *field, const char *text, struct jw_error *err) {
    jw_store_add_fault(m->outcome, field, "reference", text);
    return jw_fail(err, JW_E_SYNTAX, "%s: %s", field, text);
}

static int levels(const char *path) {
    int count = 0;
    for (; *path; path++)
        count += *path == '.';
    return count;
}

static jw_status find_unit(struct jw_store_making *m, const struct jw_ledger_field *field, int64_t unit,
                           struct jw_error *err) {
    jw_sql_value id = JW_SQL_INT(unit), place = {0};
    jw_status st = jw_sql_one(m->store->sql, "SELECT place FROM l_organisation WHERE id = $1 AND removed = 0", &id,
                              1, m->mem, &place, err);
    if (st == JW_END)
        return refuse(m, field->name, "there is no such unit; choose one of the organisation", err);
    if (st == JW_OK)
        snprintf(m->place, sizeof m->place, "%.*s", (int)place.text.len, place.text.ptr);
    return st;
}

jw_status jw_store_find_place(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_ledger *ledger = m->change->ledger;
    const struct jw_ledger_field *field = ledger->unit >= 0 ? &ledger->fields[ledger->unit] : NULL;
    const json_t *value = field ? json_object_get(m->fields, field->name) : NULL;
    jw_status st = JW_OK;
    memcpy(m->old_place, m->place, sizeof m->place);
    m->place[0] = '\0';
    if (json_is_integer(value))
        st = find_unit(m, field, json_integer_value(value), err);
    if (st != JW_OK || strcmp(ledger->name, organisation) != 0)
        return st;
    if (*m->old_place && strncmp(m->place, m->old_place, strlen(m->old_place)) == 0)
        return refuse(m, field ? field->name : "parent", "a unit cannot be below itself", err);
    if (levels(m->place) >= DEEP_MOST)
        return refuse(m, field ? field->name : "parent", "more than 32 levels of units", err);
    size_t at = strlen(m->place);
    int len = snprintf(m->place + at, sizeof m->place - at, "%lld.", (long long)m->outcome->id);
    return at + (size_t)len < sizeof m->place ? JW_OK : jw_fail(err, JW_E_LIMIT, "the path of units is too long");
}

bool jw_store_place_end(jw_text place, char out[JW_STORE_PLACE]) {
    if (!jw_text_ends(place, JW_TEXT(".")) || place.len >= JW_STORE_PLACE)
        return false;
    memcpy(out, place.ptr, place.len);
    out[place.len - 1] = '/';
    out[place.len] = '\0';
    return true;
}

jw_status jw_store_move(struct jw_store_making *m, struct jw_error *err) {
    char end[JW_STORE_PLACE], text[256];
    jw_text old = jw_text_from(m->old_place);
    if (!old.len || m->change->deed == JW_CREATE || strcmp(m->change->ledger->name, organisation) != 0 ||
        strcmp(m->place, m->old_place) == 0)
        return JW_OK;
    if (!jw_store_place_end(old, end))
        return jw_fail(err, JW_E_SYSTEM, "organisation/%lld: the path is damaged", (long long)m->outcome->id);
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(m->place)), JW_SQL_INT((int64_t)old.len + 1), JW_SQL_STR(old),
                             JW_SQL_STR(jw_text_from(end))};
    jw_status st = JW_OK;
    const struct jw_store_set *set = m->store->sets;                   /* the newest: it has every table there is */
    for (size_t i = 0; i < 2 * set->table_count && st == JW_OK; i++) { /* `removed` said: each has its index */
        snprintf(
            text, sizeof text,
            "UPDATE l_%s SET place = $1 || substr(place, CAST($2 AS integer)) WHERE removed = %d AND place >= $3 "
            "AND place < $4",
            set->tables[i / 2].ledger->name, (int)(i % 2));
        st = jw_sql_run(m->store->sql, text, values, 4, NULL, NULL, err);
    }
    return st;
}
