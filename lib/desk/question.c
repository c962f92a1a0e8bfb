/* lib/desk/question.c — FIELD:OPERATOR:VALUE. A value is written as in a cell of a table: by label or word, a date
 * as people write it; the type of the field makes its canonical form. */
#include "question.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

static const struct {
    const char *word;
    jw_store_operator op;
} operators[] = {{"eq", JW_OP_EQ},
                 {"ne", JW_OP_NE},
                 {"lt", JW_OP_LT},
                 {"le", JW_OP_LE},
                 {"gt", JW_OP_GT},
                 {"ge", JW_OP_GE},
                 {"empty", JW_OP_EMPTY},
                 {"filled", JW_OP_NOT_EMPTY},
                 {"in", JW_OP_IN},
                 {"between", JW_OP_BETWEEN},
                 {"contains", JW_OP_CONTAINS}};

int jw_question_field(const struct jw_visit *visit, jw_text name) {
    static const struct {
        const char *word;
        int column;
    } columns[] = {{"id", JW_COLUMN_ID},
                   {"changed_at", JW_COLUMN_CHANGED},
                   {"made_at", JW_COLUMN_MADE},
                   {"state", JW_COLUMN_STATE}};
    struct jw_rights_scope scope;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (jw_text_is(name, jw_text_from(columns[i].word)))
            return columns[i].column;
    int field = jw_ledger_field_find(visit->ledger, name);
    if (field < 0)
        return JW_QUESTION_NONE;
    jw_rights_get_scope(visit->rights, JW_MAY_READ, field, &scope);
    return scope.none ? JW_QUESTION_NONE : field;
}

bool jw_question_look(struct jw_question *q, const struct jw_visit *visit, int field,
                      struct jw_rights_scope *rights, struct jw_store_scope *scope,
                      const struct jw_store_scope **out) {
    *out = NULL;
    if (field < 0)
        return true;
    jw_rights_get_scope(visit->rights, JW_MAY_READ, field, rights);
    *out = jw_visit_scope(rights, scope);
    q->sensitive |= visit->ledger->fields[field].sensitivity != JW_OPEN;
    return !rights->none;
}

/* --- values
 * ------------------------------------------------------------------------------------------------------- */
/* Microseconds since 1970, or a moment as people write it, in China's time. */
static json_t *read_moment(jw_text text) {
    int64_t number, at;
    if (jw_text_i64(text, &number))
        return json_integer(number);
    char day[64];
    if (text.len == 10) {
        snprintf(day, sizeof day, JW_FMT " 00:00:00", JW_ARG(text));
        text = jw_text_from(day);
    }
    return jw_time_parse(text, 8 * 3600, &at) ? json_integer(at / 1000) : NULL;
}

static bool is_word_for_element(const struct jw_ledger_field *field, jw_store_operator op) {
    return op == JW_OP_CONTAINS || field->type->many;
}

/* The canonical form; NULL: `err` says why not. */
static json_t *read_value(const struct jw_visit *visit, int column, jw_store_operator op, jw_text text,
                          struct jw_error *err) {
    int64_t number;
    if (column == JW_COLUMN_STATE)
        return json_stringn(text.ptr, text.len);
    if (column == JW_COLUMN_ID)
        return jw_text_i64(text, &number) ? json_integer(number) : NULL;
    if (column < 0)
        return read_moment(text);
    const struct jw_ledger_field *field = &visit->ledger->fields[column];
    if (is_word_for_element(field, op)) { /* a part of the value: letters, or one element of a list */
        bool is_number = field->type->many && jw_text_i64(text, &number);
        return is_number ? json_integer(number) : json_stringn(text.ptr, text.len);
    }
    json_t *given = NULL, *canonical = NULL;
    jw_status st = field->type->read ? field->type->read(field, text, &given, err) : JW_OK;
    if (st == JW_OK && !given)
        given = json_stringn(text.ptr, text.len);
    if (st == JW_OK && given)
        st = field->type->check(field, given, &canonical, err);
    json_decref(given);
    return st == JW_OK ? canonical : NULL;
}

/* Two values with a comma between, of which one may be empty. */
static json_t *read_pair(const struct jw_visit *visit, int column, jw_text text, struct jw_error *err) {
    jw_text from, to = text;
    if (!jw_text_cut(&to, ',', &from))
        return NULL;
    from = jw_text_trim(from);
    to = jw_text_trim(to);
    if (!from.len && !to.len)
        return NULL;
    json_t *first = from.len ? read_value(visit, column, JW_OP_EQ, from, err) : json_null();
    json_t *second = to.len ? read_value(visit, column, JW_OP_EQ, to, err) : json_null();
    json_t *pair = first && second ? json_pack("[OO]", first, second) : NULL;
    json_decref(first);
    json_decref(second);
    return pair;
}

/* Values with commas; one that holds a comma itself cannot be among several. */
static json_t *read_several(const struct jw_visit *visit, int column, jw_text text, struct jw_error *err) {
    json_t *values = json_array(), *value = values;
    jw_text rest = text, piece;
    while (value && jw_text_next(&rest, ',', &piece)) {
        value = read_value(visit, column, JW_OP_EQ, jw_text_trim(piece), err);
        if (value && json_array_append_new(values, value) != 0)
            value = NULL;
    }
    if (value && json_array_size(values) >= 1 && json_array_size(values) <= JW_STORE_IN)
        return values;
    json_decref(values);
    return NULL;
}

static json_t *read_values(const struct jw_visit *visit, int column, jw_store_operator op, jw_text text,
                           struct jw_error *err) {
    return op == JW_OP_IN        ? read_several(visit, column, text, err)
           : op == JW_OP_BETWEEN ? read_pair(visit, column, text, err)
                                 : read_value(visit, column, op, text, err);
}

/* --- conditions
 * --------------------------------------------------------------------------------------------------- */
static bool refuse(const struct jw_visit *visit, struct jw_answer *answer, jw_text what, const char *rule,
                   const char *zh, const char *en) {
    char name[128];
    snprintf(name, sizeof name, JW_FMT, JW_ARG(what));
    jw_answer_refuse(answer, visit->asker, JW_NO_QUERY);
    jw_answer_fault(answer, visit->asker, name, rule, "%s", "%s", visit->asker->english ? en : zh);
    return false;
}

static bool fits(const struct jw_visit *visit, int column, jw_store_operator op) {
    if (column < 0)
        return op != JW_OP_CONTAINS;
    const struct jw_ledger_type *type = visit->ledger->fields[column].type;
    if (type->stored == JW_STORED_NOTHING)
        return false;
    if (op == JW_OP_CONTAINS)
        return type->stored == JW_STORED_TEXT && !type->pack;
    return !type->many || op == JW_OP_EMPTY || op == JW_OP_NOT_EMPTY;
}

static bool add_filter(struct jw_question *q, const struct jw_visit *visit, jw_text asked,
                       struct jw_answer *answer) {
    size_t at = q->query.filter_count;
    struct jw_store_filter *filter = &q->filters[at];
    jw_text name, word, rest = asked;
    bool has_value = false;
    if (!jw_text_cut(&rest, ':', &name))
        return refuse(visit, answer, asked, "filter", "筛选写作 字段:运算:值，例如 name:contains:防火墙",
                      "a filter is written FIELD:OPERATOR:VALUE, for instance name:contains:firewall");
    if (jw_text_cut(&rest, ':', &word))
        has_value = true;
    else
        word = rest;
    filter->field = jw_question_field(visit, name);
    size_t op = 0;
    while (op < sizeof operators / sizeof *operators && !jw_text_is(word, jw_text_from(operators[op].word)))
        op++;
    if (filter->field == JW_QUESTION_NONE)
        return refuse(visit, answer, name, "unknown", "没有这个字段，或您不能按它筛选",
                      "there is no such field, or you may not ask about it");
    if (op == sizeof operators / sizeof *operators)
        return refuse(visit, answer, name, "operator",
                      "运算应为 eq ne lt le gt ge in between contains empty filled 之一",
                      "the operator is one of eq ne lt le gt ge in between contains empty filled");
    filter->op = operators[op].op;
    if (!fits(visit, filter->field, filter->op))
        return refuse(visit, answer, name, "operator", "这个字段不能用这种运算筛选",
                      "this operator does not work with this field");
    if (filter->op != JW_OP_EMPTY && filter->op != JW_OP_NOT_EMPTY) {
        struct jw_error why = {{0}};
        filter->value = q->values[at] =
            has_value ? read_values(visit, filter->field, filter->op, rest, &why) : NULL;
        if (!filter->value)
            return refuse(visit, answer, name, "value", "筛选的值不符合这个字段的类型",
                          *why.text ? why.text : "the value does not fit the type of this field");
    }
    q->query.filter_count++;
    return jw_question_look(q, visit, filter->field, &q->rights[at], &q->scopes[at], &filter->scope);
}

static bool add_sort(struct jw_question *q, const struct jw_visit *visit, jw_text sort, struct jw_answer *answer) {
    q->query.sort = JW_COLUMN_ID;
    q->query.descending = true;
    if (!sort.len)
        return true;
    q->query.descending = jw_text_drop(&sort, JW_TEXT("-"));
    q->query.sort = jw_question_field(visit, sort);
    if (q->query.sort == JW_QUESTION_NONE ||
        (q->query.sort >= 0 && visit->ledger->fields[q->query.sort].type->stored == JW_STORED_NOTHING))
        return refuse(visit, answer, sort, "sort", "不能按这个字段排序", "lists cannot be sorted by this field");
    return jw_question_look(q, visit, q->query.sort, &q->rights[JW_DESK_FILTERS], &q->scopes[JW_DESK_FILTERS],
                            &q->query.sort_scope);
}

static bool same_scope(const struct jw_rights_scope *a, const struct jw_rights_scope *b) {
    if (a->all || b->all)
        return a->all && b->all;
    for (size_t i = 0; a->places[i] || b->places[i]; i++)
        if (!a->places[i] || !b->places[i] || strcmp(a->places[i], b->places[i]) != 0)
            return false;
    for (size_t i = 0; a->units[i] || b->units[i]; i++)
        if (!a->units[i] || !b->units[i] || strcmp(a->units[i], b->units[i]) != 0)
            return false;
    return a->owner == b->owner && a->none == b->none;
}

/* The index holds the words of all open fields. Whoever may not read one of them somewhere searches without it. */
static bool add_words(struct jw_question *q, const struct jw_visit *visit, jw_text words) {
    const struct jw_rights_scope *records = &q->rights[JW_DESK_FILTERS + 1];
    bool indexed = true;
    size_t count = 0;
    q->query.words = words;
    for (size_t i = 0; words.len && i < visit->ledger->field_count; i++) {
        const struct jw_ledger_field *field = &visit->ledger->fields[i];
        if (field->sensitivity != JW_OPEN || field->type->stored != JW_STORED_TEXT)
            continue;
        struct jw_rights_scope *rights = &q->within_rights[count];
        jw_rights_get_scope(visit->rights, JW_MAY_READ, (int)i, rights);
        indexed &= same_scope(rights, records);
        if (rights->none || field->type->pack)
            continue;
        q->within[count] =
            (struct jw_store_filter){.field = (int)i, .scope = jw_visit_scope(rights, &q->within_scopes[count])};
        count++;
    }
    if (!indexed) {
        q->query.within = q->within;
        q->query.within_count = count;
    }
    return true;
}

/* A cursor tells where its record stands in the order: it must be one that the asker sees in this list. */
static bool add_page(struct jw_question *q, const struct jw_visit *visit, const struct jw_desk_query *asked,
                     struct jw_answer *answer) {
    q->query.limit = asked->limit ? asked->limit : 50;
    q->query.offset = asked->offset;
    q->query.after = asked->after;
    q->query.count = asked->count;
    q->query.removed = asked->removed;
    if (q->query.limit < 1 || q->query.limit > JW_STORE_PAGE)
        return refuse(visit, answer, JW_TEXT("limit"), "page", "每页1到1000条", "a page has 1 to 1000 records");
    if (asked->offset < 0 || asked->after < 0)
        return refuse(visit, answer, JW_TEXT("offset"), "page", "不能为负数", "cannot be negative");
    if (!asked->after)
        return true;
    json_t *record = NULL;
    jw_status st = jw_store_get(jw_desk_store(visit->desk), visit->ledger, asked->after, &record, &answer->err);
    bool good = st == JW_OK && jw_rights_may_record(visit->rights, JW_MAY_READ, record) &&
                (q->query.sort < 0 || jw_rights_may_field(visit->rights, JW_MAY_SENSITIVE, record, q->query.sort));
    json_decref(record);
    return good ? true
                : refuse(visit, answer, JW_TEXT("after"), "page", "这一页已不存在，请从第一页开始",
                         "this page is gone; begin with the first");
}

struct jw_question *jw_question_new(const struct jw_visit *visit, const struct jw_desk_query *asked,
                                    struct jw_answer *answer) {
    struct jw_question *q = calloc(1, sizeof *q);
    if (!q) {
        jw_answer_refuse(answer, visit->asker, JW_NO_ROOM);
        return NULL;
    }
    q->query.ledger = visit->ledger;
    q->query.filters = q->filters;
    /* removed records are shown to those who may bring them back */
    jw_rights_get_scope(visit->rights, asked->removed ? JW_MAY_DELETE : JW_MAY_READ, -1,
                        &q->rights[JW_DESK_FILTERS + 1]);
    q->query.scope = jw_visit_scope(&q->rights[JW_DESK_FILTERS + 1], &q->scopes[JW_DESK_FILTERS + 1]);
    bool good = asked->filter_count <= JW_DESK_FILTERS;
    for (size_t i = 0; i < asked->filter_count && good; i++)
        good = add_filter(q, visit, asked->filters[i], answer);
    if (good)
        good = add_sort(q, visit, asked->sort, answer) && add_words(q, visit, asked->words) &&
               add_page(q, visit, asked, answer);
    if (good)
        return q;
    jw_question_free(q);
    return NULL;
}

void jw_question_free(struct jw_question *q) {
    for (size_t i = 0; q && i < JW_DESK_FILTERS; i++)
        json_decref(q->values[i]);
    free(q);
}
