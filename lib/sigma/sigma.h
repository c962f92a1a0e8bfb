/* lib/sigma/sigma.h — the rule engine: Sigma rules compiled once, then matched against events.
 *
 * A jw_sigma is only read after loading: any number of threads may use one, each with its own jw_sigma_worker.
 * Reloading means loading a second one and letting the first go when its workers are gone.
 * The semantics of every modifier and corner is in docs/sigma.md, each with the test that holds it.
 * Specification: Sigma 2.1, https://sigmahq.io/sigma-specification/ */
#pragma once
#include "record/record.h"

/* What a user sees of a rule. Texts live as long as the jw_sigma. */
struct jw_sigma_info {
    jw_text id, title, title_zh, level, status, author, description, description_zh, reference, license;
    jw_text file;  /* where it was read */
    int line;      /* of its document in the file */
    jw_text *tags; /* as written: "attack.t1110.001" */
    uint32_t tag_count;
    bool correlation;
    jw_text product, category, service; /* of its logsource, in lower case; empty: any */
    jw_text *filters;                   /* titles of the filter documents that narrow it */
    uint32_t filter_count;
};

struct jw_sigma;
struct jw_sigma_rule;
const struct jw_sigma_info *jw_sigma_rule_info(const struct jw_sigma_rule *rule);
uint32_t jw_sigma_rule_number(const struct jw_sigma_rule *rule); /* as of jw_sigma_rule_at */

/* Why a rule (or a whole file) did not load. `reason` begins with "line N: " where the line is known. */
struct jw_sigma_refusal {
    const char *file;
    int line;
    jw_text id; /* empty when it could not even be read */
    const char *reason;
};
typedef void (*jw_sigma_on_refusal)(void *context, const struct jw_sigma_refusal *refusal);

struct jw_sigma_options {
    const char *mappings; /* folder of the logsource and field mappings; NULL: rules see events only by `sources` */
    const char *const
        *folders; /* of rules, NULL-ended; every .yml and .yaml below them; a file is a folder of one */
    jw_sigma_on_refusal on_refusal; /* may be NULL */
    void *context;
    const char *placeholders; /* folder of the lists that |expand puts in; NULL or missing: no lists */
};
/* Loads what can be loaded. Fails only when a folder or a mapping cannot be read, or memory ends (768 MiB). */
JW_MUST_CHECK jw_status jw_sigma_load(const struct jw_sigma_options *options, struct jw_sigma **out,
                                      struct jw_error *err);
void jw_sigma_free(struct jw_sigma *sigma);
JW_DEFINE_AUTO(jw_sigma, jw_sigma_free)

struct jw_sigma_counts {
    uint32_t rules, correlations, filters, refused; /* refused: documents or files */
    uint32_t unrouted; /* loaded, but no mapping says which events their logsource means */
    uint32_t columns, predicates, needles, regexes;
};
void jw_sigma_counts(const struct jw_sigma *sigma, struct jw_sigma_counts *out);
const struct jw_sigma_rule *jw_sigma_rule_at(const struct jw_sigma *sigma,
                                             uint32_t at); /* 0 .. rules + correlations - 1 */
/* NULL when no rule of that id is loaded. */
const struct jw_sigma_rule *jw_sigma_rule_find(const struct jw_sigma *sigma, jw_text id);
bool jw_sigma_rule_is_routed(const struct jw_sigma *sigma, const struct jw_sigma_rule *rule);
/* The longest timespan of a correlation, ns; 0 without correlations. */
int64_t jw_sigma_longest_span(const struct jw_sigma *sigma);

/* --- matching ------------------------------------------------------------------------------------------------- */
struct jw_sigma_worker; /* one thread's; must end before its jw_sigma */
struct jw_sigma_worker *jw_sigma_worker_new(const struct jw_sigma *sigma); /* NULL without memory */
void jw_sigma_worker_free(struct jw_sigma_worker *worker);
JW_DEFINE_AUTO(jw_sigma_worker, jw_sigma_worker_free)

/* An event that says what it is, besides what the mappings find out. Empty parts are unknown. */
struct jw_sigma_source {
    jw_text product, category, service;
};

/* `rec` may be lazy (json/json.h). The rules (correlations excepted) that match, in the order of loading; valid
 * until the next call. `source` may be NULL. Base rules that only serve a correlation are among them:
 * jw_sigma_rule_alerts tells. */
size_t jw_sigma_match(struct jw_sigma_worker *worker, const struct jw_record *rec,
                      const struct jw_sigma_source *source, const struct jw_sigma_rule *const **out_rules);
bool jw_sigma_rule_alerts(const struct jw_sigma_rule *rule);

/* How often a regular expression was given up at its step limit, so that it counted as not matching. */
uint64_t jw_sigma_given_up(const struct jw_sigma_worker *worker);

/* In words, what of `rule` is true of the event last given to jw_sigma_match: `field contains "x"; …`. */
void jw_sigma_reason(struct jw_sigma_worker *worker, const struct jw_sigma_rule *rule, jw_buffer *out);

/* What a rule has cost this worker since it was made. `evaluated`: events whose values made it worth a look.
 * `time_ns` is estimated from samples: of the conditions of about every 64th event, and of the regular expressions
 * on about every 16th value that was not remembered; an expression that rules share counts for each of them. */
struct jw_sigma_cost {
    uint64_t evaluated, matched, time_ns;
};
void jw_sigma_cost_of(const struct jw_sigma_worker *worker, const struct jw_sigma_rule *rule,
                      struct jw_sigma_cost *out);

/* --- correlation ---------------------------------------------------------------------------------------------- */
/* State over events: one per stream of events, one thread. Bounded: at most `groups` groups over all rules, 256 MiB
 * together; the one longest untouched is evicted, and counted when its window was still open. */
struct jw_correlator;
#define JW_CORRELATOR_GROUPS 200000
struct jw_correlator *jw_correlator_new(const struct jw_sigma *sigma,
                                        uint32_t groups); /* 0: JW_CORRELATOR_GROUPS */
void jw_correlator_free(struct jw_correlator *correlator);
JW_DEFINE_AUTO(jw_correlator, jw_correlator_free)

#define JW_CORRELATION_EVENTS 20
#define JW_CORRELATION_TEXT   512 /* longer values of group-by are cut in what people see; the group knows all */
struct jw_correlation_hit {
    const struct jw_sigma_rule *rule;
    uint64_t count;      /* events in the window */
    double measure;      /* what the condition was asked of: a count, a sum, an average, a percentile … */
    int64_t first, last; /* event times of the window's ends */
    uint64_t
        numbers[JW_CORRELATION_EVENTS]; /* of its events, oldest first: one of each value or rule, the newest */
    uint32_t number_count;
    const struct jw_sigma_rule *rules[JW_CORRELATION_EVENTS]; /* what these events matched */
    uint32_t rule_count;
    jw_text group; /* "source.ip=10.0.0.1, user.name=root" */
    char text[JW_CORRELATION_TEXT];
};
/* Takes the rules that matched `rec` (number: the event's) and gives the correlations that become true with it and
 * make alerts; valid until the next call. Events without a time count as `now`, when the event arrived, as
 * do those more than ten minutes ahead of it; 0: not known. */
size_t jw_correlator_take(struct jw_correlator *correlator, const struct jw_record *rec, uint64_t number,
                          int64_t now, const struct jw_sigma_rule *const *rules, size_t count,
                          const struct jw_correlation_hit **out_hits);
/* In words: "8 values of user.name (gte 8) in 12 events within 10m: source.ip=10.0.0.1". */
void jw_correlation_reason(const struct jw_correlation_hit *hit, jw_buffer *out);

struct jw_correlator_counts {
    uint32_t groups;
    size_t bytes;
    /* since it was made or restored, events per correlation that watches them: */
    uint64_t taken, late; /* late: more than a timespan behind the newest of their group; not taken */
    uint64_t unfit;     /* without a field of group-by, or without the (number) value that is counted; not taken */
    uint64_t ahead;     /* events whose time was too far ahead of their arrival: taken as of then */
    uint64_t condensed; /* merged or thinned out because their group was full */
    uint64_t evictions; /* groups that had to go while their window was open */
    uint64_t no_memory; /* not taken */
};
void jw_correlator_counts(const struct jw_correlator *correlator, struct jw_correlator_counts *out);

/* The state as bytes, as of the events up to `position` of spool `spool`; for jw_correlator_restore of the next
 * process, or of the next rule set. Compact, versioned, checksummed. */
JW_MUST_CHECK jw_status jw_correlator_save(const struct jw_correlator *correlator, uint32_t spool,
                                           uint64_t position, jw_buffer *out, struct jw_error *err);
struct jw_correlator_restored {
    uint32_t spool;
    uint64_t position;
    uint32_t groups;
    uint32_t found, missing; /* correlations whose state was there; those that are new or mean something else now */
};
/* Into a correlator that took nothing yet. JW_E_SYNTAX: damaged or of another version; it stays empty. */
JW_MUST_CHECK jw_status jw_correlator_restore(struct jw_correlator *correlator, jw_text state,
                                              struct jw_correlator_restored *out, struct jw_error *err);
void jw_correlator_empty(struct jw_correlator *correlator); /* as if it were new */
/* While it is on, only correlations that found no state take events: for showing them what the others know. */
void jw_correlator_catch_up(struct jw_correlator *correlator, bool on);
