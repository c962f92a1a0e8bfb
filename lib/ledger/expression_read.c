/* lib/ledger/expression_read.c — text to nodes: recursive descent, under a ceiling of nodes and depth. */
#include "characters.h"
#include "expression_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct jw_function jw_expression_functions[] = {
    {"if", 3, 3},    {"is_empty", 1, 1}, {"or_else", 2, 2},    {"round", 1, 2},
    {"least", 2, 8}, {"most", 2, 8},     {"days_until", 1, 1}, {"days_since", 1, 1},
    {"today", 0, 0}, {"contains", 2, 2}, {"size", 1, 1},       {NULL, 0, 0},
};
static const char *const related[] = {"count", "sum", "earliest", "latest", NULL};

enum token { TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_SIGN };

struct reader {
    jw_text all, rest; /* rest: behind the token */
    struct jw_arena *mem;
    struct jw_expression *out;
    struct jw_error *err;
    jw_status state;
    enum token token;
    jw_text word; /* of the token; of a text without its quotes */
    int depth;
};

static int place(const struct reader *reader) {
    size_t count = 0;
    jw_text before = {reader->all.ptr, (size_t)(reader->word.ptr - reader->all.ptr)};
    jw_characters_count(before, &count);
    return (int)count + 1;
}

static void complain(struct reader *reader, const char *what) {
    if (reader->state != JW_OK)
        return;
    if (reader->token == TOKEN_END)
        reader->state = jw_fail(reader->err, JW_E_SYNTAX, "%s at the end of the expression", what);
    else
        reader->state =
            jw_fail(reader->err, JW_E_SYNTAX, "%s at character %d, before \"%.*s\"", what, place(reader),
                    (int)(reader->word.len < 40 ? reader->word.len : 40), reader->word.ptr);
    if (reader->err)
        jw_characters_mend(reader->err->text);
    reader->token = TOKEN_END;
    reader->rest.len = 0;
}

static void take_sign(struct reader *reader) {
    static const char *const signs[] = {"<=", ">=", "!=", "<>", "<", ">", "=", "+",
                                        "-",  "*",  "/",  "(",  ")", ",", "."};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (jw_text_drop(&reader->rest, jw_text_from(signs[i]))) {
            reader->word = jw_text_from(signs[i]);
            reader->word.ptr = reader->rest.ptr - reader->word.len; /* where it stands */
            reader->token = TOKEN_SIGN;
            return;
        }
    jw_text after = reader->rest;
    uint32_t character = 0;
    jw_characters_next(&after, &character);
    reader->word = (jw_text){reader->rest.ptr, reader->rest.len - after.len};
    reader->token = TOKEN_SIGN;
    complain(reader, character > 0x7f
                         ? "only ASCII letters and signs are understood outside of quotes: ( ) , not （ ） ，;"
                         : "there is no such sign,");
}

static void take_quoted(struct reader *reader) {
    char quote = *reader->rest.ptr;
    reader->word = (jw_text){reader->rest.ptr + 1, 0};
    reader->token = TOKEN_TEXT;
    const char *end = memchr(reader->rest.ptr + 1, quote, reader->rest.len - 1);
    if (!end) {
        complain(reader, "the quote does not end,");
        return;
    }
    reader->word.len = (size_t)(end - reader->word.ptr);
    reader->rest = (jw_text){end + 1, reader->rest.len - reader->word.len - 2};
}

static void take_while(struct reader *reader, const char *set, enum token token) {
    size_t len = 0;
    while (len < reader->rest.len && reader->rest.ptr[len] && strchr(set, reader->rest.ptr[len]))
        len++;
    reader->word = (jw_text){reader->rest.ptr, len};
    reader->token = token;
    reader->rest = (jw_text){reader->rest.ptr + len, reader->rest.len - len};
}

static void next(struct reader *reader) {
    if (reader->state != JW_OK)
        return;
    reader->rest = (jw_text){reader->rest.ptr, reader->rest.len};
    while (reader->rest.len && strchr(" \n\t", *reader->rest.ptr) && *reader->rest.ptr)
        reader->rest.ptr++, reader->rest.len--;
    reader->word = (jw_text){reader->rest.ptr, 0};
    if (reader->rest.len == 0) {
        reader->token = TOKEN_END;
        return;
    }
    char first = *reader->rest.ptr;
    if (first == '\'' || first == '"')
        take_quoted(reader);
    else if (first >= '0' && first <= '9')
        take_while(reader, "0123456789.", TOKEN_NUMBER);
    else if ((first >= 'a' && first <= 'z') || first == '_')
        take_while(reader, "abcdefghijklmnopqrstuvwxyz0123456789_", TOKEN_NAME);
    else
        take_sign(reader);
}

static bool is(const struct reader *reader, enum token token, const char *word) {
    return reader->state == JW_OK && reader->token == token && jw_text_is(reader->word, jw_text_from(word));
}

static bool drop(struct reader *reader, enum token token, const char *word) {
    bool found = is(reader, token, word);
    if (found)
        next(reader);
    return found;
}

static void want(struct reader *reader, const char *sign) {
    char text[40];
    snprintf(text, sizeof text, "\"%s\" is missing", sign);
    if (!drop(reader, TOKEN_SIGN, sign))
        complain(reader, text);
}

static char *copy(struct reader *reader, jw_text text) {
    char *copied = jw_arena_cstr(reader->mem, text);
    if (!copied)
        complain(reader, "no memory");
    return copied;
}

/* Gives 0 after a failure: the first node, which is there from the start. */
static int node(struct reader *reader, enum jw_operation op, int at) {
    if (reader->state == JW_OK && reader->out->count == JW_EXPRESSION_NODES)
        complain(reader, "the expression is too long: at most 200 parts,");
    if (reader->state != JW_OK)
        return 0;
    int made = reader->out->count++;
    reader->out->nodes[made] = (struct jw_node){.op = op, .at = at};
    return made;
}

static void child(struct reader *reader, int of, int added) {
    struct jw_node *parent = &reader->out->nodes[of];
    if (reader->state == JW_OK && parent->children < JW_EXPRESSION_ARGUMENTS)
        parent->child[parent->children++] = added;
}

static int either(struct reader *reader);

static char *name(struct reader *reader, const char *what) {
    if (reader->token != TOKEN_NAME) {
        complain(reader, what);
        return NULL;
    }
    char *text = copy(reader, reader->word);
    next(reader);
    return text;
}

/* count(ledger.field where …), sum(ledger.field, number where …) */
static int over_related(struct reader *reader, const char *word, int at) {
    int made = node(reader, JW_OP_RELATED, at);
    struct jw_node *self = &reader->out->nodes[made];
    if (reader->state != JW_OK)
        return 0;
    self->text = copy(reader, jw_text_from(word));
    self->ledger = name(reader, "the name of a ledger is missing");
    want(reader, ".");
    self->reference = name(reader, "the field that points here is missing");
    if (strcmp(word, "count") != 0) {
        want(reader, ",");
        self->over = name(reader, "the field to take is missing");
    }
    if (drop(reader, TOKEN_NAME, "where"))
        child(reader, made, either(reader));
    want(reader, ")");
    return made;
}

static int call(struct reader *reader, jw_text word, int at) {
    for (const char *const *known = related; *known; known++)
        if (jw_text_is(word, jw_text_from(*known)))
            return over_related(reader, *known, at);
    int found = 0;
    while (jw_expression_functions[found].name &&
           !jw_text_is(word, jw_text_from(jw_expression_functions[found].name)))
        found++;
    const struct jw_function *function = &jw_expression_functions[found];
    if (!function->name) {
        complain(reader,
                 "there is no such function; there are if, is_empty, or_else, round, least, most, days_until, "
                 "days_since, today, contains, size, count, sum, earliest, latest;");
        return 0;
    }
    int made = node(reader, JW_OP_CALL, at);
    int arguments = 0;
    reader->out->nodes[made].number = found;
    if (!is(reader, TOKEN_SIGN, ")"))
        do {
            int argument = either(reader);
            if (arguments++ < function->most)
                child(reader, made, argument);
        } while (drop(reader, TOKEN_SIGN, ","));
    if (arguments < function->least || arguments > function->most) {
        char text[80];
        snprintf(text, sizeof text, "%s() wants %d to %d values in its brackets", function->name, function->least,
                 function->most);
        complain(reader, text);
    }
    want(reader, ")");
    return made;
}

static int word(struct reader *reader) {
    static const struct {
        const char *word;
        enum jw_operation op;
    } constants[] = {{"true", JW_OP_TRUE}, {"false", JW_OP_FALSE}, {"empty", JW_OP_EMPTY}};
    jw_text text = reader->word;
    int at = place(reader);
    next(reader);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (jw_text_is(text, jw_text_from(constants[i].word)))
            return node(reader, constants[i].op, at);
    if (drop(reader, TOKEN_SIGN, "("))
        return call(reader, text, at);
    int made = node(reader, JW_OP_FIELD, at);
    if (reader->state == JW_OK)
        reader->out->nodes[made].text = copy(reader, text);
    return made;
}

static int number(struct reader *reader) {
    char digits[32] = "";
    char *end = digits;
    if (reader->word.len < sizeof digits)
        memcpy(digits, reader->word.ptr, reader->word.len);
    double value = strtod(digits, &end);
    if (*digits == 0 || *end)
        complain(reader, "this is no number");
    int made = node(reader, JW_OP_NUMBER, place(reader));
    if (reader->state == JW_OK)
        reader->out->nodes[made].number = value;
    next(reader);
    return made;
}

static int value(struct reader *reader) {
    int made;
    switch (reader->token) {
    case TOKEN_NUMBER:
        return number(reader);
    case TOKEN_TEXT:
        made = node(reader, JW_OP_TEXT, place(reader));
        if (reader->state == JW_OK)
            reader->out->nodes[made].text = copy(reader, reader->word);
        next(reader);
        return made;
    case TOKEN_NAME:
        return word(reader);
    case TOKEN_SIGN:
        if (drop(reader, TOKEN_SIGN, "(")) {
            made = either(reader);
            want(reader, ")");
            return made;
        }
        break;
    case TOKEN_END:
        break;
    }
    complain(reader, "a value is missing");
    return 0;
}

static int one_sided(struct reader *reader) {
    int at = place(reader);
    if (!is(reader, TOKEN_SIGN, "-"))
        return value(reader);
    next(reader);
    int made = node(reader, JW_OP_MINUS, at);
    child(reader, made, value(reader));
    return made;
}

/* One level of operators that go from left to right. */
struct level {
    struct {
        const char *word;
        enum jw_operation op;
    } operators[8];
    enum token token;
    bool once; /* a < b < c means nothing */
};
static const struct level levels[] = {
    {{{"or", JW_OP_OR}}, TOKEN_NAME, false},
    {{{"and", JW_OP_AND}}, TOKEN_NAME, false},
    {{{"=", JW_OP_EQUAL},
      {"!=", JW_OP_UNEQUAL},
      {"<>", JW_OP_UNEQUAL},
      {"<=", JW_OP_AT_MOST},
      {">=", JW_OP_AT_LEAST},
      {"<", JW_OP_LESS},
      {">", JW_OP_MORE}},
     TOKEN_SIGN,
     true},
    {{{"+", JW_OP_ADD}, {"-", JW_OP_SUBTRACT}}, TOKEN_SIGN, false},
    {{{"*", JW_OP_MULTIPLY}, {"/", JW_OP_DIVIDE}}, TOKEN_SIGN, false},
};
#define LEVELS (sizeof levels / sizeof *levels)

static int binary(struct reader *reader, size_t depth) {
    if (depth == LEVELS)
        return one_sided(reader);
    if (depth == 2 && is(reader, TOKEN_NAME, "not")) { /* binds weaker than comparison, as one says it */
        int made = node(reader, JW_OP_NOT, place(reader));
        next(reader);
        if (++reader->depth > JW_EXPRESSION_DEPTH)
            complain(reader, "nested too deep: at most 20 levels,");
        child(reader, made, reader->state == JW_OK ? binary(reader, depth) : 0);
        reader->depth--;
        return made;
    }
    int left = binary(reader, depth + 1);
    for (size_t i = 0; reader->state == JW_OK && i < 8 && levels[depth].operators[i].word;) {
        int at = place(reader);
        if (!drop(reader, levels[depth].token, levels[depth].operators[i].word)) {
            i++;
            continue;
        }
        int made = node(reader, levels[depth].operators[i].op, at);
        child(reader, made, left);
        child(reader, made, binary(reader, depth + 1));
        left = made;
        if (levels[depth].once)
            break;
        i = 0;
    }
    return left;
}

static int either(struct reader *reader) {
    if (++reader->depth > JW_EXPRESSION_DEPTH)
        complain(reader, "nested too deep: at most 20 levels,");
    int made = reader->state == JW_OK ? binary(reader, 0) : 0;
    reader->depth--;
    return made;
}

/* `a + b + c …` makes a tree as deep as it is long: what runs it counts depth by nodes, which are bounded. */
jw_status jw_expression_read(jw_text text, struct jw_arena *mem, struct jw_expression **out, struct jw_error *err) {
    struct jw_expression *made = jw_arena_alloc(mem, sizeof *made);
    struct jw_node *nodes = jw_arena_alloc(mem, JW_EXPRESSION_NODES * sizeof *nodes);
    if (text.len > JW_EXPRESSION_TEXT)
        return jw_fail(err, JW_E_SYNTAX, "the expression is longer than %d bytes", JW_EXPRESSION_TEXT);
    if (!made || !nodes)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *made = (struct jw_expression){.nodes = nodes};
    *nodes = (struct jw_node){0};
    struct reader reader = {.all = text, .rest = text, .mem = mem, .out = made, .err = err};
    next(&reader);
    made->root = either(&reader);
    if (reader.state == JW_OK && reader.token != TOKEN_END)
        complain(&reader, "an operator such as + or = is missing");
    if (reader.state == JW_OK)
        *out = made;
    return reader.state;
}
