/* lib/exchange/template.c — a table to fill in. A clerk who has only this file knows what to write where. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/choice.h"
#include "ledger/rules.h"

#define INLINE_MOST 240 /* bytes of choices that stand in the cell's rule; more stand on a sheet */

struct template {
    const struct jw_exchange *exchange;
    struct jw_arena *mem;
    struct jw_columns columns;
    struct jw_sheet_column sheet[JW_LEDGER_FIELDS + 3];
    const char **choices[JW_LEDGER_FIELDS + 3];     /* of each column; NULL: any text */
    size_t lists[JW_LEDGER_FIELDS + 3], list_count; /* columns whose choices stand on the third sheet */
    size_t longest;
};

static const struct jw_ledger_field *field_of(const struct template *t, size_t column) {
    return &t->exchange->ledger->fields[t->columns.fields[column]];
}

static const char *pick(const struct template *t, const struct jw_ledger_label *label) {
    return t->exchange->english ? label->en : label->zh;
}

/* Labels as `show` gives them, so that the same field reads them. */
static const char **labels_of(struct template *t, const struct jw_ledger_field *field, size_t *bytes) {
    static const char *const yes_no[][3] = {{"是", "否", NULL}, {"yes", "no", NULL}};
    const char *type = field->type->name;
    const struct jw_choices *choices = field->rule;
    *bytes = 8;
    if (strcmp(type, "boolean") == 0)
        return (const char **)(uintptr_t)yes_no[t->exchange->english];
    if (!choices || (strcmp(type, "choice") != 0 && strcmp(type, "choices") != 0 && strcmp(type, "tree") != 0))
        return NULL;
    const char **list = jw_arena_alloc(t->mem, ((size_t)choices->count + 1) * sizeof *list);
    size_t count = 0;
    for (int i = 0; list && i < choices->count; i++) {
        jw_buffer shown = JW_BUFFER(4096);
        json_t *value = strcmp(type, "choices") == 0 ? json_pack("[s]", choices->list[i].value)
                                                     : json_string(choices->list[i].value);
        if (choices->leaf_only && !choices->list[i].leaf) {
            json_decref(value);
            continue;
        }
        field->type->show(field, value, t->exchange->english ? "en" : "zh", &shown);
        list[count] = jw_arena_cstr(t->mem, jw_buffer_text(&shown));
        *bytes += shown.len + 1;
        count += list[count] != NULL;
        json_decref(value);
        jw_buffer_free(&shown);
    }
    if (list)
        list[count] = NULL;
    return list;
}

static void describe(struct template *t) {
    jw_columns_of(t->exchange->ledger, t->exchange->english, true, &t->columns);
    for (size_t i = 0; i < t->columns.count; i++) {
        const struct jw_ledger_field *field = field_of(t, i);
        struct jw_sheet_column *column = &t->sheet[i];
        size_t bytes;
        *column = (struct jw_sheet_column){
            .title = t->columns.titles[i], .help = pick(t, &field->help), .required = field->required};
        column->kind = jw_cells_kind(field, &column->time);
        column->width = column->kind == JW_CELL_DATE ? (column->time ? 20 : 12) : 0;
        t->choices[i] = labels_of(t, field, &bytes);
        if (!t->choices[i])
            continue;
        if (bytes <= INLINE_MOST) {
            column->choices = t->choices[i];
            continue;
        }
        size_t count = 0;
        while (t->choices[i][count])
            count++;
        char address[JW_SHEET_ADDRESS], *at = jw_arena_alloc(t->mem, 64);
        jw_sheet_address(t->list_count, 0, address);
        address[strlen(address) - 1] = '\0'; /* the column alone */
        if (at)
            snprintf(at, 64, "=%s!$%s$2:$%s$%zu", jw_columns_pick(t->exchange->english, "选项", "Choices"), address,
                     address, count + 1);
        column->choices_at = at;
        t->lists[t->list_count++] = i;
        t->longest = count > t->longest ? count : t->longest;
    }
}

static struct jw_cell text(const char *value) {
    return (struct jw_cell){.kind = value && *value ? JW_CELL_TEXT : JW_CELL_EMPTY,
                            .text = jw_text_from(value ? value : "")};
}

static const char *example_of(struct template *t, size_t column) {
    const struct jw_ledger_field *field = field_of(t, column);
    if (field->example)
        return field->example;
    if (t->choices[column])
        return t->choices[column][0];
    if (jw_rule_reference(field))
        return jw_columns_pick(t->exchange->english, "名称，或 #17", "its name, or #17");
    json_t *sample = json_loads(field->type->sample, JSON_DECODE_ANY, NULL);
    jw_buffer shown = JW_BUFFER(4096);
    if (sample && field->type->show)
        field->type->show(field, sample, t->exchange->english ? "en" : "zh", &shown);
    else if (sample)
        jw_buffer_add(&shown, jw_text_from(json_string_value(sample) ? json_string_value(sample) : ""));
    const char *out = shown.len ? jw_arena_cstr(t->mem, jw_buffer_text(&shown)) : "";
    jw_buffer_free(&shown);
    json_decref(sample);
    return out ? out : "";
}

static const char *choices_of(struct template *t, size_t column) {
    jw_buffer out = JW_BUFFER(8192);
    const struct jw_rule_reference *rule = jw_rule_reference(field_of(t, column));
    const struct jw_ledger *to = rule ? jw_ledgers_find(t->exchange->ledgers, jw_text_from(rule->ledger)) : NULL;
    if (to)
        jw_buffer_print(&out, "%s%s", jw_columns_pick(t->exchange->english, "台账：", "ledger: "),
                        pick(t, &to->title));
    for (size_t i = 0; t->choices[column] && t->choices[column][i] && out.len < 4000; i++)
        jw_buffer_print(&out, "%s%s", i ? "、" : "", t->choices[column][i]);
    const char *made = out.len ? jw_arena_cstr(t->mem, jw_buffer_text(&out)) : "";
    jw_buffer_free(&out);
    return made ? made : "";
}

/* The second sheet: a row for each column. */
static jw_status explain(struct template *t, struct jw_sheet_writer *writer, struct jw_error *err) {
    static const char *const zh[] = {"列名", "必填", "示例", "可选值", "怎么填"};
    static const char *const en[] = {"Column", "Required", "Example", "Choices", "How"};
    static const size_t widths[] = {24, 8, 30, 40, 60};
    struct jw_sheet_column heads[5];
    bool english = t->exchange->english;
    for (size_t i = 0; i < 5; i++)
        heads[i] =
            (struct jw_sheet_column){.title = english ? en[i] : zh[i], .kind = JW_CELL_TEXT, .width = widths[i]};
    jw_status st = jw_sheet_begin(writer, english ? "How to fill in" : "填写说明", heads, 5, err);
    for (size_t i = 0; i < t->columns.count && st == JW_OK; i++) {
        const struct jw_ledger_field *field = field_of(t, i);
        const struct jw_cell cells[] = {
            text(t->columns.titles[i]), text(field->required ? jw_columns_pick(english, "是", "yes") : ""),
            text(example_of(t, i)), text(choices_of(t, i)), text(pick(t, &field->help))};
        st = jw_sheet_add(writer, cells, 5, err);
    }
    return st;
}

static jw_status list_choices(struct template *t, struct jw_sheet_writer *writer, struct jw_error *err) {
    struct jw_sheet_column heads[JW_LEDGER_FIELDS];
    struct jw_cell cells[JW_LEDGER_FIELDS];
    if (t->list_count == 0)
        return JW_OK;
    for (size_t k = 0; k < t->list_count; k++)
        heads[k] =
            (struct jw_sheet_column){.title = t->columns.titles[t->lists[k]], .kind = JW_CELL_TEXT, .width = 30};
    jw_status st =
        jw_sheet_begin(writer, jw_columns_pick(t->exchange->english, "选项", "Choices"), heads, t->list_count, err);
    bool ended[JW_LEDGER_FIELDS] = {false};
    for (size_t row = 0; row < t->longest && st == JW_OK; row++) {
        for (size_t k = 0; k < t->list_count; k++) {
            ended[k] = ended[k] || !t->choices[t->lists[k]][row];
            cells[k] = text(ended[k] ? "" : t->choices[t->lists[k]][row]);
        }
        st = jw_sheet_add(writer, cells, t->list_count, err);
    }
    return st;
}

jw_status jw_exchange_template(const struct jw_exchange *exchange, const char *path, struct jw_error *err) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new((size_t)16 << 20);
    struct template *t = calloc(1, sizeof *t);
    struct jw_sheet_writer *writer = NULL;
    const struct jw_ledger *ledger = exchange->ledger;
    jw_status st =
        t && mem ? jw_sheet_create(path, JW_SHEET_XLSX, &writer, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK) {
        t->exchange = exchange;
        t->mem = mem;
        describe(t);
        st = jw_sheet_begin(writer, exchange->english ? ledger->title.en : ledger->title.zh, t->sheet,
                            t->columns.count, err);
        if (st == JW_OK)
            st = explain(t, writer, err);
        if (st == JW_OK)
            st = list_choices(t, writer, err);
        if (st == JW_OK)
            st = jw_sheet_finish(writer, err);
        else
            jw_sheet_abandon(writer);
    }
    free(t);
    return st;
}
