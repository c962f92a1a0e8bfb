/* lib/sigma/match_test.c — what makes matching fast must not change what matches: the memory of values and kinds of
 * events, and the screen before keywords, against slow answers. */
#include "cache.h"
#include "index_parts.h"
#include "pattern.h"
#include "plain.h"
#include "screen.h"

#include <stdlib.h>

#include "base/hash.h"
#include "test/test.h"
#include "json/json.h"

static uint32_t state = 1;
static uint32_t draw(uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

/* Few different characters, so that words are met; some of them fold from outside of ASCII. */
static jw_text draw_text(struct jw_arena *mem, uint32_t longest) {
    static const char *const letters[] = {"a", "A", "b", "s", "S", "k",  "-", ":", "\xc5\xbf", "\xe2\x84\xaa",
                                          "c", "C", "1", "é", "É", "中", " ", "/", "\xc8\xba", "\xff"};
    uint32_t count = draw(longest + 1), len = 0;
    char *text = jw_arena_alloc(mem, (size_t)count * 4 + JW_SCREEN_SLACK);
    for (uint32_t i = 0; i < count; i++) {
        const char *letter = letters[draw(draw(4) ? 8 : 20)];
        memcpy(text + len, letter, strlen(letter));
        len += (uint32_t)strlen(letter);
    }
    return (jw_text){text, len};
}

static jw_text folded(struct jw_arena *mem, jw_text text) {
    char *out = jw_arena_alloc(mem, text.len * JW_FOLD_GROWTH + 1);
    return (jw_text){out, jw_fold(text, out)};
}

static void a_screen_never_overlooks_a_word(struct jw_test *t) {
    unsigned present = 0, passed = 0, rounds = 40000;
    for (unsigned round = 0; round < rounds; round++) {
        struct jw_arena *mem = jw_arena_new(1 << 20);
        jw_text words[40];
        uint32_t count = 1 + draw(40);
        bool there = false;
        for (uint32_t i = 0; i < count; i++)
            do
                words[i] = folded(mem, draw_text(mem, 9));
            while (!words[i].len);
        struct jw_screen *screen = jw_screen_new(words, count, mem);
        jw_text text = draw_text(mem, draw(2) ? 100 : 10), plain = folded(mem, text);
        for (uint32_t i = 0; i < count; i++)
            there |= jw_text_find(plain, words[i], NULL);
        bool may = jw_screen_may(screen, text);
        JW_CHECK(t, may || !there);
        jw_screen_without_avx2(screen);
        JW_CHECK(t, jw_screen_may(screen, text) == may);
        present += there;
        passed += may;
        jw_arena_free(mem);
    }
    printf("  %u of %u texts have a word, %u pass\n", present, rounds, passed);
    JW_CHECK(t, present > rounds / 10 && passed < rounds); /* else nothing was tested */
}

static void a_screen_keeps_ordinary_text_out(struct jw_test *t) {
    const jw_text words[] = {JW_TEXT("sekurlsa::"), JW_TEXT("lsadump::"), JW_TEXT("eo.oe.kiwi")};
    static const char text[64 + JW_SCREEN_SLACK] = "C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule";
    static const char found[64 + JW_SCREEN_SLACK] = "C:\\Windows\\System32\\svchost.exe LSADUMP::sam";
    struct jw_screen *screen = jw_screen_new(words, 3, t->mem);
    JW_CHECK(t, !jw_screen_may(screen, jw_text_from(text)));
    JW_CHECK(t, jw_screen_may(screen, jw_text_from(found)));
}

static jw_text numbered(char out[64], uint32_t number) {
    return (jw_text){out, (size_t)snprintf(out, 64, "value %u%.*s", number, (int)(number % 40),
                                           "........................................")};
}

static void remembered_answers_stay_right_when_the_ring_comes_round(struct jw_test *t) {
    struct jw_cache *cache = jw_cache_new(1 << 14);
    uint64_t recent[8] = {0};
    unsigned known = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        char text[64];
        const uint32_t number = draw(2) ? draw(50) : draw(100000), column = number % 3, *list;
        size_t count;
        jw_text value = numbered(text, number);
        uint64_t hash = jw_cache_ask(cache, column, value), place = jw_cache_place(cache, hash);
        if (jw_cache_read(cache, recent[column], column, value, &list, &count) ||
            jw_cache_read(cache, place, column, value, &list, &count)) {
            recent[column] = place;
            known++;
            JW_CHECK_INT(t, count, number % 5);
            for (uint32_t k = 0; k < count; k++)
                JW_CHECK_INT(t, list[k], number + k);
        } else {
            uint32_t made[5] = {number, number + 1, number + 2, number + 3, number + 4};
            jw_cache_add(cache, hash, column, value, made, number % 5);
        }
        JW_CHECK(t, !jw_cache_read(cache, place, 7, value, &list, &count)); /* another column is another answer */
    }
    JW_CHECK(t, known > 10000);
    jw_cache_free(cache);
}

/* --- whole rule sets, against the plain evaluator ----------------------------------------------------------------
 */
static struct jw_sigma *load(struct jw_test *t, const jw_buffer *text) {
    char path[4096];
    struct jw_sigma *sigma = NULL;
    snprintf(path, sizeof path, "%s/rules.yml", t->folder);
    FILE *file = fopen(path, "we");
    fwrite(text->ptr, 1, text->len, file);
    fclose(file);
    const char *folders[] = {path, NULL};
    const struct jw_sigma_options options = {.folders = folders};
    JW_CHECK_OK(t, jw_sigma_load(&options, &sigma, &t->err));
    return sigma;
}

static size_t same(struct jw_test *t, struct jw_sigma_worker *worker, struct jw_plain *plain,
                   const struct jw_record *rec, const struct jw_sigma_source *source) {
    const struct jw_sigma_rule *const *hits, *const *others;
    size_t count = jw_sigma_match(worker, rec, source, &hits), other = jw_plain_match(plain, rec, source, &others);
    JW_CHECK_INT(t, count, other);
    for (size_t i = 0; i < count && count == other; i++)
        JW_CHECK(t, hits[i] == others[i]);
    return count;
}

static void more_kinds_of_events_than_are_remembered_match_alike(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    for (int i = 0; i < 600; i++)
        jw_buffer_print(&text,
                        "title: r%d\nid: r%d\nlogsource: {%s: x%d}\ndetection:\n  a: {f: v%d}\n  k: [word%d]\n"
                        "  condition: %s\n---\n",
                        i, i, i % 2 ? "product" : "service", i / 2, i % 7, i % 11,
                        i % 3 == 0   ? "a"
                        : i % 3 == 1 ? "not a"
                                     : "k");
    struct jw_sigma *sigma = load(t, &text);
    struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    struct jw_plain *plain = jw_plain_new(sigma);
    size_t hits = 0;
    for (int i = 0; i < 3000; i++) {
        char product[16], service[16], f[16], other[32];
        struct jw_record rec = {.mem = t->mem};
        snprintf(product, sizeof product, "x%u", draw(300));
        snprintf(service, sizeof service, "X%u", draw(300));
        snprintf(f, sizeof f, "v%u", draw(7));
        snprintf(other, sizeof other, "a Word%u b", draw(11));
        jw_record_add(&rec, JW_TEXT("f"), jw_text_from(f));
        jw_record_add(&rec, JW_TEXT("g"), jw_text_from(other));
        hits += same(t, worker, plain, &rec,
                     &(struct jw_sigma_source){jw_text_from(product), {0}, jw_text_from(service)});
    }
    JW_CHECK(t, hits > 1000);
    jw_plain_free(plain);
    jw_sigma_worker_free(worker);
    jw_sigma_free(sigma);
}

static void wildcards_and_dashes_match_as_when_tried_one_by_one(struct jw_test *t) {
    static const char *const parts[] = {" -a", "/b", "*", "?", " ", "-b ", "a", "b", "c", "*-a", " /", "-"};
    static const char *const letters[] = {"a", "b",  "-",   "/", " ", "c", "\xe2\x80\x93", "\xe2\x80\x95",
                                          "A", "中", "\x80"};
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    for (int i = 0; i < 300; i++) {
        jw_buffer_print(&text, "title: r%d\nid: r%d\nlogsource: {}\ndetection:\n  a: {f|contains|windash: 'c", i,
                        i);
        for (uint32_t n = 1 + draw(5); n; n--)
            jw_buffer_add(&text, jw_text_from(parts[draw(sizeof parts / sizeof *parts)]));
        jw_buffer_add(&text, JW_TEXT("'}\n  condition: a\n---\n"));
    }
    struct jw_sigma *sigma = load(t, &text);
    struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    struct jw_plain *plain = jw_plain_new(sigma);
    size_t hits = 0;
    for (int i = 0; i < 3000; i++) {
        char value[128];
        size_t len = 0;
        struct jw_record rec = {.mem = t->mem};
        for (uint32_t n = draw(24); n; n--)
            len += (size_t)snprintf(value + len, sizeof value - len, "%s",
                                    letters[draw(sizeof letters / sizeof *letters)]);
        jw_record_add(&rec, JW_TEXT("f"), (jw_text){value, len});
        hits += same(t, worker, plain, &rec, NULL);
    }
    JW_CHECK(t, hits > 1000);
    jw_plain_free(plain);
    jw_sigma_worker_free(worker);
    jw_sigma_free(sigma);
}

static void keywords_are_found_in_values_of_every_length_and_language(struct jw_test *t) {
    static const char rules[] = "title: a\nid: a\nlogsource: {}\ndetection:\n  k: ['sekurlsa::x', 'mask', 'ключ']\n"
                                "  condition: k\n---\n"
                                "title: b\nid: b\nlogsource: {}\ndetection:\n  k: ['密码']\n  condition: k\n";
    static const char *const words[] = {"SEKURLSA::x", "Ma\xc5\xbf\xe2\x84\xaa", "КЛЮЧ", "密码", "mas", "ключъ"};
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    jw_buffer_add(&text, jw_text_from(rules));
    struct jw_sigma *sigma = load(t, &text);
    struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    struct jw_plain *plain = jw_plain_new(sigma);
    size_t hits = 0;
    for (size_t size = 0; size < 140000; size = size < 200 ? size + 1 : size * 5 / 4 + 1)
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            struct jw_arena *mem = jw_arena_new(1 << 20);
            struct jw_record rec = {.mem = mem};
            char *value = jw_arena_alloc(mem, size + 64);
            memset(value, '.', size + 64);
            memcpy(value + size, words[w], strlen(words[w]));
            jw_record_add(&rec, JW_TEXT("first"), (jw_text){value, size});
            jw_record_add(&rec, JW_TEXT("second"), (jw_text){value, size + strlen(words[w]) + (size % 3)});
            hits += same(t, worker, plain, &rec, NULL);
            jw_arena_free(mem);
        }
    JW_CHECK(t, hits > 1000);
    jw_plain_free(plain);
    jw_sigma_worker_free(worker);
    jw_sigma_free(sigma);
}

/* As JSON wrote them values are screened, remembered and compared: escapes must not make a difference. */
/* Expressions of all the notation's parts, against texts made of the same letters. */
static void the_word_of_an_expression_is_in_all_that_it_matches(struct jw_test *t) {
    static const char *const parts[] = {
        "abc",    "b",      "k",    "S1",   "\\.",   "\\\\",  "a*",          "b?",   "c+",     "bc{0,2}", "ab{2}",
        "c{1,}?", "{",      "a{x",  "(ab)", "(a|b)", "(?:",   "(?i)",        "(c)?", "[a-c:]", "[^]]k",   "[]a]*",
        "\\d",    "\\s",    "\\w+", ".",    ".*",    "\\x41", "\\Qa",        "|",    "^",      "$",       ")",
        "(?=a)",  "(?<!b)", "é",    "中a",  "a??",   "\\u",   "[[:alpha:]]", "-",    "\\[a\\]"};
    unsigned matched = 0, known = 0, both = 0;
    for (unsigned round = 0; round < 20000; round++) {
        struct jw_arena *mem = jw_arena_new(1 << 20);
        jw_buffer regex = JW_BUFFER(4096);
        for (unsigned n = 1 + draw(5); n; n--)
            jw_buffer_add(&regex, jw_text_from(parts[draw(draw(2) ? 14 : sizeof parts / sizeof *parts)]));
        struct jw_sigma_value value = {
            .op = JW_OP_REGEX, .text = jw_buffer_text(&regex), .flags = (uint8_t)draw(8)};
        jw_text word = jw_sigma_regex_word(value.text, mem);
        known += word.len > 0;
        for (int i = 0; i < 8 && jw_sigma_regex_check(&value, NULL) == JW_OK; i++) {
            static const char *const letters[] = {
                "abc", "b", "K", "\xe2\x84\xaa", "s1", "S1",  ".",  "\\", "cc", "a", "A",
                "{",   "1", "é", "中a",          " ",  "a{x", "bb", "-",  "[a]"};
            jw_buffer text = JW_BUFFER(4096);
            for (unsigned n = draw(8); n; n--)
                jw_buffer_add(&text, jw_text_from(letters[draw(sizeof letters / sizeof *letters)]));
            bool good = jw_sigma_value_matches(&value, jw_buffer_text(&text), mem);
            bool there = !word.len || jw_text_find(folded(mem, jw_buffer_text(&text)), word, NULL);
            if (good && !there)
                printf("  '%.*s' matches '%.*s', its word '%.*s' is not there\n", (int)regex.len, regex.ptr,
                       (int)text.len, text.ptr, (int)word.len, word.ptr);
            JW_CHECK(t, !good || there);
            matched += good;
            both += good && word.len;
            jw_buffer_free(&text);
        }
        jw_buffer_free(&regex);
        jw_arena_free(mem);
    }
    printf("  %u words, %u matches, %u of them with a word\n", known, matched, both);
    JW_CHECK(t, known > 1000 && both > 200);
}

static void events_read_lazily_match_as_events_read_whole(struct jw_test *t) {
    static const char rules[] =
        "title: a\nid: a\nlogsource: {}\ndetection:\n  k: ['\\\\mimi', 'say \"x\"', 'a/b', \"c\\nd\"]\n  "
        "condition: k\n---\n"
        "title: b\nid: b\nlogsource: {}\ndetection:\n  a: {f|endswith: '\\cmd.exe'}\n  condition: a\n---\n"
        "title: c\nid: c\nlogsource: {}\ndetection:\n  a: {f|fieldref: g}\n  condition: a\n---\n"
        "title: d\nid: d\nlogsource: {}\ndetection:\n  a: {f|re: '^C:\\\\[a-z]+\\\\$', g|contains: '\\\\\\\\'}\n"
        "  condition: 1 of them\n";
    static const char *const parts[] = {"C:",    "\\\\",  "\\\\cmd.exe", "\\/",      "/",
                                        "a",     "b",     "\\u005cmimi", "\\\\mimi", "say \\\"x\\\"",
                                        "a\\/b", "c\\nd", "\\u00e9",     "\\t"};
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    jw_buffer_add(&text, jw_text_from(rules));
    struct jw_sigma *sigma = load(t, &text);
    struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma), *other = jw_sigma_worker_new(sigma);
    JW_AUTO(jw_json_keys_free_p) struct jw_json_keys *keys = jw_json_keys_new();
    unsigned hits = 0, unlike = 0;
    for (int i = 0; i < 20000; i++) {
        struct jw_arena *mem = jw_arena_new(1 << 20);
        struct jw_record lazy = {.mem = mem}, whole = {.mem = mem};
        const struct jw_sigma_rule *const *a, *const *b;
        jw_buffer_clear(&text);
        for (int field = 0; field < 3; field++) {
            jw_buffer_print(&text, "%s\"%c\":\"", field ? "," : "{", 'f' + field);
            for (unsigned n = draw(4); n; n--)
                jw_buffer_add(&text, jw_text_from(parts[draw(sizeof parts / sizeof *parts)]));
            jw_buffer_byte(&text, '"');
        }
        jw_buffer_byte(&text, '}');
        JW_CHECK_OK(t, jw_json_flatten_lazy(jw_buffer_text(&text), keys, &lazy, &t->err));
        JW_CHECK_OK(t, jw_json_flatten(jw_buffer_text(&text), &whole, &t->err));
        size_t count = jw_sigma_match(worker, &lazy, NULL, &a);
        unlike +=
            count != jw_sigma_match(other, &whole, NULL, &b) || (count && memcmp(a, b, count * sizeof *a) != 0);
        hits += count > 0;
        for (size_t h = 0; h < count; h++) {
            JW_AUTO(jw_buffer_free) jw_buffer said = JW_BUFFER(1 << 16), same = JW_BUFFER(1 << 16);
            jw_sigma_reason(worker, a[h], &said);
            jw_sigma_reason(other, b[h], &same);
            unlike += !jw_text_is(jw_buffer_text(&said), jw_buffer_text(&same));
        }
        jw_arena_free(mem);
    }
    JW_CHECK_INT(t, unlike, 0);
    JW_CHECK(t, hits > 4000 && hits < 19000);
    jw_sigma_worker_free(worker);
    jw_sigma_worker_free(other);
    jw_sigma_free(sigma);
}

static void costs_tell_how_often_a_rule_was_looked_at_and_matched(struct jw_test *t) {
    static const char rules[] =
        "title: a\nid: a\nlogsource: {}\ndetection:\n  a: {f: x}\n  b: {g: y}\n"
        "  condition: a and b\n---\n"
        "title: b\nid: b\nlogsource: {}\ndetection:\n  a: {f|re: '^(a+)+$'}\n  condition: a\n";
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    jw_buffer_add(&text, jw_text_from(rules));
    struct jw_sigma *sigma = load(t, &text);
    struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    const struct jw_sigma_rule *const *hits;
    struct jw_sigma_cost a, b;
    for (int i = 0; i < 1000; i++) {
        char value[64];
        struct jw_record rec = {.mem = t->mem};
        snprintf(value, sizeof value, "aaaaaaaaaaaaaa%db", i);
        jw_record_add(&rec, JW_TEXT("f"), i < 300 ? JW_TEXT("x") : jw_text_from(value));
        jw_record_add(&rec, JW_TEXT("g"), i < 100 ? JW_TEXT("y") : JW_TEXT("z"));
        JW_CHECK_INT(t, jw_sigma_match(worker, &rec, NULL, &hits), i < 100);
    }
    jw_sigma_cost_of(worker, jw_sigma_rule_find(sigma, JW_TEXT("a")), &a);
    jw_sigma_cost_of(worker, jw_sigma_rule_find(sigma, JW_TEXT("b")), &b);
    JW_CHECK(t, a.evaluated >= 100 && a.evaluated <= 300); /* only what one of its values made possible */
    JW_CHECK_INT(t, a.matched, 100);
    JW_CHECK_INT(t, b.matched, 0);
    JW_CHECK(t, b.time_ns > a.time_ns); /* the expression is what costs */
    jw_sigma_worker_free(worker);
    jw_sigma_free(sigma);
}

static void hashes_of_equal_bytes_are_equal_and_of_others_differ(struct jw_test *t) {
    const uint64_t key[4] = {0x8a5cd789635d2dffu, 0x121fd2155c472f96u, 0x3b8d1c6f90e2a745u, 0xc2b2ae3d27d4eb4fu};
    const uint64_t other[4] = {key[0] ^ 1, key[1], key[2], key[3]};
    char bytes[200], copy[208];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 37);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint64_t hash = jw_hash_quick(key, (jw_text){bytes, len});
        memcpy(copy + 3, bytes, len); /* alignment does not matter */
        JW_CHECK(t, jw_hash_quick(key, (jw_text){copy + 3, len}) == hash);
        JW_CHECK(t, jw_hash_quick(other, (jw_text){bytes, len}) != hash);
        for (size_t i = 0; i < len; i++) {
            copy[3 + i] ^= 1;
            JW_CHECK(t, jw_hash_quick(key, (jw_text){copy + 3, len}) != hash);
            copy[3 + i] ^= 1;
        }
    }
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(a_screen_never_overlooks_a_word),
        JW_CASE(a_screen_keeps_ordinary_text_out),
        JW_CASE(remembered_answers_stay_right_when_the_ring_comes_round),
        JW_CASE(more_kinds_of_events_than_are_remembered_match_alike),
        JW_CASE(wildcards_and_dashes_match_as_when_tried_one_by_one),
        JW_CASE(keywords_are_found_in_values_of_every_length_and_language),
        JW_CASE(the_word_of_an_expression_is_in_all_that_it_matches),
        JW_CASE(events_read_lazily_match_as_events_read_whole),
        JW_CASE(costs_tell_how_often_a_rule_was_looked_at_and_matched),
        JW_CASE(hashes_of_equal_bytes_are_equal_and_of_others_differ),
        {0},
    });
}
