/* lib/ledger/declare_fuzz.c — a ledger file may say anything: it becomes a ledger that keeps its promises, or a
 * complaint with a place. A field's default is right under its own rules, and its expression ends. */
#include "declare.h"
#include "rules.h"

#include "test/fuzz.h"

static const struct jw_ledger *find_any(const void *context, const char *name) {
    (void)name;
    return context;
}

/* Two related records, both the ledger's defaults. */
static jw_status visit_twice(void *context, const char *name, const char *field, jw_expression_visit visit,
                             void *with, struct jw_error *err) {
    (void)name, (void)field, (void)err;
    if (visit(with, context))
        visit(with, context);
    return JW_OK;
}

static void run(const struct jw_ledger *ledger, struct jw_arena *mem) {
    struct jw_ledger_fault faults[8];
    size_t count = 8;
    json_t *in = json_object(), *record = NULL;
    jw_status st = jw_ledger_check(ledger, in, true, &record, faults, &count, NULL);
    assert(st == JW_OK);
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        struct jw_expression *expression = jw_rule_expression(field);
        json_t *again = NULL, *value = NULL;
        if (field->preset) {
            st = field->type->check(field, field->preset, &again, NULL);
            assert(st == JW_OK && json_equal(again, field->preset));
            json_object_set(record, field->name, field->preset);
        }
        struct jw_expression_world world = {
            .record = record, .today = 20000, .mem = mem, .context = record, .related = visit_twice};
        if (expression && jw_expression_run(expression, &world, &value, NULL) == JW_OK)
            assert(value);
        json_decref(again);
        json_decref(value);
    }
    json_decref(in);
    json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_arena *mem = jw_arena_new(32 << 20);
    struct jw_source source;
    struct jw_ledger ledger = {0};
    if (!mem)
        return 0;
    jw_source_open(&source, (jw_text){(const char *)data, size}, mem);
    jw_declare_ledger(&source, "fuzz", &ledger);
    if (jw_source_good(&source))
        jw_declare_resolve(&source, &ledger, find_any, &ledger);
    if (jw_source_good(&source))
        run(&ledger, mem);
    else
        assert(*source.reason && jw_text_is_utf8(jw_text_from(source.reason)) &&
               (source.state == JW_E_LIMIT || (source.line > 0 && source.column > 0)));
    jw_declare_forget(&ledger);
    jw_source_close(&source);
    jw_arena_free(mem);
    return 0;
}
