/* lib/sigma/pattern.c — reading, changing and matching patterns. */
#include "pattern.h"

static bool is_special(char c) { return c == '*' || c == '?' || c == '\\'; }

static jw_status add(struct jw_pattern *pattern, struct jw_piece piece, struct jw_arena *mem) {
    size_t size = pattern->count * sizeof piece;
    struct jw_piece *pieces = jw_arena_grow(mem, pattern->pieces, size, size + sizeof piece);
    if (!pieces)
        return JW_E_LIMIT;
    pieces[pattern->count++] = piece;
    pattern->pieces = pieces;
    return JW_OK;
}

jw_status jw_pattern_parse(jw_text text, struct jw_arena *mem, struct jw_pattern *out) {
    struct jw_pattern pattern = {0};
    char *plain = jw_arena_alloc(mem, text.len + 1);
    size_t start = 0, len = 0;
    jw_status st = plain ? JW_OK : JW_E_LIMIT;
    for (size_t i = 0; i < text.len && st == JW_OK; i++) {
        char c = text.ptr[i];
        if (c == '\\' && i + 1 < text.len && is_special(text.ptr[i + 1])) {
            plain[len++] = text.ptr[++i];
            continue;
        }
        if (c != '*' && c != '?') {
            plain[len++] = c;
            continue;
        }
        if (len > start)
            st = add(&pattern, (struct jw_piece){JW_PIECE_LITERAL, {plain + start, len - start}}, mem);
        start = len;
        if (st == JW_OK)
            st = add(&pattern, (struct jw_piece){.kind = c == '*' ? JW_PIECE_ANY : JW_PIECE_ONE}, mem);
    }
    if (st == JW_OK && len > start)
        st = add(&pattern, (struct jw_piece){JW_PIECE_LITERAL, {plain + start, len - start}}, mem);
    if (st == JW_OK)
        *out = pattern;
    return st;
}

jw_status jw_pattern_literal(jw_text text, struct jw_arena *mem, struct jw_pattern *out) {
    *out = (struct jw_pattern){0};
    return text.len ? add(out, (struct jw_piece){JW_PIECE_LITERAL, text}, mem) : JW_OK;
}

jw_status jw_pattern_wrap(struct jw_pattern *pattern, bool before, bool after, struct jw_arena *mem) {
    struct jw_pattern wrapped = {0};
    const struct jw_piece any = {.kind = JW_PIECE_ANY};
    jw_status st = JW_OK;
    if (before && !(pattern->count && pattern->pieces[0].kind == JW_PIECE_ANY))
        st = add(&wrapped, any, mem);
    for (uint32_t i = 0; i < pattern->count && st == JW_OK; i++)
        st = add(&wrapped, pattern->pieces[i], mem);
    if (after && st == JW_OK && !(wrapped.count && wrapped.pieces[wrapped.count - 1].kind == JW_PIECE_ANY))
        st = add(&wrapped, any, mem);
    *pattern = wrapped;
    return st;
}

static bool is_word(unsigned char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

jw_status jw_pattern_windash(struct jw_pattern *pattern, struct jw_arena *mem) {
    struct jw_pattern split = {0};
    jw_status st = JW_OK;
    for (uint32_t p = 0; p < pattern->count && st == JW_OK; p++) {
        jw_text text = pattern->pieces[p].text;
        size_t start = 0;
        if (pattern->pieces[p].kind != JW_PIECE_LITERAL) {
            st = add(&split, pattern->pieces[p], mem);
            continue;
        }
        for (size_t i = 0; i + 1 < text.len && st == JW_OK; i++) {
            if ((text.ptr[i] != '-' && text.ptr[i] != '/') || !is_word((unsigned char)text.ptr[i + 1]) ||
                (i && is_word((unsigned char)text.ptr[i - 1])))
                continue;
            if (i > start)
                st = add(&split, (struct jw_piece){JW_PIECE_LITERAL, {text.ptr + start, i - start}}, mem);
            if (st == JW_OK)
                st = add(&split, (struct jw_piece){.kind = JW_PIECE_DASH}, mem);
            start = i + 1;
        }
        if (st == JW_OK && text.len > start)
            st = add(&split, (struct jw_piece){JW_PIECE_LITERAL, {text.ptr + start, text.len - start}}, mem);
    }
    *pattern = split;
    return st;
}

static jw_shape shape_of(const struct jw_pattern *pattern) {
    const struct jw_piece *p = pattern->pieces;
    if (pattern->count == 0 || (pattern->count == 1 && p[0].kind == JW_PIECE_LITERAL))
        return JW_SHAPE_EQUALS;
    if (pattern->count == 2 && p[0].kind == JW_PIECE_LITERAL && p[1].kind == JW_PIECE_ANY)
        return JW_SHAPE_STARTS;
    if (pattern->count == 2 && p[0].kind == JW_PIECE_ANY && p[1].kind == JW_PIECE_LITERAL)
        return JW_SHAPE_ENDS;
    if (pattern->count == 3 && p[0].kind == JW_PIECE_ANY && p[1].kind == JW_PIECE_LITERAL &&
        p[2].kind == JW_PIECE_ANY)
        return JW_SHAPE_CONTAINS;
    return JW_SHAPE_PIECES;
}

jw_status jw_pattern_finish(struct jw_pattern *pattern, bool cased, struct jw_arena *mem) {
    struct jw_pattern done = {.cased = cased};
    for (uint32_t i = 0; i < pattern->count; i++) {
        struct jw_piece piece = pattern->pieces[i];
        if (piece.kind == JW_PIECE_ANY && done.count && done.pieces[done.count - 1].kind == JW_PIECE_ANY)
            continue;
        if (piece.kind == JW_PIECE_LITERAL && !cased) {
            char *folded = jw_arena_alloc(mem, piece.text.len * JW_FOLD_GROWTH + 1);
            if (!folded)
                return JW_E_LIMIT;
            piece.text = (jw_text){folded, jw_fold(piece.text, folded)};
        }
        if (add(&done, piece, mem) != JW_OK)
            return JW_E_LIMIT;
    }
    done.shape = shape_of(&done);
    *pattern = done;
    return JW_OK;
}

static const jw_text dashes[] = {JW_TEXT("-"), JW_TEXT("/"), JW_TEXT("\xe2\x80\x93"), JW_TEXT("\xe2\x80\x94"),
                                 JW_TEXT("\xe2\x80\x95")};

/* How many bytes one piece other than * takes at the head of `text`; -1: it does not match there. */
static long piece_takes(const struct jw_piece *piece, jw_text text) {
    if (piece->kind == JW_PIECE_LITERAL)
        return jw_text_starts(text, piece->text) ? (long)piece->text.len : -1;
    if (piece->kind == JW_PIECE_ONE)
        return text.len ? (long)jw_fold_utf8_length((const unsigned char *)text.ptr, text.len) : -1;
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++)
        if (jw_text_starts(text, dashes[i]))
            return (long)dashes[i].len;
    return -1;
}

/* The length of the dash that ends just before `end` and does not begin before `start`; 0: none does. */
static size_t dash_before(jw_text text, size_t start, size_t end) {
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++)
        if (end - start >= dashes[i].len &&
            memcmp(text.ptr + end - dashes[i].len, dashes[i].ptr, dashes[i].len) == 0)
            return dashes[i].len;
    return 0;
}

/* A dash with a literal behind it: where the literal is, the dash is looked for. */
static bool skip_to_dashed(jw_text literal, jw_text text, size_t *at) {
    size_t found, length;
    for (size_t from = *at; from < text.len; from += found + 1) {
        if (!jw_text_find((jw_text){text.ptr + from, text.len - from}, literal, &found))
            return false;
        if ((length = dash_before(text, *at, from + found))) {
            *at = from + found - length;
            return true;
        }
    }
    return false;
}

/* The next place a * may end when a literal follows it: straight to the literal instead of byte by byte. `piece` is
 * one of `count` left. */
static bool skip_to(const struct jw_piece *piece, uint32_t count, jw_text text, size_t *at) {
    size_t found;
    if (piece->kind == JW_PIECE_DASH && count > 1 && piece[1].kind == JW_PIECE_LITERAL)
        return skip_to_dashed(piece[1].text, text, at);
    if (piece->kind != JW_PIECE_LITERAL)
        return true;
    if (!jw_text_find((jw_text){text.ptr + *at, text.len - *at}, piece->text, &found))
        return false;
    *at += found;
    return true;
}

static bool match_pieces(const struct jw_pattern *pattern, jw_text text) {
    const struct jw_piece *pieces = pattern->pieces;
    uint32_t p = 0, star = UINT32_MAX; /* the last * seen, and from where it is tried to end */
    size_t at = 0, retry = 0;
    while (p < pattern->count || at < text.len) {
        if (p < pattern->count && pieces[p].kind == JW_PIECE_ANY) {
            star = p++;
            if (p == pattern->count)
                return true;
            if (!skip_to(&pieces[p], pattern->count - p, text, &at))
                return false;
            retry = at;
            continue;
        }
        long takes = p < pattern->count ? piece_takes(&pieces[p], (jw_text){text.ptr + at, text.len - at}) : -1;
        if (takes >= 0) {
            at += (size_t)takes;
            p++;
            continue;
        }
        if (star == UINT32_MAX || retry >= text.len)
            return false;
        retry += jw_fold_utf8_length((const unsigned char *)text.ptr + retry, text.len - retry);
        p = star + 1;
        if (!skip_to(&pieces[p], pattern->count - p, text, &retry))
            return false;
        at = retry;
    }
    return true;
}

bool jw_pattern_match(const struct jw_pattern *pattern, jw_text text) {
    switch (pattern->shape) {
    case JW_SHAPE_EQUALS:
        return pattern->count ? jw_text_is(text, pattern->pieces[0].text) : text.len == 0;
    case JW_SHAPE_STARTS:
        return jw_text_starts(text, pattern->pieces[0].text);
    case JW_SHAPE_ENDS:
        return jw_text_ends(text, pattern->pieces[1].text);
    case JW_SHAPE_CONTAINS:
        return jw_text_find(text, pattern->pieces[1].text, NULL);
    case JW_SHAPE_PIECES:
        break;
    }
    return match_pieces(pattern, text);
}

jw_text jw_pattern_needle(const struct jw_pattern *pattern) {
    jw_text best = {0};
    for (uint32_t i = 0; i < pattern->count; i++)
        if (pattern->pieces[i].kind == JW_PIECE_LITERAL && pattern->pieces[i].text.len > best.len)
            best = pattern->pieces[i].text;
    return best;
}
