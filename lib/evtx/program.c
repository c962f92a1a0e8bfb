/* lib/evtx/program.c — BinXml tokens ([MS-EVEN6] 2.2.12) to leaves. */
#include "program.h"

#include "names.h"
#include "value.h"

#define DEPTH 32 /* elements within elements; Windows writes about six */
#define PARTS 16 /* pieces of one text; more are left out of it */

struct compiler {
    struct chunk *chunk;
    struct bytes in;
    struct leaf *leaves;
    uint32_t count, capacity;
    unsigned depth;
    bool dependency; /* elements of a template carry two bytes more */
};

/* The text between tags, and a value of an attribute: literals and substitutions. */
struct pieces {
    struct part at[PARTS];
    uint32_t count;
};

static bool step(struct compiler *c) {
    if (c->chunk->budget == 0 || c->in.bad)
        return false;
    c->chunk->budget--;
    return true;
}

/* A name: offset of the next, hash, count, UTF-16, NUL; written where it first occurs in the chunk. */
static bool name(struct compiler *c, jw_text *out) {
    uint32_t offset = bytes_u32(&c->in);
    struct bytes there = {c->chunk->bytes, offset, c->chunk->size, offset > c->chunk->size};
    bytes_take(&there, 6);
    uint16_t units = bytes_u16(&there);
    const uint8_t *text = bytes_take(&there, (size_t)units * 2);
    bytes_take(&there, 2);
    if (there.bad || c->in.bad || units > 512)
        return false;
    if (offset == c->in.at)
        bytes_take(&c->in, there.at - offset);
    *out = jw_value_utf8(text, units, c->chunk->mem);
    return out->ptr != NULL && !c->in.bad;
}

static bool keep(struct compiler *c, struct leaf leaf, const struct pieces *pieces) {
    if (c->count == c->capacity) {
        uint32_t capacity = c->capacity ? c->capacity * 2 : 32;
        struct leaf *grown =
            jw_arena_grow(c->chunk->mem, c->leaves, c->capacity * sizeof leaf, capacity * sizeof leaf);
        if (!grown)
            return false;
        c->leaves = grown;
        c->capacity = capacity;
    }
    leaf.count = pieces->count;
    leaf.parts = jw_arena_alloc(c->chunk->mem, pieces->count * sizeof *leaf.parts);
    if (!leaf.parts)
        return false;
    memcpy(leaf.parts, pieces->at, pieces->count * sizeof *leaf.parts);
    c->leaves[c->count++] = leaf;
    return true;
}

static void add_piece(struct pieces *pieces, jw_text literal, int32_t index) {
    if (pieces->count < PARTS)
        pieces->at[pieces->count++] = (struct part){literal, index};
}

static bool literal_utf16(struct compiler *c, struct pieces *pieces, uint32_t units) {
    const uint8_t *text = bytes_take(&c->in, (size_t)units * 2);
    if (c->in.bad)
        return false;
    jw_text plain = jw_value_utf8(text, units, c->chunk->mem);
    add_piece(pieces, plain, -1);
    return plain.ptr != NULL;
}

static bool entity(struct compiler *c, struct pieces *pieces) {
    static const struct {
        jw_text name, text;
    } entities[] = {{JW_TEXT("amp"), JW_TEXT("&")},
                    {JW_TEXT("lt"), JW_TEXT("<")},
                    {JW_TEXT("gt"), JW_TEXT(">")},
                    {JW_TEXT("quot"), JW_TEXT("\"")},
                    {JW_TEXT("apos"), JW_TEXT("'")}};
    jw_text word;
    if (!name(c, &word))
        return false;
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (jw_text_is(entities[i].name, word))
            add_piece(pieces, entities[i].text, -1);
    return true;
}

/* One token that is text, if the next one is. *out_taken says so; false: broken. */
static bool piece(struct compiler *c, struct pieces *pieces, bool *out_taken) {
    uint8_t token = c->in.at < c->in.end ? c->in.base[c->in.at] : 0;
    *out_taken = true;
    switch (token & ~0x40) {
    case 0x05: /* a value; only strings occur */
        bytes_take(&c->in, 1);
        return bytes_u8(&c->in) == VALUE_STRING && literal_utf16(c, pieces, bytes_u16(&c->in));
    case 0x07: /* CDATA */
        bytes_take(&c->in, 1);
        return literal_utf16(c, pieces, bytes_u16(&c->in));
    case 0x08: /* a character by number */
        bytes_take(&c->in, 1);
        return literal_utf16(c, pieces, 1);
    case 0x09:
        bytes_take(&c->in, 1);
        return entity(c, pieces);
    case 0x0d: /* substitution, and the one that may be missing: index, type */
    case 0x0e:
        bytes_take(&c->in, 1);
        add_piece(pieces, (jw_text){0}, bytes_u16(&c->in));
        bytes_take(&c->in, 1);
        return !c->in.bad;
    case 0x0a: { /* processing instruction: its target, its data */
        jw_text ignored;
        bytes_take(&c->in, 1);
        return name(c, &ignored);
    }
    case 0x0b:
        bytes_take(&c->in, 1);
        bytes_take(&c->in, (size_t)bytes_u16(&c->in) * 2);
        return !c->in.bad;
    default:
        *out_taken = false;
        return true;
    }
}

/* Attributes of Data name the field; elsewhere each is a field of its own. */
static bool attribute(struct compiler *c, const struct place *place, jw_text element, struct leaf *text) {
    struct pieces pieces = {.count = 0};
    struct leaf leaf = {.name_index = -1, .inner = {AT_OTHER, place->name}};
    jw_text key;
    bool taken = true;
    bytes_take(&c->in, 1);
    if (!name(c, &key))
        return false;
    while (taken)
        if (!step(c) || !piece(c, &pieces, &taken))
            return false;
    bool names = jw_text_is(key, JW_TEXT("Name")) &&
                 (place->where == AT_DATA || (place->where == AT_OTHER && jw_text_is(element, JW_TEXT("Data"))));
    if (names && pieces.count == 1 && pieces.at[0].index >= 0) {
        text->name_index = pieces.at[0].index;
        return true;
    }
    if (names && pieces.count == 1) {
        struct place data, parent = {AT_EVENT_DATA, place->name};
        size_t cut = parent.name.len - element.len - 1; /* "winlog.event_data" of "winlog.event_data.Data" */
        parent.name.len = cut;
        if (!jw_names_enter(c->chunk, &parent, pieces.at[0].literal, &data))
            return false;
        text->name = data.name;
        text->id = jw_field_find(data.name);
        return true;
    }
    if (!jw_names_leaf(c->chunk, place, element, key, &leaf) || pieces.count == 0)
        return true;
    return keep(c, leaf, &pieces);
}

static bool element(struct compiler *c, const struct place *parent);

/* Between the tags: text and elements. *out_inner says whether there were elements. */
static bool content(struct compiler *c, const struct place *place, struct pieces *pieces, bool *out_inner) {
    for (;;) {
        bool taken;
        if (!step(c) || !piece(c, pieces, &taken))
            return false;
        if (taken)
            continue;
        uint8_t token = c->in.at < c->in.end ? c->in.base[c->in.at] : 0;
        if (token == 0x04) {
            bytes_take(&c->in, 1);
            return true;
        }
        if ((token & ~0x40) != 0x01 || !element(c, place))
            return false;
        *out_inner = true;
    }
}

static bool attributes(struct compiler *c, const struct place *place, jw_text called, struct leaf *text) {
    bytes_u32(&c->in); /* size of the list */
    while (c->in.at < c->in.end && (c->in.base[c->in.at] & ~0x40) == 0x06)
        if (!step(c) || !attribute(c, place, called, text))
            return false;
    return !c->in.bad;
}

static bool open_and_content(struct compiler *c, const struct place *parent) {
    struct place place;
    struct pieces pieces = {.count = 0};
    struct leaf text = {.name_index = -1};
    jw_text called;
    bool inner = false;
    uint8_t token = bytes_u8(&c->in);
    if (c->dependency)
        bytes_u16(&c->in);
    bytes_u32(&c->in); /* size */
    if (!name(c, &called) || !jw_names_enter(c->chunk, parent, called, &place) ||
        !jw_names_leaf(c->chunk, &place, called, (jw_text){0}, &text))
        return false;
    if (place.where == AT_DATA) {
        text.role = ROLE_DATA;
        if (jw_text_is(called, JW_TEXT("Data")))
            text.name.len = 0; /* until an attribute names it */
    }
    if ((token & 0x40) && !attributes(c, &place, called, &text))
        return false;
    uint8_t end = bytes_u8(&c->in); /* 0x02 closes the tag, 0x03 the element */
    if ((end != 0x02 && end != 0x03) || (end == 0x02 && !content(c, &place, &pieces, &inner)))
        return false;
    bool container = place.where < AT_SYSTEM_LEAF || place.where == AT_EVENT_DATA || place.where == AT_USER_DATA;
    if (container || (place.where == AT_USER_ROOT && pieces.count == 0) || (inner && pieces.count == 0) ||
        (place.where == AT_SYSTEM_LEAF && pieces.count == 0)) {
        if (pieces.count == 0)
            return true;
        text.role = container ? ROLE_INNER : text.role; /* its substitution may be BinXml */
    }
    text.inner = (struct place){place.where, text.name.len ? text.name : place.name};
    return keep(c, text, &pieces);
}

static bool element(struct compiler *c, const struct place *parent) {
    if (++c->depth > DEPTH)
        return false;
    bool done = open_and_content(c, parent);
    c->depth--;
    return done && !c->in.bad;
}

static struct program *finish(struct compiler *c, uint32_t offset, enum where where) {
    struct program *program = jw_arena_alloc(c->chunk->mem, sizeof *program);
    if (program)
        *program = (struct program){.offset = offset, .where = where, .leaves = c->leaves, .count = c->count};
    return program;
}

const struct program *jw_program_of_element(struct chunk *chunk, struct bytes *in, struct place place) {
    /* Written-out elements come with and without the dependency identifier; the wrong reading ends at once. */
    for (int with = 1; with >= 0; with--) {
        struct compiler c = {.chunk = chunk, .in = *in, .dependency = with};
        if (element(&c, &place)) {
            *in = c.in;
            return finish(&c, 0, place.where);
        }
    }
    return NULL;
}

const struct program *jw_program_of_template(struct chunk *chunk, uint32_t offset, struct place place) {
    struct program **slot = &chunk->programs[(offset >> 3 ^ offset) % 64];
    for (const struct program *at = *slot; at; at = at->next)
        if (at->offset == offset && at->where == place.where && place.where != AT_OTHER)
            return at;
    struct compiler c = {.chunk = chunk, .dependency = true};
    c.in = (struct bytes){chunk->bytes, offset, chunk->size, offset > chunk->size};
    bytes_take(&c.in, 20); /* offset of the next definition, GUID */
    uint32_t size = bytes_u32(&c.in);
    if (!bytes_have(&c.in, size))
        return NULL;
    c.in.end = c.in.at + size;
    if (size > 4 && c.in.base[c.in.at] == 0x0f) /* fragment header */
        bytes_take(&c.in, 4);
    if (!element(&c, &place))
        return NULL;
    struct program *program = finish(&c, offset, place.where);
    if (program) {
        program->next = *slot;
        *slot = program;
    }
    return program;
}
