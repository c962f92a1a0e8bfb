/* lib/sigma/index.h — all literals that one column is compared with, as one search over a value.
 *
 * Every value is folded once. Whole values go through a hash table; parts of values through one vectorscan database
 * of folded needles, whose finds are verified exactly (few needles one by one:
 * docs/decisions/vectorscan-literals.md). Regular expressions and what has no needle are tried on every value.
 * Private to lib/sigma. Read-only after building; each thread brings a jw_index_worker. */
#pragma once
#include "rule.h"

struct jw_index;
struct jw_index_builder;
struct jw_index_builder *jw_index_builder_new(struct jw_arena *mem);
void jw_index_builder_free(struct jw_index_builder *builder);
JW_DEFINE_AUTO(jw_index_builder, jw_index_builder_free)
/* `value` must outlive the index; op is PATTERN, REGEX, NETWORK or a comparison. JW_E_SYNTAX: a bad regex. */
JW_MUST_CHECK jw_status jw_index_add(struct jw_index_builder *builder, uint32_t predicate,
                                     const struct jw_sigma_value *value, struct jw_error *err);
/* All but its needles, which jw_index_compile does for all columns at once, on every core; it sorts `indexes`. */
JW_MUST_CHECK jw_status jw_index_build(struct jw_index_builder *builder, struct jw_index **out,
                                       struct jw_error *err);
JW_MUST_CHECK jw_status jw_index_compile(struct jw_index **indexes, uint32_t count, struct jw_error *err);
void jw_index_free(struct jw_index *index);
JW_DEFINE_AUTO(jw_index, jw_index_free)
void jw_index_counts(const struct jw_index *index, uint32_t *needles, uint32_t *regexes); /* added to */

/* Is this a regular expression we can run? */
JW_MUST_CHECK jw_status jw_sigma_regex_check(const struct jw_sigma_value *value, struct jw_error *err);

struct jw_index_worker;
struct jw_index_worker *jw_index_worker_new(uint32_t predicates); /* predicates: the highest number + 1 */
JW_MUST_CHECK bool jw_index_worker_fit(struct jw_index_worker *worker,
                                       const struct jw_index *index); /* before use */
void jw_index_worker_free(struct jw_index_worker *worker);
JW_DEFINE_AUTO(jw_index_worker, jw_index_worker_free)
/* The predicates that are true of `value`, each once; valid until the next call. */
size_t jw_index_scan(const struct jw_index *index, struct jw_index_worker *worker, jw_text value,
                     const uint32_t **out);
/* How often a regular expression was given up at its step limit. */
uint64_t jw_index_worker_limits(const struct jw_index_worker *worker);
/* What the regular expressions of a predicate took, about: every 16th scan is timed. */
uint64_t jw_index_worker_regex_ns(const struct jw_index_worker *worker, uint32_t predicate);
/* One comparison, without any index: what scanning must agree with. */
bool jw_sigma_value_matches(const struct jw_sigma_value *value, jw_text text, struct jw_arena *mem);
