/* lib/rights/show.c — a record as one person may see it. */
#include "rights_parts.h"

#include <string.h>

struct shown {
    struct jw_rights_fields seen, plain; /* at all; as they are */
};

static void join(struct jw_rights_fields *into, const struct jw_rights_fields *more) {
    for (size_t i = 0; i < JW_RIGHTS_BITS; i++)
        into->bits[i] |= more->bits[i];
}

/* False: not this record. `may`: JW_MAY_READ or _EXPORT. */
static bool find_shown(const struct jw_rights *rights, unsigned may, const json_t *record, struct shown *out) {
    bool found = rights->holder->root;
    memset(out, found ? 0xff : 0, sizeof *out);
    for (size_t i = 0; i < rights->count; i++) {
        const struct jw_rights_line *line = &rights->lines[i];
        if (!(line->may & may) || !jw_rights_reaches(rights, line, record))
            continue;
        found = true;
        join(&out->seen, &line->fields);
        if (line->may & JW_MAY_SENSITIVE)
            join(&out->plain, &line->fields);
    }
    return found;
}

/* False: no memory. */
static bool add_field(const struct jw_rights *rights, const struct shown *shown, int i, const json_t *value,
                      bool unmask, json_t *into, bool *out_shown) {
    const struct jw_ledger_field *field = &rights->ledger->fields[i];
    bool plain = jw_rights_among(&shown->plain, i);
    json_t *masked = NULL;
    if (!jw_rights_among(&shown->seen, i) || (field->sensitivity == JW_SECRET && !plain))
        return true;
    if (field->sensitivity == JW_OPEN || (plain && unmask)) {
        if (field->sensitivity != JW_OPEN && !json_is_null(value))
            *out_shown = true;
        return json_object_set(into, field->name, (json_t *)value) == 0;
    }
    jw_ledger_mask(field, value, &masked);
    return json_object_set_new(into, field->name, masked) == 0;
}

static json_t *show(const struct jw_rights *rights, unsigned may, const json_t *record, bool unmask,
                    bool *out_shown) {
    struct shown shown;
    bool plain = false, good = true;
    if (out_shown)
        *out_shown = false;
    if (!json_is_object(record) || !find_shown(rights, may, record, &shown))
        return json_null();
    json_t *copy = json_copy((json_t *)record), *fields = json_object();
    const json_t *from = json_object_get(record, "fields");
    json_object_del(copy, "place");
    for (size_t i = 0; i < rights->ledger->field_count && good; i++) {
        const json_t *value = json_object_get(from, rights->ledger->fields[i].name);
        good = !value || add_field(rights, &shown, (int)i, value, unmask, fields, &plain);
    }
    good = json_object_set_new(copy, "fields", fields) == 0 && good; /* takes `fields` in any case */
    if (out_shown)
        *out_shown = good && plain;
    if (good)
        return copy;
    json_decref(copy);
    return NULL;
}

json_t *jw_rights_show(const struct jw_rights *rights, const json_t *record, bool unmask, bool *out_shown) {
    return show(rights, JW_MAY_READ, record, unmask, out_shown);
}

json_t *jw_rights_export(const struct jw_rights *rights, const json_t *record, bool unmask, bool *out_shown) {
    return show(rights, JW_MAY_EXPORT, record, unmask, out_shown);
}
