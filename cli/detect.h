/* cli/detect.h — the inside of `jinwu detect`: files are shared out to threads, what they find is written in the
 * order of the files. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "command.h"
#include "intake/intake.h"
#include "sigma/sigma.h"

/* What one file's thread has to say, in order: text for stdout, a story for stderr, or an event that correlations
 * must see, which have to meet all events in order. */
typedef enum jw_detect_kind { JW_DETECT_TEXT, JW_DETECT_STORY, JW_DETECT_EVENT } jw_detect_kind;
struct jw_detect_entry {
    jw_detect_kind kind;
    jw_text text;
    struct jw_record *rec;
    const struct jw_sigma_rule **rules;
    size_t rule_count;
    uint64_t number, record; /* the event's place among all of the file; its name for users */
    struct jw_detect_entry *next;
};
struct jw_detect_log {
    struct jw_arena *mem;
    struct jw_detect_entry *first, **tail;
    uint64_t events; /* of the file, when it is done */
    bool done;
};

struct jw_detect {
    const struct jw_sigma *sigma;
    const struct jw_intake *intake;
    struct jw_intake_from from;
    struct jw_sigma_source source; /* the logsource that --logsource gives every event */
    bool json, all, cases, correlates;
    unsigned threads;
    char **paths;
    uint32_t count;
    /* under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct jw_detect_log *logs;   /* by file */
    uint32_t next, turn, running; /* the next file to take; the one whose findings may be written; threads alive */
    uint64_t unparsed, damaged, failed, given_up; /* given_up: expressions, at their step limit */
    bool stop;
    /* only with the turn */
    struct jw_correlator *correlator;
    jw_buffer out, reason;
    uint64_t before; /* events of the files before the one whose turn it is */
    /* for the progress */
    atomic_uint_least64_t events, matches, files;
    uint64_t labelled, right; /* of cases that say what is expected; under `lock` */
};

/* detect_run.c: every file; progress on stderr. False when a thread cannot start or stdout is gone. */
JW_MUST_CHECK bool jw_detect_run(struct jw_detect *detect, struct jw_error *err);

/* detect_show.c: one finding as a line, added to `out`. */
void jw_detect_show(const struct jw_detect *detect, const char *path, uint64_t record,
                    const struct jw_sigma_info *info, jw_text reason, const struct jw_record *rec, jw_buffer *out);

/* cases.c: lines {"_logsource": {…}, "event": {…}}, plain or gzip; the event's names are the rule's own. `rule` and
 * `label` are what the line expects ("_rule", "_label"); rule is empty when it does not say. */
struct jw_case {
    struct jw_record *rec;
    struct jw_sigma_source source;
    jw_text rule;
    bool label;
};
typedef jw_status (*jw_case_each)(void *context, uint64_t number, const struct jw_case *one, struct jw_error *err);
JW_MUST_CHECK jw_status jw_cases_read(const char *path, jw_case_each each, void *context, uint64_t *out_damaged,
                                      struct jw_error *err);
/* "product=windows,category=process_creation"; false when it is not of this form. The texts borrow from `text`. */
bool jw_cases_logsource(jw_text text, struct jw_sigma_source *out);
