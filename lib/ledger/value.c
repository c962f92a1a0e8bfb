/* lib/ledger/value.c — a record is checked as a whole: every fault at once, then the canonical record. */
#include "characters.h"
#include "ledger.h"
#include "pattern.h"

#include <stdarg.h>
#include <string.h>

/* Checking one record. */
struct check {
    const struct jw_ledger *ledger;
    const json_t *in;
    json_t *out;
    bool partial;
    struct jw_ledger_fault *faults;
    size_t room, count;
    jw_status state; /* of what is not the record's fault */
};

JW_PRINTF(4, 5)
static void fault(struct check *check, const char *field, const char *rule, const char *fmt, ...) {
    if (check->count < check->room) {
        struct jw_ledger_fault *fault = &check->faults[check->count];
        *fault = (struct jw_ledger_fault){.field = field, .rule = rule};
        va_list args;
        va_start(args, fmt);
        vsnprintf(fault->text, sizeof fault->text, fmt, args);
        va_end(args);
        jw_characters_mend(fault->text);
    }
    check->count++;
}

static bool is_empty(const json_t *value) {
    if (json_is_string(value))
        return jw_characters_trim((jw_text){json_string_value(value), json_string_length(value)}).len == 0;
    return !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
}

static void put(struct check *check, const struct jw_ledger_field *field, json_t *value) {
    if (!value || json_object_set_new(check->out, field->name, value) != 0)
        check->state = JW_E_LIMIT;
}

static void check_given(struct check *check, const struct jw_ledger_field *field, const json_t *value) {
    struct jw_error err = {0};
    json_t *canonical = NULL;
    jw_status st = field->type->check(field, value, &canonical, &err);
    if (st == JW_E_SYNTAX) {
        fault(check, field->name, "type", "%s %s", field->title.zh, err.text);
        return;
    }
    if (st != JW_OK) {
        check->state = st;
        return;
    }
    st = jw_pattern_check(field, canonical, &err);
    if (st != JW_OK) {
        fault(check, field->name, "pattern", "%s %s", field->title.zh, err.text);
        json_decref(canonical);
        return;
    }
    put(check, field, canonical);
}

static void check_field(struct check *check, const struct jw_ledger_field *field) {
    const json_t *value = json_object_get(check->in, field->name);
    if (field->type->stored == JW_STORED_NOTHING) {
        if (value)
            fault(check, field->name, "computed", "%s is computed; it cannot be set", field->title.zh);
        return;
    }
    if (!value && check->partial)
        return;
    if (!value && field->preset) {
        put(check, field, json_deep_copy(field->preset));
        return;
    }
    if (!is_empty(value)) {
        check_given(check, field, value);
        return;
    }
    char example[JW_LEDGER_EXAMPLE];
    jw_ledger_example(field, true, example);
    if (field->required)
        fault(check, field->name, "required", "%s is required; example: %s", field->title.zh, example);
    else
        put(check, field, json_null());
}

static void check_names(struct check *check) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)check->in, key, value) {
        if (jw_ledger_field_find(check->ledger, jw_text_from(key)) < 0)
            fault(check, key, "unknown", "the ledger %s has no field \"%.60s\"", check->ledger->name, key);
    }
}

jw_status jw_ledger_check(const struct jw_ledger *ledger, const json_t *in, bool partial, json_t **out,
                          struct jw_ledger_fault *faults, size_t *count, struct jw_error *err) {
    struct check check = {ledger, in, NULL, partial, faults, *count, 0, JW_OK};
    *count = 0;
    if (!json_is_object(in))
        return jw_fail(err, JW_E_SYNTAX, "a record is an object: {\"field\": value}");
    check.out = json_object();
    if (!check.out)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    check_names(&check);
    for (size_t i = 0; i < ledger->field_count; i++)
        check_field(&check, &ledger->fields[i]);
    *count = check.count < check.room ? check.count : check.room;
    if (check.state == JW_OK && check.count == 0) {
        *out = check.out;
        return JW_OK;
    }
    json_decref(check.out);
    if (check.state != JW_OK)
        return jw_fail(err, check.state, "no memory for a record of %s", ledger->name);
    return jw_fail(err, JW_E_SYNTAX, "%zu faults in a record of %s", check.count, ledger->name);
}
