/* lib/sigma/link.c — correlations find the rules they name; what names nothing, or in the end itself, is refused.
 */
#include "link.h"
#include "named.h"

#define CHAIN_MOST 8
#define DIVE_MOST  256 /* while looking how long a chain is */

struct linking {
    struct jw_sigma *set;
    jw_link_on_refusal refuse;
    void *context;
};

/* States of a rule, in correlation.depth while linking. */
enum { OPEN = UINT32_MAX, REFUSED = UINT32_MAX - 1 };

static struct jw_sigma_rule *find_called(const struct jw_sigma *set, jw_text name) {
    struct jw_sigma_rule *rule = jw_named_find(set->called, name);
    return rule ? rule : jw_named_find(set->ids, name);
}

static bool refuse(struct linking *l, struct jw_sigma_rule *rule, const char *why, jw_text name) {
    char text[256];
    snprintf(text, sizeof text, "line %d: correlation: %s '" JW_FMT "'", rule->info.line, why, JW_ARG(name));
    rule->correlation.depth = REFUSED;
    l->refuse(l->context, rule, text);
    return false;
}

static bool check_aliases(struct linking *l, struct jw_sigma_rule *rule) {
    const struct jw_sigma_correlation *c = &rule->correlation;
    for (uint32_t i = 0; i < c->alias_count; i++) {
        const struct jw_sigma_rule *meant = find_called(l->set, c->aliases[i].rule);
        bool watched = false;
        for (uint32_t r = 0; r < c->rule_count; r++)
            watched |= c->watched[r] == meant;
        if (!watched)
            return refuse(l, rule, "an alias names a rule that is not watched:", c->aliases[i].rule);
    }
    return true;
}

/* Depth first; a correlation that is met while it is open watches itself. The depth of recursion is bounded by
 * DIVE_MOST: a longer chain is refused on the way down. */
static bool link_rule(struct linking *l, struct jw_sigma_rule *rule, uint32_t above) {
    struct jw_sigma_correlation *c = &rule->correlation;
    uint32_t depth = 1;
    if (c->depth == REFUSED)
        return false;
    if (c->depth)
        return true;
    c->depth = OPEN;
    c->watched = jw_arena_alloc(l->set->mem, c->rule_count * sizeof(void *));
    if (!c->watched)
        return refuse(l, rule, "no memory for the rules of", rule->info.title);
    for (uint32_t i = 0; i < c->rule_count; i++) {
        struct jw_sigma_rule *called = find_called(l->set, c->rules[i]);
        if (!called || called->is_filter)
            return refuse(l, rule, "no rule is loaded that is called", c->rules[i]);
        for (uint32_t k = 0; k < i; k++)
            if (c->watched[k] == called)
                return refuse(l, rule, "watches twice:", c->rules[i]);
        c->watched[i] = called;
        if (!called->info.correlation)
            continue;
        if (called->correlation.depth == OPEN)
            return refuse(l, rule, "in the end it would watch itself, through", c->rules[i]);
        if (above == DIVE_MOST)
            return refuse(l, rule, "chains of more than 8 correlations: does not watch", c->rules[i]);
        if (!link_rule(l, called, above + 1))
            return refuse(l, rule, "watches a correlation that is left out:", c->rules[i]);
        if (called->correlation.depth >= depth)
            depth = called->correlation.depth + 1;
    }
    if (!check_aliases(l, rule))
        return false;
    if (depth > CHAIN_MOST)
        return refuse(l, rule, "chains of more than 8 correlations, in", rule->info.title);
    c->depth = depth;
    return true;
}

void jw_sigma_link(struct jw_sigma *set, jw_link_on_refusal on_refusal, void *context) {
    struct linking l = {set, on_refusal, context};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->rule_count; i++)
        if (set->rules[i]->info.correlation) {
            /* `generate` of a correlation speaks of the rules it watches, wherever in the document it stands */
            set->rules[i]->correlation.generate |= set->rules[i]->generate;
            set->rules[i]->generate = false;
            (void)!link_rule(&l, set->rules[i], 1);
        }
    for (uint32_t i = 0; i < set->rule_count; i++) {
        struct jw_sigma_rule *rule = set->rules[i];
        if (rule->correlation.depth == REFUSED) {
            set->correlation_count--;
            jw_named_forget(set->ids, rule->info.id, rule);
            jw_named_forget(set->called, rule->name, rule);
            continue;
        }
        set->rules[kept++] = rule;
        for (uint32_t r = 0; r < rule->correlation.rule_count; r++) {
            rule->correlation.watched[r]->watched = true;
            rule->correlation.watched[r]->generate |= rule->correlation.generate;
        }
    }
    set->rule_count = kept;
}
