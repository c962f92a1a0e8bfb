/* lib/store/column.c — three kinds of columns hold every type; texts that are no strings are JSON. */
#include "column.h"

#include <stdlib.h>
#include <string.h>

#define COLUMN_MOST 4096

void jw_column_name(const struct jw_ledger_field *field, char out[JW_COLUMN]) {
    snprintf(out, JW_COLUMN, "f_%s", field->name);
}

bool jw_column_has(const struct jw_ledger_field *field) { return field->type->stored != JW_STORED_NOTHING; }

jw_sql_kind jw_column_kind(const struct jw_ledger_field *field) {
    switch (field->type->stored) {
    case JW_STORED_INTEGER:
        return JW_SQL_INTEGER;
    case JW_STORED_REAL:
        return JW_SQL_REAL;
    case JW_STORED_TEXT:
        return JW_SQL_TEXT;
    case JW_STORED_NOTHING:
        break;
    }
    return JW_SQL_NULL;
}

static bool is_string(const struct jw_ledger_field *field) { return *field->type->sample == '"'; }
static bool is_boolean(const struct jw_ledger_field *field) {
    return *field->type->sample == 't' || *field->type->sample == 'f';
}

jw_status jw_column_print(const json_t *value, struct jw_arena *mem, jw_text *out, struct jw_error *err) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    *out = text ? jw_arena_copy(mem, jw_text_from(text)) : (jw_text){0};
    free(text);
    return out->ptr ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

/* Texts that do not sort as bytes (addresses) have another form in the column. */
static jw_status pack(const struct jw_ledger_field *field, struct jw_arena *mem, jw_sql_value *value,
                      struct jw_error *err) {
    jw_buffer column = JW_BUFFER(COLUMN_MOST);
    bool good = field->type->pack(value->text, &column) && !column.failed;
    value->text = good ? jw_arena_copy(mem, jw_buffer_text(&column)) : (jw_text){0};
    jw_buffer_free(&column);
    return value->text.ptr ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s: a value was not checked", field->name);
}

static json_t *unpack(const struct jw_ledger_field *field, jw_text column) {
    jw_buffer text = JW_BUFFER(COLUMN_MOST);
    bool good = field->type->unpack(column, &text) && !text.failed;
    json_t *value = good ? json_stringn(text.ptr, text.len) : NULL;
    jw_buffer_free(&text);
    return value;
}

jw_status jw_column_encode(const struct jw_ledger_field *field, const json_t *value, struct jw_arena *mem,
                           jw_sql_value *out, struct jw_error *err) {
    *out = JW_SQL_NOTHING;
    switch (jw_column_kind(field)) {
    case JW_SQL_INTEGER:
        if (json_is_boolean(value))
            *out = JW_SQL_INT(json_is_true(value));
        else if (json_is_integer(value))
            *out = JW_SQL_INT(json_integer_value(value));
        return JW_OK;
    case JW_SQL_REAL:
        if (json_is_number(value))
            *out = (jw_sql_value){.kind = JW_SQL_REAL, .real = json_number_value(value)};
        return JW_OK;
    case JW_SQL_TEXT:
        break;
    default:
        return JW_OK;
    }
    if (!value || json_is_null(value))
        return JW_OK;
    if (is_string(field) && json_is_string(value)) {
        *out = JW_SQL_STR(((jw_text){json_string_value(value), json_string_length(value)}));
        return field->type->pack ? pack(field, mem, out, err) : JW_OK;
    }
    if (is_string(field))
        return JW_OK;
    out->kind = JW_SQL_TEXT;
    return jw_column_print(value, mem, &out->text, err);
}

json_t *jw_column_decode(const struct jw_ledger_field *field, const jw_sql_value *value) {
    switch (value->kind) {
    case JW_SQL_NULL:
        return json_null();
    case JW_SQL_INTEGER:
        if (jw_column_kind(field) == JW_SQL_REAL) /* PostgreSQL prints a whole double without its point */
            return json_real((double)value->integer);
        return is_boolean(field) ? json_boolean(value->integer != 0) : json_integer(value->integer);
    case JW_SQL_REAL:
        return json_real(value->real);
    case JW_SQL_TEXT:
        if (field->type->unpack)
            return unpack(field, value->text);
        return is_string(field) ? json_stringn(value->text.ptr, value->text.len)
                                : json_loadb(value->text.ptr, value->text.len, JSON_DECODE_ANY, NULL);
    case JW_SQL_BYTES:
        break;
    }
    return NULL;
}
