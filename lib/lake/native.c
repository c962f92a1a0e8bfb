/* lib/lake/native.c — one block: values appended column by column, laid end to end at the finish. */
#include "native.h"

#include <assert.h>
#include <stdlib.h>

#include "base/address.h"
#include "base/hash.h"
#include "record/codec.h"

#define VARINT_MOST 10
#define ROWS_MOST   1000000

/* Offsets of LowCardinality's header: SerializationLowCardinality, one dictionary per block with its own keys. */
#define DICTIONARY_VERSION UINT64_C(1)
#define DICTIONARY_FLAGS   (UINT64_C(1) << 9 | UINT64_C(1) << 10)

struct key {
    size_t at; /* of the bytes in `keys` */
    uint32_t len, hash;
};

/* Distinct texts with a number each. `keys` is already in wire form: length and bytes, one after the other. */
struct dictionary {
    jw_buffer keys;
    struct key *list;
    uint32_t *slots; /* number + 1 */
    uint32_t count, capacity, slot_count, empty, last;
};

struct store {
    jw_buffer data; /* values in wire form; for dictionary columns one uint32_t a value */
    struct dictionary *dictionary;
    uint32_t row; /* 1 + the last row that set it */
    jw_field_type type;
};

/* Names, values and kinds: three columns of one shape. */
struct arrays {
    jw_buffer offsets;
    uint64_t count;
    size_t name; /* its column; the other two follow */
};

struct jw_lake_block {
    jw_lake_level level;
    size_t ceiling, size, column_count;
    const struct jw_lake_column *columns;
    struct store *stores;
    struct arrays more, extra;
    jw_buffer out;
    uint32_t rows;
    bool failed;
    int16_t by_field[JW_F_COUNT]; /* column + 1 */
};

enum { TIME, INGESTED, SPOOL, NUMBER, MESSAGE_AT, MESSAGE_LEN };

static bool is_dictionary(const struct jw_lake_block *block, size_t column) {
    return block->level == JW_LAKE_FULL && strstr(block->columns[column].type[JW_LAKE_FULL], "LowCardinality");
}

static void dictionary_free(struct dictionary *dictionary) {
    if (!dictionary)
        return;
    jw_buffer_free(&dictionary->keys);
    free(dictionary->list);
    free(dictionary->slots);
    free(dictionary);
}

void jw_lake_block_free(struct jw_lake_block *block) {
    if (!block)
        return;
    for (size_t i = 0; block->stores && i < block->column_count; i++) {
        jw_buffer_free(&block->stores[i].data);
        dictionary_free(block->stores[i].dictionary);
    }
    jw_buffer_free(&block->more.offsets);
    jw_buffer_free(&block->extra.offsets);
    jw_buffer_free(&block->out);
    free(block->stores);
    free(block);
}

struct jw_lake_block *jw_lake_block_new(jw_lake_level level, size_t ceiling) {
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = calloc(1, sizeof *block);
    if (!block)
        return NULL;
    block->level = level;
    block->ceiling = ceiling;
    block->column_count = jw_lake_columns(&block->columns);
    block->stores = calloc(block->column_count, sizeof *block->stores);
    block->more = (struct arrays){JW_BUFFER(ceiling * 2 + 4096), 0, block->column_count - 6};
    block->extra = (struct arrays){JW_BUFFER(ceiling * 2 + 4096), 0, block->column_count - 3};
    block->out = JW_BUFFER(ceiling * 2 + (1 << 20));
    if (!block->stores)
        return NULL;
    for (size_t i = 0; i < block->column_count; i++) {
        struct store *store = &block->stores[i];
        store->data = JW_BUFFER(ceiling * 2 + 4096);
        if (block->columns[i].field) {
            store->type = jw_field_get(block->columns[i].field)->type;
            block->by_field[block->columns[i].field] = (int16_t)(i + 1);
        }
        if (!is_dictionary(block, i))
            continue;
        store->dictionary = calloc(1, sizeof *store->dictionary);
        if (!store->dictionary)
            return NULL;
        store->dictionary->keys = JW_BUFFER(ceiling * 2 + 4096);
    }
    struct jw_lake_block *done = block;
    block = NULL;
    return done;
}

static void varint_add(jw_buffer *buf, uint64_t value) {
    if (!jw_buffer_reserve(buf, VARINT_MOST))
        return;
    for (; value >= 0x80; value >>= 7)
        buf->ptr[buf->len++] = (char)(value | 0x80);
    buf->ptr[buf->len++] = (char)value;
}

static void bytes_add(jw_buffer *buf, const void *ptr, size_t size) { jw_buffer_add(buf, (jw_text){ptr, size}); }
static void u64_add(jw_buffer *buf, uint64_t value) { bytes_add(buf, &value, 8); }

static void text_add(jw_buffer *buf, jw_text s) {
    varint_add(buf, s.len);
    jw_buffer_add(buf, s);
}

static bool dictionary_grow(struct dictionary *dictionary) {
    uint32_t capacity = dictionary->capacity ? dictionary->capacity * 2 : 64;
    struct key *list = realloc(dictionary->list, capacity * sizeof *list);
    if (!list)
        return false;
    dictionary->list = list;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = 0; i < dictionary->count; i++) {
        uint32_t at = list[i].hash & (capacity * 2 - 1);
        while (slots[at])
            at = (at + 1) & (capacity * 2 - 1);
        slots[at] = i + 1;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->slot_count = capacity * 2;
    dictionary->capacity = capacity;
    return true;
}

static bool is_key(const struct dictionary *dictionary, uint32_t number, jw_text s) {
    const struct key *key = &dictionary->list[number];
    return key->len == s.len && memcmp(dictionary->keys.ptr + key->at, s.ptr, s.len) == 0;
}

/* The number of a text; -1 without memory. */
static int64_t number_of(struct dictionary *dictionary, jw_text s) {
    if (s.len == 0 && dictionary->empty)
        return dictionary->empty - 1;
    if (s.len && dictionary->last && is_key(dictionary, dictionary->last - 1, s))
        return dictionary->last - 1; /* neighbours are often alike */
    if (dictionary->count == dictionary->capacity && !dictionary_grow(dictionary))
        return -1;
    uint32_t hash = (uint32_t)jw_hash(s), at = hash & (dictionary->slot_count - 1), number;
    for (; (number = dictionary->slots[at]); at = (at + 1) & (dictionary->slot_count - 1))
        if (dictionary->list[number - 1].hash == hash && s.len && is_key(dictionary, number - 1, s))
            return (dictionary->last = number) - 1;
    text_add(&dictionary->keys, s);
    dictionary->list[dictionary->count] = (struct key){dictionary->keys.len - s.len, (uint32_t)s.len, hash};
    number = dictionary->slots[at] = ++dictionary->count;
    if (s.len == 0)
        dictionary->empty = number;
    else
        dictionary->last = number;
    return number - 1;
}

static void put_text(struct jw_lake_block *block, struct store *store, jw_text s) {
    if (!store->dictionary) {
        text_add(&store->data, s);
        return;
    }
    int64_t number = number_of(store->dictionary, s);
    uint32_t index = (uint32_t)number;
    block->failed |= number < 0;
    bytes_add(&store->data, &index, sizeof index);
}

static void put_array(struct jw_lake_block *block, struct arrays *arrays, jw_text name, jw_text value,
                      uint8_t kind) {
    struct store *stores = &block->stores[arrays->name];
    put_text(block, &stores[0], name);
    put_text(block, &stores[1], value);
    jw_buffer_byte(&stores[2].data, (char)kind);
    arrays->count++;
}

/* kind: as the column prints it, but of another kind (text "443"); otherwise: it fits, but is spelled differently
 */
typedef enum fit { FIT_NO, FIT_YES, FIT_KIND, FIT_OTHERWISE } fit;

static fit put_long(struct store *store, const jw_field *field) {
    int64_t value;
    if (!jw_text_i64(field->value, &value) || value == JW_LAKE_LONG_MISSING)
        return FIT_NO;
    bytes_add(&store->data, &value, 8);
    bool leading = field->value.ptr[0] == '0' ? field->value.len > 1
                                              : field->value.ptr[0] == '-' && field->value.ptr[1] == '0';
    return leading ? FIT_OTHERWISE : field->kind == JW_KIND_NUMBER ? FIT_YES : FIT_KIND;
}

static fit put_date(struct store *store, const jw_field *field) {
    char text[JW_TIME_TEXT];
    int64_t time;
    if (!jw_time_parse(field->value, 0, &time) || time == JW_TIME_NONE)
        return FIT_NO;
    int64_t us = time / 1000 - (time % 1000 < 0);
    bytes_add(&store->data, &us, 8);
    size_t len = jw_time_print(us * 1000, text);
    return field->kind == JW_KIND_TEXT && jw_text_is(field->value, (jw_text){text, len}) ? FIT_YES : FIT_OTHERWISE;
}

static fit put_address(struct store *store, const jw_field *field) {
    static const jw_address none;
    char text[JW_ADDRESS_TEXT];
    jw_address address;
    if (!jw_address_parse(field->value, &address) || memcmp(&address, &none, sizeof none) == 0)
        return FIT_NO;
    bytes_add(&store->data, address.bytes, sizeof address.bytes);
    if (field->kind == JW_KIND_TEXT && !memchr(field->value.ptr, ':', field->value.len))
        return FIT_YES; /* a dotted quad has one spelling */
    size_t len = jw_address_print(&address, text);
    return field->kind == JW_KIND_TEXT && jw_text_is(field->value, (jw_text){text, len}) ? FIT_YES : FIT_OTHERWISE;
}

static fit put_bool(struct store *store, const jw_field *field) {
    bool yes = jw_text_is(field->value, JW_TEXT("true"));
    if (!yes && !jw_text_is(field->value, JW_TEXT("false")))
        return FIT_NO;
    jw_buffer_byte(&store->data, (char)yes);
    return field->kind == JW_KIND_BOOL ? FIT_YES : FIT_KIND;
}

static fit put_value(struct jw_lake_block *block, struct store *store, const jw_field *field) {
    if (field->kind == JW_KIND_NULL || field->value.len == 0)
        return FIT_NO;
    switch (store->type) {
    case JW_TYPE_LONG:
        return put_long(store, field);
    case JW_TYPE_DATE:
        return put_date(store, field);
    case JW_TYPE_IP:
        return put_address(store, field);
    case JW_TYPE_BOOL:
        return put_bool(store, field);
    case JW_TYPE_TEXT:
    case JW_TYPE_KEYWORD:
        break;
    }
    put_text(block, store, field->value);
    return field->kind == JW_KIND_TEXT ? FIT_YES : FIT_KIND;
}

static void put_missing(struct jw_lake_block *block, struct store *store) {
    static const char zeros[16];
    int64_t none = JW_LAKE_LONG_MISSING;
    switch (store->type) {
    case JW_TYPE_LONG:
    case JW_TYPE_DATE:
        bytes_add(&store->data, &none, 8);
        break;
    case JW_TYPE_IP:
        bytes_add(&store->data, zeros, sizeof zeros);
        break;
    case JW_TYPE_BOOL:
        jw_buffer_byte(&store->data, JW_LAKE_BOOL_MISSING);
        break;
    case JW_TYPE_TEXT:
    case JW_TYPE_KEYWORD:
        put_text(block, store, (jw_text){"", 0});
    }
}

static void put_time(struct jw_lake_block *block, const struct jw_record *rec, int64_t ingested) {
    int64_t time = rec->has_time ? rec->time : ingested;
    int64_t us = time / 1000 - (time % 1000 < 0);
    bytes_add(&block->stores[TIME].data, &us, 8);
    if (rec->has_time && time % 1000 == 0)
        return;
    char text[24];
    int len = rec->has_time ? snprintf(text, sizeof text, "%lld", (long long)time) : 0;
    put_array(block, &block->extra, (jw_text){"", 0}, (jw_text){text, (size_t)len}, JW_EXTRA_TIME);
}

/* Records of a spool point into their line (record/codec.h): a message that does is kept as a place in it. */
static const jw_field *put_message(struct jw_lake_block *block, const struct jw_record *rec) {
    const jw_field *line = jw_record_find_id(rec, JW_F_EVENT_ORIGINAL);
    const jw_field *message = jw_record_find_id(rec, JW_F_MESSAGE);
    bool placed = line && message && line->kind == JW_KIND_TEXT && message->kind == JW_KIND_TEXT &&
                  line->value.len <= UINT32_MAX && jw_batch_in_line(line->value, message->value);
    uint32_t at = placed ? (uint32_t)(message->value.ptr - line->value.ptr) : 0;
    uint32_t len = placed ? (uint32_t)message->value.len : 0;
    bytes_add(&block->stores[MESSAGE_AT].data, &at, sizeof at);
    bytes_add(&block->stores[MESSAGE_LEN].data, &len, sizeof len);
    return placed ? message : NULL;
}

jw_status jw_lake_block_add(struct jw_lake_block *block, const struct jw_record *rec, uint32_t spool,
                            uint64_t number, int64_t ingested) {
    size_t need = block->column_count * 8 + 64;
    for (uint32_t i = 0; i < rec->count; i++) /* a value may stand in its column and in the arrays */
        need += rec->fields[i].value.len * 2 + rec->fields[i].name.len + 24;
    if (block->rows == ROWS_MOST || need > block->ceiling || block->size > block->ceiling - need)
        return JW_E_LIMIT;
    block->size += need;
    block->rows++;
    int64_t us = ingested / 1000;
    bytes_add(&block->stores[INGESTED].data, &us, 8);
    bytes_add(&block->stores[SPOOL].data, &spool, 4);
    bytes_add(&block->stores[NUMBER].data, &number, 8);
    put_time(block, rec, ingested);
    const jw_field *placed = put_message(block, rec);
    for (uint32_t i = 0; i < rec->count; i++) {
        const jw_field *field = &rec->fields[i];
        int16_t column = field->id ? block->by_field[field->id] : 0;
        struct store *store = column ? &block->stores[column - 1] : NULL;
        bool first = store && store->row != block->rows;
        if (field == placed) {
            put_missing(block, store);
            store->row = block->rows;
            continue;
        }
        fit fits = first ? put_value(block, store, field) : FIT_NO;
        if (first && fits == FIT_NO)
            put_missing(block, store);
        if (first)
            store->row = block->rows;
        bool asked = store ? fits != FIT_KIND : field->id == JW_F_EVENT_ID;
        if (fits != FIT_YES)
            put_array(block, asked ? &block->more : &block->extra, field->name, field->value,
                      (uint8_t)(field->kind | (fits == FIT_NO ? 0 : JW_EXTRA_SPELLING)));
    }
    for (size_t i = JW_LAKE_FIXED; i < block->more.name; i++)
        if (block->stores[i].row != block->rows)
            put_missing(block, &block->stores[i]);
    u64_add(&block->more.offsets, block->more.count);
    u64_add(&block->extra.offsets, block->extra.count);
    return JW_OK;
}

uint32_t jw_lake_block_rows(const struct jw_lake_block *block) { return block->rows; }
size_t jw_lake_block_size(const struct jw_lake_block *block) { return block->size; }

/* Indexes as narrow as the dictionary allows. */
static void dictionary_write(const struct store *store, jw_buffer *out) {
    const struct dictionary *dictionary = store->dictionary;
    size_t values = store->data.len / sizeof(uint32_t);
    unsigned width = dictionary->count <= UINT8_MAX + 1u ? 0 : dictionary->count <= UINT16_MAX + 1u ? 1 : 2;
    if (values == 0)
        return;
    u64_add(out, DICTIONARY_FLAGS | width);
    u64_add(out, dictionary->count);
    jw_buffer_add(out, jw_buffer_text(&dictionary->keys));
    u64_add(out, values);
    if (!jw_buffer_reserve(out, values << width))
        return;
    const uint32_t *from = (const uint32_t *)(const void *)store->data.ptr;
    for (size_t i = 0; i < values; i++) {
        memcpy(out->ptr + out->len, &from[i], (size_t)1 << width); /* little-endian, as everything here */
        out->len += (size_t)1 << width;
    }
}

static void column_write(struct jw_lake_block *block, size_t i) {
    const struct store *store = &block->stores[i];
    text_add(&block->out, jw_text_from(block->columns[i].name));
    text_add(&block->out, jw_text_from(block->columns[i].type[block->level]));
    if (store->dictionary)
        u64_add(&block->out, DICTIONARY_VERSION);
    if (i >= block->more.name)
        jw_buffer_add(&block->out,
                      jw_buffer_text(i < block->extra.name ? &block->more.offsets : &block->extra.offsets));
    if (store->dictionary)
        dictionary_write(store, &block->out);
    else
        jw_buffer_add(&block->out, jw_buffer_text(&store->data));
    block->failed |= store->data.failed || (store->dictionary && store->dictionary->keys.failed);
}

void jw_lake_block_clear(struct jw_lake_block *block) {
    for (size_t i = 0; i < block->column_count; i++) {
        struct store *store = &block->stores[i];
        jw_buffer_clear(&store->data);
        store->row = 0;
        if (!store->dictionary)
            continue;
        jw_buffer_clear(&store->dictionary->keys);
        store->dictionary->count = store->dictionary->empty = store->dictionary->last = 0;
        if (store->dictionary->slots)
            memset(store->dictionary->slots, 0, store->dictionary->slot_count * sizeof(uint32_t));
    }
    jw_buffer_clear(&block->more.offsets);
    jw_buffer_clear(&block->extra.offsets);
    block->size = 0;
    block->more.count = block->extra.count = 0;
    block->rows = 0;
    block->failed = false;
}

jw_text jw_lake_block_finish(struct jw_lake_block *block) {
    jw_buffer_clear(&block->out);
    varint_add(&block->out, block->column_count);
    varint_add(&block->out, block->rows);
    for (size_t i = 0; i < block->column_count; i++)
        column_write(block, i);
    bool failed = block->failed || block->out.failed || block->more.offsets.failed || block->extra.offsets.failed;
    jw_lake_block_clear(block);
    return failed ? (jw_text){0} : jw_buffer_text(&block->out);
}
