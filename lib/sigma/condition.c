/* lib/sigma/condition.c — "selection and not 1 of filter_*": recursive descent over words and parentheses.
 * Binding, strongest first: `N of`, not, and, or. */
#include "rule.h"

struct reader {
    jw_text rest, word; /* word: the one in hand; empty at the end */
    const struct jw_sigma_detection *detections;
    uint32_t count, *budget;
    struct jw_arena *mem;
    struct jw_error *err;
    int depth;
};

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static void step(struct reader *r) {
    while (r->rest.len && is_space(*r->rest.ptr))
        r->rest.ptr++, r->rest.len--;
    size_t len = 0;
    if (r->rest.len && (*r->rest.ptr == '(' || *r->rest.ptr == ')'))
        len = 1;
    else
        while (len < r->rest.len && !is_space(r->rest.ptr[len]) && r->rest.ptr[len] != '(' &&
               r->rest.ptr[len] != ')')
            len++;
    r->word = (jw_text){r->rest.ptr, len};
    r->rest.ptr += len;
    r->rest.len -= len;
}

static bool at(const struct reader *r, const char *word) { return jw_text_is_nocase(r->word, jw_text_from(word)); }

static jw_status fail(const struct reader *r, const char *why) {
    if (!r->word.len)
        return jw_fail(r->err, JW_E_SYNTAX, "condition: %s, but it ends there", why);
    return jw_fail(r->err, JW_E_SYNTAX, "condition: %s, not '" JW_FMT "'", why, JW_ARG(r->word));
}

struct jw_sigma_node *jw_sigma_node_new(struct jw_arena *mem, jw_node_kind kind, struct jw_sigma_node **children,
                                        uint32_t count) {
    struct jw_sigma_node *node = jw_arena_alloc(mem, sizeof *node);
    struct jw_sigma_node **kept = jw_arena_alloc(mem, (count ? count : 1) * sizeof(void *));
    if (!node || !kept)
        return NULL;
    if (count)
        memcpy(kept, children, count * sizeof(void *));
    *node = (struct jw_sigma_node){.kind = kind, .count = count, .children = kept};
    return node;
}

static jw_status spend(struct reader *r, uint32_t parts) {
    if (parts > *r->budget)
        return jw_fail(r->err, JW_E_LIMIT, "condition: more than %d parts", JW_SIGMA_PARTS);
    *r->budget -= parts;
    return JW_OK;
}

static jw_status made(struct reader *r, struct jw_sigma_node *node, struct jw_sigma_node **out) {
    *out = node;
    return node ? JW_OK : jw_fail(r->err, JW_E_LIMIT, "condition: no memory");
}

/* Names of detections, with * anywhere. `them` is every name that does not begin with '_'. */
static bool covers(jw_text pattern, jw_text name) {
    size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;
    if (jw_text_is_nocase(pattern, JW_TEXT("them")))
        return !jw_text_starts(name, JW_TEXT("_"));
    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.len && pattern.ptr[p] == name.ptr[n]) {
            p++, n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

static jw_status read_of(struct reader *r, jw_text how_many, struct jw_sigma_node **out) {
    struct jw_sigma_node *covered[256];
    uint32_t count = 0;
    uint64_t least = 1;
    bool all = jw_text_is_nocase(how_many, JW_TEXT("all"));
    if (!all && !jw_text_is_nocase(how_many, JW_TEXT("any")) && (!jw_text_u64(how_many, &least) || least == 0))
        return jw_fail(r->err, JW_E_SYNTAX, "condition: '" JW_FMT " of' counts nothing", JW_ARG(how_many));
    for (uint32_t i = 0; i < r->count; i++)
        if (covers(r->word, r->detections[i].name)) {
            if (count == sizeof covered / sizeof *covered)
                return jw_fail(r->err, JW_E_LIMIT, "condition: more than 256 detections");
            covered[count++] = r->detections[i].node;
        }
    if (!count)
        return fail(r, "'of' wants the name of a detection");
    if (least > count)
        return jw_fail(r->err, JW_E_SYNTAX, "condition: %llu of %u can never be true", (unsigned long long)least,
                       count);
    jw_status st = spend(r, count);
    if (st != JW_OK)
        return st;
    step(r);
    jw_node_kind kind = all ? JW_NODE_AND : least == 1 ? JW_NODE_OR : JW_NODE_AT_LEAST;
    st = made(r, jw_sigma_node_new(r->mem, kind, covered, count), out);
    if (st == JW_OK)
        (*out)->least = (uint32_t)least;
    return st;
}

static jw_status read_or(struct reader *r, struct jw_sigma_node **out);

static jw_status read_primary(struct reader *r, struct jw_sigma_node **out) {
    jw_text word = r->word;
    jw_status spent = spend(r, 1);
    if (spent != JW_OK)
        return spent;
    if (at(r, "(")) {
        step(r);
        jw_status st = read_or(r, out);
        if (st == JW_OK && !at(r, ")"))
            return fail(r, "a parenthesis is open");
        step(r);
        return st;
    }
    if (!word.len || at(r, ")") || at(r, "and") || at(r, "or"))
        return fail(r, "wants a detection's name");
    step(r);
    if (at(r, "of")) {
        step(r);
        return read_of(r, word, out);
    }
    for (uint32_t i = 0; i < r->count; i++)
        if (jw_text_is(r->detections[i].name, word)) {
            *out = r->detections[i].node;
            return JW_OK;
        }
    return jw_fail(r->err, JW_E_SYNTAX, "condition: no detection is called '" JW_FMT "'", JW_ARG(word));
}

static jw_status read_not(struct reader *r, struct jw_sigma_node **out) {
    struct jw_sigma_node *child;
    if (++r->depth > JW_SIGMA_DEPTH)
        return jw_fail(r->err, JW_E_LIMIT, "condition: nested deeper than %d", JW_SIGMA_DEPTH);
    bool negated = at(r, "not");
    if (negated)
        step(r);
    jw_status st = negated ? read_not(r, &child) : read_primary(r, out);
    r->depth--;
    return st == JW_OK && negated ? made(r, jw_sigma_node_new(r->mem, JW_NODE_NOT, &child, 1), out) : st;
}

/* One level of "x and x and …" or "x or x or …". */
static jw_status read_chain(struct reader *r, const char *word, jw_node_kind kind,
                            jw_status (*next)(struct reader *r, struct jw_sigma_node **out),
                            struct jw_sigma_node **out) {
    struct jw_sigma_node *parts[256];
    uint32_t count = 0;
    for (;;) {
        jw_status st = next(r, &parts[count]);
        if (st != JW_OK)
            return st;
        count++;
        if (!at(r, word))
            break;
        if (count == sizeof parts / sizeof *parts)
            return jw_fail(r->err, JW_E_LIMIT, "condition: more than 256 parts");
        step(r);
    }
    if (count > 1)
        return made(r, jw_sigma_node_new(r->mem, kind, parts, count), out);
    *out = parts[0];
    return JW_OK;
}

static jw_status read_and(struct reader *r, struct jw_sigma_node **out) {
    return read_chain(r, "and", JW_NODE_AND, read_not, out);
}

static jw_status read_or(struct reader *r, struct jw_sigma_node **out) {
    return read_chain(r, "or", JW_NODE_OR, read_and, out);
}

jw_status jw_sigma_condition_read(jw_text text, const struct jw_sigma_detection *detections, uint32_t count,
                                  uint32_t *budget, struct jw_arena *mem, struct jw_sigma_node **out,
                                  struct jw_error *err) {
    struct reader r = {
        .rest = text, .detections = detections, .count = count, .budget = budget, .mem = mem, .err = err};
    if (memchr(text.ptr ? text.ptr : "", '|', text.len))
        return jw_fail(err, JW_E_SYNTAX,
                       "condition: aggregations after '|' were removed from Sigma; use a correlation");
    step(&r);
    jw_status st = read_or(&r, out);
    if (st == JW_OK && r.word.len)
        return fail(&r, "wants 'and', 'or' or the end");
    return st;
}
