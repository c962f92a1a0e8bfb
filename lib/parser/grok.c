/* lib/parser/grok.c — from grok words and named groups to PCRE2, and matching under a limit. */
#include "worker.h"

#include <stdlib.h>

/* A match may look at so many positions; a hostile line reaches it in about a millisecond. */
#define MATCH_LIMIT   100000
#define EXPANDED      (64u << 10)
#define LIBRARY_DEPTH 16

struct expansion {
    struct jw_compile *compile;
    struct fy_node *node;
    jw_buffer out;
    struct jw_capture captures[JW_PARSER_CAPTURES];
    uint32_t count;
    int depth;
};

static size_t slot_of(jw_text name) {
    size_t sum = name.len;
    for (size_t i = 0; i < name.len; i++)
        sum = sum * 31 + (unsigned char)name.ptr[i];
    return sum % 256;
}

static jw_text library_find(const struct jw_library *library, jw_text name) {
    for (const struct jw_pattern_entry *at = library->patterns[slot_of(name)]; at; at = at->next)
        if (jw_text_is(at->name, name))
            return at->text;
    return (jw_text){0};
}

void jw_grok_add_library(struct jw_compile *compile, struct fy_node *map) {
    struct jw_declared *yaml = compile->yaml;
    void *at = NULL;
    if (!fy_node_is_mapping(map)) {
        jw_declared_fail(yaml, map, "patterns: wants NAME: pattern");
        return;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(map, &at)) && jw_declared_good(yaml);) {
        struct jw_pattern_entry *entry = jw_declared_alloc(yaml, sizeof *entry);
        if (!entry)
            return;
        entry->name = jw_declared_text(yaml, fy_node_pair_key(pair), "patterns");
        entry->text = jw_declared_text(yaml, fy_node_pair_value(pair), "patterns");
        entry->next = compile->library->patterns[slot_of(entry->name)];
        compile->library->patterns[slot_of(entry->name)] = entry;
    }
}

static bool open_capture(struct expansion *to, jw_text field, jw_text change) {
    struct jw_declared *yaml = to->compile->yaml;
    if (to->count == JW_PARSER_CAPTURES) {
        jw_declared_fail(yaml, to->node, "pattern: more than %d fields; use kv or two patterns",
                         JW_PARSER_CAPTURES);
        return false;
    }
    char *copy = field.len && field.len < 256 ? jw_declared_alloc(yaml, field.len) : NULL;
    if (!copy) {
        jw_declared_fail(yaml, to->node, "pattern: a field's name has 1 to 255 bytes");
        return false;
    }
    memcpy(copy, field.ptr, field.len);
    struct jw_capture *capture = &to->captures[to->count];
    *capture = (struct jw_capture){.name = jw_value_name((jw_text){copy, field.len})};
    if (jw_text_is(change, JW_TEXT("long")))
        capture->name.type = JW_TYPE_LONG, capture->name.typed = true;
    else if (jw_text_is(change, JW_TEXT("lower")))
        capture->change = JW_CHANGE_LOWER;
    else if (jw_text_is(change, JW_TEXT("upper")))
        capture->change = JW_CHANGE_UPPER;
    else if (jw_text_is(change, JW_TEXT("url")))
        capture->change = JW_CHANGE_URL;
    else if (change.len) {
        jw_declared_fail(yaml, to->node, "pattern: \"" JW_FMT "\" after a field; there are long, lower, upper, url",
                         JW_ARG(change));
        return false;
    }
    jw_buffer_print(&to->out, "(?<c%u>", to->count++);
    return true;
}

static bool expand(struct expansion *to, jw_text text);

/* %{NAME}, %{NAME:field}, %{NAME:field:change}; `rest` stands behind "%{". */
static bool expand_word(struct expansion *to, jw_text *rest) {
    struct jw_declared *yaml = to->compile->yaml;
    jw_text word, name, field;
    if (!jw_text_cut(rest, '}', &word)) {
        jw_declared_fail(yaml, to->node, "pattern: %%{ without }");
        return false;
    }
    bool named = jw_text_cut(&word, ':', &name);
    if (!named)
        name = word, word = (jw_text){0};
    if (!jw_text_cut(&word, ':', &field))
        field = word, word = (jw_text){0};
    jw_text pattern = library_find(to->compile->library, name);
    if (!pattern.ptr) {
        jw_declared_fail(yaml, to->node, "pattern: no pattern %%{" JW_FMT "}; patterns.yaml has the list",
                         JW_ARG(name));
        return false;
    }
    if (++to->depth > LIBRARY_DEPTH) {
        jw_declared_fail(yaml, to->node, "pattern: %%{" JW_FMT "} contains itself", JW_ARG(name));
        return false;
    }
    if (!named)
        jw_buffer_add(&to->out, JW_TEXT("(?:"));
    else if (!open_capture(to, field, word))
        return false;
    bool good = expand(to, pattern);
    jw_buffer_byte(&to->out, ')');
    to->depth--;
    return good;
}

static bool expand(struct expansion *to, jw_text text) {
    while (text.len && to->out.len < EXPANDED) {
        jw_text field;
        if (text.ptr[0] == '\\' && text.len > 1) {
            jw_buffer_add(&to->out, (jw_text){text.ptr, 2});
            text.ptr += 2, text.len -= 2;
        } else if (jw_text_drop(&text, JW_TEXT("%{"))) {
            if (!expand_word(to, &text))
                return false;
        } else if (text.len > 3 && memcmp(text.ptr, "(?<", 3) == 0 && text.ptr[3] != '=' && text.ptr[3] != '!') {
            text.ptr += 3, text.len -= 3;
            if (!jw_text_cut(&text, '>', &field) || !open_capture(to, field, (jw_text){0})) {
                jw_declared_fail(to->compile->yaml, to->node, "pattern: (?< without >");
                return false;
            }
        } else {
            jw_buffer_byte(&to->out, *text.ptr);
            text.ptr++, text.len--;
        }
    }
    if (text.len)
        jw_declared_fail(to->compile->yaml, to->node, "pattern: longer than %u bytes when its words are filled in",
                         EXPANDED);
    return text.len == 0;
}

static bool has_alternatives(jw_text text) {
    int depth = 0;
    bool class = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\')
            i++;
        else if (class)
            class = c != ']';
        else if (c == '[')
            class = true;
        else
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == '|' && depth == 0 && !class)
            return true;
    }
    return false;
}

/* The literal text at the pattern's begin: a line that does not have it needs no PCRE2. */
static jw_text prefix_of(struct jw_declared *yaml, jw_text text) {
    char *prefix = jw_declared_alloc(yaml, text.len + 1);
    size_t len = 0, i = 0;
    if (!prefix || has_alternatives(text))
        return (jw_text){0};
    while (i < text.len) {
        size_t step = 1;
        char c = text.ptr[i];
        if (c == '\\' && i + 1 < text.len && strchr(".[](){}|*+?^$/\\-:#\"'% =<>!,;&@~", text.ptr[i + 1]))
            c = text.ptr[i + 1], step = 2;
        else if (strchr(".[](){}|*+?^$\\", c))
            break;
        char next = i + step < text.len ? text.ptr[i + step] : 'x';
        if (next == '?' || next == '*' || next == '+' || next == '{')
            break;
        prefix[len++] = c;
        i += step;
    }
    return (jw_text){prefix, len};
}

static pcre2_code *compile_code(struct expansion *from, jw_text text, bool whole) {
    int error = 0;
    size_t at = 0;
    uint32_t options = PCRE2_NO_AUTO_CAPTURE | PCRE2_DOTALL | PCRE2_NEVER_UTF | PCRE2_DOLLAR_ENDONLY;
    if (whole)
        options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.ptr, text.len, options, &error, &at, NULL);
    if (code) {
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without JIT it is slower and right */
        return code;
    }
    unsigned char why[128] = "";
    pcre2_get_error_message(error, why, sizeof why);
    size_t start = at > 20 ? at - 20 : 0;
    if (!text.len)
        text = JW_TEXT(""); /* C allows no arithmetic on NULL */
    jw_declared_fail(from->compile->yaml, from->node, "pattern: %s, at \"" JW_FMT "\"", (char *)why,
                     JW_ARG(((jw_text){text.ptr + start, text.len - start < 40 ? text.len - start : 40})));
    return NULL;
}

const struct jw_grok *jw_grok_compile(struct jw_compile *compile, struct fy_node *node, bool whole) {
    struct jw_declared *yaml = compile->yaml;
    struct expansion to = {.compile = compile, .node = node, .out = JW_BUFFER(EXPANDED + 4096)};
    jw_text source = jw_declared_text(yaml, node, "pattern");
    struct jw_grok *regex = jw_declared_alloc(yaml, sizeof *regex);
    if (regex && expand(&to, source) && !to.out.failed)
        regex->code = compile_code(&to, jw_buffer_text(&to.out), whole);
    if (regex && regex->code) {
        regex->next = *compile->regexes;
        *compile->regexes = regex;
        regex->capture_count = to.count;
        regex->captures = jw_declared_alloc(yaml, to.count * sizeof *regex->captures);
        if (regex->captures)
            memcpy(regex->captures, to.captures, to.count * sizeof *regex->captures);
        if (whole)
            regex->prefix = prefix_of(yaml, jw_buffer_text(&to.out));
    }
    jw_buffer_free(&to.out);
    return jw_declared_good(yaml) ? regex : NULL;
}

void jw_grok_free_list(struct jw_grok *list) {
    for (; list; list = list->next) /* the nodes are the arena's */
        pcre2_code_free(list->code);
}

struct jw_matcher *jw_grok_matcher_new(void) {
    struct jw_matcher *matcher = calloc(1, sizeof *matcher);
    if (!matcher)
        return NULL;
    matcher->data = pcre2_match_data_create(JW_PARSER_CAPTURES + 1, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    matcher->stack = pcre2_jit_stack_create(32 << 10, 512 << 10, NULL);
    if (!matcher->data || !matcher->context || !matcher->stack) {
        jw_grok_matcher_free(matcher);
        return NULL;
    }
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    pcre2_set_depth_limit(matcher->context, 10000);
    pcre2_set_heap_limit(matcher->context, 4096);
    pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    return matcher;
}

void jw_grok_matcher_free(struct jw_matcher *matcher) {
    if (!matcher)
        return;
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
    pcre2_jit_stack_free(matcher->stack);
    free(matcher);
}

bool jw_grok_match(const struct jw_grok *regex, struct jw_parsers_worker *worker, jw_text text) {
    struct jw_matcher *matcher = worker->matcher;
    size_t prefix = regex->prefix.len;
    if (prefix && (text.len < prefix || memcmp(text.ptr, regex->prefix.ptr, prefix) != 0))
        return false;
    if (text.len > JW_PARSER_VALUE) {
        matcher->limited++;
        return false;
    }
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text.ptr, text.len, 0, PCRE2_NO_UTF_CHECK, matcher->data,
                            matcher->context);
    if (found < PCRE2_ERROR_NOMATCH)
        matcher->limited++;
    return found >= 0;
}

const size_t *jw_grok_offsets(const struct jw_parsers_worker *worker) {
    return pcre2_get_ovector_pointer(worker->matcher->data);
}
