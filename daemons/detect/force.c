/* daemons/detect/force.c — the names of the rules in force, so that a reload cannot lose one by mistake. */
#include "detect.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct name {
    char *key, *file; /* the id, else the title */
};
struct jw_force {
    struct name *list; /* sorted */
    size_t count;
};

void jw_force_free(struct jw_force *force) {
    for (size_t i = 0; force && i < force->count; i++) {
        free(force->list[i].key);
        free(force->list[i].file);
    }
    if (force)
        free(force->list);
    free(force);
}

static void free_force(struct jw_force **force) { jw_force_free(*force); }

static int by_key(const void *a, const void *b) {
    return strcmp(((const struct name *)a)->key, ((const struct name *)b)->key);
}

static char *copy(jw_text text) { return strndup(text.len ? text.ptr : "", text.len); }

struct jw_force *jw_force_new(const struct jw_rules *rules) {
    JW_AUTO(free_force) struct jw_force *force = calloc(1, sizeof *force);
    size_t count = rules->counts.rules + rules->counts.correlations;
    if (!force || !(force->list = calloc(count + 1, sizeof *force->list)))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const struct jw_sigma_info *info = jw_sigma_rule_info(jw_sigma_rule_at(rules->sigma, (uint32_t)i));
        struct name *name = &force->list[force->count++];
        *name = (struct name){copy(info->id.len ? info->id : info->title), copy(info->file)};
        if (!name->key || !name->file)
            return NULL;
    }
    qsort(force->list, force->count, sizeof *force->list, by_key);
    struct jw_force *done = force;
    force = NULL;
    return done;
}

static const struct jw_refusal *refusal_of(const struct jw_refusals *refusals, const struct name *name) {
    for (uint32_t i = 0; i < refusals->count; i++) {
        const struct jw_refusal *r = &refusals->list[i];
        if (r->id && *r->id ? strcmp(r->id, name->key) == 0 : r->file && strcmp(r->file, name->file) == 0)
            return r;
    }
    return NULL;
}

jw_status jw_force_check(const struct jw_force *old, const struct jw_force *next,
                         const struct jw_refusals *refusals, struct jw_error *err) {
    for (size_t i = 0; i < old->count && refusals->total; i++) {
        const struct name *name = &old->list[i];
        if (bsearch(name, next->list, next->count, sizeof *name, by_key))
            continue;
        const struct jw_refusal *refusal = refusal_of(refusals, name);
        if (refusal)
            return jw_fail(err, JW_E_SYNTAX, "rule %s is in force and would be lost: %s: %s", name->key,
                           refusal->file ? refusal->file : name->file, refusal->why ? refusal->why : "no memory");
        if (refusals->failed && access(name->file, F_OK) == 0)
            return jw_fail(err, JW_E_SYNTAX, "rule %s is in force and would be lost; %u rules were refused",
                           name->key, refusals->total);
    }
    return JW_OK;
}
