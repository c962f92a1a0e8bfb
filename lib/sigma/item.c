/* lib/sigma/item.c — one line of a detection: "field|modifier|modifier: value(s)". Modifiers work left to right. */
#include "rule.h"

#include <math.h>
#include <stdlib.h>

#define MODIFIERS_MOST 8

typedef enum modifier {
    MOD_NONE,
    MOD_CONTAINS,
    MOD_STARTS,
    MOD_ENDS,
    MOD_ALL,
    MOD_EXISTS,
    MOD_CASED,
    MOD_NEQ,
    MOD_WINDASH,
    MOD_RE,
    MOD_I,
    MOD_M,
    MOD_S,
    MOD_BASE64,
    MOD_BASE64_OFFSET,
    MOD_WIDE,
    MOD_UTF16BE,
    MOD_UTF16,
    MOD_LT,
    MOD_LTE,
    MOD_GT,
    MOD_GTE,
    MOD_CIDR,
    MOD_FIELDREF,
    MOD_EXPAND,
    MOD_MINUTE, /* in the order of jw_date_part */
    MOD_HOUR,
    MOD_DAY,
    MOD_WEEK,
    MOD_MONTH,
    MOD_YEAR,
} modifier;

static const struct {
    const char *name;
    modifier what;
} table[] = {
    {"contains", MOD_CONTAINS},
    {"startswith", MOD_STARTS},
    {"endswith", MOD_ENDS},
    {"all", MOD_ALL},
    {"exists", MOD_EXISTS},
    {"cased", MOD_CASED},
    {"neq", MOD_NEQ},
    {"windash", MOD_WINDASH},
    {"re", MOD_RE},
    {"i", MOD_I},
    {"ignorecase", MOD_I},
    {"m", MOD_M},
    {"multiline", MOD_M},
    {"s", MOD_S},
    {"dotall", MOD_S},
    {"base64", MOD_BASE64},
    {"base64offset", MOD_BASE64_OFFSET},
    {"wide", MOD_WIDE},
    {"utf16le", MOD_WIDE},
    {"utf16be", MOD_UTF16BE},
    {"utf16", MOD_UTF16},
    {"lt", MOD_LT},
    {"lte", MOD_LTE},
    {"gt", MOD_GT},
    {"gte", MOD_GTE},
    {"cidr", MOD_CIDR},
    {"fieldref", MOD_FIELDREF},
    {"expand", MOD_EXPAND},
    {"minute", MOD_MINUTE},
    {"hour", MOD_HOUR},
    {"day", MOD_DAY},
    {"week", MOD_WEEK},
    {"month", MOD_MONTH},
    {"year", MOD_YEAR},
};

/* The numbers a part of a date can be (modifiers appendix of Sigma 2.1; ISO 8601 has years of 53 weeks). */
static const struct {
    const char *name;
    int least, most;
} parts[] = {[JW_DATE_MINUTE] = {"minute", 0, 59}, [JW_DATE_HOUR] = {"hour", 0, 23},
             [JW_DATE_DAY] = {"day", 1, 31},       [JW_DATE_WEEK] = {"week", 1, 53},
             [JW_DATE_MONTH] = {"month", 1, 12},   [JW_DATE_YEAR] = {"year", 1678, 2261}};

struct reading {
    const struct jw_placeholders *lists;
    struct jw_arena *mem;
    struct jw_error *err;
    int line;
    modifier mods[MODIFIERS_MOST];
    uint32_t count;
    bool cased;
    jw_sigma_op op;
    jw_date_part part;
    uint8_t flags;
    struct jw_sigma_item *item;
    uint32_t capacity;
};

static bool has(const struct reading *r, modifier what) {
    for (uint32_t i = 0; i < r->count; i++)
        if (r->mods[i] == what)
            return true;
    return false;
}

static jw_status fail(const struct reading *r, const char *why, jw_text what) {
    return jw_fail(r->err, JW_E_SYNTAX, "line %d: %s: " JW_FMT, r->line, why, JW_ARG(what));
}

static jw_status read_modifiers(struct reading *r, jw_text names) {
    jw_text name;
    while (jw_text_next(&names, '|', &name)) {
        size_t row = 0, rows = sizeof table / sizeof *table;
        while (row < rows && !jw_text_is(jw_text_from(table[row].name), name))
            row++;
        if (row == rows)
            return fail(r, "unknown modifier", name);
        if (r->count == MODIFIERS_MOST)
            return fail(r, "too many modifiers, at", name);
        r->mods[r->count++] = table[row].what;
    }
    return JW_OK;
}

static bool has_any(const struct reading *r, const modifier *what, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (has(r, what[i]))
            return true;
    return false;
}
#define HAS_ANY(r, list) has_any((r), (list), sizeof(list) / sizeof *(list))

static bool is_pattern_like(jw_sigma_op op) { return op == JW_OP_PATTERN || op == JW_OP_FIELD; }
static bool is_comparison(jw_sigma_op op) { return op >= JW_OP_LESS && op <= JW_OP_SAME_NUMBER; }

/* At most one part of a date; alone it is compared with =. Gives how many there are. */
static unsigned read_part(struct reading *r) {
    unsigned found = 0;
    for (modifier what = MOD_MINUTE; what <= MOD_YEAR; what++)
        if (has(r, what)) {
            r->part = (jw_date_part)(JW_DATE_MINUTE + (what - MOD_MINUTE));
            found++;
        }
    if (found && r->op == JW_OP_PATTERN)
        r->op = JW_OP_SAME_NUMBER;
    return found;
}

/* What the whole item compares with; a second one of these, or a modifier that does nothing to it, is a mistake. */
static jw_status read_operator(struct reading *r) {
    static const struct {
        modifier what;
        jw_sigma_op op;
    } ops[] = {{MOD_RE, JW_OP_REGEX},       {MOD_CIDR, JW_OP_NETWORK},  {MOD_LT, JW_OP_LESS},
               {MOD_LTE, JW_OP_LESS_EQUAL}, {MOD_GT, JW_OP_GREATER},    {MOD_GTE, JW_OP_GREATER_EQUAL},
               {MOD_EXISTS, JW_OP_EXISTS},  {MOD_FIELDREF, JW_OP_FIELD}};
    static const modifier shapes[] = {MOD_CONTAINS, MOD_STARTS, MOD_ENDS};
    static const modifier codes[] = {MOD_BASE64, MOD_BASE64_OFFSET, MOD_WIDE, MOD_UTF16BE, MOD_UTF16, MOD_WINDASH};
    unsigned found = 0;
    r->op = JW_OP_PATTERN;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (has(r, ops[i].what)) {
            r->op = ops[i].op;
            found++;
        }
    unsigned dates = read_part(r);
    r->cased = has(r, MOD_CASED);
    r->flags = (uint8_t)((has(r, MOD_I) ? JW_REGEX_NOCASE : 0) | (has(r, MOD_M) ? JW_REGEX_MULTILINE : 0) |
                         (has(r, MOD_S) ? JW_REGEX_DOTALL : 0));
    bool bad = found > 1 || dates > 1 || (dates && !is_comparison(r->op)) || (r->flags && r->op != JW_OP_REGEX) ||
               (HAS_ANY(r, codes) && r->op != JW_OP_PATTERN) || (HAS_ANY(r, shapes) && !is_pattern_like(r->op)) ||
               (r->cased && !is_pattern_like(r->op)) || (r->op == JW_OP_EXISTS && r->count > 1);
    return bad ? fail(r, "modifiers that do not go together", r->item->how) : JW_OK;
}

static jw_status keep(struct reading *r, struct jw_sigma_value value) {
    struct jw_sigma_item *item = r->item;
    if (item->count == JW_SIGMA_VALUES)
        return jw_fail(r->err, JW_E_LIMIT, "line %d: more than %d values", r->line, JW_SIGMA_VALUES);
    if (item->count == r->capacity) {
        uint32_t capacity = r->capacity ? r->capacity * 2 : 4;
        struct jw_sigma_value *values =
            jw_arena_grow(r->mem, item->values, r->capacity * sizeof value, capacity * sizeof value);
        if (!values)
            return jw_fail(r->err, JW_E_LIMIT, "line %d: no memory", r->line);
        item->values = values;
        r->capacity = capacity;
    }
    item->values[item->count++] = value;
    return JW_OK;
}

static jw_status no_memory(struct reading *r) { return jw_fail(r->err, JW_E_LIMIT, "line %d: no memory", r->line); }

/* Matching takes the length of a value times that of its longest run without *. */
static jw_status too_many_pieces(struct reading *r) {
    return jw_fail(r->err, JW_E_LIMIT,
                   "line %d: more than %d wildcards, dashes and texts between them in one value", r->line,
                   JW_SIGMA_PIECES);
}

/* Applies an encoding to every literal. base64 of a wildcard means nothing. */
static jw_status encode(struct reading *r, struct jw_pattern *pattern, modifier what, unsigned offset,
                        jw_text text) {
    bool base64 = what == MOD_BASE64 || what == MOD_BASE64_OFFSET;
    if (base64 && (pattern->count != 1 || pattern->pieces[0].kind != JW_PIECE_LITERAL))
        return fail(r, "base64 wants a text without wildcards", text);
    for (uint32_t i = 0; i < pattern->count; i++) {
        struct jw_piece *piece = &pattern->pieces[i];
        jw_status st = JW_OK;
        if (piece->kind != JW_PIECE_LITERAL)
            continue;
        if (what == MOD_BASE64)
            st = jw_encode_base64(piece->text, r->mem, &piece->text);
        else if (what == MOD_BASE64_OFFSET)
            st = jw_encode_base64_offset(piece->text, offset, r->mem, &piece->text);
        else
            st = jw_encode_utf16(piece->text, what == MOD_UTF16BE, what == MOD_UTF16, r->mem, &piece->text);
        if (st != JW_OK)
            return no_memory(r);
        if (piece->text.len == 0)
            return fail(r, "too short for base64offset", text);
    }
    return JW_OK;
}

static jw_status shape(struct reading *r, struct jw_sigma_value *value, unsigned offset) {
    struct jw_pattern *pattern = &value->pattern;
    jw_status st = JW_OK;
    for (uint32_t i = 0; i < r->count && st == JW_OK; i++) {
        modifier what = r->mods[i];
        if (what == MOD_CONTAINS || what == MOD_STARTS || what == MOD_ENDS)
            st = jw_pattern_wrap(pattern, what != MOD_STARTS, what != MOD_ENDS, r->mem);
        else if (what == MOD_WINDASH)
            st = jw_pattern_windash(pattern, r->mem);
        else if (what == MOD_BASE64 || what == MOD_BASE64_OFFSET || what == MOD_WIDE || what == MOD_UTF16BE ||
                 what == MOD_UTF16) {
            st = encode(r, pattern, what, offset, value->text);
            if (st != JW_OK)
                return st;
        }
    }
    if (st == JW_OK && r->item->field.len == 0) /* a keyword is looked for anywhere in a value */
        st = jw_pattern_wrap(pattern, true, true, r->mem);
    if (st == JW_OK && pattern->count > JW_SIGMA_PIECES)
        return too_many_pieces(r);
    if (st == JW_OK)
        st = jw_pattern_finish(pattern, r->cased, r->mem);
    return st == JW_OK ? JW_OK : no_memory(r);
}

static jw_status keep_pattern(struct reading *r, jw_text text) {
    unsigned variants = has(r, MOD_BASE64_OFFSET) ? 3 : 1;
    for (unsigned offset = 0; offset < variants; offset++) {
        struct jw_sigma_value value = {.op = JW_OP_PATTERN, .text = text, .cased = r->cased};
        if (jw_pattern_parse(text, r->mem, &value.pattern) != JW_OK)
            return no_memory(r);
        if (value.pattern.count > JW_SIGMA_PIECES)
            return too_many_pieces(r);
        jw_status st = shape(r, &value, offset);
        if (st == JW_OK)
            st = keep(r, value);
        if (st != JW_OK)
            return st;
    }
    return JW_OK;
}

static bool read_number(jw_text text, double *out) {
    char digits[64], *end;
    if (text.len == 0 || text.len >= sizeof digits)
        return false;
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    *out = strtod(digits, &end);
    return *end == '\0' && isfinite(*out);
}

static jw_status keep_number(struct reading *r, struct jw_sigma_value value) {
    if (!read_number(value.text, &value.number))
        return fail(r, "not a number", value.text);
    if (r->part && (value.number < parts[r->part].least || value.number > parts[r->part].most))
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: %s is a number from %d to %d, not " JW_FMT, r->line,
                       parts[r->part].name, parts[r->part].least, parts[r->part].most, JW_ARG(value.text));
    return keep(r, value);
}

static jw_status keep_exists(struct reading *r, struct jw_sigma_value value) {
    value.wanted = jw_text_is_nocase(value.text, JW_TEXT("true")) || jw_text_is_nocase(value.text, JW_TEXT("yes"));
    if (!value.wanted && !jw_text_is_nocase(value.text, JW_TEXT("false")) &&
        !jw_text_is_nocase(value.text, JW_TEXT("no")))
        return fail(r, "exists wants true or false", value.text);
    return keep(r, value);
}

/* One value as it is to be compared, its placeholders replaced. */
static jw_status read_text(struct reading *r, jw_text text) {
    struct jw_sigma_value value = {
        .op = r->op, .text = text, .cased = r->cased, .flags = r->flags, .part = r->part};
    switch (r->op) {
    case JW_OP_PATTERN:
        return keep_pattern(r, text);
    case JW_OP_NETWORK:
        return jw_network_parse(text, &value.network) ? keep(r, value) : fail(r, "not a network", text);
    case JW_OP_EXISTS:
        return keep_exists(r, value);
    case JW_OP_FIELD:
        value.shape = has(r, MOD_CONTAINS) ? JW_SHAPE_CONTAINS
                      : has(r, MOD_STARTS) ? JW_SHAPE_STARTS
                      : has(r, MOD_ENDS)   ? JW_SHAPE_ENDS
                                           : JW_SHAPE_EQUALS;
        return text.len ? keep(r, value) : fail(r, "fieldref wants a field's name", text);
    case JW_OP_REGEX: /* compiled, and refused if it is none, by the index */
        return keep(r, value);
    default:
        return keep_number(r, value);
    }
}

static jw_status read_value(struct reading *r, const struct jw_tree *node) {
    struct jw_error why = {{0}};
    jw_text *values;
    uint32_t count;
    r->line = node->line;
    if (node->kind != JW_TREE_SCALAR)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: a value must be a text, a number or null", r->line);
    if (r->op == JW_OP_PATTERN && jw_tree_is_null(node)) {
        if (r->count > (unsigned)(r->item->not_equal + r->item->all + r->cased))
            return fail(r, "null goes with no modifier", r->item->how);
        return keep(r, (struct jw_sigma_value){.op = JW_OP_NULL, .text = node->text});
    }
    if (!has(r, MOD_EXPAND))
        return read_text(r, node->text);
    jw_status st = jw_placeholder_expand(r->lists, node->text, r->mem, &values, &count, &why);
    if (st != JW_OK)
        return jw_fail(r->err, st, "line %d: %s", r->line, why.text);
    for (uint32_t i = 0; i < count && st == JW_OK; i++)
        st = read_text(r, values[i]);
    return st;
}

jw_status jw_sigma_item_read(const struct jw_tree *key, const struct jw_tree *value,
                             const struct jw_placeholders *lists, struct jw_arena *mem, struct jw_sigma_item *out,
                             struct jw_error *err) {
    struct reading r = {.lists = lists, .mem = mem, .err = err, .line = key->line, .item = out};
    jw_text names = key->text;
    *out = (struct jw_sigma_item){.line = key->line};
    if (!jw_text_cut(&names, '|', &out->field)) {
        out->field = key->text;
        names = (jw_text){0};
    }
    out->how = names;
    if (names.len) {
        jw_status st = read_modifiers(&r, names);
        if (st != JW_OK)
            return st;
    } else if (key->text.len > out->field.len) {
        return fail(&r, "a modifier is missing after the bar", key->text);
    }
    out->all = has(&r, MOD_ALL);
    out->not_equal = has(&r, MOD_NEQ);
    jw_status st = read_operator(&r);
    if (st == JW_OK && out->field.len == 0 && r.op != JW_OP_PATTERN && r.op != JW_OP_REGEX)
        return fail(&r, "keywords are texts; they cannot be used with", out->how);
    if (st != JW_OK || value->kind == JW_TREE_SCALAR)
        return st == JW_OK ? read_value(&r, value) : st;
    if (value->kind != JW_TREE_LIST || !value->first)
        return jw_fail(err, JW_E_SYNTAX, "line %d: wants a value or a list of values", key->line);
    for (const struct jw_tree *node = value->first; node && st == JW_OK; node = node->next)
        st = read_value(&r, node);
    return st;
}
