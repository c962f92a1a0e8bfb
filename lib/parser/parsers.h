/* lib/parser/parsers.h — runs the parsers declared in content/parsers (docs/parsers.md says how one is written).
 *
 * A set is loaded once and then only read: any number of threads, each with its own worker. Names of fields are
 * resolved when the set is loaded, patterns are compiled with PCRE2's JIT; a parser is found by dataset, program,
 * field or literal, so that a line costs the same with ten parsers and with a thousand. */
#pragma once
#include "record/record.h"

struct jw_parsers;
/* Every *.yaml and *.yml of `folder`, in the order of their names. A file that is wrong is refused and told
 * (jw_parsers_refused), all others load. JW_E_SYSTEM: the folder cannot be read; JW_E_LIMIT: no memory. */
JW_MUST_CHECK jw_status jw_parsers_load(const char *folder, struct jw_parsers **out, struct jw_error *err);
void jw_parsers_free(struct jw_parsers *set);
JW_DEFINE_AUTO(jw_parsers, jw_parsers_free)

struct jw_parser_info {
    jw_text name, title_zh, title_en, dataset, file;
};
size_t jw_parsers_count(const struct jw_parsers *set);
const struct jw_parser_info *jw_parsers_get(const struct jw_parsers *set, size_t i);
/* "file:line:column: reason" of refused file `i`; {NULL, 0} past the last. Lives as long as the set. */
jw_text jw_parsers_refused(const struct jw_parsers *set, size_t i);

/* Scratch of one thread; not longer than the set. NULL without memory. */
struct jw_parsers_worker;
struct jw_parsers_worker *jw_parsers_worker_new(const struct jw_parsers *set);
void jw_parsers_worker_free(struct jw_parsers_worker *worker);
JW_DEFINE_AUTO(jw_parsers_worker, jw_parsers_worker_free)
/* Matches stopped at the match limit since the worker began: lines that would have cost too much. */
uint64_t jw_parsers_worker_limited(const struct jw_parsers_worker *worker);

/* What the envelope said. `text` is the message; `content` reaches further to the left where devices write into the
 * place of the program name ("%%01SEC/4/POLICY…"). Both are borrowed by the record. */
struct jw_parsers_input {
    jw_text format, program, dataset, text, content;
    int64_t received;  /* a timestamp without a year is taken near it */
    int zone_offset_s; /* for timestamps that name no zone: seconds east of UTC */
};
/* Adds what the first fitting parser finds to `rec`, whose fields it may read, rename and drop; NULL when none
 * fits: then `rec` is as before. Memory comes from rec->mem and shows in jw_record_check. */
const struct jw_parser_info *jw_parsers_run(struct jw_parsers_worker *worker, const struct jw_parsers_input *in,
                                            struct jw_record *rec);
