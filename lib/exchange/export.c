/* lib/exchange/export.c — records of a query into a file, page by page, as one person may see them. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "store/column.h"

#define PAGE    500
#define ROW_MEM ((size_t)32 << 20)

struct export {
    const struct jw_exchange *exchange;
    const struct jw_export *how;
    struct jw_rights *rights; /* NULL: root */
    struct jw_names *names;
    struct jw_arena *mem;
    struct jw_columns columns;
    struct jw_sheet_column sheet[JW_LEDGER_FIELDS + 3];
    struct jw_sheet_writer *writer;
    FILE *lines;
    int64_t rows;
    bool shown; /* something sensitive, as it is */
};

bool jw_exchange_may(const struct jw_exchange *exchange, const struct jw_rights *rights, unsigned may) {
    return exchange->holder->root || (rights && jw_rights_may(rights, may));
}

bool jw_exchange_format_find(jw_text name, jw_exchange_format *out) {
    static const char *const names[] = {"csv", "xlsx", "json"};
    for (size_t i = 0; i < 3; i++)
        if (jw_text_is(name, jw_text_from(names[i])))
            return *out = (jw_exchange_format)i, true;
    return false;
}

void jw_exchange_file_name(const struct jw_exchange *exchange, jw_exchange_format format, const char *day,
                           char out[JW_EXCHANGE_NAME]) {
    static const char *const ends[] = {"csv", "xlsx", "jsonl"};
    const struct jw_ledger *ledger = exchange->ledger;
    char title[200];
    snprintf(title, sizeof title, "%.150s", exchange->english ? ledger->title.en : ledger->title.zh);
    for (char *p = title; *p; p++)
        if ((unsigned char)*p < ' ' || strchr("/\\:*?\"<>|", *p))
            *p = '_';
    snprintf(out, JW_EXCHANGE_NAME, "%s-%.4s%.2s%.2s.%s", title, day, day + 5, day + 8, ends[format]);
}

/* --- rows --- */
static jw_status fixed_cell(struct export *e, const json_t *record, int field, struct jw_cell *out) {
    static const char *const keys[] = {"id", "version", "state"};
    const json_t *value = json_object_get(record, keys[-1 - field]);
    char text[32];
    *out = (struct jw_cell){.kind = json_is_integer(value) ? JW_CELL_NUMBER : JW_CELL_TEXT};
    out->number = json_number_value(value);
    snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    out->text = json_is_integer(value) ? jw_arena_copy(e->mem, jw_text_from(text))
                                       : jw_text_from(json_string_value(value) ? json_string_value(value) : "");
    return JW_OK;
}

static jw_status add_cells(struct export *e, const json_t *record, const json_t *shown, struct jw_error *err) {
    const struct jw_ledger *ledger = e->exchange->ledger;
    const json_t *fields = json_object_get(shown, "fields"), *whole = json_object_get(record, "fields");
    struct jw_cell cells[JW_LEDGER_FIELDS + 3];
    jw_status st = JW_OK;
    for (size_t i = 0; i < e->columns.count && st == JW_OK; i++) {
        int at = e->columns.fields[i];
        if (at < 0) {
            st = fixed_cell(e, record, at, &cells[i]);
            continue;
        }
        const json_t *value = json_object_get(fields, ledger->fields[at].name);
        bool masked = value && !json_equal(value, json_object_get(whole, ledger->fields[at].name));
        st = jw_cells_show(e->names, &ledger->fields[at], value, masked, e->exchange->english, e->mem, &cells[i],
                           err);
    }
    return st == JW_OK ? jw_sheet_add(e->writer, cells, e->columns.count, err) : st;
}

static jw_status add_line(struct export *e, const json_t *shown, struct jw_error *err) {
    bool good = json_dumpf(shown, e->lines, JSON_COMPACT) == 0 && fputc('\n', e->lines) != EOF;
    return good ? JW_OK : jw_fail(err, JW_E_SYSTEM, "cannot write: %s", strerror(errno));
}

static jw_status add_record(struct export *e, json_t *record, struct jw_error *err) {
    bool plain = false;
    json_t *shown = e->rights ? jw_rights_export(e->rights, record, e->how->unmask, &plain) : json_incref(record);
    jw_status st = JW_OK;
    jw_arena_reset(e->mem);
    if (!shown)
        st = jw_fail(err, JW_E_LIMIT, "no memory");
    else if (json_is_object(shown)) {
        st = e->lines ? add_line(e, shown, err) : add_cells(e, record, shown, err);
        e->rows++;
    }
    e->shown |= plain;
    json_decref(shown);
    return st;
}

static jw_status add_all(struct export *e, struct jw_error *err) {
    struct jw_store_query query = {.sort = JW_COLUMN_ID};
    struct jw_rights_scope allowed = {.all = true};
    if (e->how->query)
        query = *e->how->query;
    if (e->rights)
        jw_rights_get_scope(e->rights, JW_MAY_EXPORT, -1, &allowed);
    const struct jw_store_scope scope = {allowed.places, allowed.units, allowed.owner};
    if (!allowed.all &&
        !query.removed) /* removed records are for those who may bring them back: a narrower scope */
        query.scope = &scope;
    query.ledger = e->exchange->ledger;
    query.limit = PAGE;
    query.offset = query.after = 0;
    query.count = false;
    for (;;) {
        json_t *rows = NULL;
        int64_t total;
        jw_status st = jw_store_list(e->exchange->store, &query, &rows, &total, err);
        size_t count = json_array_size(rows);
        for (size_t i = 0; i < count && st == JW_OK; i++)
            st = add_record(e, json_array_get(rows, i), err);
        if (count)
            query.after = json_integer_value(json_object_get(json_array_get(rows, count - 1), "id"));
        json_decref(rows);
        if (st == JW_OK && e->exchange->progress)
            e->exchange->progress(e->exchange->progress_context, (size_t)e->rows, 0);
        if (st != JW_OK || count < PAGE)
            return st == JW_END ? jw_fail(err, JW_E_SYSTEM, "a record was removed meanwhile; export again") : st;
    }
}

/* --- the file --- */
/* A field that the asker sees of no record is no column: an empty one would empty it when somebody else imports it.
 */
static void drop_hidden(struct export *e) {
    struct jw_columns *columns = &e->columns;
    size_t kept = 0;
    for (size_t i = 0; i < columns->count; i++) {
        int field = columns->fields[i];
        if (field >= 0 && e->rights && !jw_rights_may_some(e->rights, JW_MAY_EXPORT, field))
            continue;
        memmove(columns->titles[kept], columns->titles[i], sizeof columns->titles[i]);
        columns->fields[kept++] = field;
    }
    columns->count = kept;
}

static void describe(struct export *e) {
    const struct jw_ledger *ledger = e->exchange->ledger;
    jw_columns_of(ledger, e->exchange->english, false, &e->columns);
    drop_hidden(e);
    for (size_t i = 0; i < e->columns.count; i++) {
        struct jw_sheet_column *column = &e->sheet[i];
        int at = e->columns.fields[i];
        *column = (struct jw_sheet_column){.title = e->columns.titles[i], .kind = JW_CELL_NUMBER};
        if (at == JW_COLUMNS_STATE)
            column->kind = JW_CELL_TEXT;
        if (at < 0)
            continue;
        column->kind = jw_cells_kind(&ledger->fields[at], &column->time);
        column->required = ledger->fields[at].required;
        column->width = column->kind == JW_CELL_DATE ? (column->time ? 20 : 12) : at == ledger->called ? 30 : 0;
    }
}

static jw_status write_sheet(struct export *e, const char *path, struct jw_error *err) {
    const struct jw_ledger *ledger = e->exchange->ledger;
    jw_sheet_format format = e->how->format == JW_EXCHANGE_XLSX ? JW_SHEET_XLSX : JW_SHEET_CSV;
    describe(e);
    jw_status st = jw_sheet_create(path, format, &e->writer, err);
    if (st != JW_OK)
        return st;
    st = jw_sheet_begin(e->writer, e->exchange->english ? ledger->title.en : ledger->title.zh, e->sheet,
                        e->columns.count, err);
    if (st == JW_OK)
        st = add_all(e, err);
    if (st == JW_OK)
        return jw_sheet_finish(e->writer, err);
    jw_sheet_abandon(e->writer);
    return st;
}

static jw_status write_lines(struct export *e, const char *path, struct jw_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    e->lines = fd < 0 ? NULL : fdopen(fd, "w");
    if (!e->lines)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    jw_status st = add_all(e, err);
    if (fclose(e->lines) != 0 && st == JW_OK)
        st = jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    if (st != JW_OK)
        unlink(path);
    return st;
}

/* --- proof --- */
static jw_status tell(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    static const char *const formats[] = {"csv", "xlsx", "json"};
    const struct export *e = context;
    const struct jw_actor *actor = &e->exchange->actor;
    char object[JW_LEDGER_NAME + 8], detail[256];
    const struct jw_store_query *query = e->how->query;
    snprintf(object, sizeof object, "%s", e->exchange->ledger->name);
    snprintf(detail, sizeof detail,
             "{\"format\":\"%s\",\"rows\":%lld,\"filters\":%zu,\"words\":%s,\"unmasked\":%s}",
             formats[e->how->format], (long long)e->rows, query ? query->filter_count : 0,
             query && query->words.len ? "true" : "false", e->shown || !e->rights ? "true" : "false");
    struct jw_audit_entry entry = {.at = now,
                                   .who = actor->who,
                                   .origin = actor->origin,
                                   .action = JW_TEXT("export"),
                                   .object = jw_text_from(object),
                                   .detail = jw_text_from(detail)};
    return jw_audit_append(sql, &entry, err);
}

jw_status jw_exchange_export(const struct jw_exchange *exchange, const struct jw_export *how, const char *path,
                             int64_t *out_rows, struct jw_error *err) {
    struct export e = {.exchange = exchange, .how = how};
    JW_AUTO(jw_rights_free_p) struct jw_rights *rights = NULL;
    JW_AUTO(jw_names_free_p) struct jw_names *names = jw_names_new(exchange);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(ROW_MEM);
    if (!names || !mem)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = exchange->holder->root
                       ? JW_OK
                       : jw_rights_new(exchange->roles, exchange->ledger, exchange->holder, &rights, err);
    if (st != JW_OK)
        return st;
    if (!jw_exchange_may(exchange, rights, JW_MAY_EXPORT))
        return jw_fail(
            err, JW_E_DENIED, "%s",
            jw_columns_pick(exchange->english, "没有导出这个台账的权限", "you may not export this ledger"));
    e.rights = rights;
    e.names = names;
    e.mem = mem;
    st = how->format == JW_EXCHANGE_JSON ? write_lines(&e, path, err) : write_sheet(&e, path, err);
    if (st == JW_OK) {
        st = jw_store_do(exchange->store, tell, &e, err);
        if (st != JW_OK)
            unlink(path); /* what cannot be proved does not leave */
    }
    *out_rows = e.rows;
    return st;
}
