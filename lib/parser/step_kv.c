/* lib/parser/step_kv.c — kv: name=value pairs in all the ways devices write them. */
#include "step.h"

#define PAIRS 1024 /* most pairs of one line; the rest stays in event.original */

struct kv {
    jw_text *pairs, *equals, *hex, *skip;
    size_t pair_count, equal_count, hex_count, skip_count;
    const struct jw_table *labels;
    jw_text prefix;
    bool spaces, codes, quotes;
    bool may_split[256]; /* first bytes of `pairs` and `equals`: most bytes of a line are none, and cost one look-up
                          */
};

static const void *compile_kv(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    static const char *const keys[] = {"pairs", "equals", "fields", "prefix", "spaces",
                                       "codes", "quotes", "hex",    "skip",   NULL};
    struct jw_declared *yaml = compile->yaml;
    (void)block;
    jw_declared_keys(yaml, node, "kv", keys);
    struct kv *kv = jw_declared_alloc(yaml, sizeof *kv);
    if (!kv)
        return NULL;
    static jw_text blank = JW_TEXT(" "), equal = JW_TEXT("=");
    struct fy_node *pairs = jw_declared_member(node, "pairs"), *equals = jw_declared_member(node, "equals");
    struct fy_node *fields = jw_declared_member(node, "fields"), *prefix = jw_declared_member(node, "prefix");
    struct fy_node *spaces = jw_declared_member(node, "spaces"), *codes = jw_declared_member(node, "codes");
    struct fy_node *quotes = jw_declared_member(node, "quotes"), *hex = jw_declared_member(node, "hex");
    *kv = (struct kv){.pairs = &blank, .equals = &equal, .pair_count = 1, .equal_count = 1, .quotes = true};
    if (pairs)
        kv->pairs = jw_declared_texts(yaml, pairs, "pairs", &kv->pair_count);
    if (equals)
        kv->equals = jw_declared_texts(yaml, equals, "equals", &kv->equal_count);
    if (hex)
        kv->hex = jw_declared_texts(yaml, hex, "hex", &kv->hex_count);
    struct fy_node *skip = jw_declared_member(node, "skip");
    if (skip)
        kv->skip = jw_declared_texts(yaml, skip, "skip", &kv->skip_count);
    for (size_t i = 0; i < kv->pair_count + kv->equal_count; i++) {
        jw_text one = i < kv->pair_count ? kv->pairs[i] : kv->equals[i - kv->pair_count];
        if (one.len == 0)
            jw_declared_fail(yaml, node, "kv: an empty separator");
        else
            kv->may_split[(unsigned char)*one.ptr] = true;
    }
    kv->labels = fields ? jw_table_labels(compile, fields) : NULL;
    kv->prefix = prefix ? jw_declared_text(yaml, prefix, "prefix") : JW_TEXT("");
    kv->spaces = spaces && jw_declared_bool(yaml, spaces, "spaces");
    kv->codes = codes && jw_declared_bool(yaml, codes, "codes");
    kv->quotes = !quotes || jw_declared_bool(yaml, quotes, "quotes");
    return kv;
}

/* Length of the separator that stands here; 0 when none does. */
static size_t separator(const jw_text *list, size_t count, jw_text rest) {
    for (size_t i = 0; i < count; i++)
        if (jw_text_starts(rest, list[i]))
            return list[i].len;
    return 0;
}

static jw_text behind(jw_text text, size_t skip) { return (jw_text){text.ptr + skip, text.len - skip}; }

/* "Protocol(1001)" -> "Protocol" */
static jw_text without_code(jw_text name) {
    size_t at = name.len;
    if (at < 3 || name.ptr[at - 1] != ')')
        return name;
    at--;
    while (at && name.ptr[at - 1] >= '0' && name.ptr[at - 1] <= '9')
        at--;
    return at && name.ptr[at - 1] == '(' ? (jw_text){name.ptr, at - 1} : name;
}

static int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* Bytes written as hex digits; a NUL between arguments becomes a blank. Anything else comes back as it is. */
static jw_text decode(struct jw_run *run, jw_text value) {
    for (size_t i = 0; i < value.len; i++)
        if (digit(value.ptr[i]) < 0)
            return value;
    char *out = value.len >= 2 && value.len % 2 == 0 ? jw_arena_alloc(run->rec->mem, value.len / 2) : NULL;
    if (!out)
        return value;
    for (size_t i = 0; i < value.len / 2; i++) {
        char byte = (char)(digit(value.ptr[2 * i]) << 4 | digit(value.ptr[2 * i + 1]));
        out[i] = byte ? byte : ' ';
    }
    return jw_text_trim((jw_text){out, value.len / 2});
}

static bool is_hex_field(const struct kv *kv, jw_text name) {
    for (size_t i = 0; i < kv->hex_count; i++) {
        jw_text wanted = kv->hex[i];
        if (jw_text_is(wanted, name))
            return true;
        if (jw_text_ends(wanted, JW_TEXT("*")) && jw_text_starts(name, (jw_text){wanted.ptr, wanted.len - 1}))
            return true;
    }
    return false;
}

struct pair {
    jw_text name, value;
    bool quoted;
};

static void emit(const struct kv *kv, struct jw_run *run, struct pair *pair) {
    if (pair->name.len == 0)
        return;
    jw_text name = kv->codes ? without_code(jw_text_trim(pair->name)) : jw_text_trim(pair->name);
    jw_text value = pair->quoted ? pair->value : jw_text_trim(pair->value);
    if (!pair->quoted && kv->hex_count && is_hex_field(kv, name))
        value = decode(run, value);
    bool wanted = true;
    for (size_t i = 0; i < kv->skip_count; i++) /* "-", "?", "N/A": the device's words for nothing */
        wanted = wanted && !jw_text_is(kv->skip[i], value);
    if (wanted)
        jw_table_put(kv->labels, kv->prefix, name, value, run);
    *pair = (struct pair){0};
}

/* Behind a quote: up to the same quote, not the escaped one. False when it never closes. */
static bool quoted(jw_text *rest, jw_text *out_value) {
    char quote = *rest->ptr;
    for (size_t i = 1; i < rest->len; i++) {
        if (rest->ptr[i] == '\\') {
            i++;
        } else if (rest->ptr[i] == quote) {
            *out_value = (jw_text){rest->ptr + 1, i - 1};
            *rest = behind(*rest, i + 1);
            return true;
        }
    }
    return false;
}

/* Up to the next pair's separator. */
static jw_text piece(const struct kv *kv, jw_text *rest, bool to_equals, size_t *out_equals) {
    size_t i = 0;
    *out_equals = 0;
    for (; i < rest->len; i++) {
        if (!kv->may_split[(unsigned char)rest->ptr[i]])
            continue;
        if (separator(kv->pairs, kv->pair_count, behind(*rest, i)))
            break;
        if (to_equals && (*out_equals = separator(kv->equals, kv->equal_count, behind(*rest, i))))
            break;
    }
    jw_text head = {rest->ptr, i};
    *rest = behind(*rest, i + *out_equals);
    return head;
}

static bool run_kv(const void *data, struct jw_run *run, jw_text source) {
    const struct kv *kv = data;
    struct pair last = {0};
    size_t count = 0, step, equals;
    jw_text rest = source;
    while (rest.len && count < PAIRS) {
        if ((step = separator(kv->pairs, kv->pair_count, rest)) || *rest.ptr == ' ') {
            rest = behind(rest, step ? step : 1);
            continue;
        }
        jw_text name = piece(kv, &rest, true, &equals);
        bool clock =
            kv->spaces && last.name.len && *name.ptr >= '0' && *name.ptr <= '9'; /* "10:00:00" is no name */
        if (!equals || clock) { /* a word alone: it belongs to the value before it, or to nobody */
            if (clock)
                piece(kv, &rest, false, &equals);
            if (kv->spaces && last.name.len && !last.quoted)
                last.value.len = (size_t)(rest.ptr - last.value.ptr);
            continue;
        }
        emit(kv, run, &last);
        count++;
        last = (struct pair){.name = name};
        if (kv->quotes && rest.len && (*rest.ptr == '"' || *rest.ptr == '\'') && quoted(&rest, &last.value))
            last.quoted = true;
        else
            last.value = piece(kv, &rest, false, &equals);
    }
    emit(kv, run, &last);
    return count > 0;
}

const struct jw_step_kind jw_step_kv = {
    .key = "kv", .needs_source = true, .clean = true, .compile = compile_kv, .run = run_kv};
