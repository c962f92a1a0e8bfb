/* lib/evtx/event.c — runs programs over the values of a record. */
#include "event.h"

#include "value.h"

#define NESTING 8 /* BinXml within BinXml; Windows writes two */

struct run {
    struct chunk *chunk;
    struct jw_record *rec;
    struct value *values;
    uint32_t count;
    unsigned nesting;
    unsigned *position; /* of Data, for those without a name */
};

static bool fragment(struct run *run, struct bytes in, struct place place);

static void append(struct run *run, const struct leaf *leaf, jw_text name, jw_text text) {
    jw_kind kind = leaf->role == ROLE_NUMBER ? JW_KIND_NUMBER : JW_KIND_TEXT;
    int64_t number;
    if (kind == JW_KIND_NUMBER && !jw_text_i64(text, &number))
        kind = JW_KIND_TEXT;
    jw_record_append(run->rec, (jw_field){name, text, leaf->id, (uint8_t)kind});
}

/* "winlog.event_data.param3", or with the name that a substitution gave. */
static bool data_name(struct run *run, const struct leaf *leaf, jw_text *out) {
    static const jw_text prefix = JW_TEXT("winlog.event_data.");
    char number[16];
    jw_text name = {number, (size_t)snprintf(number, sizeof number, "param%u", *run->position)};
    if (leaf->name.len) {
        *out = leaf->name;
        return true;
    }
    if (leaf->name_index >= 0 && (uint32_t)leaf->name_index < run->count) {
        jw_text given = jw_value_text(&run->values[leaf->name_index], run->rec->mem);
        name = given.len ? given : name;
    }
    char *at = jw_arena_alloc(run->rec->mem, prefix.len + name.len);
    if (!at)
        return false;
    memcpy(at, prefix.ptr, prefix.len);
    memcpy(at + prefix.len, name.ptr, name.len);
    *out = (jw_text){at, prefix.len + name.len};
    return true;
}

static void put_twice(struct run *run, const struct leaf *leaf, jw_field_id second, jw_text text) {
    append(run, leaf, leaf->name, text);
    jw_record_append(run->rec, (jw_field){jw_field_get(second)->name, text, second, JW_KIND_TEXT});
}

static bool put(struct run *run, const struct leaf *leaf, jw_text text) {
    int64_t time;
    jw_text called;
    switch (leaf->role) {
    case ROLE_TIME:
        if (jw_time_parse(text, 0, &time))
            jw_record_set_time(run->rec, time);
        return true;
    case ROLE_CODE:
        put_twice(run, leaf, JW_F_EVENT_CODE, text);
        return true;
    case ROLE_PROVIDER:
        put_twice(run, leaf, JW_F_EVENT_PROVIDER, text);
        return true;
    case ROLE_DATA:
        ++*run->position;
        if (!data_name(run, leaf, &called))
            return false;
        append(run, leaf, called, text);
        return true;
    default:
        append(run, leaf, leaf->name, text);
        return true;
    }
}

/* One value alone: it may be missing, an array, or BinXml. */
static bool put_value(struct run *run, const struct leaf *leaf, struct value *value) {
    struct jw_arena *mem = run->rec->mem;
    if (value->type == VALUE_BINXML) {
        size_t at = (size_t)(value->ptr - run->chunk->bytes);
        struct place inner = leaf->inner;
        return fragment(run, (struct bytes){run->chunk->bytes, at, at + value->size, false}, inner);
    }
    if (value->type == VALUE_NULL || leaf->role == ROLE_INNER)
        return leaf->role != ROLE_DATA || put(run, leaf, JW_TEXT("")); /* Data without a value is still there */
    if (leaf->role == ROLE_TIME && value->type == VALUE_FILETIME && value->size == 8) {
        int64_t time;
        if (jw_value_time(load_u64(value->ptr), &time))
            jw_record_set_time(run->rec, time);
        return true;
    }
    if (value->type & VALUE_ARRAY) {
        struct value item;
        size_t at = 0;
        if (value->size == 0)
            return put(run, leaf, JW_TEXT(""));
        while (jw_value_item(value, &at, &item)) {
            jw_text text = jw_value_text(&item, mem);
            if (run->chunk->budget-- == 0 || !text.ptr || !put(run, leaf, text))
                return run->chunk->budget = 0, false;
        }
        return true;
    }
    jw_text text = jw_value_text(value, mem);
    return text.ptr && put(run, leaf, text);
}

/* Literals and values in a row become one text. */
static bool put_joined(struct run *run, const struct leaf *leaf) {
    struct jw_arena *mem = run->rec->mem;
    size_t len = 0, at = 0;
    for (int pass = 0; pass < 2; pass++) {
        char *joined = pass ? jw_arena_alloc(mem, len) : NULL;
        if (pass && !joined)
            return false;
        for (uint32_t i = 0; i < leaf->count; i++) {
            const struct part *part = &leaf->parts[i];
            jw_text text = part->literal;
            if (part->index >= 0)
                text = (uint32_t)part->index < run->count ? jw_value_text(&run->values[part->index], mem)
                                                          : JW_TEXT("");
            if (!text.ptr)
                return false;
            if (pass)
                memcpy(joined + at, text.ptr, text.len);
            at += pass ? text.len : 0;
            len += pass ? 0 : text.len;
        }
        if (pass)
            return put(run, leaf, (jw_text){joined, len});
    }
    return true;
}

static bool put_leaf(struct run *run, const struct leaf *leaf) {
    if (run->chunk->budget == 0)
        return false;
    run->chunk->budget--;
    if (leaf->count == 0)
        return put(run, leaf, JW_TEXT(""));
    if (leaf->count > 1)
        return leaf->role == ROLE_INNER || put_joined(run, leaf);
    if (leaf->parts[0].index < 0)
        return leaf->role == ROLE_INNER || put(run, leaf, leaf->parts[0].literal);
    if ((uint32_t)leaf->parts[0].index >= run->count)
        return true; /* a substitution without a value is missing */
    return put_value(run, leaf, &run->values[leaf->parts[0].index]);
}

static bool play(struct run *run, const struct program *program) {
    for (uint32_t i = 0; program && i < program->count; i++)
        if (!put_leaf(run, &program->leaves[i]))
            return false;
    return program != NULL;
}

/* Count, then size and type of each value, then the values. */
static bool read_values(struct run *run, struct bytes *in) {
    run->count = bytes_u32(in);
    if (in->bad || run->count > (in->end - in->at) / 4)
        return false;
    run->values = jw_arena_alloc(run->rec->mem, run->count * sizeof *run->values);
    if (!run->values)
        return run->rec->state = JW_E_LIMIT, false;
    for (uint32_t i = 0; i < run->count; i++) {
        uint16_t size = bytes_u16(in);
        run->values[i] = (struct value){.size = size, .type = bytes_u8(in)};
        bytes_u8(in);
    }
    for (uint32_t i = 0; i < run->count; i++)
        run->values[i].ptr = bytes_take(in, run->values[i].size);
    return !in->bad;
}

static bool template_instance(struct run *outer, struct bytes *in, struct place place) {
    struct run run = *outer;
    bytes_take(in, 6); /* token, one byte, number of the template */
    uint32_t offset = bytes_u32(in);
    if (!in->bad && offset == in->at) { /* the definition stands here, at its first use in the chunk */
        struct bytes there = *in;
        bytes_take(&there, 20);
        uint32_t size = bytes_u32(&there);
        bytes_take(&there, size);
        in->at = there.at;
        in->bad = there.bad;
    }
    const struct program *program = in->bad ? NULL : jw_program_of_template(run.chunk, offset, place);
    return program && read_values(&run, in) && play(&run, program);
}

static bool fragment(struct run *outer, struct bytes in, struct place place) {
    struct run run = *outer;
    if (++run.nesting > NESTING)
        return false;
    while (in.at < in.end && !in.bad) {
        uint8_t token = in.base[in.at];
        bool done = true;
        if (run.chunk->budget == 0)
            return false;
        run.chunk->budget--;
        if (token == 0x00)
            return true;
        if (token == 0x0f)
            bytes_take(&in, 4);
        else if (token == 0x0c)
            done = template_instance(&run, &in, place);
        else if ((token & ~0x40) == 0x01)
            done = play(&run, jw_program_of_element(run.chunk, &in, place));
        else
            return false;
        if (!done)
            return false;
    }
    return !in.bad;
}

bool jw_event_read(struct chunk *chunk, size_t at, size_t end, struct jw_record *rec) {
    unsigned position = 0;
    struct run run = {.chunk = chunk, .rec = rec, .position = &position};
    chunk->budget = RECORD_BUDGET;
    return fragment(&run, (struct bytes){chunk->bytes, at, end, false}, (struct place){AT_DOCUMENT, {0}});
}
