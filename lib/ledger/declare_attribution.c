/* lib/ledger/declare_attribution.c — which fields of a ledger say whose the events of an address are. */
#include "declare.h"
#include "rules.h"

#include <string.h>

static const char *const keys[] = {"address", "mac", "host", "plane", "except", NULL};

/* The field that `key` names, one of two types and open to all: what it says will stand in events. */
static int field_of(struct jw_source *source, const struct jw_ledger *ledger, const json_t *in, const char *key,
                    const char *type, const char *other) {
    const char *name = jw_source_text(source, in, key, JW_LEDGER_NAME);
    int found = name ? jw_ledger_field_find(ledger, jw_text_from(name)) : -1;
    const struct jw_ledger_field *field = found >= 0 ? &ledger->fields[found] : NULL;
    if (name && !field)
        jw_source_fail(source, in, key, 0, "%s: there is no field \"%.48s\" in this ledger", key, name);
    else if (field && strcmp(field->type->name, type) != 0 && strcmp(field->type->name, other) != 0)
        jw_source_fail(source, in, key, 0, "%s: the field \"%s\" is of type %s; wants %s or %s", key, field->name,
                       field->type->name, type, other);
    else if (field && field->sensitivity != JW_OPEN)
        jw_source_fail(source, in, key, 0, "%s: \"%s\" is not open; everybody who sees an event would see it", key,
                       field->name);
    return found;
}

/* except: {state_of_life: [retired, found]} */
static void read_except(struct jw_source *source, const json_t *in, struct jw_ledger *ledger) {
    struct jw_ledger_attribution *to = &ledger->attribution;
    const json_t *except = json_object_get(in, "except"), *list;
    if (!except)
        return;
    void *first = json_object_iter((json_t *)(uintptr_t)except);
    if (json_object_size(except) != 1) {
        jw_source_fail(source, in, "except", 0, "except: wants one choice field, for example {state: [retired]}");
        return;
    }
    const char *name = json_object_iter_key(first);
    to->except = jw_ledger_field_find(ledger, jw_text_from(name));
    if (to->except < 0 || strcmp(ledger->fields[to->except].type->name, "choice") != 0) {
        jw_source_fail(source, except, name, 0, "except: \"%.48s\" is no choice field of this ledger", name);
        return;
    }
    if (!(list = jw_source_list(source, except, name, 20)))
        return;
    to->except_values = jw_source_alloc(source, (json_array_size(list) + 1) * sizeof *to->except_values);
    for (size_t i = 0; i < json_array_size(list) && jw_source_good(source); i++) {
        const char *word = jw_source_item(source, list, i, JW_LEDGER_NAME);
        if (word && !jw_rule_has_choice(&ledger->fields[to->except], jw_text_from(word)))
            jw_source_fail(source, list, NULL, i, "except: the field \"%s\" has no choice \"%.48s\"", name, word);
        to->except_values[i] = word ? jw_source_copy(source, jw_text_from(word)) : NULL;
    }
}

void jw_declare_attribution(struct jw_source *source, struct jw_ledger *ledger) {
    struct jw_ledger_attribution *to = &ledger->attribution;
    const json_t *in = json_object_get(source->root, "attribution");
    *to = (struct jw_ledger_attribution){.address = -1, .mac = -1, .host = -1, .plane = -1, .except = -1};
    if (!in)
        return;
    if (!json_is_object(in)) {
        jw_source_fail(source, source->root, "attribution", 0,
                       "attribution: wants fields, for example {address: ip, mac: mac}");
        return;
    }
    jw_source_keys(source, in, "attribution", keys, NULL);
    to->address = field_of(source, ledger, in, "address", "ip", "cidr");
    to->mac = field_of(source, ledger, in, "mac", "mac", "mac");
    to->host = field_of(source, ledger, in, "host", "text", "text");
    to->plane = field_of(source, ledger, in, "plane", "choice", "text");
    read_except(source, in, ledger);
    to->given = true;
    if (jw_source_good(source) && to->address < 0 && to->mac < 0 && to->host < 0)
        jw_source_fail(source, source->root, "attribution", 0,
                       "attribution: wants at least one of address, mac, host: what else would find the record?");
}
