/* lib/sigma/explain.c — in words, what of a rule was true of an event. */
#include "match.h"

#define PARTS_MOST 24
#define VALUE_MOST 200

struct telling {
    struct jw_sigma_worker *worker;
    jw_buffer *out;
    struct jw_arena *mem;
    uint32_t parts, told[PARTS_MOST];
};

static void add_cut(jw_buffer *out, jw_text text) {
    size_t len = text.len < VALUE_MOST ? text.len : VALUE_MOST;
    while (len < text.len && len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--; /* not in the middle of a character */
    jw_buffer_add(out, (jw_text){text.ptr, len});
    if (len < text.len)
        jw_buffer_add(out, JW_TEXT("…"));
}

const char *jw_sigma_word(const struct jw_sigma_value *value) {
    static const char *const shapes[] = {[JW_SHAPE_EQUALS] = "is",
                                         [JW_SHAPE_STARTS] = "starts with",
                                         [JW_SHAPE_ENDS] = "ends with",
                                         [JW_SHAPE_CONTAINS] = "contains",
                                         [JW_SHAPE_PIECES] = "is like"};
    static const char *const ops[] = {[JW_OP_REGEX] = "matches",        [JW_OP_NETWORK] = "lies in",
                                      [JW_OP_LESS] = "is less than",    [JW_OP_LESS_EQUAL] = "is at most",
                                      [JW_OP_GREATER] = "is more than", [JW_OP_GREATER_EQUAL] = "is at least",
                                      [JW_OP_SAME_NUMBER] = "is",       [JW_OP_NULL] = "is null or missing",
                                      [JW_OP_EXISTS] = "is there"};
    if (value->op == JW_OP_EXISTS && !value->wanted)
        return "is missing";
    return value->op == JW_OP_PATTERN ? shapes[value->pattern.shape]
           : value->op == JW_OP_FIELD ? shapes[value->shape]
                                      : ops[value->op];
}

const char *jw_sigma_part_word(jw_date_part part) {
    static const char *const words[] = {
        [JW_DATE_NONE] = "",      [JW_DATE_MINUTE] = "minute ", [JW_DATE_HOUR] = "hour ", [JW_DATE_DAY] = "day ",
        [JW_DATE_WEEK] = "week ", [JW_DATE_MONTH] = "month ",   [JW_DATE_YEAR] = "year "};
    return words[part];
}

void jw_sigma_quote(jw_buffer *out, jw_text text) {
    jw_buffer_byte(out, '"');
    add_cut(out, text);
    jw_buffer_byte(out, '"');
}

static void tell(struct telling *t, jw_text field, const struct jw_sigma_value *value) {
    if (t->parts++)
        jw_buffer_add(t->out, JW_TEXT("; "));
    jw_buffer_add(t->out, field.len ? field : JW_TEXT("event"));
    jw_buffer_print(t->out, " %s%s ", jw_sigma_part_word(value->part), jw_sigma_word(value));
    jw_sigma_quote(t->out, value->text);
}

static bool holds(struct telling *t, uint32_t column, const struct jw_sigma_value *value) {
    struct jw_sigma_worker *w = t->worker;
    if (column == 0) {
        for (uint32_t i = 0; i < w->rec->count; i++)
            if (w->rec->fields[i].kind != JW_KIND_NULL &&
                jw_sigma_value_matches(value, jw_sigma_text(w, i), t->mem))
                return true;
        return false;
    }
    if (w->places[column].epoch != w->epoch)
        return false;
    for (uint32_t at = w->places[column].first; at; at = w->links[at - 1].next) {
        uint32_t field = w->links[at - 1].field;
        if (w->rec->fields[field].kind != JW_KIND_NULL &&
            jw_sigma_value_matches(value, jw_sigma_text(w, field), t->mem))
            return true;
    }
    return false;
}

static void tell_predicate(struct telling *t, uint32_t number) {
    const struct jw_predicate *p = &t->worker->set->predicates[number];
    for (uint32_t i = 0; i < t->parts; i++)
        if (t->told[i] == number)
            return;
    for (uint32_t i = 0; i < p->count; i++)
        if (holds(t, p->column, &p->values[i])) {
            t->told[t->parts] = number;
            tell(t, p->item->field, &p->values[i]);
            return; /* one true literal says enough */
        }
}

/* Only what holds, and only outside of `not`: a filter that did not apply is no reason. */
static void walk(struct telling *t, uint32_t number) {
    const struct jw_sigma *set = t->worker->set;
    const struct jw_code *code = &set->codes[number];
    if (t->parts >= PARTS_MOST || code->kind == JW_CODE_NOT || !jw_code_is_true(t->worker, number))
        return;
    if (code->kind == JW_CODE_PREDICATE)
        tell_predicate(t, code->first);
    for (uint32_t i = 0; code->kind <= JW_CODE_AT_LEAST && i < code->count; i++)
        walk(t, set->kids[code->first + i]);
}

void jw_sigma_reason(struct jw_sigma_worker *worker, const struct jw_sigma_rule *rule, jw_buffer *out) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64 << 20);
    struct telling t = {.worker = worker, .out = out, .mem = mem};
    if (mem && rule->root)
        walk(&t, worker->set->rule_code[rule->number]);
}

/* A rule that only feeds a correlation makes no alert of its own, unless it says `generate: true` (Sigma 2.1,
 * correlation rules, "generate"). */
bool jw_sigma_rule_alerts(const struct jw_sigma_rule *rule) { return !rule->watched || rule->generate; }

uint32_t jw_sigma_rule_number(const struct jw_sigma_rule *rule) { return rule->number; }
