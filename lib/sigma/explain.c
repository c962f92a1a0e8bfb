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

static const char *word_of(const struct jw_sigma_value *value) {
    static const char *const shapes[] = {[JW_SHAPE_EQUALS] = "is",
                                         [JW_SHAPE_STARTS] = "starts with",
                                         [JW_SHAPE_ENDS] = "ends with",
                                         [JW_SHAPE_CONTAINS] = "contains",
                                         [JW_SHAPE_PIECES] = "is like"};
    switch (value->op) {
    case JW_OP_PATTERN:
        return shapes[value->pattern.shape];
    case JW_OP_REGEX:
        return "matches";
    case JW_OP_NETWORK:
        return "lies in";
    case JW_OP_LESS:
        return "is less than";
    case JW_OP_LESS_EQUAL:
        return "is at most";
    case JW_OP_GREATER:
        return "is more than";
    default:
        return "is at least";
    }
}

static void tell(struct telling *t, jw_text field, const struct jw_sigma_value *value) {
    if (t->parts++)
        jw_buffer_add(t->out, JW_TEXT("; "));
    jw_buffer_add(t->out, field.len ? field : JW_TEXT("event"));
    jw_buffer_byte(t->out, ' ');
    jw_buffer_add(t->out, jw_text_from(word_of(value)));
    jw_buffer_add(t->out, JW_TEXT(" \""));
    add_cut(t->out, value->text);
    jw_buffer_byte(t->out, '"');
}

static bool holds(struct telling *t, uint32_t column, const struct jw_sigma_value *value) {
    const struct jw_sigma_worker *w = t->worker;
    if (column == 0) {
        for (uint32_t i = 0; i < w->rec->count; i++)
            if (w->rec->fields[i].kind != JW_KIND_NULL &&
                jw_sigma_value_matches(value, w->rec->fields[i].value, t->mem))
                return true;
        return false;
    }
    if (w->places[column].epoch != w->epoch)
        return false;
    for (uint32_t at = w->places[column].first; at; at = w->links[at - 1].next) {
        const jw_field *field = &w->rec->fields[w->links[at - 1].field];
        if (field->kind != JW_KIND_NULL && jw_sigma_value_matches(value, field->value, t->mem))
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
