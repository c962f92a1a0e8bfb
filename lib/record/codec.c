/* lib/record/codec.c — batches of records, written and read in one pass. */
#include "codec.h"

#include <stdlib.h>

#include "base/hash.h"

#define VERSION     1
#define NAME_SLOTS  (1u << 12) /* of the writer's index; longer chains only slow a batch with very many names */
#define VARINT_MOST 10

struct name {
    jw_text text; /* in `name_bytes` of the arena below */
    uint32_t next;
};

struct jw_batch_writer {
    jw_buffer records, out;
    struct jw_arena *mem; /* names of this batch */
    struct name *names;
    uint32_t name_count, name_capacity, count;
    size_t name_size;
    uint32_t by_id[JW_F_COUNT];   /* number + 1 */
    uint32_t by_hash[NAME_SLOTS]; /* number + 1, chained by `next` */
};

struct jw_batch_writer *jw_batch_writer_new(size_t ceiling) {
    JW_AUTO(jw_batch_writer_free_p) struct jw_batch_writer *batch = calloc(1, sizeof *batch);
    if (!batch || !(batch->mem = jw_arena_new(ceiling)))
        return NULL;
    batch->records = JW_BUFFER(ceiling);
    batch->out = JW_BUFFER(ceiling * 2 + 4096); /* records and names are each below the ceiling */
    struct jw_batch_writer *done = batch;
    batch = NULL;
    return done;
}

void jw_batch_writer_free(struct jw_batch_writer *batch) {
    if (!batch)
        return;
    jw_buffer_free(&batch->records);
    jw_buffer_free(&batch->out);
    jw_arena_free(batch->mem);
    free(batch->names);
    free(batch);
}

static size_t varint_put(char *at, uint64_t value) {
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        at[n++] = (char)(value | 0x80);
    at[n++] = (char)value;
    return n;
}

static void varint_add(jw_buffer *buf, uint64_t value) {
    if (jw_buffer_reserve(buf, VARINT_MOST))
        buf->len += varint_put(buf->ptr + buf->len, value);
}

/* The number of a name in this batch, given one if it is new; -1 at a ceiling. */
static int64_t name_number(struct jw_batch_writer *batch, const jw_field *field) {
    if (field->id && batch->by_id[field->id])
        return batch->by_id[field->id] - 1;
    uint32_t *slot = &batch->by_hash[jw_hash_stable(field->name) & (NAME_SLOTS - 1)];
    if (!field->id)
        for (uint32_t i = *slot; i; i = batch->names[i - 1].next)
            if (jw_text_is(batch->names[i - 1].text, field->name))
                return i - 1;
    if (batch->name_count == JW_BATCH_NAMES)
        return -1;
    if (batch->name_count == batch->name_capacity) {
        uint32_t capacity = batch->name_capacity ? batch->name_capacity * 2 : 64;
        struct name *names = realloc(batch->names, capacity * sizeof *names);
        if (!names)
            return -1;
        batch->names = names;
        batch->name_capacity = capacity;
    }
    jw_text kept = jw_arena_copy(batch->mem, field->name);
    if (!kept.ptr)
        return -1;
    batch->names[batch->name_count++] = (struct name){kept, field->id ? 0 : *slot};
    if (field->id)
        batch->by_id[field->id] = batch->name_count;
    else
        *slot = batch->name_count;
    batch->name_size += kept.len + VARINT_MOST;
    return batch->name_count - 1;
}

static jw_text line_of(const struct jw_record *rec) {
    const jw_field *original = jw_record_find_id(rec, JW_F_EVENT_ORIGINAL);
    return original ? original->value : (jw_text){0};
}

bool jw_batch_in_line(jw_text line, jw_text value) {
    return value.len && value.len <= line.len && (uintptr_t)value.ptr >= (uintptr_t)line.ptr &&
           (uintptr_t)value.ptr - (uintptr_t)line.ptr <= line.len - value.len;
}

static char *bytes_put(char *at, jw_text s) {
    if (s.len)
        memcpy(at, s.ptr, s.len);
    return at + s.len;
}

jw_status jw_batch_writer_add(struct jw_batch_writer *batch, const struct jw_record *rec) {
    size_t start = batch->records.len;
    jw_text line = line_of(rec);
    size_t need = 8 + 4 * VARINT_MOST + line.len;
    for (uint32_t i = 0; i < rec->count; i++)
        need += (jw_batch_in_line(line, rec->fields[i].value) ? 0 : rec->fields[i].value.len) + 3 * VARINT_MOST;
    if (batch->count == JW_BATCH_RECORDS || need > UINT32_MAX || !jw_buffer_reserve(&batch->records, need)) {
        batch->records.failed = false; /* this record did not fit; the batch is as it was */
        return JW_E_LIMIT;
    }
    char *body = batch->records.ptr + start + VARINT_MOST, *at = body; /* the length's size is known at the end */
    int64_t time = rec->has_time ? rec->time : JW_TIME_NONE;
    memcpy(at, &time, 8);
    at += 8;
    at += varint_put(at, line.len);
    at = bytes_put(at, line);
    at += varint_put(at, rec->count);
    for (uint32_t i = 0; i < rec->count; i++) {
        const jw_field *field = &rec->fields[i];
        int64_t number = name_number(batch, field);
        if (number < 0)
            return JW_E_LIMIT;
        bool in_line = jw_batch_in_line(line, field->value);
        at += varint_put(at, (uint64_t)number << 3 | (uint64_t)in_line << 2 | field->kind);
        if (in_line)
            at += varint_put(at, (size_t)(field->value.ptr - line.ptr));
        at += varint_put(at, field->value.len);
        if (!in_line)
            at = bytes_put(at, field->value);
    }
    size_t size = (size_t)(at - body);
    size_t prefix = varint_put(batch->records.ptr + start, size);
    memmove(batch->records.ptr + start + prefix, body, size);
    batch->records.len = start + prefix + size;
    batch->count++;
    return JW_OK;
}

uint32_t jw_batch_writer_count(const struct jw_batch_writer *batch) { return batch->count; }
size_t jw_batch_writer_size(const struct jw_batch_writer *batch) { return batch->records.len + batch->name_size; }

jw_text jw_batch_writer_finish(struct jw_batch_writer *batch) {
    jw_buffer_clear(&batch->out);
    varint_add(&batch->out, VERSION);
    varint_add(&batch->out, batch->name_count);
    for (uint32_t i = 0; i < batch->name_count; i++) {
        varint_add(&batch->out, batch->names[i].text.len);
        jw_buffer_add(&batch->out, batch->names[i].text);
    }
    varint_add(&batch->out, batch->count);
    jw_buffer_add(&batch->out, jw_buffer_text(&batch->records));
    jw_buffer_clear(&batch->records);
    jw_arena_reset(batch->mem);
    batch->name_count = batch->count = 0;
    batch->name_size = 0;
    memset(batch->by_id, 0, sizeof batch->by_id);
    memset(batch->by_hash, 0, sizeof batch->by_hash);
    return batch->out.failed ? (jw_text){0} : jw_buffer_text(&batch->out);
}

/* Sticky by emptiness: after a bad number `rest.ptr` is NULL and everything else fails too. */
static uint64_t varint_take(jw_text *rest) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && rest->len; shift += 7) {
        unsigned char c = (unsigned char)*rest->ptr;
        rest->ptr++;
        rest->len--;
        value |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return value;
    }
    *rest = (jw_text){0};
    return 0;
}

static jw_text bytes_take(jw_text *rest, uint64_t size) {
    if (!rest->ptr || size > rest->len) {
        *rest = (jw_text){0};
        return (jw_text){0};
    }
    jw_text head = {rest->ptr, (size_t)size};
    rest->ptr += size;
    rest->len -= (size_t)size;
    return head;
}

/* A value that stands in the line. */
static jw_text line_take(jw_text *rest, jw_text line) {
    uint64_t offset = varint_take(rest), size = varint_take(rest);
    if (!rest->ptr || offset > line.len || size > line.len - offset) {
        *rest = (jw_text){0};
        return (jw_text){0};
    }
    return (jw_text){line.ptr + offset, (size_t)size};
}

jw_status jw_batch_reader_open(struct jw_batch_reader *reader, jw_text bytes, struct jw_arena *mem,
                               struct jw_error *err) {
    uint64_t version = varint_take(&bytes), names = varint_take(&bytes);
    if (!bytes.ptr || version != VERSION)
        return jw_fail(err, JW_E_SYNTAX, "batch: version %llu, this program reads %d", (unsigned long long)version,
                       VERSION);
    if (names > JW_BATCH_NAMES || names > bytes.len)
        return jw_fail(err, JW_E_SYNTAX, "batch: %llu names", (unsigned long long)names);
    jw_field *table = jw_arena_alloc(mem, (size_t)names * sizeof *table);
    if (!table)
        return jw_fail(err, JW_E_LIMIT, "batch: no memory for %llu names", (unsigned long long)names);
    for (uint64_t i = 0; i < names; i++) {
        jw_text name = bytes_take(&bytes, varint_take(&bytes));
        jw_field_id id = jw_field_find(name);
        table[i] = (jw_field){.name = id ? jw_field_get(id)->name : name, .id = id};
    }
    uint64_t count = varint_take(&bytes);
    if (!bytes.ptr || count > JW_BATCH_RECORDS)
        return jw_fail(err, JW_E_SYNTAX, "batch: broken name table or %llu records", (unsigned long long)count);
    *reader = (struct jw_batch_reader){bytes, table, (uint32_t)names, (uint32_t)count};
    return JW_OK;
}

jw_status jw_batch_reader_next(struct jw_batch_reader *reader, struct jw_record *rec, struct jw_error *err) {
    if (reader->left == 0)
        return JW_END;
    jw_text body = bytes_take(&reader->rest, varint_take(&reader->rest));
    int64_t time;
    jw_text when = bytes_take(&body, 8);
    jw_text line = bytes_take(&body, varint_take(&body));
    uint64_t count = varint_take(&body);
    jw_record_clear(rec);
    for (uint64_t i = 0; i < count && body.ptr; i++) {
        uint64_t head = varint_take(&body);
        jw_text value = head & 4 ? line_take(&body, line) : bytes_take(&body, varint_take(&body));
        if (!body.ptr || head >> 3 >= reader->name_count)
            break;
        jw_field field = reader->names[head >> 3];
        field.value = value;
        field.kind = head & 3;
        jw_record_append(rec, field);
    }
    if (!body.ptr || body.len || (rec->count != count && rec->state == JW_OK)) {
        reader->left = 0;
        return jw_fail(err, JW_E_SYNTAX, "batch: broken record");
    }
    memcpy(&time, when.ptr, 8);
    if (time != JW_TIME_NONE)
        jw_record_set_time(rec, time);
    reader->left--;
    return jw_record_check(rec, err);
}
