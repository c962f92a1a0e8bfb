/* lib/sigma/why.c — every part of a condition looked at, with the event's own names and values. */
#include "why.h"
#include "match.h"
#include "named.h"

#define SHOWN_VALUES 5 /* of a rule's list, or of a field of the event */
#define TEXT_MOST    (64u << 10)
#define REASONS_MOST 4

struct asking {
    const struct jw_sigma *set;
    const struct jw_record *rec;
    struct jw_arena *mem;
    const struct jw_sigma_logsource *logsource; /* under whose names the event is seen */
    const struct jw_mapping_entry *entry;       /* or as this kind of event */
    bool failed;                                /* no memory */
};

static jw_text keep(struct asking *a, jw_buffer *words) {
    jw_text kept = words->failed ? (jw_text){0} : jw_arena_copy(a->mem, jw_buffer_text(words));
    a->failed |= words->failed || (!kept.ptr && words->len);
    jw_buffer_free(words);
    return kept;
}

static struct jw_sigma_part *part_new(struct asking *a, jw_part_kind kind, jw_text name) {
    struct jw_sigma_part *part = jw_arena_alloc(a->mem, sizeof *part);
    a->failed |= !part;
    if (part)
        *part = (struct jw_sigma_part){.kind = kind, .name = name};
    return part;
}

/* --- the event's side ------------------------------------------------------------------------------------------
 */
/* The event's names for a rule's field: those of the best rank that it has. */
struct place {
    bool any;      /* keywords: every field */
    jw_text first; /* the first name; empty: the event has none */
    jw_text *names;
    uint32_t count;
};

static struct place find_place(struct asking *a, jw_text field) {
    jw_text names[JW_CANDIDATES];
    uint16_t ranks[JW_CANDIDATES];
    struct place place = {.names = jw_arena_alloc(a->mem, sizeof names)};
    uint32_t count = jw_mapping_ranked(&a->set->mapping, a->logsource, a->entry, field, a->mem, names, ranks);
    uint32_t n = 0;
    a->failed |= !place.names;
    while (n < count && !jw_record_find(a->rec, names[n]))
        n++;
    for (uint32_t i = n; place.names && i < count && ranks[i] == ranks[n]; i++)
        if (jw_record_find(a->rec, names[i]))
            place.names[place.count++] = names[i];
    if (place.count)
        place.first = place.names[0];
    return place;
}

static bool is_of(const struct place *place, const jw_field *field) {
    for (uint32_t i = 0; i < place->count; i++)
        if (jw_text_is(field->name, place->names[i]))
            return true;
    return place->any;
}

static bool value_holds(struct asking *a, const struct jw_sigma_value *value, const struct place *place) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *scratch = jw_arena_new(64 << 20);
    for (uint32_t i = 0; scratch && i < a->rec->count; i++)
        if (a->rec->fields[i].kind != JW_KIND_NULL && is_of(place, &a->rec->fields[i]) &&
            jw_sigma_value_matches(value, a->rec->fields[i].value, scratch))
            return true;
    return false;
}

static bool has_null(const struct jw_record *rec, const struct place *place) {
    for (uint32_t i = 0; i < rec->count; i++)
        if (rec->fields[i].kind == JW_KIND_NULL && is_of(place, &rec->fields[i]))
            return true;
    return false;
}

static bool pair_agrees(const struct jw_sigma_value *value, jw_text s, jw_text t) {
    return value->shape == JW_SHAPE_EQUALS   ? jw_text_is(s, t)
           : value->shape == JW_SHAPE_STARTS ? jw_text_starts(s, t)
           : value->shape == JW_SHAPE_ENDS   ? jw_text_ends(s, t)
                                             : jw_text_find(s, t, NULL);
}

static jw_text folded(struct asking *a, jw_text text, bool cased) {
    char *out = cased ? NULL : jw_arena_alloc(a->mem, text.len * JW_FOLD_GROWTH + 1);
    return out ? (jw_text){out, jw_fold(text, out)} : text;
}

static bool fields_agree(struct asking *a, const struct jw_sigma_value *value, const struct place *left,
                         const struct place *right) {
    for (uint32_t i = 0; left->count && right->count && i < a->rec->count; i++)
        for (uint32_t j = 0; j < a->rec->count; j++) {
            const jw_field *x = &a->rec->fields[i], *y = &a->rec->fields[j];
            if (is_of(left, x) && is_of(right, y) && x->kind != JW_KIND_NULL && y->kind != JW_KIND_NULL &&
                pair_agrees(value, folded(a, x->value, value->cased), folded(a, y->value, value->cased)))
                return true;
        }
    return false;
}

static bool is_true(struct asking *a, const struct jw_sigma_value *value, const struct place *place) {
    struct place other;
    switch (value->op) {
    case JW_OP_NULL:
        return !place->count || has_null(a->rec, place);
    case JW_OP_EXISTS:
        return (place->count > 0) == value->wanted;
    case JW_OP_FIELD:
        other = find_place(a, value->text);
        return fields_agree(a, value, place, &other);
    default:
        return value_holds(a, value, place);
    }
}

/* `User = "li"`, with the event's own name where it is another: `User (winlog.event_data.User) = "li", "wang"`. */
static void tell_field(struct asking *a, jw_buffer *out, jw_text field, const struct place *place) {
    uint32_t count = 0;
    if (!place->count) {
        jw_buffer_add(out, JW_TEXT("no field "));
        jw_buffer_add(out, field);
        return;
    }
    jw_buffer_add(out, field);
    if (!jw_text_is(field, place->first)) {
        jw_buffer_add(out, JW_TEXT(" ("));
        jw_buffer_add(out, place->first);
        jw_buffer_byte(out, ')');
    }
    jw_buffer_add(out, JW_TEXT(" = "));
    for (uint32_t i = 0; i < a->rec->count; i++) {
        if (!is_of(place, &a->rec->fields[i]) || count++ >= SHOWN_VALUES)
            continue;
        if (count > 1)
            jw_buffer_add(out, JW_TEXT(", "));
        if (a->rec->fields[i].kind == JW_KIND_NULL)
            jw_buffer_add(out, JW_TEXT("null"));
        else
            jw_sigma_quote(out, a->rec->fields[i].value);
    }
    if (count > SHOWN_VALUES)
        jw_buffer_print(out, " and %u more", count - SHOWN_VALUES);
}

static jw_text tell_event(struct asking *a, const struct jw_sigma_item *item, const struct place *place) {
    jw_buffer out = JW_BUFFER(TEXT_MOST);
    if (!item->field.len) {
        jw_buffer_print(&out, "%u values", a->rec->count);
        return keep(a, &out);
    }
    tell_field(a, &out, item->field, place);
    if (item->count && item->values[0].op == JW_OP_FIELD) {
        const struct place other = find_place(a, item->values[0].text);
        jw_buffer_add(&out, JW_TEXT("; "));
        tell_field(a, &out, item->values[0].text, &other);
    }
    return keep(a, &out);
}

/* --- the rule's side -------------------------------------------------------------------------------------------
 */
static void tell_value(jw_buffer *out, const struct jw_sigma_value *value) {
    jw_buffer_print(out, "%s%s", jw_sigma_part_word(value->part), jw_sigma_word(value));
    if (value->op == JW_OP_NULL || value->op == JW_OP_EXISTS)
        return;
    jw_buffer_byte(out, ' ');
    if (value->op == JW_OP_FIELD) {
        jw_buffer_add(out, JW_TEXT("what field "));
        jw_buffer_add(out, value->text);
        jw_buffer_add(out, JW_TEXT(" has"));
        return;
    }
    jw_sigma_quote(out, value->text);
}

/* base64offset makes three values of one text: one is enough to read. */
static bool is_repeated(const struct jw_sigma_item *item, uint32_t i) {
    return i && jw_text_is(item->values[i].text, item->values[i - 1].text) &&
           item->values[i].op == item->values[i - 1].op && item->values[i].part == item->values[i - 1].part;
}

/* What decides stands first: of alternatives the one that is there, of `all` the ones that are missing. */
static jw_text tell_item(struct asking *a, const struct jw_sigma_item *item, const bool *truth, bool holds) {
    jw_buffer out = JW_BUFFER(TEXT_MOST);
    uint32_t different = 0, shown = 0;
    bool only = item->all ? !holds : holds; /* only those that decide */
    jw_buffer_add(&out, item->field.len ? item->field : JW_TEXT("some value"));
    jw_buffer_byte(&out, ' ');
    if (item->not_equal)
        jw_buffer_add(&out, JW_TEXT("not: "));
    for (uint32_t i = 0; i < item->count; i++) {
        if (is_repeated(item, i))
            continue;
        different++;
        if ((only && truth[i] == item->all) || shown >= SHOWN_VALUES)
            continue;
        if (shown++)
            jw_buffer_add(&out, item->all ? JW_TEXT(" and ") : JW_TEXT(" or "));
        tell_value(&out, &item->values[i]);
    }
    if (shown < different)
        jw_buffer_print(&out, item->all ? " (of %u that must all be)" : " (one of %u)", different);
    return keep(a, &out);
}

static struct jw_sigma_part *ask_item(struct asking *a, const struct jw_sigma_item *item, jw_text detection) {
    struct jw_sigma_part *part = part_new(a, JW_PART_COMPARE, detection);
    bool *truth = jw_arena_alloc(a->mem, item->count + 1);
    uint32_t count = 0;
    a->failed |= !truth;
    if (a->failed)
        return part;
    const struct place place = item->field.len ? find_place(a, item->field) : (struct place){.any = true};
    for (uint32_t i = 0; i < item->count; i++)
        count += truth[i] = is_true(a, &item->values[i], &place);
    bool holds = item->all ? count == item->count : count > 0;
    part->is_true = holds != item->not_equal;
    part->wants = tell_item(a, item, truth, holds);
    part->has = tell_event(a, item, &place);
    return part;
}

static struct jw_sigma_part *ask(struct asking *a, const struct jw_sigma_node *node) {
    static const jw_part_kind kinds[] = {[JW_NODE_AND] = JW_PART_ALL,
                                         [JW_NODE_OR] = JW_PART_ANY,
                                         [JW_NODE_NOT] = JW_PART_NOT,
                                         [JW_NODE_AT_LEAST] = JW_PART_AT_LEAST};
    if (node->kind == JW_NODE_ITEM)
        return ask_item(a, node->item, node->name);
    struct jw_sigma_part *part = part_new(a, kinds[node->kind], node->name);
    const struct jw_sigma_part **tail = part ? &part->first : NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->count && !a->failed; i++) {
        struct jw_sigma_part *child = ask(a, node->children[i]);
        /* a detection may stand in several places, but the part is a new one each time */
        if (!child)
            return part;
        count += child->is_true;
        *tail = child;
        tail = &child->next;
    }
    if (part) {
        part->least = node->least;
        part->is_true = node->kind == JW_NODE_AND   ? count == node->count
                        : node->kind == JW_NODE_OR  ? count > 0
                        : node->kind == JW_NODE_NOT ? count == 0
                                                    : count >= node->least;
    }
    return part;
}

/* --- what decided ----------------------------------------------------------------------------------------------
 */
struct deciding {
    jw_buffer out;
    uint32_t reasons;
    const struct jw_sigma_part *told[REASONS_MOST];
};

/* The comparisons that make `part` what it is: of ALL that is false the false ones, and so on. */
static void decide(struct deciding *d, const struct jw_sigma_part *part, jw_text detection) {
    if (part->name.len)
        detection = part->name;
    if (d->reasons == REASONS_MOST)
        return;
    if (part->kind == JW_PART_COMPARE) {
        for (uint32_t i = 0; i < d->reasons; i++)
            if (jw_text_is(d->told[i]->wants, part->wants) && jw_text_is(d->told[i]->has, part->has))
                return;
        d->told[d->reasons] = part;
        if (d->reasons++)
            jw_buffer_add(&d->out, JW_TEXT("; "));
        if (detection.len) {
            jw_buffer_add(&d->out, detection);
            jw_buffer_add(&d->out, JW_TEXT(": "));
        }
        jw_buffer_add(&d->out, part->is_true ? JW_TEXT("") : JW_TEXT("it is not so that "));
        jw_buffer_add(&d->out, part->wants);
        if (!part->is_true) {
            jw_buffer_add(&d->out, JW_TEXT(" (the event: "));
            jw_buffer_add(&d->out, part->has);
            jw_buffer_byte(&d->out, ')');
        }
        return;
    }
    for (const struct jw_sigma_part *child = part->first; child; child = child->next)
        if (part->kind == JW_PART_NOT || child->is_true == part->is_true)
            decide(d, child, detection);
}

static jw_text decision(struct asking *a, const struct jw_sigma_why *why) {
    struct deciding d = {.out = JW_BUFFER(TEXT_MOST)};
    if (!why->of_logsource) {
        jw_buffer_add(&d.out, JW_TEXT("the event is not of the logsource "));
        jw_buffer_add(&d.out, why->logsource);
        if (!why->kinds)
            jw_buffer_add(&d.out, JW_TEXT(", which no file of content/mappings describes"));
        if (why->condition && why->condition->is_true)
            jw_buffer_add(&d.out, JW_TEXT(" (its condition would be true)"));
    } else if (why->condition) {
        decide(&d, why->condition, (jw_text){0});
    }
    return keep(a, &d.out);
}

/* --- the logsource ---------------------------------------------------------------------------------------------
 */
static jw_text tell_logsource(struct asking *a, const struct jw_sigma_logsource *source) {
    const jw_text names[] = {JW_TEXT("product "), JW_TEXT("category "), JW_TEXT("service ")};
    const jw_text parts[] = {source->product, source->category, source->service};
    jw_buffer out = JW_BUFFER(TEXT_MOST);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].len)
            continue;
        if (out.len)
            jw_buffer_add(&out, JW_TEXT(", "));
        jw_buffer_add(&out, names[i]);
        jw_buffer_add(&out, parts[i]);
    }
    return keep(a, &out);
}

static void ask_logsource(struct asking *a, const struct jw_sigma_rule *rule, const struct jw_sigma_source *source,
                          struct jw_sigma_why *why) {
    const struct jw_sigma_part **tail = &why->kinds;
    const struct jw_sigma_logsource *wanted = &rule->logsource;
    why->logsource = tell_logsource(a, wanted);
    why->of_logsource =
        !why->logsource.len ||
        (source && jw_logsource_covers(
                       wanted, &(struct jw_sigma_logsource){source->product, source->category, source->service}));
    for (const struct jw_mapping_entry *entry = a->set->mapping.entries; entry && !why->of_logsource && !a->failed;
         entry = entry->next) {
        if (!entry->when || !jw_logsource_covers(wanted, &entry->source))
            continue;
        struct asking kind = *a;
        kind.logsource = &entry->source;
        kind.entry = entry;
        struct jw_sigma_part *inner = ask(&kind, entry->when), *outer = inner;
        a->failed |= kind.failed || !inner;
        if (!a->failed && inner->kind == JW_PART_COMPARE && (outer = part_new(a, JW_PART_ALL, (jw_text){0}))) {
            outer->first = inner;
            outer->is_true = inner->is_true;
        }
        if (a->failed)
            return;
        outer->name = tell_logsource(a, &entry->source);
        why->of_logsource = inner->is_true;
        if (inner->is_true) /* the others do not matter */
            why->kinds = NULL, tail = &why->kinds;
        *tail = outer;
        tail = &outer->next;
    }
}

jw_status jw_sigma_why(const struct jw_sigma *sigma, const struct jw_sigma_rule *rule, const struct jw_record *rec,
                       const struct jw_sigma_source *source, struct jw_arena *mem, struct jw_sigma_why *out,
                       struct jw_error *err) {
    JW_AUTO(jw_stamp_free) struct jw_stamp stamp = {0};
    struct asking a = {
        .set = sigma, .rec = jw_stamp_add(&stamp, sigma, rec), .mem = mem, .logsource = &rule->logsource};
    struct jw_sigma_why why = {0};
    if (!rule->root)
        return jw_fail(err, JW_E_SYNTAX, "a correlation counts events of other rules; ask about those");
    ask_logsource(&a, rule, source, &why);
    if (!a.failed)
        why.condition = ask(&a, rule->root);
    if (!a.failed) {
        why.matches = why.of_logsource && why.condition->is_true;
        why.because = decision(&a, &why);
    }
    if (a.failed)
        return jw_fail(err, JW_E_LIMIT, "no memory for an explanation of this rule and event");
    *out = why;
    return JW_OK;
}

uint32_t jw_sigma_rule_counts(const struct jw_sigma *sigma, const struct jw_sigma_rule *rule,
                              const struct jw_sigma_rule **out, uint32_t most) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rule->correlation.rule_count && count < most; i++) {
        struct jw_sigma_rule *called = jw_named_find(sigma->called, rule->correlation.rules[i]);
        if (!called)
            called = jw_named_find(sigma->ids, rule->correlation.rules[i]);
        if (called)
            out[count++] = called;
    }
    return count;
}
