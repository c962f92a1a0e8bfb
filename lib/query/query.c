/* lib/query/query.c — the grammar:
 *
 *   query  := or                          or loosest, then and, then not
 *   or     := and { ("or" | "||") and }
 *   and    := not { ["and" | "&&"] not }  two terms side by side are both wanted
 *   not    := { "not" | "!" | "-" | "+" } first
 *   first  := "(" or ")" | "*" | phrase | word | field value
 *   value  := "(" the same grammar over values ")" | range | comparison word | phrase | word */
#include "query.h"

#include "lexer.h"
#include "term.h"

struct parser {
    struct jw_lexer lexer;
    struct jw_term_maker maker;
    uint32_t terms, depth;
    jw_text field; /* inside field:( … ): the field; else empty */
    size_t field_at;
};

static jw_status parse_or(struct parser *parser, struct jw_query_node **out);

static jw_status fail_here(struct parser *parser, size_t len, const char *text) {
    return jw_lexer_fail(&parser->lexer, JW_E_SYNTAX, parser->lexer.at, len, "%s", text);
}

static jw_status node_new(struct parser *parser, jw_query_kind kind, struct jw_query_node **out) {
    struct jw_query_node *node = jw_arena_alloc(parser->lexer.mem, sizeof *node);
    if (!node)
        return jw_lexer_fail(&parser->lexer, JW_E_LIMIT, parser->lexer.at, 0, "the query needs too much memory");
    *node = (struct jw_query_node){.kind = kind};
    *out = node;
    return JW_OK;
}

static jw_status term_new(struct parser *parser, size_t at, struct jw_query_node **out) {
    if (++parser->terms > JW_QUERY_TERMS)
        return jw_lexer_fail(&parser->lexer, JW_E_LIMIT, at, 0, "more than %d terms; ask in parts", JW_QUERY_TERMS);
    jw_status st = node_new(parser, JW_QUERY_TERM, out);
    if (st == JW_OK)
        (*out)->term.at = at;
    return st;
}

static jw_status enter(struct parser *parser) {
    if (++parser->depth > JW_QUERY_DEPTH)
        return jw_lexer_fail(&parser->lexer, JW_E_LIMIT, parser->lexer.at, 1, "nested deeper than %d levels",
                             JW_QUERY_DEPTH);
    return JW_OK;
}

/* Takes "or" or "||", at most one. */
static bool take_or(struct parser *parser) {
    jw_lexer_space(&parser->lexer);
    return jw_lexer_keyword(&parser->lexer, JW_TEXT("or")) || jw_lexer_keyword(&parser->lexer, JW_TEXT("||"));
}

static bool take_and(struct parser *parser) {
    jw_lexer_space(&parser->lexer);
    return jw_lexer_keyword(&parser->lexer, JW_TEXT("and")) || jw_lexer_keyword(&parser->lexer, JW_TEXT("&&"));
}

static bool is_end(struct parser *parser) {
    size_t width;
    jw_lexer_space(&parser->lexer);
    return jw_lexer_peek(&parser->lexer, &width) == ')' || width == 0;
}

/* One end of a range or comparison. */
static jw_status range_word(struct parser *parser, char stop, struct jw_word *out) {
    jw_lexer_space(&parser->lexer);
    jw_status st = jw_lexer_word(&parser->lexer, stop, out);
    return st == JW_AGAIN ? fail_here(parser, 1, "a value is missing here") : st;
}

static bool is_star(const struct jw_word *word) {
    return !word->quoted && word->text.len == 1 && *word->text.ptr == JW_QUERY_ANY;
}

/* [low TO high], { } for ends that are outside. */
static jw_status parse_range(struct parser *parser, jw_text field, struct jw_query_term *out) {
    struct jw_term_end low = {.open = jw_lexer_sign(&parser->lexer, '{')}, high = {0};
    if (!low.open)
        jw_lexer_sign(&parser->lexer, '[');
    jw_status st = range_word(parser, ']', &low.word);
    if (st != JW_OK)
        return st;
    jw_lexer_space(&parser->lexer);
    if (!jw_lexer_keyword(&parser->lexer, JW_TEXT("to")))
        return fail_here(parser, 1, "a range is written [1 TO 5]; TO is missing here");
    jw_lexer_space(&parser->lexer);
    size_t at = parser->lexer.at;
    st = range_word(parser, ']', &high.word);
    /* `}` may also belong to a word; it is the end of the range when it is the last sign */
    if (st == JW_OK && !high.word.quoted && high.word.text.len > 1 &&
        high.word.text.ptr[high.word.text.len - 1] == '}') {
        parser->lexer.at = at;
        st = jw_lexer_word(&parser->lexer, '}', &high.word);
    }
    if (st != JW_OK)
        return st == JW_AGAIN ? fail_here(parser, 1, "a value is missing here") : st;
    jw_lexer_space(&parser->lexer);
    high.open = jw_lexer_sign(&parser->lexer, '}');
    if (!high.open && !jw_lexer_sign(&parser->lexer, ']'))
        return fail_here(parser, 1, "a range ends with ] or }");
    low.given = !is_star(&low.word);
    high.given = !is_star(&high.word);
    out->len = parser->lexer.at - out->at;
    return jw_term_range(&parser->maker, field, &low, &high, out);
}

static jw_status parse_comparison(struct parser *parser, jw_text field, jw_comparison comparison,
                                  struct jw_query_term *out) {
    struct jw_term_end end = {.given = true, .open = comparison == JW_MORE || comparison == JW_LESS}, none = {0};
    jw_status st = range_word(parser, '\0', &end.word);
    if (st != JW_OK)
        return st;
    out->len = parser->lexer.at - out->at;
    if (is_star(&end.word))
        return jw_lexer_fail(&parser->lexer, JW_E_SYNTAX, end.word.at, end.word.len,
                             "a comparison needs a value, not *");
    bool is_low = comparison == JW_MORE || comparison == JW_MORE_OR_SAME;
    return jw_term_range(&parser->maker, field, is_low ? &end : &none, is_low ? &none : &end, out);
}

/* "_exists_:name": the form that Lucene has for name:* */
static jw_status parse_exists(struct parser *parser, struct jw_query_term *out) {
    struct jw_word name;
    static char any[] = {JW_QUERY_ANY};
    jw_status st = range_word(parser, '\0', &name);
    if (st != JW_OK)
        return st;
    if (name.wild || name.text.len == 0)
        return jw_lexer_fail(&parser->lexer, JW_E_SYNTAX, name.at, name.len,
                             "_exists_: is followed by one field's name");
    out->len = parser->lexer.at - out->at;
    struct jw_word star = {.text = {any, 1}, .wild = true, .at = name.at, .len = name.len};
    return jw_term_value(&parser->maker, name.text, &star, out);
}

/* A value of `field` that is no list. */
static jw_status parse_value(struct parser *parser, jw_text field, size_t at, struct jw_query_node **out) {
    struct jw_lexer *lexer = &parser->lexer;
    size_t width;
    jw_comparison comparison;
    jw_status st = term_new(parser, at, out);
    if (st != JW_OK)
        return st;
    struct jw_query_term *term = &(*out)->term;
    if (jw_text_is(field, JW_TEXT("_exists_")))
        return parse_exists(parser, term);
    char c = jw_lexer_peek(lexer, &width);
    if (c == '[' || c == '{')
        return parse_range(parser, field, term);
    if (jw_lexer_comparison(lexer, &comparison))
        return parse_comparison(parser, field, comparison, term);
    struct jw_word word;
    st = jw_lexer_word(lexer, '\0', &word);
    if (st == JW_AGAIN)
        return jw_lexer_fail(lexer, JW_E_SYNTAX, lexer->at, 1, "a value is missing after " JW_FMT, JW_ARG(field));
    if (st != JW_OK)
        return st;
    term->len = lexer->at - at;
    return jw_term_value(&parser->maker, field, &word, term);
}

/* field:( … ): the grammar again, each word a value of the field. */
static jw_status parse_list(struct parser *parser, jw_text field, struct jw_query_node **out) {
    size_t open = parser->lexer.at, width;
    jw_lexer_peek(&parser->lexer, &width);
    jw_lexer_sign(&parser->lexer, '(');
    jw_status st = enter(parser);
    if (st != JW_OK)
        return st;
    parser->field = field;
    st = parse_or(parser, out);
    parser->field = (jw_text){0};
    parser->depth--;
    if (st == JW_OK && !jw_lexer_sign(&parser->lexer, ')'))
        return jw_lexer_fail(&parser->lexer, JW_E_SYNTAX, open, width, "this parenthesis is never closed");
    return st;
}

static jw_status negate(struct parser *parser, struct jw_query_node *child, struct jw_query_node **out) {
    jw_status st = node_new(parser, JW_QUERY_NOT, out);
    if (st == JW_OK)
        (*out)->first = child;
    return st;
}

static jw_status parse_field(struct parser *parser, jw_text field, jw_comparison comparison, size_t at,
                             struct jw_query_node **out) {
    size_t width;
    jw_lexer_space(&parser->lexer);
    char c = jw_lexer_peek(&parser->lexer, &width);
    struct jw_query_node *node = NULL;
    jw_status st;
    if (comparison != JW_IS && comparison != JW_IS_NOT) {
        st = term_new(parser, at, &node);
        if (st == JW_OK)
            st = parse_comparison(parser, field, comparison, &node->term);
    } else
        st = c == '(' ? parse_list(parser, field, &node) : parse_value(parser, field, at, &node);
    if (st != JW_OK)
        return st;
    *out = node;
    return comparison == JW_IS_NOT ? negate(parser, node, out) : JW_OK;
}

/* A word between operators that have nothing to bind. */
static bool is_keyword(struct parser *parser) {
    struct jw_lexer look = parser->lexer;
    return jw_lexer_keyword(&look, JW_TEXT("and")) || jw_lexer_keyword(&look, JW_TEXT("or")) ||
           jw_lexer_keyword(&look, JW_TEXT("&&")) || jw_lexer_keyword(&look, JW_TEXT("||"));
}

static jw_status parse_free(struct parser *parser, size_t at, struct jw_query_node **out) {
    struct jw_word word;
    jw_status st = jw_lexer_word(&parser->lexer, '\0', &word);
    if (st == JW_AGAIN)
        return fail_here(parser, 1, "a word, a phrase or a field is missing here");
    if (st != JW_OK)
        return st;
    if (is_star(&word))
        return node_new(parser, JW_QUERY_ALL, out);
    st = term_new(parser, at, out);
    if (st != JW_OK)
        return st;
    (*out)->term.len = word.len;
    return jw_term_value(&parser->maker, (jw_text){0}, &word, &(*out)->term);
}

static jw_status parse_first(struct parser *parser, struct jw_query_node **out) {
    struct jw_lexer *lexer = &parser->lexer;
    size_t at = lexer->at, width;
    jw_text field = {0};
    jw_comparison comparison = JW_IS;
    if (jw_lexer_peek(lexer, &width) == '(') {
        jw_lexer_sign(lexer, '(');
        jw_status st = parse_or(parser, out);
        if (st == JW_OK && !jw_lexer_sign(lexer, ')'))
            return jw_lexer_fail(lexer, JW_E_SYNTAX, at, width, "this parenthesis is never closed");
        return st;
    }
    if (is_end(parser))
        return fail_here(parser, 1,
                         width ? "nothing stands before this" : "a word, a phrase or a field is missing here");
    if (is_keyword(parser))
        return fail_here(parser, 2,
                         "`and` and `or` need a term on both sides; put the word in quotes to look for it");
    if (parser->field.len)
        return parse_value(parser, parser->field, at, out);
    jw_text rest = {lexer->text.ptr + at, lexer->text.len - at};
    if (jw_text_starts(rest, JW_TEXT("*:"))) {
        lexer->at += 2;
        return parse_free(parser, at, out); /* *:* is everything; *:word is looked for in the line */
    }
    if (jw_lexer_field(lexer, &field, &comparison))
        return parse_field(parser, field, comparison, at, out);
    if ((width = jw_lexer_wild_name(lexer)))
        return jw_lexer_fail(lexer, JW_E_SYNTAX, at, width,
                             "a field's name takes no * and no ?; name the field, or put the words in quotes");
    return parse_free(parser, at, out);
}

/* Takes one negation or plus sign. In a list of values -5 is a number. */
static bool take_sign(struct parser *parser, bool *out_negative) {
    struct jw_lexer *lexer = &parser->lexer;
    size_t width;
    *out_negative = true;
    if (jw_lexer_keyword(lexer, JW_TEXT("not")) || jw_lexer_sign(lexer, '!'))
        return true;
    char c = jw_lexer_peek(lexer, &width);
    char next = lexer->at + 1 < lexer->text.len ? lexer->text.ptr[lexer->at + 1] : ' ';
    if ((c != '-' && c != '+') || next == ' ' || (parser->field.len && next >= '0' && next <= '9'))
        return false;
    *out_negative = c == '-';
    return jw_lexer_sign(lexer, c);
}

static jw_status parse_not(struct parser *parser, struct jw_query_node **out) {
    bool negative = false;
    jw_status st = enter(parser);
    if (st != JW_OK)
        return st;
    jw_lexer_space(&parser->lexer);
    if (take_sign(parser, &negative)) {
        struct jw_query_node *child = NULL;
        st = parse_not(parser, &child);
        *out = child;
        if (st == JW_OK && negative)
            st = negate(parser, child, out);
    } else
        st = parse_first(parser, out);
    parser->depth--;
    return st;
}

/* Puts `child` behind the others; the first alone needs no node around it. */
static jw_status join(struct parser *parser, jw_query_kind kind, struct jw_query_node *child,
                      struct jw_query_node **group, struct jw_query_node **last) {
    if (!*last) {
        *group = *last = child;
        return JW_OK;
    }
    if (*group == *last) {
        jw_status st = node_new(parser, kind, group);
        if (st != JW_OK)
            return st;
        (*group)->first = *last;
    }
    (*last)->next = child;
    *last = child;
    return JW_OK;
}

static jw_status parse_and(struct parser *parser, struct jw_query_node **out) {
    struct jw_query_node *group = NULL, *last = NULL, *child;
    for (;;) {
        jw_status st = parse_not(parser, &child);
        if (st == JW_OK)
            st = join(parser, JW_QUERY_AND, child, &group, &last);
        if (st != JW_OK)
            return st;
        if (take_and(parser))
            continue;
        struct jw_lexer before = parser->lexer;
        if (is_end(parser) || take_or(parser)) {
            parser->lexer.at = before.at;
            break;
        }
    }
    *out = group;
    return JW_OK;
}

static jw_status parse_or(struct parser *parser, struct jw_query_node **out) {
    struct jw_query_node *group = NULL, *last = NULL, *child;
    do {
        jw_status st = parse_and(parser, &child);
        if (st == JW_OK)
            st = join(parser, JW_QUERY_OR, child, &group, &last);
        if (st != JW_OK)
            return st;
    } while (take_or(parser));
    jw_lexer_space(&parser->lexer);
    *out = group;
    return JW_OK;
}

/* Bytes that no query needs and that the lexer uses itself. */
static jw_status check_bytes(struct parser *parser) {
    jw_text text = parser->lexer.text;
    if (text.len > JW_QUERY_BYTES)
        return jw_lexer_fail(&parser->lexer, JW_E_LIMIT, JW_QUERY_BYTES, 0, "a query has at most %d bytes",
                             JW_QUERY_BYTES);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
            return jw_lexer_fail(&parser->lexer, JW_E_SYNTAX, i, 1,
                                 "a control character (byte %u) cannot be searched for", c);
    }
    size_t good = text.len;
    if (!jw_text_is_utf8(text)) { /* find where: the longest prefix that is UTF-8, give or take one character */
        for (good = 0; good < text.len;) {
            size_t width = 1;
            while (width < 5 && good + width <= text.len && !jw_text_is_utf8((jw_text){text.ptr + good, width}))
                width++;
            if (width > 4 || good + width > text.len)
                break;
            good += width;
        }
        return jw_lexer_fail(&parser->lexer, JW_E_SYNTAX, good, 1, "this byte is not UTF-8");
    }
    return JW_OK;
}

jw_status jw_query_parse(jw_text text, const struct jw_query_options *options, struct jw_arena *mem,
                         const struct jw_query **out, struct jw_query_error *err) {
    struct parser parser = {.lexer = {.text = text, .mem = mem, .err = err}};
    parser.maker = (struct jw_term_maker){.lexer = &parser.lexer, .options = options};
    struct jw_query_node *root = NULL;
    jw_status st = check_bytes(&parser);
    if (st != JW_OK)
        return st;
    jw_lexer_space(&parser.lexer);
    st = parser.lexer.at == text.len ? node_new(&parser, JW_QUERY_ALL, &root) : parse_or(&parser, &root);
    if (st != JW_OK)
        return st;
    if (parser.lexer.at < text.len)
        return fail_here(&parser, 1, "this parenthesis was never opened");
    struct jw_query *query = jw_arena_alloc(mem, sizeof *query);
    if (!query)
        return fail_here(&parser, 0, "the query needs too much memory");
    *query = (struct jw_query){.root = root, .terms = parser.terms};
    *out = query;
    return JW_OK;
}
