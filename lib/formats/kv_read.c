/* lib/formats/kv_read.c — finding names: an assignment, walked back from to the word or piece that stands before
 * it. */
#include "kv.h"

#define NAME_MOST 96 /* bytes of a name; bounds the walk back, so that reading stays linear */

static const jw_text assigns[] = {JW_TEXT("="), JW_TEXT(":"), JW_TEXT("\xEF\xBC\x9A")};
#define ASSIGNS (sizeof assigns / sizeof *assigns)
/* Blank is the last resort: where another one stands before most names, blanks belong to the text. */
static const jw_text betweens[] = {
    JW_TEXT(","), JW_TEXT(";"), JW_TEXT("\t"), JW_TEXT("|"), JW_TEXT("\xEF\xBC\x8C"), JW_TEXT("\xEF\xBC\x9B"),
    JW_TEXT(" ")};
#define BETWEENS (sizeof betweens / sizeof *betweens)
#define BLANK    (BETWEENS - 1)

struct pair {
    size_t start, name_end, value;
};

static bool at_place(jw_text s, size_t at, jw_text what) {
    return s.len - at >= what.len && s.ptr[at] == *what.ptr && memcmp(s.ptr + at, what.ptr, what.len) == 0;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Which hard separator ends at `end`; BLANK when none. */
static size_t hard_before(jw_text s, size_t end) {
    for (size_t i = 0; i < BLANK; i++)
        if (end >= betweens[i].len && at_place(s, end - betweens[i].len, betweens[i]))
            return i;
    return BLANK;
}

/* "：" before the place: a name cannot reach over it. */
static bool wide_assign_before(jw_text s, size_t end) {
    return end >= 3 && memcmp(s.ptr + end - 3, assigns[2].ptr, 3) == 0;
}

static bool is_name_byte(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80 ||
           (c && memchr("_-./()[]@#%$", c, 12));
}

/* The word that ends at `end`, not reaching before `from`. */
static size_t word_start(jw_text s, size_t from, size_t end) {
    size_t start = end;
    while (start > from && end - start < NAME_MOST && is_name_byte(s.ptr[start - 1]) &&
           hard_before(s, start) == BLANK && !wide_assign_before(s, start))
        start--;
    while (start < end && memchr("([", s.ptr[start], 2)) /* "(vsys=public": the bracket opens the list */
        start++;
    return start;
}

/* A colon assigns only behind a word, and not in "http://", "C:\" and "10:20". */
static bool plausible(jw_text s, size_t start, size_t end, size_t at, jw_text assign) {
    char first = start < end ? s.ptr[start] : '\0';
    if (!first || end - start >= NAME_MOST)
        return false;
    if (*assign.ptr != ':')
        return true;
    bool letter = (first | 0x20) >= 'a' && (first | 0x20) <= 'z';
    bool path = at + 1 < s.len && (s.ptr[at + 1] == '/' || s.ptr[at + 1] == '\\' || s.ptr[at + 1] == ':');
    return (letter || (unsigned char)first >= 0x80 || first == '_') && !path && !(at && s.ptr[at - 1] == ':');
}

/* Behind the closing quote of the value at `at`, or `at` when it is not a quoted one. A quote closes where a
 * separator, a bracket or the end follows; the second round accepts one behind a backslash, for Windows paths. */
static size_t quoted_end(jw_text s, size_t at, jw_text between) {
    char quote = at < s.len ? s.ptr[at] : '\0';
    if (quote != '"' && quote != '\'')
        return at;
    for (int round = 0; round < 2; round++)
        for (size_t i = at + 1; i < s.len; i++) {
            if (round == 0 && s.ptr[i] == '\\')
                i++;
            else if (s.ptr[i] == quote && (i + 1 == s.len || memchr(" \t,;|)]}\r\n", s.ptr[i + 1], 10) ||
                                           (between.len && at_place(s, i + 1, between))))
                return i + 1;
        }
    return at;
}

static size_t skip_blanks(jw_text s, size_t at) {
    while (at < s.len && is_blank(s.ptr[at]))
        at++;
    return at;
}

/* Where the piece that holds the name begins: behind the last separator, when that is near enough for a name. */
static bool piece_start(jw_text s, size_t from, size_t end, jw_text between, size_t *out) {
    size_t low = end > NAME_MOST && end - NAME_MOST > from ? end - NAME_MOST : from;
    for (size_t at = end; at >= low + between.len; at--)
        if (at_place(s, at - between.len, between)) {
            *out = skip_blanks(s, at);
            return true;
        }
    return false;
}

/* The next pair whose name begins at or behind `from`. The first one may stand behind any text. */
static bool find_pair(jw_text s, size_t from, const struct jw_kv_style *style, bool first, struct pair *out) {
    bool blank = is_blank(*style->between.ptr) && *style->between.ptr == ' ';
    for (size_t i = from; i < s.len; i++) {
        if (!at_place(s, i, style->assign))
            continue;
        size_t end = i, start = 0;
        while (end > from && is_blank(s.ptr[end - 1]))
            end--;
        bool piece = !blank && piece_start(s, from, end, style->between, &start);
        if (!piece && (blank || first)) {
            start = word_start(s, from, end);
            piece = first || start == from || is_blank(s.ptr[start - 1]) || s.ptr[start - 1] == '[' ||
                    s.ptr[start - 1] == '(';
        }
        if (!piece || start > end || !plausible(s, start, end, i, style->assign))
            continue;
        *out = (struct pair){start, end, skip_blanks(s, i + style->assign.len)};
        return true;
    }
    return false;
}

/* Counts names by what stands before them, for one assignment; returns how many there are. */
static size_t survey(jw_text s, jw_text assign, size_t counts[BETWEENS]) {
    size_t total = 0, from = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!at_place(s, i, assign))
            continue;
        size_t end = i, start;
        while (end > from && is_blank(s.ptr[end - 1]))
            end--;
        start = word_start(s, from, end);
        if (plausible(s, start, end, i, assign)) {
            size_t low = start; /* over the words of a name like "Source IP" */
            while (low > from && start - low < NAME_MOST && hard_before(s, low) == BLANK &&
                   (is_name_byte(s.ptr[low - 1]) || s.ptr[low - 1] == ' '))
                low--;
            size_t hard = hard_before(s, low);
            if (hard == BLANK && start > from && s.ptr[start - 1] != ' ')
                continue; /* a word glued to something else, as in "?a=1": no name */
            total++;
            if (from)
                counts[hard]++;
            size_t value = skip_blanks(s, i + assign.len), behind = quoted_end(s, value, (jw_text){0});
            from = behind > value ? behind : i + assign.len;
            i = from - 1;
        }
    }
    return total;
}

static struct jw_kv_style choose(jw_text s, const struct jw_kv_style *given) {
    struct jw_kv_style style = given ? *given : (struct jw_kv_style){0};
    bool assign_given = style.assign.len > 0;
    size_t best = 0, most = BLANK, counts[BETWEENS] = {0};
    if (assign_given)
        survey(s, style.assign, counts);
    for (size_t i = 0; i < ASSIGNS && !assign_given; i++) {
        size_t found[BETWEENS] = {0}, total = survey(s, assigns[i], found);
        if (total > best || i == 0) {
            best = total;
            style.assign = assigns[i];
            memcpy(counts, found, sizeof counts);
        }
    }
    for (size_t i = BLANK; i-- > 0;)
        most = counts[i] > 0 && counts[i] >= counts[most] ? i : most;
    if (style.between.len == 0)
        style.between = betweens[most];
    return style;
}

static jw_text unquoted(struct jw_record *rec, jw_text s) {
    char quote = *s.ptr;
    s = (jw_text){s.ptr + 1, s.len - 2};
    if (quote != '"' || s.len == 0 || !memchr(s.ptr, '\\', s.len))
        return s;
    char *copy = jw_arena_alloc(rec->mem, s.len);
    size_t len = 0;
    if (!copy) {
        rec->state = JW_E_LIMIT;
        return s;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len && (s.ptr[i + 1] == '"' || s.ptr[i + 1] == '\\'))
            i++;
        copy[len++] = s.ptr[i];
    }
    return (jw_text){copy, len};
}

/* An unquoted value ends before the next name; the separator and blanks between them belong to neither. */
static jw_text bare(jw_text s, size_t from, size_t end, jw_text between) {
    jw_text value = jw_text_trim((jw_text){s.ptr + from, end - from});
    while (*between.ptr != ' ' && jw_text_ends(value, between))
        value = jw_text_trim((jw_text){value.ptr, value.len - between.len});
    return value;
}

size_t jw_kv_read(jw_text text, const struct jw_kv_style *given, struct jw_record *rec, jw_text *out_before) {
    struct jw_kv_style style = given && given->assign.len && given->between.len ? *given : choose(text, given);
    struct pair pair, next;
    size_t count = 0;
    bool more = text.len && find_pair(text, 0, &style, true, &pair);
    if (out_before)
        *out_before = jw_text_trim((jw_text){text.ptr, more ? pair.start : text.len});
    while (more) {
        size_t close = quoted_end(text, pair.value, style.between);
        size_t from = close > pair.value ? close : pair.value;
        jw_text name = {text.ptr + pair.start, pair.name_end - pair.start}, value;
        more = find_pair(text, from, &style, false, &next);
        if (close > pair.value)
            value = unquoted(rec, (jw_text){text.ptr + pair.value, close - pair.value});
        else
            value = bare(text, pair.value, more ? next.start : text.len, style.between);
        jw_record_add(rec, name, value);
        count++;
        pair = next;
    }
    return count;
}
