/* lib/sigma/published.c — the two rosters as one value; texts are copied, because the files may be replaced. */
#include "published.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)512 << 20)

static void *one_more(void **list, size_t count, size_t size) {
    if ((count & (count - 1)) == 0) { /* full at each power of two */
        void *grown = realloc(*list, (count ? count * 2 : 1) * size);
        if (!grown)
            return NULL;
        *list = grown;
    }
    return (char *)*list + count * size;
}

static void see_rule(void *context, const struct jw_roster_row *row) {
    struct jw_published *p = context;
    void *list = p->rules;
    struct jw_published_rule *rule = one_more(&list, p->rule_count, sizeof *rule);
    p->rules = list;
    if (!rule)
        return;
    p->rule_count++;
    *rule = (struct jw_published_rule){
        .id = jw_arena_copy(p->mem, row->texts[JW_RULE_ID]),
        .title = jw_arena_copy(p->mem, row->texts[JW_RULE_TITLE]),
        .title_zh = jw_arena_copy(p->mem, row->texts[JW_RULE_TITLE_ZH]),
        .level = jw_arena_copy(p->mem, row->texts[JW_RULE_LEVEL]),
        .author = jw_arena_copy(p->mem, row->texts[JW_RULE_AUTHOR]),
        .file = jw_arena_copy(p->mem, row->texts[JW_RULE_FILE]),
        .evaluated = row->numbers[JW_RULE_EVALUATED],
        .matched = row->numbers[JW_RULE_MATCHED],
        .alerts = row->numbers[JW_RULE_ALERTS],
        .merged = row->numbers[JW_RULE_MERGED],
        .time_ns = row->numbers[JW_RULE_TIME_NS],
    };
}

static void see_loaded(void *context, const struct jw_roster_row *row) {
    struct jw_published *p = context;
    if (!p->loaded_at_ms) {
        p->loaded_at_ms = row->numbers[JW_LOADED_AT_MS];
        p->refused = row->numbers[JW_LOADED_REFUSED];
        p->why = jw_arena_copy(p->mem, row->texts[JW_LOADED_WHY]);
        return;
    }
    void *list = p->refusals;
    struct jw_published_refusal *refusal = one_more(&list, p->refusal_count, sizeof *refusal);
    p->refusals = list;
    if (!refusal)
        return;
    p->refusal_count++;
    *refusal = (struct jw_published_refusal){
        .file = jw_arena_copy(p->mem, row->texts[JW_LOADED_FILE]),
        .id = jw_arena_copy(p->mem, row->texts[JW_LOADED_ID]),
        .why = jw_arena_copy(p->mem, row->texts[JW_LOADED_WHY]),
        .line = row->numbers[JW_LOADED_LINE],
    };
}

static int by_cost(const void *a, const void *b) {
    const struct jw_published_rule *x = a, *y = b;
    const uint64_t left[] = {x->time_ns, x->matched, x->evaluated},
                   right[] = {y->time_ns, y->matched, y->evaluated};
    for (size_t i = 0; i < 3; i++)
        if (left[i] != right[i])
            return left[i] > right[i] ? -1 : 1;
    size_t common = x->id.len < y->id.len ? x->id.len : y->id.len;
    int order = common ? memcmp(x->id.ptr, y->id.ptr, common) : 0;
    return order ? order : (x->id.len > y->id.len) - (x->id.len < y->id.len);
}

jw_status jw_published_read(const char *data, struct jw_published **out, struct jw_error *err) {
    JW_AUTO(jw_published_free_p) struct jw_published *p = calloc(1, sizeof *p);
    char path[PATH_MAX];
    if (!p || !(p->mem = jw_arena_new(MEMORY)))
        return jw_fail(err, JW_E_LIMIT, "rules: no memory");
    snprintf(path, sizeof path, "%s/" JW_PUBLISHED_LOADED, data);
    jw_status st = jw_roster_read(path, see_loaded, p, err);
    if (st != JW_OK)
        return st;
    snprintf(path, sizeof path, "%s/" JW_PUBLISHED_RULES, data);
    st = jw_roster_read(path, see_rule, p, err);
    if (st < 0)
        return st;
    if (p->rule_count)
        qsort(p->rules, p->rule_count, sizeof *p->rules, by_cost);
    *out = p;
    p = NULL;
    return JW_OK;
}

void jw_published_free(struct jw_published *p) {
    if (!p)
        return;
    free(p->rules);
    free(p->refusals);
    jw_arena_free(p->mem);
    free(p);
}
