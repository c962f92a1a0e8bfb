/* lib/lake/rows.c — a cursor over one row's bytes; a row that is not all there yet is tried again with more. */
#include "rows.h"

#include <stdlib.h>

#include "base/address.h"
#include "spool/spool.h"

#define EXTRAS_MOST 1000000

struct jw_lake_rows {
    jw_buffer waiting; /* the beginning of a row */
    struct jw_arena *mem;
    jw_lake_row_fn fn;
    void *context;
    const struct jw_lake_column *columns;
    size_t column_count, wanted; /* no use in trying before so many bytes wait */
    jw_status state;
};

struct jw_lake_rows *jw_lake_rows_new(size_t row_most, jw_lake_row_fn fn, void *context) {
    struct jw_lake_rows *rows = calloc(1, sizeof *rows);
    if (!rows || !(rows->mem = jw_arena_new(row_most * 2 + (1 << 20)))) {
        free(rows);
        return NULL;
    }
    rows->waiting = JW_BUFFER(row_most + (1 << 20));
    rows->fn = fn;
    rows->context = context;
    rows->column_count = jw_lake_columns(&rows->columns);
    return rows;
}

void jw_lake_rows_free(struct jw_lake_rows *rows) {
    if (!rows)
        return;
    jw_buffer_free(&rows->waiting);
    jw_arena_free(rows->mem);
    free(rows);
}

/* Sticky: `ptr` NULL after the end was reached. */
static jw_text take(jw_text *rest, uint64_t size) {
    if (!rest->ptr || size > rest->len) {
        *rest = (jw_text){0};
        return (jw_text){0};
    }
    jw_text head = {rest->ptr, (size_t)size};
    rest->ptr += size;
    rest->len -= (size_t)size;
    return head;
}

static uint64_t take_number(jw_text *rest, size_t size) {
    uint64_t value = 0;
    jw_text bytes = take(rest, size);
    if (bytes.ptr)
        memcpy(&value, bytes.ptr, size);
    return value;
}

/* `broken` when no more bytes could make it a number. */
static uint64_t take_varint(jw_text *rest, bool *broken) {
    uint64_t value = 0;
    for (unsigned shift = 0; rest->ptr && rest->len; shift += 7) {
        unsigned char c = (unsigned char)*rest->ptr;
        if (shift > 56) {
            *broken = true;
            break;
        }
        rest->ptr++;
        rest->len--;
        value |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return value;
    }
    *rest = (jw_text){0};
    return 0;
}

static jw_text take_text(jw_text *rest, bool *broken) { return take(rest, take_varint(rest, broken)); }

static void append(struct jw_lake_row *row, jw_field_id id, jw_text value, jw_kind kind) {
    if (value.ptr)
        jw_record_append(&row->rec, (jw_field){jw_field_get(id)->name, value, id, (uint8_t)kind});
    else
        row->rec.state = JW_E_LIMIT;
}

static void take_long(struct jw_lake_row *row, jw_field_id id, jw_text *rest) {
    char digits[24];
    int64_t value = (int64_t)take_number(rest, 8);
    if (!rest->ptr || value == JW_LAKE_LONG_MISSING)
        return;
    int len = snprintf(digits, sizeof digits, "%lld", (long long)value);
    append(row, id, jw_arena_copy(row->rec.mem, (jw_text){digits, (size_t)len}), JW_KIND_NUMBER);
}

static void take_date(struct jw_lake_row *row, jw_field_id id, jw_text *rest) {
    char text[JW_TIME_TEXT];
    int64_t us = (int64_t)take_number(rest, 8);
    if (!rest->ptr || us > INT64_MAX / 1000 || us < INT64_MIN / 1000)
        return;
    size_t len = jw_time_print(us * 1000, text);
    append(row, id, jw_arena_copy(row->rec.mem, (jw_text){text, len}), JW_KIND_TEXT);
}

static void take_address(struct jw_lake_row *row, jw_field_id id, jw_text *rest) {
    static const jw_address none;
    char text[JW_ADDRESS_TEXT];
    jw_address address;
    jw_text bytes = take(rest, sizeof address.bytes);
    if (!bytes.ptr || memcmp(bytes.ptr, &none, sizeof none) == 0)
        return;
    memcpy(address.bytes, bytes.ptr, sizeof address.bytes);
    size_t len = jw_address_print(&address, text);
    append(row, id, jw_arena_copy(row->rec.mem, (jw_text){text, len}), JW_KIND_TEXT);
}

static void take_field(struct jw_lake_row *row, jw_field_id id, jw_text *rest, bool *broken) {
    switch (jw_field_get(id)->type) {
    case JW_TYPE_LONG:
        take_long(row, id, rest);
        return;
    case JW_TYPE_DATE:
        take_date(row, id, rest);
        return;
    case JW_TYPE_IP:
        take_address(row, id, rest);
        return;
    case JW_TYPE_BOOL: {
        uint64_t value = take_number(rest, 1);
        if (rest->ptr && value < JW_LAKE_BOOL_MISSING)
            append(row, id, value ? JW_TEXT("true") : JW_TEXT("false"), JW_KIND_BOOL);
        return;
    }
    case JW_TYPE_TEXT:
    case JW_TYPE_KEYWORD: {
        jw_text value = take_text(rest, broken);
        if (value.len)
            append(row, id, value, JW_KIND_TEXT);
    }
    }
}

static void set_spelling(struct jw_lake_row *row, jw_text name, jw_text value, uint8_t kind) {
    jw_field_id id = jw_field_find(name);
    for (uint32_t i = 0; i < row->rec.count; i++)
        if (id && row->rec.fields[i].id == id) {
            row->rec.fields[i].value = value;
            row->rec.fields[i].kind = kind;
            return;
        }
}

static void set_time(struct jw_lake_row *row, jw_text value) {
    int64_t time;
    row->rec.has_time = value.len > 0;
    if (jw_text_i64(value, &time))
        row->rec.time = time;
}

/* The three arrays stand one after the other, so the later two are walked by cursors of their own. */
static void take_arrays(struct jw_lake_row *row, jw_text *rest, bool *broken) {
    uint64_t count = take_varint(rest, broken);
    *broken |= count > EXTRAS_MOST;
    jw_text names = *rest;
    for (uint64_t i = 0; i < count && rest->ptr && !*broken; i++)
        take_text(rest, broken);
    uint64_t value_count = take_varint(rest, broken);
    jw_text values = *rest;
    for (uint64_t i = 0; i < value_count && rest->ptr && !*broken; i++)
        take_text(rest, broken);
    uint64_t kind_count = take_varint(rest, broken);
    jw_text kinds = take(rest, kind_count);
    if (!rest->ptr || *broken)
        return;
    *broken |= count != value_count || count != kind_count;
    for (uint64_t i = 0; i < count && !*broken; i++) {
        jw_text name = take_text(&names, broken), value = take_text(&values, broken);
        uint8_t kind = (uint8_t)kinds.ptr[i];
        jw_field_id id = jw_field_find(name);
        if (kind == JW_EXTRA_TIME)
            set_time(row, value);
        else if (kind & JW_EXTRA_SPELLING)
            set_spelling(row, name, value, kind & 3);
        else
            jw_record_append(&row->rec, (jw_field){id ? jw_field_get(id)->name : name, value, id, kind & 3});
    }
}

/* The message cut out of its line; false when the line does not reach that far. */
static bool set_message(struct jw_lake_row *row, uint64_t at, uint64_t len) {
    jw_text line = jw_record_text(&row->rec, JW_F_EVENT_ORIGINAL);
    if (at > line.len || len > line.len - at)
        return false;
    set_spelling(row, jw_field_get(JW_F_MESSAGE)->name, (jw_text){line.ptr + at, (size_t)len}, JW_KIND_TEXT);
    return true;
}

/* JW_OK: a row, and `rest` behind it. JW_AGAIN: not all there. */
static jw_status take_row(struct jw_lake_rows *rows, jw_text *rest, struct jw_lake_row *row, struct jw_error *err) {
    bool broken = false;
    jw_arena_reset(rows->mem);
    *row = (struct jw_lake_row){.rec = {.mem = rows->mem}};
    int64_t time = (int64_t)take_number(rest, 8), ingested = (int64_t)take_number(rest, 8);
    row->spool = (uint32_t)take_number(rest, 4);
    row->number = take_number(rest, 8);
    uint64_t message_at = take_number(rest, 4), message_len = take_number(rest, 4);
    for (size_t i = JW_LAKE_FIXED; i < rows->column_count - JW_LAKE_ARRAYS && rest->ptr; i++) {
        jw_field_id id = rows->columns[i].field;
        take_field(row, id, rest, &broken);
        if (id == JW_F_MESSAGE && message_len && rest->ptr) /* its place; the line comes later */
            append(row, id, JW_TEXT(""), JW_KIND_TEXT);
    }
    broken |= message_len && rest->ptr && !set_message(row, message_at, message_len);
    bool in_range = time <= INT64_MAX / 1000 && time >= INT64_MIN / 1000;
    row->rec.time = in_range ? time * 1000 : 0;
    row->rec.has_time = in_range;
    row->ingested = ingested <= INT64_MAX / 1000 && ingested >= INT64_MIN / 1000 ? ingested * 1000 : 0;
    take_arrays(row, rest, &broken); /* more_*, then extra_*: the values of one name are in one of them */
    take_arrays(row, rest, &broken);
    if (broken)
        return jw_fail(err, JW_E_SYNTAX, "lake: the answer is no row");
    return rest->ptr ? jw_record_check(&row->rec, err) : JW_AGAIN;
}

static jw_status run(struct jw_lake_rows *rows, struct jw_error *err) {
    jw_text rest = jw_buffer_text(&rows->waiting);
    jw_status st = JW_OK;
    while (rest.len) {
        struct jw_lake_row row;
        jw_text before = rest;
        st = take_row(rows, &rest, &row, err);
        if (st == JW_AGAIN) {
            rest = before;
            rows->wanted = rest.len + rest.len / 2; /* a row of 10 MB is not walked once a packet */
            break;
        }
        if (st == JW_OK)
            st = rows->fn(rows->context, &row, err);
        if (st != JW_OK)
            return st;
        rows->wanted = 0;
    }
    if (rest.len)
        memmove(rows->waiting.ptr, rest.ptr, rest.len);
    rows->waiting.len = rest.len;
    return JW_OK;
}

jw_status jw_lake_rows_feed(struct jw_lake_rows *rows, jw_text bytes, struct jw_error *err) {
    if (rows->state != JW_OK)
        return rows->state;
    jw_buffer_add(&rows->waiting, bytes);
    if (rows->waiting.failed)
        return rows->state =
                   jw_fail(err, JW_E_LIMIT, "lake: a row is larger than %zu bytes", rows->waiting.ceiling);
    return rows->waiting.len < rows->wanted ? JW_OK : (rows->state = run(rows, err));
}

jw_status jw_lake_rows_end(struct jw_lake_rows *rows, struct jw_error *err) {
    if (rows->state == JW_OK)
        rows->state = run(rows, err);
    if (rows->state == JW_OK && rows->waiting.len)
        rows->state = jw_fail(err, JW_E_SYNTAX, "lake: the answer ends inside a row");
    return rows->state;
}

void jw_lake_row_json(const struct jw_lake_row *row, jw_buffer *out) {
    char text[JW_TIME_TEXT > JW_EVENT_ID_TEXT ? JW_TIME_TEXT : JW_EVENT_ID_TEXT];
    size_t len = jw_spool_event_id(row->spool, row->number, text);
    jw_buffer_print(out, "{\"event.id\":\"%.*s\",", (int)len, text);
    len = jw_time_print(row->ingested, text);
    jw_buffer_print(out, "\"event.ingested\":\"%.*s\"", (int)len, text);
    if (row->rec.count || row->rec.has_time)
        jw_buffer_byte(out, ',');
    jw_record_json(&row->rec, out);
    jw_buffer_byte(out, '}');
}
