/* lib/store/store_computed.c — computed fields, when records are read. What a page needs of other ledgers comes in
 * a few statements for the whole page: equal related records are one row with their number. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "ledger/day.h"
#include "ledger/rules.h"

#define NEEDS     32
#define CHUNK     64 /* records of one statement */
#define GROUPS    JW_EXPRESSION_RELATED
#define MEM       ((size_t)4 << 20)
#define TEXT_MOST 8192

/* Related records that look alike. */
struct group {
    int64_t id; /* of the record they point to */
    int64_t count;
    json_t *record;
};

/* Everything that points to the records of the page by one field of one ledger. */
struct need {
    struct jw_expression_need ask;
    const struct jw_ledger *ledger;
    const struct jw_ledger_field *reference, *fields[JW_EXPRESSION_NEEDED];
    struct group *groups;
    size_t count, room;
    bool too_many;
};

struct computing {
    const struct jw_store_table *table;
    struct jw_sql *sql;
    json_t *rows;
    struct jw_arena *mem;
    struct need needs[NEEDS];
    size_t need_count;
    struct need *now;
    const json_t *record; /* whose fields are computed */
};

static int64_t id_of(const json_t *record) { return json_integer_value(json_object_get(record, "id")); }

/* --- what is needed ---------------------------------------------------------------------------------------------
 */
static struct need *find_need(struct computing *c, const char *ledger, const char *reference) {
    for (size_t i = 0; i < c->need_count; i++)
        if (strcmp(c->needs[i].ask.ledger, ledger) == 0 && strcmp(c->needs[i].ask.reference, reference) == 0)
            return &c->needs[i];
    return NULL;
}

static void merge(struct jw_expression_need *into, const struct jw_expression_need *from) {
    for (size_t i = 0; i < from->count; i++) {
        size_t k = 0;
        while (k < into->count && strcmp(into->fields[k], from->fields[i]) != 0)
            k++;
        if (k == into->count && k < JW_EXPRESSION_NEEDED)
            into->fields[into->count++] = from->fields[i];
    }
}

static void add_needs(struct computing *c, const struct jw_expression *expression) {
    struct jw_expression_need ask;
    for (size_t i = 0; jw_expression_get_need(expression, i, &ask); i++) {
        struct need *have = find_need(c, ask.ledger, ask.reference);
        if (have)
            merge(&have->ask, &ask);
        else if (c->need_count < NEEDS)
            c->needs[c->need_count++] = (struct need){.ask = ask};
    }
}

/* False: the ledger is not there, and nothing of it points here. */
static bool resolve(struct computing *c, struct need *need) {
    need->ledger = jw_ledgers_find(c->table->set->ledgers, jw_text_from(need->ask.ledger));
    int at = need->ledger ? jw_ledger_field_find(need->ledger, jw_text_from(need->ask.reference)) : -1;
    if (at < 0)
        return false;
    need->reference = &need->ledger->fields[at];
    for (size_t i = 0; i < need->ask.count; i++) {
        int field = jw_ledger_field_find(need->ledger, jw_text_from(need->ask.fields[i]));
        need->fields[i] = field < 0 ? NULL : &need->ledger->fields[field];
    }
    return true;
}

/* --- reading it -------------------------------------------------------------------------------------------------
 */
static bool add_group(struct need *need, int64_t id, int64_t count, json_t *record) {
    if (need->count == need->room) {
        size_t room = need->room ? need->room * 2 : 64;
        struct group *groups = realloc(need->groups, room * sizeof *groups);
        if (!groups)
            return false;
        need->groups = groups;
        need->room = room;
    }
    need->groups[need->count++] = (struct group){id, count, json_incref(record)};
    return true;
}

static bool add_to_page(struct computing *c, int64_t id, int64_t count, json_t *record) {
    size_t i;
    json_t *row;
    json_array_foreach(c->rows, i, row) if (id_of(row) == id) return add_group(c->now, id, count, record);
    return true;
}

/* columns: the reference, the fields, how many */
static jw_status take_group(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct computing *c = context;
    struct need *need = c->now;
    if (need->count >= GROUPS) {
        need->too_many = true;
        return JW_END;
    }
    json_t *record = json_object();
    bool good = record;
    for (size_t i = 0; good && i < need->ask.count; i++)
        if (need->fields[i] && jw_column_has(need->fields[i]))
            good = json_object_set_new(record, need->fields[i]->name,
                                       jw_column_decode(need->fields[i], &row[i + 1])) == 0;
    int64_t count = row[columns - 1].integer;
    if (good && row[0].kind == JW_SQL_INTEGER) {
        good = add_group(need, row[0].integer, count, record);
    } else if (good) { /* a list of references */
        json_t *list = jw_column_decode(need->reference, &row[0]);
        for (size_t i = 0; good && i < json_array_size(list); i++)
            good = add_to_page(c, json_integer_value(json_array_get(list, i)), count, record);
        json_decref(list);
    }
    json_decref(record);
    return good ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static void write_statement(const struct need *need, jw_buffer *text) {
    char column[JW_COLUMN];
    jw_buffer columns = JW_BUFFER(TEXT_MOST);
    for (size_t i = 0; i < need->ask.count; i++)
        if (need->fields[i] && jw_column_has(need->fields[i])) {
            jw_column_name(need->fields[i], column);
            jw_buffer_print(&columns, ", %s", column);
        } else {
            jw_buffer_print(&columns, ", NULL"); /* in the place of a field that has no column */
        }
    jw_column_name(need->reference, column);
    jw_buffer_print(text, "SELECT %s%.*s, count(*) FROM l_%s WHERE removed = 0 AND %s", column, (int)columns.len,
                    columns.len ? columns.ptr : "", need->ledger->name, column);
    if (need->reference->type->many) {
        jw_buffer_print(text, " IS NOT NULL");
    } else {
        for (int i = 1; i <= CHUNK; i++)
            jw_buffer_print(text, "%s$%d", i == 1 ? " IN (" : ", ", i);
        jw_buffer_byte(text, ')');
    }
    jw_buffer_print(text, " GROUP BY %s", column);
    for (size_t i = 0; i < need->ask.count; i++)
        if (need->fields[i] && jw_column_has(need->fields[i])) {
            jw_column_name(need->fields[i], column);
            jw_buffer_print(text, ", %s", column);
        }
    jw_buffer_byte(text, '\0');
    text->failed |= columns.failed;
    jw_buffer_free(&columns);
}

static int by_id(const void *a, const void *b) {
    const struct group *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static jw_status read_need(struct computing *c, struct need *need, struct jw_error *err) {
    jw_buffer text = JW_BUFFER(TEXT_MOST);
    jw_sql_value ids[CHUNK];
    size_t rows = json_array_size(c->rows), step = need->reference->type->many ? rows : CHUNK;
    write_statement(need, &text);
    c->now = need;
    jw_status st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : JW_OK;
    for (size_t from = 0; st == JW_OK && from < rows; from += step) {
        for (size_t i = 0; i < CHUNK; i++) /* one text for every number of records: the last one again */
            ids[i] = JW_SQL_INT(id_of(json_array_get(c->rows, from + i < rows ? from + i : rows - 1)));
        st = jw_sql_run(c->sql, text.ptr, ids, need->reference->type->many ? 0 : CHUNK, take_group, c, err);
    }
    jw_buffer_free(&text);
    if (need->count)
        qsort(need->groups, need->count, sizeof *need->groups, by_id);
    return need->too_many ? JW_OK : st;
}

/* --- the world of an expression ---------------------------------------------------------------------------------
 */
static size_t first_of(const struct need *need, int64_t id) {
    size_t low = 0, high = need->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (need->groups[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static jw_status related(void *context, const char *ledger, const char *field, jw_expression_visit visit,
                         void *with, struct jw_error *err) {
    struct computing *c = context;
    const struct need *need = find_need(c, ledger, field);
    int64_t id = id_of(c->record);
    if (!need || need->too_many)
        return jw_fail(err, JW_E_LIMIT, "too many records of %s", ledger);
    for (size_t i = first_of(need, id); i < need->count && need->groups[i].id == id; i++)
        for (int64_t k = 0; k < need->groups[i].count; k++)
            if (!visit(with, need->groups[i].record))
                return JW_OK;
    return JW_OK;
}

static jw_status count(void *context, const char *ledger, const char *field, int64_t *out, struct jw_error *err) {
    struct computing *c = context;
    const struct need *need = find_need(c, ledger, field);
    int64_t id = id_of(c->record);
    if (!need || need->too_many)
        return jw_fail(err, JW_E_LIMIT, "too many records of %s", ledger);
    *out = 0;
    for (size_t i = first_of(need, id); i < need->count && need->groups[i].id == id; i++)
        *out += need->groups[i].count;
    return JW_OK;
}

/* What cannot be computed, because too much is related to it, is empty. */
static jw_status compute_record(struct computing *c, json_t *record, int64_t today, struct jw_error *err) {
    json_t *fields = json_object_get(record, "fields");
    c->record = record;
    for (size_t i = 0; i < c->table->ledger->field_count; i++) {
        const struct jw_ledger_field *field = &c->table->ledger->fields[i];
        const struct jw_expression *expression = jw_rule_expression(field);
        json_t *value = NULL;
        if (!expression)
            continue;
        jw_arena_reset(c->mem);
        struct jw_expression_world world = {
            .record = fields, .today = today, .mem = c->mem, .context = c, .related = related, .count = count};
        jw_status st = jw_expression_run(expression, &world, &value, err);
        if (st != JW_OK && st != JW_E_LIMIT)
            return st;
        if (json_object_set_new(fields, field->name, st == JW_OK ? value : json_null()) != 0)
            return jw_fail(err, JW_E_LIMIT, "no memory");
    }
    return JW_OK;
}

static void free_computing(struct computing *c) {
    for (size_t i = 0; i < c->need_count; i++) {
        for (size_t k = 0; k < c->needs[i].count; k++)
            json_decref(c->needs[i].groups[k].record);
        free(c->needs[i].groups);
    }
    jw_arena_free(c->mem);
    free(c);
}

bool jw_store_has_computed(const struct jw_ledger *ledger) {
    for (size_t i = 0; i < ledger->field_count; i++)
        if (jw_rule_expression(&ledger->fields[i]))
            return true;
    return false;
}

jw_status jw_store_compute(const struct jw_store_table *table, struct jw_sql *sql, json_t *rows,
                           struct jw_error *err) {
    size_t i;
    json_t *record;
    if (!jw_store_has_computed(table->ledger) || json_array_size(rows) == 0)
        return JW_OK;
    struct computing *c = calloc(1, sizeof *c);
    if (!c)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *c = (struct computing){.table = table, .sql = sql, .rows = rows, .mem = jw_arena_new(MEM)};
    jw_status st = c->mem ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    for (i = 0; i < table->ledger->field_count; i++)
        if (jw_rule_expression(&table->ledger->fields[i]))
            add_needs(c, jw_rule_expression(&table->ledger->fields[i]));
    for (i = 0; st == JW_OK && i < c->need_count; i++)
        if (sql && resolve(c, &c->needs[i]))
            st = read_need(c, &c->needs[i], err);
    int64_t now = jw_time_now() / JW_SECOND + JW_DAY_ZONE;
    json_array_foreach(rows, i, record) if (st == JW_OK) st = compute_record(c, record, now / 86400, err);
    free_computing(c);
    return st;
}

jw_status jw_store_compute_one(const struct jw_store_table *table, struct jw_sql *sql, json_t *record,
                               struct jw_error *err) {
    if (!jw_store_has_computed(table->ledger))
        return JW_OK;
    json_t *rows = json_pack("[O]", record);
    jw_status st = rows ? jw_store_compute(table, sql, rows, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    json_decref(rows);
    return st;
}
