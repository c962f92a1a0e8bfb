/* lib/sigma/variants_test.c — the same events written otherwise get the same answers: ../shared/corpora/sigma/
 * cases-dev.ndjson with its keys in another order, its dotted names nested, and its letters in the other case where
 * no part of the rule minds the case. Read with the product's own JSON reader. Prints the score. */
#include "rule.h"

#include <jansson.h>
#include <stdlib.h>

#include "test/test.h"
#include "json/json.h"

static struct jw_sigma *sigma;
static struct jw_sigma_worker *worker;

static bool load(struct jw_test *t) {
    char rules[3][4096], mappings[4096];
    if (!jw_test_corpora()) {
        jw_test_skip(t, "no ../shared/corpora");
        return false;
    }
    snprintf(rules[0], sizeof rules[0], "%s/sigma/rules/rules", jw_test_corpora());
    snprintf(rules[1], sizeof rules[1], "%s/sigma/rules/rules-emerging-threats", jw_test_corpora());
    snprintf(rules[2], sizeof rules[2], "%s/sigma/rules/rules-threat-hunting", jw_test_corpora());
    snprintf(mappings, sizeof mappings, "%s/content/mappings", jw_test_source());
    const char *folders[] = {rules[0], rules[1], rules[2], NULL};
    const struct jw_sigma_options options = {.mappings = mappings, .folders = folders};
    if (!sigma)
        JW_CHECK_OK(t, jw_sigma_load(&options, &sigma, &t->err));
    if (!worker && sigma)
        worker = jw_sigma_worker_new(sigma);
    return worker != NULL;
}

/* --- writing an event otherwise --------------------------------------------------------------------------------
 */
static unsigned next_random(void) {
    static unsigned state = 20261120;
    state = state * 1103515245 + 12345;
    return state >> 16;
}

static json_t *shuffled(json_t *event) {
    const char *keys[1024], *key;
    json_t *value, *out = json_object();
    size_t count = 0;
    json_object_foreach(event, key, value) if (count < sizeof keys / sizeof *keys) keys[count++] = key;
    for (size_t i = count; i > 1; i--) {
        size_t other = next_random() % i;
        const char *swap = keys[i - 1];
        keys[i - 1] = keys[other];
        keys[other] = swap;
    }
    for (size_t i = 0; i < count; i++)
        json_object_set(out, keys[i], json_object_get(event, keys[i]));
    return out;
}

/* "a.b": 1 becomes "a": {"b": 1}; false where "a" is a value already. */
static bool put_nested(json_t *out, const char *key, json_t *value) {
    char head[1024];
    const char *dot = strchr(key, '.');
    if (!dot || dot == key || !dot[1])
        return !json_object_get(out, key) && json_object_set(out, key, value) == 0;
    snprintf(head, sizeof head, "%.*s", (int)(dot - key), key);
    json_t *inner = json_object_get(out, head);
    if (!inner && json_object_set_new(out, head, inner = json_object()) != 0)
        return false;
    return json_is_object(inner) && put_nested(inner, dot + 1, value);
}

static json_t *nested(json_t *event) {
    json_t *out = json_object(), *value;
    const char *key;
    json_object_foreach(event, key, value) if (!put_nested(out, key, value)) {
        json_decref(out);
        return json_incref(event);
    }
    return out;
}

static json_t *other_case(json_t *value) {
    const char *key;
    json_t *inner, *out;
    size_t at;
    if (json_is_object(value)) {
        out = json_object();
        json_object_foreach(value, key, inner) json_object_set_new(out, key, other_case(inner));
        return out;
    }
    if (json_is_array(value)) {
        out = json_array();
        json_array_foreach(value, at, inner) json_array_append_new(out, other_case(inner));
        return out;
    }
    if (!json_is_string(value))
        return json_incref(value);
    size_t len = json_string_length(value);
    char *text = malloc(len + 1);
    memcpy(text, json_string_value(value), len + 1);
    for (size_t i = 0; i < len; i++)
        if ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z'))
            text[i] = (char)(text[i] ^ 0x20);
    out = json_stringn_nocheck(text, len);
    free(text);
    return out;
}

/* Does any part of the rule mind the case? */
static bool is_cased(const struct jw_sigma_node *node) {
    for (uint32_t i = 0; node->kind == JW_NODE_ITEM && i < node->item->count; i++) {
        const struct jw_sigma_value *value = &node->item->values[i];
        if (value->cased || (value->op == JW_OP_REGEX && !(value->flags & JW_REGEX_NOCASE) &&
                             !jw_text_starts(value->text, JW_TEXT("(?i)"))))
            return true;
    }
    for (uint32_t i = 0; i < node->count; i++)
        if (is_cased(node->children[i]))
            return true;
    return false;
}

/* --- asking ----------------------------------------------------------------------------------------------------
 */
static bool same_source(const struct jw_sigma_info *a, const struct jw_sigma_info *b) {
    return jw_text_is(a->product, b->product) && jw_text_is(a->category, b->category) &&
           jw_text_is(a->service, b->service);
}

static jw_text member(json_t *object, const char *key) {
    return jw_text_from(json_string_value(json_object_get(object, key)));
}

/* How many of the listed rules count: all, or those that mind no case. */
static size_t listed_rules(json_t *list, bool skip_cased, jw_text id, bool *out_has) {
    size_t at, count = 0;
    json_t *item;
    json_array_foreach(list, at, item) {
        const jw_text text = jw_text_from(json_string_value(item));
        const struct jw_sigma_rule *rule = jw_sigma_rule_find(sigma, text);
        *out_has |= jw_text_is(text, id);
        count += !(skip_cased && rule && is_cased(rule->root));
    }
    return count;
}

/* Is the rule's answer the label, and are the rules of its logsource that match exactly those listed? */
static bool is_right(struct jw_test *t, json_t *root, json_t *event, bool skip_cased) {
    json_t *given = json_object_get(root, "_logsource"), *listed = json_object_get(root, "_expect_same_logsource");
    const struct jw_sigma_info *info = jw_sigma_rule_info(jw_sigma_rule_find(sigma, member(root, "_rule")));
    const struct jw_sigma_source source = {member(given, "product"), member(given, "category"),
                                           member(given, "service")};
    const struct jw_sigma_rule *const *hits;
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(16 << 20);
    struct jw_record rec = {.mem = mem};
    char *text = json_dumps(event, 0);
    size_t same = 0;
    bool label = false, only_listed = true, has = false;
    JW_CHECK_OK(t, jw_json_flatten(jw_text_from(text), &rec, &t->err));
    size_t count = jw_sigma_match(worker, &rec, &source, &hits);
    for (size_t i = 0; i < count; i++) {
        const struct jw_sigma_info *hit = jw_sigma_rule_info(hits[i]);
        label |= hit == info;
        if (!same_source(hit, info) || (skip_cased && is_cased(hits[i]->root)))
            continue;
        same++;
        has = false;
        listed_rules(listed, skip_cased, hit->id, &has);
        only_listed &= has;
    }
    free(text);
    return label == (json_integer_value(json_object_get(root, "_label")) != 0) && only_listed &&
           same == listed_rules(listed, skip_cased, (jw_text){0}, &has);
}

static void score(struct jw_test *t, const char *name, json_t *(*write)(json_t *), bool skip_cased) {
    char path[4096];
    unsigned total = 0, right = 0, left_out = 0, shown = 0;
    if (!load(t))
        return;
    snprintf(path, sizeof path, "%s/sigma/cases-dev.ndjson", jw_test_corpora());
    jw_text all = jw_test_read(t, path), line;
    while (jw_text_next(&all, '\n', &line) && line.len) {
        json_t *root = json_loadb(line.ptr, line.len, 0, NULL);
        const struct jw_sigma_rule *rule = jw_sigma_rule_find(sigma, member(root, "_rule"));
        if (rule && !(skip_cased && is_cased(rule->root))) {
            json_t *event = write(json_object_get(root, "event"));
            bool good = is_right(t, root, event, skip_cased);
            total++;
            right += good;
            if (!good && shown++ < 10)
                printf("  wrong: %.*s\n", (int)(line.len < 400 ? line.len : 400), line.ptr);
            json_decref(event);
        } else {
            left_out++;
        }
        json_decref(root);
    }
    printf("  cases-dev, %s: %u of %u right, %u left out\n", name, right, total, left_out);
    JW_CHECK(t, total > 20000 && right == total && (skip_cased || !left_out));
}

static void cases_are_right_as_they_are(struct jw_test *t) { score(t, "as they are", json_incref, false); }
static void cases_are_right_in_any_order_of_keys(struct jw_test *t) { score(t, "shuffled", shuffled, false); }
static void cases_are_right_with_nested_fields(struct jw_test *t) { score(t, "nested", nested, false); }
static void cases_are_right_in_the_other_case(struct jw_test *t) { score(t, "other case", other_case, true); }

int main(void) {
    int result = jw_test_run((const struct jw_test_case[]){
        JW_CASE(cases_are_right_as_they_are),
        JW_CASE(cases_are_right_in_any_order_of_keys),
        JW_CASE(cases_are_right_with_nested_fields),
        JW_CASE(cases_are_right_in_the_other_case),
        {0},
    });
    jw_sigma_worker_free(worker);
    jw_sigma_free(sigma);
    return result;
}
