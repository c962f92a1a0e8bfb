/* lib/record/record.c — building and reading one event. */
#include "record.h"

void jw_record_clear(struct jw_record *rec) {
    rec->count = 0;
    rec->has_time = rec->cut = false;
    rec->state = JW_OK;
}

static bool grow(struct jw_record *rec) {
    uint32_t capacity = rec->capacity ? rec->capacity * 2 : 32;
    jw_field *fields =
        jw_arena_grow(rec->mem, rec->fields, rec->capacity * sizeof *fields, capacity * sizeof *fields);
    if (!fields) {
        rec->state = JW_E_LIMIT;
        return false;
    }
    rec->fields = fields;
    rec->capacity = capacity;
    return true;
}

void jw_record_append(struct jw_record *rec, jw_field field) {
    if (rec->state != JW_OK)
        return;
    if (rec->count == JW_RECORD_FIELDS) {
        rec->cut = true;
        return;
    }
    if (rec->count < rec->capacity || grow(rec))
        rec->fields[rec->count++] = field;
}

static jw_field field_of(jw_text name, jw_text value, jw_kind kind) {
    jw_field_id id = jw_field_find(name);
    return (jw_field){.name = id ? jw_field_get(id)->name : name, .value = value, .id = id, .kind = (uint8_t)kind};
}

static bool same_name(const jw_field *field, jw_field_id id, jw_text name) {
    return field->id == id && (id || jw_text_is(field->name, name));
}

/* Replaces the first value of that name and removes the others. */
static void replace(struct jw_record *rec, jw_field field) {
    uint32_t kept = 0;
    bool placed = false;
    for (uint32_t i = 0; i < rec->count; i++) {
        if (same_name(&rec->fields[i], field.id, field.name)) {
            if (placed)
                continue;
            rec->fields[i] = field;
            placed = true;
        }
        if (kept != i)
            rec->fields[kept] = rec->fields[i];
        kept++;
    }
    rec->count = kept;
    if (!placed)
        jw_record_append(rec, field);
}

void jw_record_set(struct jw_record *rec, jw_text name, jw_text value) {
    replace(rec, field_of(name, value, JW_KIND_TEXT));
}

void jw_record_add(struct jw_record *rec, jw_text name, jw_text value) {
    jw_record_append(rec, field_of(name, value, JW_KIND_TEXT));
}

void jw_record_add_kind(struct jw_record *rec, jw_text name, jw_text value, jw_kind kind) {
    jw_record_append(rec, field_of(name, value, kind));
}

void jw_record_put_kind(struct jw_record *rec, jw_field_id id, jw_text value, jw_kind kind) {
    replace(rec, (jw_field){.name = jw_field_get(id)->name, .value = value, .id = id, .kind = (uint8_t)kind});
}

void jw_record_put(struct jw_record *rec, jw_field_id id, jw_text value) {
    jw_record_put_kind(rec, id, value, JW_KIND_TEXT);
}

void jw_record_put_u64(struct jw_record *rec, jw_field_id id, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    jw_text text = jw_arena_copy(rec->mem, (jw_text){digits + at, sizeof digits - at});
    if (text.ptr)
        jw_record_put_kind(rec, id, text, JW_KIND_NUMBER);
    else
        rec->state = JW_E_LIMIT;
}

void jw_record_set_time(struct jw_record *rec, int64_t time) {
    rec->time = time;
    rec->has_time = true;
}

void jw_record_remove(struct jw_record *rec, jw_text name) {
    jw_field_id id = jw_field_find(name);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rec->count; i++)
        if (!same_name(&rec->fields[i], id, name))
            rec->fields[kept++] = rec->fields[i];
    rec->count = kept;
}

void jw_record_rename(struct jw_record *rec, jw_text from, jw_text to) {
    jw_field_id old = jw_field_find(from), id = jw_field_find(to);
    for (uint32_t i = 0; i < rec->count; i++)
        if (same_name(&rec->fields[i], old, from)) {
            rec->fields[i].id = id;
            rec->fields[i].name = id ? jw_field_get(id)->name : to;
        }
}

const jw_field *jw_record_find_id(const struct jw_record *rec, jw_field_id id) {
    for (uint32_t i = 0; i < rec->count; i++)
        if (rec->fields[i].id == id)
            return &rec->fields[i];
    return NULL;
}

const jw_field *jw_record_find(const struct jw_record *rec, jw_text name) {
    jw_field_id id = jw_field_find(name);
    for (uint32_t i = 0; i < rec->count; i++)
        if (same_name(&rec->fields[i], id, name))
            return &rec->fields[i];
    return NULL;
}

jw_text jw_record_text(const struct jw_record *rec, jw_field_id id) {
    const jw_field *field = jw_record_find_id(rec, id);
    return field ? field->value : (jw_text){0};
}

jw_status jw_record_check(const struct jw_record *rec, struct jw_error *err) {
    return rec->state == JW_OK ? JW_OK
                               : jw_fail(err, rec->state, "record: memory ceiling after %u fields", rec->count);
}

static void value_json(const jw_field *field, jw_buffer *out) {
    if (field->kind == JW_KIND_NULL)
        jw_buffer_add(out, JW_TEXT("null"));
    else if (field->kind == JW_KIND_TEXT)
        jw_buffer_json(out, field->value);
    else
        jw_buffer_add(out, field->value);
}

static bool stands_before(const struct jw_record *rec, uint32_t at) {
    for (uint32_t i = 0; i < at; i++)
        if (same_name(&rec->fields[i], rec->fields[at].id, rec->fields[at].name))
            return true;
    return false;
}

/* The field at `at` and every later value of its name. */
static void field_json(const struct jw_record *rec, uint32_t at, jw_buffer *out) {
    const jw_field *first = &rec->fields[at];
    size_t values = 1;
    jw_buffer_json(out, first->name);
    jw_buffer_byte(out, ':');
    size_t start = out->len;
    value_json(first, out);
    for (uint32_t i = at + 1; i < rec->count; i++)
        if (same_name(&rec->fields[i], first->id, first->name)) {
            if (values++ == 1 && jw_buffer_reserve(out, 1)) { /* only now it turns out to be an array */
                memmove(out->ptr + start + 1, out->ptr + start, out->len - start);
                out->ptr[start] = '[';
                out->len++;
            }
            jw_buffer_byte(out, ',');
            value_json(&rec->fields[i], out);
        }
    if (values > 1)
        jw_buffer_byte(out, ']');
}

void jw_record_json(const struct jw_record *rec, jw_buffer *out) {
    bool first = true;
    if (rec->has_time) {
        char when[JW_TIME_TEXT];
        jw_buffer_add(out, JW_TEXT("\"@timestamp\":\""));
        jw_buffer_add(out, (jw_text){when, jw_time_print(rec->time, when)});
        jw_buffer_byte(out, '"');
        first = false;
    }
    for (uint32_t i = 0; i < rec->count; i++) {
        if ((rec->has_time && rec->fields[i].id == JW_F_TIMESTAMP) || stands_before(rec, i))
            continue;
        if (!first)
            jw_buffer_byte(out, ',');
        first = false;
        field_json(rec, i, out);
    }
}
