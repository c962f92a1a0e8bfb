/* lib/parser/value.c — names and values of a record under construction. */
#include "worker.h"

#include "base/address.h"

/* Marks a field's kind while its parser runs: a sender's own "_id" must stay when ours go. */
#define TEMPORARY 0x80

struct jw_name jw_value_name(jw_text text) {
    struct jw_name name = {.text = text, .id = jw_field_find(text), .type = JW_TYPE_TEXT};
    name.temporary = text.len && text.ptr[0] == '_';
    if (name.id) {
        name.text = jw_field_get(name.id)->name;
        name.type = (uint8_t)jw_field_get(name.id)->type;
        name.typed = name.type != JW_TYPE_TEXT && name.type != JW_TYPE_KEYWORD;
    }
    return name;
}

struct jw_name jw_value_read_name(struct jw_compile *compile, struct fy_node *node, const char *what) {
    jw_text text = jw_declared_text(compile->yaml, node, what);
    bool good = text.len >= 1 && text.len <= 255;
    for (size_t i = 0; i < text.len; i++)
        good = good && (unsigned char)text.ptr[i] > ' ' && text.ptr[i] != '%';
    if (!good && jw_declared_good(compile->yaml))
        jw_declared_fail(compile->yaml, node, "%s: a field's name has 1 to 255 bytes, no blanks", what);
    return good ? jw_value_name(text) : (struct jw_name){0};
}

/* A number as JSON writes it: no leading zeros, no plus. */
static bool is_number(jw_text value, bool fraction) {
    size_t i = value.len && value.ptr[0] == '-' ? 1 : 0, digits = 0, after = 0;
    if (i + 1 < value.len && value.ptr[i] == '0' && value.ptr[i + 1] != '.')
        return false;
    for (; i < value.len && value.ptr[i] >= '0' && value.ptr[i] <= '9'; i++)
        digits++;
    if (i == value.len)
        return digits > 0 && digits < 19;
    if (!fraction || value.ptr[i] != '.' || !digits)
        return false;
    for (i++; i < value.len && value.ptr[i] >= '0' && value.ptr[i] <= '9'; i++)
        after++;
    return i == value.len && after > 0;
}

/* "007" and "+7" -> "7": the number that is meant. */
static jw_text plain_number(jw_text value) {
    if (value.len > 1 && value.ptr[0] == '+')
        value.ptr++, value.len--;
    while (value.len > 1 && value.ptr[0] == '0' && value.ptr[1] >= '0' && value.ptr[1] <= '9')
        value.ptr++, value.len--;
    return value;
}

bool jw_value_fits(const struct jw_name *name, jw_text value) {
    jw_address address;
    int64_t time;
    switch (name->typed ? name->type : JW_TYPE_TEXT) {
    case JW_TYPE_LONG:
        return is_number(plain_number(value), false);
    case JW_TYPE_IP:
        return jw_address_parse(value, &address);
    case JW_TYPE_BOOL:
        return jw_text_is(value, JW_TEXT("true")) || jw_text_is(value, JW_TEXT("false"));
    case JW_TYPE_DATE:
        return jw_time_parse(value, 0, &time);
    default:
        return true;
    }
}

static jw_field field_of(const struct jw_name *name, jw_text value) {
    jw_field field = {name->text, value, name->id, name->temporary ? JW_KIND_TEXT | TEMPORARY : JW_KIND_TEXT};
    if (!name->typed || name->temporary)
        return field;
    if (name->type == JW_TYPE_LONG && is_number(plain_number(value), true)) {
        field.value = plain_number(value);
        field.kind = JW_KIND_NUMBER;
    } else if (name->type == JW_TYPE_BOOL && jw_value_fits(name, value)) {
        field.kind = JW_KIND_BOOL;
    }
    return field;
}

jw_field *jw_value_find(const struct jw_run *run, const struct jw_name *name) {
    struct jw_record *rec = run->rec;
    if (name->id) {
        for (uint32_t i = 0; i < rec->count; i++)
            if (rec->fields[i].id == name->id)
                return &rec->fields[i];
        return NULL;
    }
    for (uint32_t i = 0; i < rec->count; i++)
        if (!rec->fields[i].id && jw_text_is(rec->fields[i].name, name->text))
            return &rec->fields[i];
    return NULL;
}

/* Takes out every value of the name behind `first`. */
static void remove_later(struct jw_run *run, const struct jw_name *name, const jw_field *first) {
    struct jw_record *rec = run->rec;
    uint32_t kept = (uint32_t)(first - rec->fields) + 1;
    for (uint32_t i = kept; i < rec->count; i++)
        if (rec->fields[i].id != name->id || (!name->id && !jw_text_is(rec->fields[i].name, name->text)))
            rec->fields[kept++] = rec->fields[i];
    rec->count = kept;
}

void jw_value_put(struct jw_run *run, const struct jw_name *name, jw_text value) {
    jw_field *there = jw_value_find(run, name);
    run->temporaries |= name->temporary;
    if (!there) {
        jw_record_append(run->rec, field_of(name, value));
        return;
    }
    *there = field_of(name, value);
    remove_later(run, name, there);
}

void jw_value_put_kind(struct jw_run *run, const struct jw_name *name, jw_text value, uint8_t kind) {
    jw_value_put(run, name, value);
    jw_field *field = name->typed || name->temporary ? NULL : jw_value_find(run, name);
    if (field)
        field->kind = kind;
}

bool jw_value_is_temporary(const jw_field *field) { return field->kind & TEMPORARY; }

void jw_value_add(struct jw_run *run, const struct jw_name *name, jw_text value) {
    run->temporaries |= name->temporary;
    jw_record_append(run->rec, field_of(name, value));
}

jw_text jw_value_get(const struct jw_run *run, const struct jw_name *name) {
    if (name->temporary) {
        if (jw_text_is(name->text, JW_TEXT("_content")))
            return run->in->content;
        if (jw_text_is(name->text, JW_TEXT("_text")))
            return run->in->text;
    }
    const jw_field *field = jw_value_find(run, name);
    return field ? field->value : (jw_text){0};
}

void jw_value_sweep(struct jw_run *run) {
    struct jw_record *rec = run->rec;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rec->count; i++)
        if (!(rec->fields[i].kind & TEMPORARY))
            rec->fields[kept++] = rec->fields[i];
    rec->count = kept;
}

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

jw_text jw_value_change(struct jw_run *run, enum jw_change change, jw_text value) {
    bool needed = false;
    for (size_t i = 0; i < value.len && !needed; i++) {
        char c = value.ptr[i];
        needed = change == JW_CHANGE_LOWER   ? c >= 'A' && c <= 'Z'
                 : change == JW_CHANGE_UPPER ? c >= 'a' && c <= 'z'
                                             : c == '%';
    }
    if (!needed || change == JW_CHANGE_NONE)
        return value;
    char *out = jw_arena_alloc(run->rec->mem, value.len);
    size_t len = 0;
    if (!out) {
        run->rec->state = JW_E_LIMIT;
        return value;
    }
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (change == JW_CHANGE_LOWER && c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        else if (change == JW_CHANGE_UPPER && c >= 'a' && c <= 'z')
            c = (char)(c - 32);
        else if (change == JW_CHANGE_URL && c == '%' && i + 2 < value.len && hex(value.ptr[i + 1]) >= 0 &&
                 hex(value.ptr[i + 2]) >= 0) {
            c = (char)(hex(value.ptr[i + 1]) << 4 | hex(value.ptr[i + 2]));
            i += 2;
        }
        out[len++] = c;
    }
    return (jw_text){out, len};
}

struct jw_name jw_value_join(struct jw_run *run, jw_text prefix, jw_text name) {
    name = jw_text_trim(name);
    if (name.len == 0 || name.len + prefix.len > 255)
        return (struct jw_name){0};
    if (prefix.len == 0)
        return jw_value_name(name);
    char *joined = jw_arena_alloc(run->rec->mem, prefix.len + name.len);
    if (!joined) {
        run->rec->state = JW_E_LIMIT;
        return (struct jw_name){0};
    }
    memcpy(joined, prefix.ptr, prefix.len);
    memcpy(joined + prefix.len, name.ptr, name.len);
    return jw_value_name((jw_text){joined, prefix.len + name.len});
}
