/* lib/ledger/value_fuzz.c — the first byte chooses the type of field, the second JSON or a cell of a table; the
 * rest is the value. What `check` gives, it takes and gives again; what is shown reads back as it; columns come
 * back. */
#include "declare.h"

#include "test/fuzz.h"

#define TYPES 64

static struct jw_ledger ledgers[TYPES];
static struct jw_source sources[TYPES];

/* A ledger for each type, once: they lie in static memory for the whole run. */
static size_t declare_all(void) {
    size_t count = 0;
    for (; jw_ledger_types[count]; count++) {
        char yaml[2000];
        const struct jw_ledger_type *type = jw_ledger_types[count];
        assert(count < TYPES);
        snprintf(yaml, sizeof yaml, "title: x\nfields:\n  name: {type: text}\n  it: {type: %s%s%s}\n", type->name,
                 type->needs ? ", " : "", type->needs ? type->needs : "");
        jw_source_open(&sources[count], jw_text_from(yaml), jw_arena_new(8 << 20));
        jw_declare_ledger(&sources[count], "fuzz", &ledgers[count]);
        assert(jw_source_good(&sources[count]));
    }
    return count;
}

static void show_and_read(const struct jw_ledger_field *field, const json_t *value, const char *language) {
    jw_buffer shown = JW_BUFFER(1 << 22);
    json_t *read = NULL, *back = NULL;
    if (field->type->show)
        field->type->show(field, value, language, &shown);
    if (field->type->show && field->type->read && !shown.failed && strcmp(field->type->name, "attachment") != 0) {
        jw_status st = field->type->read(field, jw_buffer_text(&shown), &read, NULL);
        assert(st == JW_OK);
        st = field->type->check(field, read, &back, NULL);
        assert(st == JW_OK && json_equal(value, back));
    }
    json_decref(read);
    json_decref(back);
    jw_buffer_free(&shown);
}

static void pack_and_unpack(const struct jw_ledger_field *field, const json_t *value) {
    jw_buffer column = JW_BUFFER(200), back = JW_BUFFER(200);
    jw_text text = {json_string_value(value), json_string_length(value)};
    bool good = !field->type->pack ||
                (field->type->pack(text, &column) && field->type->unpack(jw_buffer_text(&column), &back) &&
                 jw_text_is(text, jw_buffer_text(&back)));
    assert(good);
    jw_buffer_free(&column);
    jw_buffer_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static size_t types;
    if (!types)
        types = declare_all();
    if (size < 2)
        return 0;
    const struct jw_ledger *ledger = &ledgers[*data % types];
    const struct jw_ledger_field *field = &ledger->fields[1];
    json_t *in = NULL, *out = NULL, *again = NULL, *masked = NULL;
    jw_text rest = {(const char *)data + 2, size - 2};
    if (data[1] & 1 && field->type->read) {
        if (field->type->read(field, rest, &in, NULL) != JW_OK)
            in = NULL;
    } else
        in = json_loadb(rest.ptr, rest.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (in && !json_is_null(in) && field->type->check(field, in, &out, NULL) == JW_OK) {
        jw_status st = field->type->check(field, out, &again, NULL);
        assert(st == JW_OK && json_equal(out, again));
        show_and_read(field, out, "zh");
        show_and_read(field, out, "en");
        pack_and_unpack(field, out);
        jw_ledger_mask(field, out, &masked);
        assert(masked);
    }
    json_decref(in), json_decref(out), json_decref(again), json_decref(masked);
    return 0;
}
