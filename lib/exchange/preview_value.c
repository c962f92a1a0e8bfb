/* lib/exchange/preview_value.c — the cells of one row as values of fields, each fault with its cell. */
#include "parts.h"

#include <string.h>

#include "desk/answer.h"
#include "ledger/characters.h"
#include "ledger/rules.h"

struct reading {
    struct jw_preview *preview;
    const struct jw_row *row;
    const struct jw_ledger_field *field;
    int column;
};

static const char *pick(const struct jw_preview *p, const char *zh, const char *en) {
    return jw_columns_pick(p->exchange->english, zh, en);
}

/* A cell's own text is what export shows of the value that is there: it was not touched. So masked values, files
 * and names that two have come back as they went. */
static jw_status is_untouched(struct reading *r, const json_t *value, const struct jw_cell *cell, bool *out,
                              struct jw_error *err) {
    struct jw_preview *p = r->preview;
    struct jw_cell shown;
    json_t *masked = NULL;
    jw_status st = JW_OK;
    *out = false;
    for (int english = 0; english < 2 && st == JW_OK && !*out; english++) {
        st = jw_cells_show(p->names, r->field, value, false, english, p->mem, &shown, err);
        *out = st == JW_OK && jw_text_is(shown.text, cell->text);
    }
    if (st == JW_OK && !*out && r->field->sensitivity != JW_OPEN) {
        jw_ledger_mask(r->field, value, &masked);
        st = jw_cells_show(p->names, r->field, masked, true, false, p->mem, &shown, err);
        *out = st == JW_OK && jw_text_is(shown.text, cell->text);
        json_decref(masked);
    }
    return st;
}

/* A day where a point in time is wanted, and the other way: Excel shows midnight as it likes. */
static jw_text mend_date(struct reading *r, const struct jw_cell *cell) {
    bool time;
    jw_text text = cell->text, day;
    if (cell->kind != JW_CELL_DATE || jw_cells_kind(r->field, &time) != JW_CELL_DATE)
        return text;
    bool has_time = jw_text_cut(&text, ' ', &day);
    if (!time && has_time && (jw_text_is(text, JW_TEXT("00:00")) || jw_text_is(text, JW_TEXT("00:00:00"))))
        return day;
    if (!time || has_time)
        return cell->text;
    jw_buffer whole = JW_BUFFER(64);
    jw_buffer_print(&whole, "%.*s 00:00", (int)cell->text.len, cell->text.ptr);
    jw_text out = jw_arena_copy(r->preview->mem, jw_buffer_text(&whole));
    jw_buffer_free(&whole);
    return out;
}

static void translate(const struct jw_ledger_field *field, struct jw_error *err) {
    char text[640];
    struct jw_ledger_fault fault = {.field = field->name, .rule = "type"};
    snprintf(fault.text, sizeof fault.text, "%s", err->text);
    jw_answer_zh(field, &fault, text, sizeof text);
    snprintf(err->text, sizeof err->text, "%.*s", (int)sizeof err->text - 1, text);
    jw_characters_mend(err->text);
}

/* JW_E_SYNTAX: err says why, for people. */
static jw_status read_value(struct reading *r, const struct jw_cell *cell, json_t **out, struct jw_error *err) {
    const struct jw_ledger_field *field = r->field;
    struct jw_preview *p = r->preview;
    if (cell->kind == JW_CELL_ERROR)
        return jw_fail(err, JW_E_SYNTAX, "%s",
                       pick(p, "公式没有结果；请改为数值再导入", "a formula without a result; write its value"));
    if (cell->rounded && jw_cells_kind(field, &(bool){0}) != JW_CELL_NUMBER)
        return jw_fail(err, JW_E_SYNTAX, "%s",
                       pick(p, "Excel 只保留了前15位数字；请把这一列设为文本格式再填写",
                            "Excel has kept 15 digits only; make the column text and write it again"));
    if (jw_rule_reference(field))
        return jw_references_read(&p->references, field, cell->text, out, err);
    jw_text text = mend_date(r, cell);
    if (field->type->read) {
        jw_status st = field->type->read(field, text, out, err);
        if (st == JW_E_SYNTAX && !p->exchange->english)
            translate(field, err);
        return st;
    }
    *out = json_stringn(text.ptr, text.len);
    return *out ? JW_OK : jw_fail(err, JW_E_SYNTAX, "%s", pick(p, "不是 UTF-8 文字", "is not UTF-8"));
}

static jw_status read_cell(struct reading *r, const struct jw_cell *cell, const json_t *before, json_t *into,
                           bool *wrong, struct jw_error *err) {
    const char *name = r->field->name;
    const json_t *old = json_object_get(json_object_get(before, "fields"), name);
    struct jw_error why = {{0}};
    json_t *value = NULL;
    bool untouched = false;
    jw_status st = JW_OK;
    if (r->field->type->stored == JW_STORED_NOTHING)
        return JW_OK; /* computed: exported, never imported */
    if (before)
        st = is_untouched(r, old, cell, &untouched, err);
    if (st != JW_OK || untouched)
        return st;
    if (jw_characters_trim(cell->text).len == 0) {
        if (before) /* on a new record it gets its default */
            json_object_set_new(into, name, json_null());
        return JW_OK;
    }
    st = read_value(r, cell, &value, &why);
    if (st == JW_E_SYNTAX) {
        *wrong = true;
        return jw_preview_complain(r->preview, r->row->number, r->column, name, "type", why.text, err);
    }
    if (st != JW_OK) {
        json_decref(value);
        return jw_fail(err, st, "%s", why.text);
    }
    return json_object_set_new(into, name, value) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

jw_status jw_preview_values(struct jw_preview *p, const struct jw_row *row, const json_t *before, json_t **out,
                            bool *wrong, struct jw_error *err) {
    static const struct jw_cell nothing = {0};
    const struct jw_ledger *ledger = p->exchange->ledger;
    json_t *given = json_object();
    jw_status st = given ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; i < p->column_count && st == JW_OK; i++) {
        if (p->fields[i] < 0)
            continue;
        struct reading reading = {p, row, &ledger->fields[p->fields[i]], (int)i};
        const struct jw_cell *cell = i < row->count ? &row->cells[i] : &nothing;
        if (cell->formula)
            p->formulas = true;
        st = read_cell(&reading, cell, before, given, wrong, err);
    }
    if (st == JW_OK)
        *out = given;
    else
        json_decref(given);
    return st;
}
