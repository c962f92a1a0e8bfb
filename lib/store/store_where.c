/* lib/store/store_where.c — what a list demands, as conditions that SQLite and PostgreSQL both understand. */
#include "where.h"
#include "words.h"

#include <string.h>

#define QUESTION_MOST 16 /* words of a full-text question */

void jw_where_fail(struct jw_store_where *w, jw_status st, const char *text) {
    if (w->st == JW_OK)
        w->st = jw_fail(w->err, st, "%s", text);
}

size_t jw_where_bind(struct jw_store_where *w, jw_sql_value value) {
    if (w->count == JW_WHERE_VALUES)
        jw_where_fail(w, JW_E_LIMIT, "too many conditions");
    else
        w->values[w->count++] = value;
    return w->count;
}

static size_t bind_copy(struct jw_store_where *w, jw_text text) {
    jw_text kept = jw_arena_copy(w->mem, text);
    if (!kept.ptr)
        jw_where_fail(w, JW_E_LIMIT, "no memory");
    return jw_where_bind(w, JW_SQL_STR(kept));
}

const char *jw_where_column(const struct jw_store_where *w, int field, char out[JW_COLUMN]) {
    switch (field) {
    case JW_COLUMN_ID:
        return "id";
    case JW_COLUMN_CHANGED:
        return "changed_at";
    case JW_COLUMN_MADE:
        return "made_at";
    case JW_COLUMN_STATE:
        return "state";
    default:
        jw_column_name(&w->table->ledger->fields[field], out);
        return out;
    }
}

static const struct jw_ledger_field *field_of(const struct jw_store_where *w, int field) {
    return field < 0 ? NULL : &w->table->ledger->fields[field];
}

static jw_sql_value value_of(struct jw_store_where *w, int field, const json_t *given) {
    jw_sql_value value = JW_SQL_NOTHING;
    const char *text = json_string_value(given);
    if (field == JW_COLUMN_STATE)
        return JW_SQL_STR(jw_text_from(text ? text : ""));
    if (field < 0)
        return JW_SQL_INT(json_integer_value(given));
    jw_status st = jw_column_encode(field_of(w, field), given, w->mem, &value, w->err);
    if (st != JW_OK)
        w->st = st;
    return value;
}

/* --- which records
 * ------------------------------------------------------------------------------------------------ */
static void add_place(struct jw_store_where *w, const char *place) {
    char end[JW_STORE_PLACE];
    if (!jw_store_place_end(jw_text_from(place), end)) {
        jw_where_fail(w, JW_E_SYNTAX, "a place is a path that ends with a point");
        return;
    }
    size_t from = bind_copy(w, jw_text_from(place)), to = bind_copy(w, jw_text_from(end));
    jw_buffer_print(&w->text, "(%splace >= $%zu AND %splace < $%zu)", w->plus, from, w->plus, to);
}

bool jw_where_relation(struct jw_store_where *w, const struct jw_store_scope *scope, size_t i) {
    const struct jw_ledger *ledger = w->table->ledger;
    size_t places = 0, units = 0;
    char name[JW_COLUMN];
    while (scope->places && scope->places[places])
        places++;
    while (scope->units && scope->units[units])
        units++;
    if (i < places)
        add_place(w, scope->places[i]);
    else if (i < places + units)
        jw_buffer_print(&w->text, "%splace = $%zu", w->plus, bind_copy(w, jw_text_from(scope->units[i - places])));
    else if (i == places + units && scope->owner && ledger->owner >= 0)
        jw_buffer_print(&w->text, "%s%s = $%zu", w->plus, jw_where_column(w, ledger->owner, name),
                        jw_where_bind(w, JW_SQL_INT(scope->owner)));
    else
        return false;
    return true;
}

/* Subtrees and units lie beside each other; only an owner's records may lie in one of them as well. */
static void leave_out_places(struct jw_store_where *w, size_t places) {
    w->plus = "+";
    for (size_t i = 0; i < places; i++) {
        jw_buffer_print(&w->text, " AND NOT (");
        jw_where_relation(w, w->query->scope, i);
        jw_buffer_print(&w->text, ")");
    }
    w->plus = "";
}

void jw_where_records(struct jw_store_where *w) {
    const struct jw_store_scope *scope = w->query->scope;
    size_t places = 0;
    bool more = true;
    w->plus = "";
    for (size_t i = 0; scope->places && scope->places[i]; i++)
        places++;
    for (size_t i = 0; scope->units && scope->units[i]; i++)
        places++;
    for (size_t i = 0; more && w->st == JW_OK; i++) {
        size_t before = w->text.len;
        jw_buffer_print(&w->text, "%sSELECT id FROM l_%s WHERE removed = %d AND ", i ? " UNION ALL " : "",
                        w->table->ledger->name, w->query->removed);
        more = jw_where_relation(w, scope, i);
        if (more && i == places)
            leave_out_places(w, places);
        else if (!more && i)
            w->text.len = before;
        else if (!more)
            jw_buffer_print(&w->text, "1 = 0");
    }
}

/* Nothing but relations between the ORs: SQLite may use the index of each then. */
void jw_where_scope(struct jw_store_where *w, const struct jw_store_scope *scope) {
    if (!scope)
        return;
    jw_buffer_print(&w->text, " AND (");
    size_t begin = w->text.len;
    for (size_t i = 0; w->st == JW_OK; i++) {
        size_t before = w->text.len;
        if (i)
            jw_buffer_print(&w->text, " OR ");
        if (jw_where_relation(w, scope, i))
            continue;
        w->text.len = before;
        break;
    }
    jw_buffer_print(&w->text, "%s)", w->text.len == begin ? "1 = 0" : "");
}

/* --- one field
 * ---------------------------------------------------------------------------------------------------- */
/* replace(x, y, '') <> x says the same on both databases: y stands in x, letter for letter. */
static void add_contains(struct jw_store_where *w, const char *column, int field, const json_t *value) {
    const struct jw_ledger_field *of = field_of(w, field);
    const char *text = json_string_value(value);
    char element[80];
    if (of && of->type->many && json_is_integer(value)) { /* [17,18]: with commas around each */
        snprintf(element, sizeof element, ",%lld,", (long long)json_integer_value(value));
        size_t at = bind_copy(w, jw_text_from(element));
        jw_buffer_print(&w->text,
                        " AND replace(',' || substr(%s, 2, length(%s) - 2) || ',', $%zu, '') <> ',' || substr(%s, "
                        "2, length(%s) - 2) || ','",
                        column, column, at, column, column);
    } else if (of && of->type->stored == JW_STORED_TEXT && !of->type->pack && text && *text) {
        jw_text wanted = jw_text_from(text);
        char quoted[256];
        if (of->type->many) {
            snprintf(quoted, sizeof quoted, "\"%.250s\"", text);
            wanted = jw_text_from(quoted);
        }
        jw_buffer_print(&w->text, " AND replace(%s, $%zu, '') <> %s", column, bind_copy(w, wanted), column);
    } else {
        jw_where_fail(w, JW_E_SYNTAX, "contains is for texts and lists");
    }
}

static void add_in(struct jw_store_where *w, const char *column, int field, const json_t *values) {
    size_t count = json_array_size(values);
    if (count == 0 || count > JW_STORE_IN) {
        jw_where_fail(w, JW_E_SYNTAX, "in wants 1 to 100 values");
        return;
    }
    jw_buffer_print(&w->text, " AND %s IN (", column);
    for (size_t i = 0; i < count; i++)
        jw_buffer_print(&w->text, "%s$%zu", i ? ", " : "",
                        jw_where_bind(w, value_of(w, field, json_array_get(values, i))));
    jw_buffer_print(&w->text, ")");
}

static void add_between(struct jw_store_where *w, const char *column, int field, const json_t *pair) {
    const json_t *from = json_array_get(pair, 0), *to = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || (json_is_null(from) && json_is_null(to)))
        jw_where_fail(w, JW_E_SYNTAX, "between wants two values, of which one may be empty");
    if (from && !json_is_null(from))
        jw_buffer_print(&w->text, " AND %s >= $%zu", column, jw_where_bind(w, value_of(w, field, from)));
    if (to && !json_is_null(to))
        jw_buffer_print(&w->text, " AND %s <= $%zu", column, jw_where_bind(w, value_of(w, field, to)));
}

static void add_operator(struct jw_store_where *w, const struct jw_store_filter *filter, const char *column) {
    static const char *const operators[] = {"=", "<>", "<", "<=", ">", ">="};
    switch (filter->op) {
    case JW_OP_EMPTY:
    case JW_OP_NOT_EMPTY:
        jw_buffer_print(&w->text, " AND %s IS %sNULL", column, filter->op == JW_OP_EMPTY ? "" : "NOT ");
        return;
    case JW_OP_IN:
        add_in(w, column, filter->field, filter->value);
        return;
    case JW_OP_BETWEEN:
        add_between(w, column, filter->field, filter->value);
        return;
    case JW_OP_CONTAINS:
        add_contains(w, column, filter->field, filter->value);
        return;
    default:
        break;
    }
    size_t at = jw_where_bind(w, value_of(w, filter->field, filter->value));
    if (filter->op == JW_OP_NE)
        jw_buffer_print(&w->text, " AND (%s <> $%zu OR %s IS NULL)", column, at, column);
    else
        jw_buffer_print(&w->text, " AND %s %s $%zu", column, operators[filter->op], at);
}

void jw_where_filter(struct jw_store_where *w, const struct jw_store_filter *filter) {
    char name[JW_COLUMN], column[JW_COLUMN + 1];
    if (filter->field >= 0 && !jw_column_has(field_of(w, filter->field))) {
        jw_where_fail(w, JW_E_SYNTAX, "a computed field is no condition");
        return;
    }
    snprintf(column, sizeof column, "%s%s", w->plus, jw_where_column(w, filter->field, name));
    add_operator(w, filter, column);
    w->plus = w->postgres ? "" : "+";
    jw_where_scope(w, filter->scope);
}

/* --- words
 * -------------------------------------------------------------------------------------------------------- */
/* FTS5: each a string of its own, all wanted. PostgreSQL: an array. */
static size_t bind_words(struct jw_store_where *w, jw_text words) {
    jw_buffer asked = JW_BUFFER(8192);
    jw_text rest = words, word;
    while (!w->postgres && jw_text_next(&rest, ' ', &word)) {
        jw_buffer_byte(&asked, '"');
        jw_buffer_add(&asked, word);
        jw_buffer_add(&asked, JW_TEXT("\" "));
    }
    size_t at = bind_copy(w, w->postgres ? words : jw_text_trim(jw_buffer_text(&asked)));
    jw_buffer_free(&asked);
    return at;
}

/* As a set even when it does not lead: asking the index of words for one record after the other takes seconds where
 * the order keeps those that have them for the end. */
static void add_index(struct jw_store_where *w, jw_text words, bool driving) {
    const char *name = w->table->ledger->name, *key = w->postgres ? "record" : "rowid";
    size_t at = bind_words(w, words);
    jw_buffer_print(&w->text, " AND %sid IN (SELECT %s FROM w_%s WHERE ", driving ? "" : "+", key, name);
    if (w->postgres)
        jw_buffer_print(&w->text, "words @> string_to_array($%zu, ' '))", at);
    else
        jw_buffer_print(&w->text, "w_%s MATCH $%zu)", name, at);
}

/* Every word in some field that may be looked at. */
static void add_within(struct jw_store_where *w) {
    const struct jw_store_query *query = w->query;
    jw_text rest = query->words, word;
    w->plus = "";
    while (jw_text_next(&rest, ' ', &word)) {
        if (!word.len)
            continue;
        json_t *value = json_stringn(word.ptr, word.len);
        jw_buffer_print(&w->text, " AND (1 = 0");
        for (size_t i = 0; i < query->within_count; i++) {
            char name[JW_COLUMN];
            jw_buffer_print(&w->text, " OR (1 = 1");
            jw_where_scope(w, query->within[i].scope);
            add_contains(w, jw_where_column(w, query->within[i].field, name), query->within[i].field, value);
            jw_buffer_print(&w->text, ")");
        }
        jw_buffer_print(&w->text, ")");
        json_decref(value);
    }
}

static bool read_words(struct jw_store_where *w, jw_buffer *words) {
    size_t count;
    if (jw_words_ask(w->query->words, words, QUESTION_MOST, &count))
        return true;
    jw_where_fail(w, JW_E_SYNTAX, "search for up to 16 words; punctuation alone is none");
    return false;
}

void jw_where_words(struct jw_store_where *w, bool driving) {
    jw_buffer words = JW_BUFFER(4096);
    if (w->query->words.len && read_words(w, &words)) {
        if (w->query->within)
            add_within(w);
        else
            add_index(w, jw_text_trim(jw_buffer_text(&words)), driving || w->postgres);
    }
    jw_buffer_free(&words);
}

size_t jw_where_match(struct jw_store_where *w) {
    jw_buffer words = JW_BUFFER(4096);
    size_t at = read_words(w, &words) ? bind_words(w, jw_text_trim(jw_buffer_text(&words))) : 0;
    jw_buffer_free(&words);
    return at;
}

static void choose(struct jw_store_where *w, int by, int part) {
    bool raw = by == part || by == JW_BY_ANY || (by == JW_BY_FILTERS && part >= JW_BY_FILTER);
    w->plus = w->postgres || raw ? "" : "+";
}

void jw_where_all(struct jw_store_where *w, int by, bool with_words) {
    const struct jw_store_query *query = w->query;
    for (size_t i = 0; i < query->filter_count; i++) {
        choose(w, by, JW_BY_FILTER + (int)i);
        jw_where_filter(w, &query->filters[i]);
    }
    choose(w, by, JW_BY_SCOPE);
    if (by == JW_BY_SCOPE && query->scope) { /* SQLite would rather read the whole table than follow an OR */
        jw_buffer_print(&w->text, " AND id IN (");
        jw_where_records(w);
        jw_buffer_print(&w->text, ")");
    } else {
        jw_where_scope(w, query->scope);
    }
    choose(w, by == JW_BY_ANY ? JW_BY_ORDER : by, JW_BY_ANY); /* never the way in: it is another's beside */
    jw_where_scope(w, query->sort_scope);
    if (with_words)
        jw_where_words(w, by == JW_BY_WORDS || by == JW_BY_ANY || by == JW_BY_FILTERS);
}

void jw_where_part(struct jw_store_where *w, int by) {
    w->plus = "";
    if (by == JW_BY_SCOPE)
        jw_where_scope(w, w->query->scope);
    else if (by == JW_BY_WORDS)
        jw_where_words(w, true);
    else
        jw_where_filter(w, &w->query->filters[by - JW_BY_FILTER]);
}
