/* lib/sigma/published.h — what jw-detect says about its rules in DATA/run, for `jinwu status --rules`, /metrics and
 * /api/v1/status: read from files, so that nobody waits for a detector that is busy or down.
 *
 * Two rosters (os/roster.h): RULES holds a row per rule in force; its numbers go on over reloads and restarts, by
 * rule id. LOADED has one row about the newest attempt to load, then one per refused rule. */
#pragma once
#include "base/memory.h"
#include "os/roster.h"

#define JW_PUBLISHED_RULES  "run/jw-detect.rules"
#define JW_PUBLISHED_LOADED "run/jw-detect.loaded"

/* Columns of RULES. */
enum { JW_RULE_ID, JW_RULE_TITLE, JW_RULE_TITLE_ZH, JW_RULE_LEVEL, JW_RULE_AUTHOR, JW_RULE_FILE };
enum { JW_RULE_EVALUATED, JW_RULE_MATCHED, JW_RULE_ALERTS, JW_RULE_MERGED, JW_RULE_TIME_NS };
/* Columns of LOADED. In the first row WHY is empty when the set it is about is in use; REFUSED counts all, of which
 * at most JW_PUBLISHED_REFUSALS have rows. */
enum { JW_LOADED_FILE, JW_LOADED_ID, JW_LOADED_WHY };
enum { JW_LOADED_LINE, JW_LOADED_AT_MS, JW_LOADED_REFUSED };
#define JW_PUBLISHED_REFUSALS 1000

struct jw_published_rule {
    jw_text id, title, title_zh, level, author, file;
    uint64_t evaluated, matched; /* events looked at closer, of them matched */
    uint64_t alerts, merged;     /* alerts made; of them merged with others */
    uint64_t time_ns;
};
struct jw_published_refusal {
    jw_text file, id, why;
    uint64_t line;
};
struct jw_published {
    struct jw_arena *mem;
    struct jw_published_rule *rules; /* the most expensive first */
    size_t rule_count;
    struct jw_published_refusal *refusals;
    size_t refusal_count, refused; /* with a row; in all */
    jw_text why;                   /* the newest reload was refused, and why; empty: it is in use */
    uint64_t loaded_at_ms;
};
/* JW_AGAIN: jw-detect never ran here. */
JW_MUST_CHECK jw_status jw_published_read(const char *data, struct jw_published **out, struct jw_error *err);
void jw_published_free(struct jw_published *published);
JW_DEFINE_AUTO(jw_published, jw_published_free)
