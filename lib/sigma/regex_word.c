/* lib/sigma/regex_word.c — a word that every match of a regular expression contains, so that the expression is only
 * tried where the word is. Reads the parts of the notation that rules use, and gives up on all others: no word is
 * always right, a wrong one would lose matches. */
#include "index_parts.h"

#define WORD_LEAST 3
#define WORD_MOST  64

struct reading {
    jw_text rest;
    char run[WORD_MOST], best[WORD_MOST]; /* lower case */
    size_t run_len, best_len;
    bool unknown;
};

static void end_run(struct reading *r) {
    if (r->run_len > r->best_len) {
        memcpy(r->best, r->run, r->run_len);
        r->best_len = r->run_len;
    }
    r->run_len = 0;
}

static char head(const struct reading *r) { return r->rest.len ? *r->rest.ptr : '\0'; }

static void skip(struct reading *r, size_t n) {
    n = n < r->rest.len ? n : r->rest.len;
    r->rest.ptr += n;
    r->rest.len -= n;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return ((unsigned char)c | 0x20) >= 'a' && ((unsigned char)c | 0x20) <= 'z'; }

/* {n}, {n,} and {n,m}, without blanks; what else begins with a brace means different things in different versions.
 */
static bool braces(struct reading *r, bool *out_optional) {
    size_t i = 1;
    bool all_zero = true, comma = false;
    for (; i < r->rest.len && (is_digit(r->rest.ptr[i]) || (r->rest.ptr[i] == ',' && !comma && i > 1)); i++) {
        comma |= r->rest.ptr[i] == ',';
        all_zero &= comma || r->rest.ptr[i] == '0';
    }
    if (i == 1 || i >= r->rest.len || r->rest.ptr[i] != '}')
        return false;
    skip(r, i + 1);
    *out_optional = all_zero;
    return true;
}

/* How often the atom just read is repeated. False: once. */
static bool repeated(struct reading *r, bool *out_optional) {
    char c = head(r);
    *out_optional = c == '*' || c == '?';
    if (c == '*' || c == '?' || c == '+')
        skip(r, 1);
    else if (c != '{')
        return false;
    else if (!braces(r, out_optional))
        r->unknown = true;
    if (head(r) == '?' || head(r) == '+') /* lazy, possessive */
        skip(r, 1);
    return true;
}

/* An atom that is no literal: whatever it matches ends the run. */
static void other(struct reading *r) {
    bool optional;
    end_run(r);
    (void)repeated(r, &optional);
}

static void literal(struct reading *r, char c) {
    bool optional, again = repeated(r, &optional);
    if (again && optional) {
        end_run(r);
        return;
    }
    if (r->run_len == WORD_MOST)
        end_run(r);
    r->run[r->run_len++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (again)
        end_run(r);
}

/* Behind '['. */
static void class(struct reading *r) {
    if (head(r) == '^')
        skip(r, 1);
    if (head(r) == ']')
        skip(r, 1);
    while (r->rest.len && head(r) != ']') {
        size_t end;
        if (jw_text_starts(r->rest, JW_TEXT("\\Q")) || jw_text_starts(r->rest, JW_TEXT("\\E")))
            r->unknown = true;
        if (jw_text_starts(r->rest, JW_TEXT("[:")) && jw_text_find(r->rest, JW_TEXT(":]"), &end))
            skip(r, end + 2);
        else
            skip(r, head(r) == '\\' ? 2 : 1);
    }
    r->unknown |= !r->rest.len;
    skip(r, 1);
}

/* Behind '('. Flags other than i, m and s may change how the rest is read. */
static void flags(struct reading *r) {
    size_t i = 1;
    r->unknown |= head(r) == '*';
    if (head(r) != '?')
        return;
    for (; i < r->rest.len && (is_letter(r->rest.ptr[i]) || r->rest.ptr[i] == '-'); i++)
        if (!memchr("ims-", r->rest.ptr[i], 4))
            r->unknown = true;
    char end = i < r->rest.len ? r->rest.ptr[i] : '\0';
    r->unknown |= i == 1 ? !memchr(":=!>", end, 4) : end != ':' && end != ')';
}

/* A whole group; the inside may be one of several, so that nothing in it counts. */
static void group(struct reading *r) {
    unsigned depth = 1;
    flags(r);
    while (depth && r->rest.len && !r->unknown) {
        char c = head(r);
        if (c == '\\' && r->rest.len > 1 && (r->rest.ptr[1] == 'Q' || r->rest.ptr[1] == 'E'))
            r->unknown = true;
        skip(r, c == '\\' ? 2 : 1);
        if (c == '[')
            class(r);
        else if (c == '(')
            depth++, flags(r);
        else if (c == ')')
            depth--;
    }
    r->unknown |= depth > 0;
}

/* Behind a backslash. */
static void escaped(struct reading *r) {
    char c = head(r);
    skip(r, 1);
    if (c >= '!' && c <= '~' && !is_letter(c) && !is_digit(c))
        literal(r, c);
    else if (c && strchr("dDwWsSbBAzZnrtfvhHR", c))
        other(r);
    else
        r->unknown = true; /* takes more of what follows, or refers to something */
}

jw_text jw_sigma_regex_word(jw_text regex, struct jw_arena *mem) {
    struct reading r = {.rest = regex};
    while (r.rest.len && !r.unknown) {
        char c = head(&r);
        skip(&r, 1);
        if (c == '(') {
            group(&r);
            other(&r);
        } else if (c == '[') {
            class(&r);
            other(&r);
        } else if (c == '\\') {
            escaped(&r);
        } else if (c == '.' || c == '^' || c == '$' || (unsigned char)c >= 0x80 || (unsigned char)c < ' ') {
            other(&r);
        } else if (memchr("|)*+?{", c, 6)) {
            r.unknown = true; /* one of several; or not what it seems */
        } else {
            literal(&r, c);
        }
    }
    end_run(&r);
    if (r.unknown || r.best_len < WORD_LEAST)
        return (jw_text){0};
    return jw_arena_copy(mem, (jw_text){r.best, r.best_len});
}
