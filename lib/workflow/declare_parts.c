/* lib/workflow/declare_parts.c — people, spans of time, values to set: what states and steps are made of. */
#include "declare.h"

#include <string.h>

static const char *const places[] = {"units", "unit", "parent",
                                     "above", "all",  NULL}; /* in the order of jw_flow_at */

/* --- people -----------------------------------------------------------------------------------------------------
 */
static void read_word(struct jw_source *source, const json_t *in, const char *key, size_t index, const char *word,
                      struct jw_flow_who *out) {
    if (strcmp(word, "owner") == 0)
        out->whose = JW_WHOSE_OWNER;
    else if (strcmp(word, "maker") == 0)
        out->whose = JW_WHOSE_MAKER;
    else if (strcmp(word, "previous") == 0)
        out->whose = JW_WHOSE_PREVIOUS;
    else
        jw_source_fail(source, in, key, index,
                       "there is no \"%.40s\"; write owner, maker, previous, {role: ROLE, at: unit}, {person: "
                       "FIELD} or {did: STEP}",
                       word);
}

static void read_named(struct jw_source *source, const json_t *in, const char *key, jw_flow_whose whose,
                       struct jw_flow_who *out) {
    const char *name = jw_source_text(source, in, key, JW_LEDGER_NAME);
    out->whose = whose;
    if (name && jw_source_name(source, in, key, 0, name, JW_LEDGER_NAME))
        snprintf(out->name, sizeof out->name, "%s", name);
}

static void read_who(struct jw_source *source, const json_t *in, const char *key, size_t index, const json_t *value,
                     struct jw_flow_who *out) {
    static const char *const keys[] = {"role", "at", "person", "did", NULL};
    if (json_is_string(value)) {
        read_word(source, in, key, index, json_string_value(value), out);
        return;
    }
    if (!json_is_object(value)) {
        jw_source_fail(source, in, key, index,
                       "people are written owner, maker, {role: ROLE, at: unit}, {person: FIELD}");
        return;
    }
    jw_source_keys(source, value, "a line of people", keys, NULL);
    bool role = json_object_get(value, "role"), person = json_object_get(value, "person");
    bool did = json_object_get(value, "did"), at = json_object_get(value, "at");
    if (role + person + did != 1 || (at && !role))
        jw_source_fail(source, in, key, index, "wants one of role (with at), person and did");
    else if (role)
        read_named(source, value, "role", JW_WHOSE_ROLE, out);
    else
        read_named(source, value, person ? "person" : "did", person ? JW_WHOSE_PERSON : JW_WHOSE_DID, out);
    int word = at ? jw_source_word(source, value, "at", places) : 0;
    out->at = word > 0 ? (jw_flow_at)word : JW_AT_UNITS;
}

void jw_declare_people(struct jw_source *source, const json_t *in, const char *key, struct jw_flow_people *out) {
    const json_t *value = json_object_get(in, key);
    if (!value || !jw_source_good(source))
        return;
    bool many = json_is_array(value);
    size_t count = many ? json_array_size(value) : 1;
    if (count == 0 || count > JW_FLOW_PEOPLE) {
        jw_source_fail(source, in, key, 0, "%s: wants 1 to %d entries", key, JW_FLOW_PEOPLE);
        return;
    }
    out->list = jw_source_alloc(source, count * sizeof *out->list);
    for (size_t i = 0; i < count && jw_source_good(source); i++)
        read_who(source, many ? value : in, many ? NULL : key, i, many ? json_array_get(value, i) : value,
                 &out->list[i]);
    out->count = jw_source_good(source) ? count : 0;
}

/* --- time -------------------------------------------------------------------------------------------------------
 */
static const struct {
    const char *key;
    jw_flow_span_kind kind;
    int64_t most;
} spans[] = {{"working_days", JW_SPAN_WORKING_DAYS, 1000},
             {"days", JW_SPAN_DAYS, 3660},
             {"working_hours", JW_SPAN_WORKING_HOURS, 1000},
             {"hours", JW_SPAN_HOURS, 8760}};
#define SPANS (sizeof spans / sizeof *spans)

static void read_span(struct jw_source *source, const json_t *in, const char *key, const json_t *value,
                      struct jw_flow_span *out) {
    static const char *const keys[] = {"working_days", "days", "working_hours", "hours", "field", NULL};
    if (!json_is_object(value) || json_object_size(value) != 1) {
        jw_source_fail(source, in, key, 0,
                       "%s: time is written {working_days: 5}, {days: 10}, {hours: 24}, {working_hours: 4} or "
                       "{field: due}",
                       key);
        return;
    }
    jw_source_keys(source, value, "a span of time", keys, NULL);
    for (size_t i = 0; i < SPANS; i++)
        if (jw_source_integer(source, value, spans[i].key, 1, spans[i].most, &out->count))
            out->kind = spans[i].kind;
    const char *field = jw_source_text(source, value, "field", JW_LEDGER_NAME);
    if (field && jw_source_name(source, value, "field", 0, field, JW_LEDGER_NAME)) {
        out->kind = JW_SPAN_FIELD;
        snprintf(out->field, sizeof out->field, "%s", field);
    }
}

void jw_declare_span(struct jw_source *source, const json_t *in, const char *key, struct jw_flow_span *out) {
    const json_t *value = json_object_get(in, key);
    if (value && jw_source_good(source))
        read_span(source, in, key, value, out);
}

void jw_declare_deadline(struct jw_source *source, const json_t *in, struct jw_flow_deadline *out) {
    static const char *const keys[] = {"by", "is", "else", NULL};
    const json_t *value = json_object_get(in, "deadline"), *is = json_object_get(value, "is"), *span;
    const char *name;
    if (!json_object_get(value, "by")) {
        jw_declare_span(source, in, "deadline", &out->usual);
        return;
    }
    jw_source_keys(source, value, "a deadline that depends on a field", keys, NULL);
    const char *by = jw_source_text(source, value, "by", JW_LEDGER_NAME);
    if (by && jw_source_name(source, value, "by", 0, by, JW_LEDGER_NAME))
        snprintf(out->by, sizeof out->by, "%s", by);
    if (!json_is_object(is) || json_object_size(is) == 0 || json_object_size(is) > 100) {
        jw_source_fail(source, value, "is", 0, "is: wants the time for each value: {high: {working_days: 5}}");
        return;
    }
    out->cases = jw_source_alloc(source, json_object_size(is) * sizeof *out->cases);
    json_object_foreach((json_t *)(uintptr_t)is, name, span) {
        if (!jw_source_good(source))
            return;
        struct jw_flow_case *entry = &out->cases[out->case_count++];
        entry->value = jw_source_copy(source, jw_text_from(name));
        read_span(source, is, name, span, &entry->span);
    }
    jw_declare_span(source, value, "else", &out->usual);
}

/* --- values -----------------------------------------------------------------------------------------------------
 */
static void read_set(struct jw_source *source, const json_t *sets, const char *field, const json_t *value,
                     struct jw_flow_set *out) {
    static const struct {
        const char *word;
        int what;
    } words[] = {
        {"today", JW_SET_TODAY}, {"now", JW_SET_NOW}, {"me", JW_SET_ME}, {"id", JW_SET_ID}, {"each", JW_SET_EACH}};
    if (!jw_source_name(source, sets, field, 0, field, JW_LEDGER_NAME))
        return;
    snprintf(out->field, sizeof out->field, "%s", field);
    out->value = value;
    if (!json_is_string(value) || *json_string_value(value) != '=')
        return;
    const char *word = json_string_value(value) + 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0) {
            out->what = words[i].what;
            return;
        }
    out->what = JW_SET_FIELD;
    if (jw_source_name(source, sets, field, 0, word, JW_LEDGER_NAME))
        snprintf(out->from, sizeof out->from, "%s", word);
}

void jw_declare_sets(struct jw_source *source, const json_t *in, struct jw_flow_sets *out) {
    const json_t *sets = json_object_get(in, "set"), *value;
    const char *field;
    if (!sets || !jw_source_good(source))
        return;
    if (!json_is_object(sets) || json_object_size(sets) > JW_FLOW_FIELDS) {
        jw_source_fail(source, in, "set", 0, "set: wants values of fields: {status: fixed, fixed_on: =today}");
        return;
    }
    out->list = jw_source_alloc(source, (json_object_size(sets) + 1) * sizeof *out->list);
    json_object_foreach((json_t *)(uintptr_t)sets, field, value) if (jw_source_good(source))
        read_set(source, sets, field, value, &out->list[out->count++]);
}

char **jw_declare_names(struct jw_source *source, const json_t *in, const char *key, size_t most) {
    const json_t *list = jw_source_list(source, in, key, most);
    size_t count = json_array_size(list);
    char **names = jw_source_alloc(source, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count && jw_source_good(source); i++) {
        const char *name = jw_source_item(source, list, i, JW_LEDGER_NAME);
        if (name && jw_source_name(source, list, NULL, i, name, JW_LEDGER_NAME))
            names[i] = jw_source_copy(source, jw_text_from(name));
    }
    return names;
}
