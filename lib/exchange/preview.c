/* lib/exchange/preview.c — an import before it happens: header, rows, report. It writes nothing but its plan. */
#include "parts.h"

#include <string.h>

#include "audit/audit.h"
#include "base/time.h"
#include "ledger/characters.h"

#define ROW_MEM  ((size_t)32 << 20)
#define PROGRESS 1000

struct run {
    struct jw_preview *preview;
    const struct jw_import *import;
    struct jw_sheet_about about;
};

static const char *pick(const struct jw_preview *p, const char *zh, const char *en) {
    return jw_columns_pick(p->exchange->english, zh, en);
}

static jw_status add_note(struct jw_preview *p, const char *address, const char *text, struct jw_error *err) {
    json_t *note = json_pack("{ss ss}", "cell", address, "text", text);
    return note && json_array_append_new(p->notes, note) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static const char *name_of(const struct jw_preview *p, int field) {
    static const char *const fixed[] = {"id", "version", "state"};
    return field >= 0 ? p->exchange->ledger->fields[field].name : fixed[-1 - field];
}

static jw_status take_header_cell(struct jw_preview *p, const struct jw_row *row, size_t i, struct jw_error *err) {
    char address[JW_SHEET_ADDRESS], title[200];
    jw_text text = jw_characters_trim(row->cells[i].text);
    int field = text.len ? jw_columns_find(p->exchange->ledger, text) : JW_COLUMNS_NONE;
    p->fields[i] = field;
    jw_sheet_address(i, row->number, address);
    snprintf(title, sizeof title, "%.*s", (int)(text.len < 180 ? text.len : 180), text.len ? text.ptr : "");
    jw_characters_mend(title);
    for (size_t k = 0; k < i && field != JW_COLUMNS_NONE; k++)
        if (p->fields[k] == field)
            return jw_fail(err, JW_E_SYNTAX,
                           pick(p, "%s：“%s”这一列出现了两次", "%s: the column \"%s\" is there twice"), address,
                           title);
    if (field == JW_COLUMNS_NONE)
        return text.len ? add_note(p, address,
                                   pick(p, "台账里没有这个字段，整列不导入",
                                        "the ledger has no such field: the column is left out"),
                                   err)
                        : JW_OK;
    json_t *column = json_pack("{ss ss ss}", "cell", address, "title", title, "field", name_of(p, field));
    if (!column || json_array_append_new(p->columns, column) != 0)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    if (field == JW_COLUMNS_STATE)
        return add_note(p, address,
                        pick(p, "流程状态由流程决定，不导入", "the workflow decides of its state: left out"), err);
    if (field >= 0 && p->exchange->ledger->fields[field].type->stored == JW_STORED_NOTHING)
        return add_note(p, address, pick(p, "这一列是计算出来的，不导入", "the column is computed: left out"), err);
    return JW_OK;
}

static jw_status take_header(struct jw_preview *p, const struct jw_row *row, struct jw_error *err) {
    size_t known = 0;
    jw_status st = JW_OK;
    p->header = row->number;
    p->column_count = row->count;
    for (size_t i = 0; i < row->count && st == JW_OK; i++) {
        st = take_header_cell(p, row, i, err);
        known += st == JW_OK && p->fields[i] >= 0;
    }
    if (st == JW_OK && !known)
        return jw_fail(err, JW_E_SYNTAX,
                       pick(p, "第%u行里没有一个列名属于台账“%s”；请用下载的模板",
                            "row %u names no field of %s; use its template"),
                       row->number, pick(p, p->exchange->ledger->title.zh, p->exchange->ledger->title.en));
    return st;
}

static jw_status on_row(void *context, const struct jw_row *row, struct jw_error *err) {
    struct run *run = context;
    struct jw_preview *p = run->preview;
    if (!p->header)
        return take_header(p, row, err);
    if (p->exchange->progress && p->rows % PROGRESS == 0)
        p->exchange->progress(p->exchange->progress_context, p->rows, 0);
    return jw_preview_row(p, row, err);
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct run *run = context;
    const struct jw_sheet_choice choice = {run->import->sheet};
    run->preview->sql = sql;
    return jw_sheet_read(run->import->file, &choice, on_row, run, &run->about, err);
}

/* The last part of a path. */
static const char *base_name(const char *name) {
    const char *slash = strrchr(name ? name : "", '/');
    return slash ? slash + 1 : name ? name : "";
}

static jw_status report(struct run *run, json_t **out, struct jw_error *err) {
    struct jw_preview *p = run->preview;
    char sm3[JW_AUDIT_HASH], name[200];
    jw_status st = jw_sm3_hex(run->import->file, sm3, err);
    snprintf(name, sizeof name, "%s", base_name(run->import->file_name));
    jw_characters_mend(name);
    if (st == JW_OK && !p->header)
        st = jw_fail(err, JW_E_SYNTAX, "%s", pick(p, "文件是空的", "the file is empty"));
    if (st == JW_OK && p->formulas)
        st = add_note(p, "",
                      pick(p, "有的单元格是公式：导入的是保存时的结果",
                           "some cells are formulas: their saved results are taken"),
                      err);
    if (st != JW_OK)
        return st;
    const struct jw_actor *actor = &p->exchange->actor;
    *out =
        json_pack("{ss ss ss ss ss ss sI ss% sI sI sI sI sI sO sO sO sI}", "id", p->kept.id, "ledger",
                  p->exchange->ledger->name, "file", name, "sm3", sm3, "format", run->about.format, "sheet",
                  jw_text_is_utf8(jw_text_from(run->about.name)) ? run->about.name : "", "at",
                  (json_int_t)(jw_time_now() / 1000), "who", actor->who.ptr ? actor->who.ptr : "", actor->who.len,
                  "rows", (json_int_t)p->rows, "new", (json_int_t)p->made, "changed", (json_int_t)p->changed,
                  "same", (json_int_t)p->same, "wrong", (json_int_t)p->wrong, "columns", p->columns, "notes",
                  p->notes, "errors", p->errors, "errors_left_out", (json_int_t)p->left_out);
    return *out ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static jw_status read_all(struct run *run, json_t **out, struct jw_error *err) {
    struct jw_preview *p = run->preview;
    const char *folder = p->exchange->folder;
    jw_status st = jw_kept_new(folder, &p->kept, err);
    if (st != JW_OK)
        return st;
    st = jw_store_look(p->exchange->store, look, run, err);
    if (st == JW_OK)
        st = report(run, out, err);
    if (st == JW_OK)
        st = jw_kept_finish(folder, &p->kept, *out, err);
    else
        jw_kept_abandon(folder, &p->kept);
    if (st != JW_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}

jw_status jw_exchange_preview(const struct jw_exchange *exchange, const struct jw_import *import, json_t **out,
                              struct jw_error *err) {
    JW_AUTO(jw_rights_free_p) struct jw_rights *rights = NULL;
    JW_AUTO(jw_names_free_p) struct jw_names *names = jw_names_new(exchange);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(ROW_MEM);
    JW_AUTO(jw_seen_free_p) struct jw_seen *rows = jw_seen_new(JW_EXCHANGE_ROWS);
    JW_AUTO(jw_seen_free_p) struct jw_seen *values = jw_seen_new((size_t)JW_EXCHANGE_ROWS * 4);
    struct jw_preview *p = calloc(1, sizeof *p);
    jw_status st = p && names && mem && rows && values ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    *out = NULL;
    if (st == JW_OK && !exchange->holder->root)
        st = jw_rights_new(exchange->roles, exchange->ledger, exchange->holder, &rights, err);
    if (st == JW_OK && !jw_exchange_may(exchange, rights, JW_MAY_IMPORT))
        st = jw_fail(
            err, JW_E_DENIED, "%s",
            jw_columns_pick(exchange->english, "没有导入这个台账的权限", "you may not import into this ledger"));
    if (st == JW_OK) {
        *p = (struct jw_preview){.exchange = exchange,
                                 .rights = rights,
                                 .names = names,
                                 .references = {names, exchange, rows, 0},
                                 .values = values,
                                 .mem = mem,
                                 .columns = json_array(),
                                 .notes = json_array(),
                                 .errors = json_array()};
        struct run run = {p, import, {0}};
        st = read_all(&run, out, err);
        json_decref(p->columns);
        json_decref(p->notes);
        json_decref(p->errors);
    }
    free(p);
    return st;
}
