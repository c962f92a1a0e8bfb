/* daemons/collect/intake_double.c — stands in for lib/intake where a test is about transport: a line becomes a
 * record with its original, its source and a verdict (lines with "unparsed" in them are not understood). */
#include <stdlib.h>

#include "intake/intake.h"

struct jw_intake {
    int unused;
};
struct jw_intake_worker {
    int unused;
};

jw_status jw_intake_load(const struct jw_intake_options *options, struct jw_intake **out, struct jw_error *err) {
    (void)options;
    *out = calloc(1, sizeof **out);
    return *out ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

const struct jw_gov *jw_intake_gov(const struct jw_intake *intake) {
    (void)intake;
    return NULL;
}

void jw_intake_free(struct jw_intake *intake) { free(intake); }

struct jw_intake_worker *jw_intake_worker_new(const struct jw_intake *intake) {
    (void)intake;
    return calloc(1, sizeof(struct jw_intake_worker));
}

void jw_intake_worker_free(struct jw_intake_worker *worker) { free(worker); }

jw_status jw_intake_line(struct jw_intake_worker *worker, const struct jw_intake_from *from, jw_text line,
                         struct jw_record *rec, struct jw_error *err) {
    bool known = !jw_text_find(line, JW_TEXT("unparsed"), NULL);
    (void)worker;
    jw_record_set_time(rec, from->received);
    jw_record_put(rec, JW_F_EVENT_ORIGINAL, line);
    jw_record_put(rec, JW_F_GOV_SOURCE, from->source);
    if (from->dataset.len)
        jw_record_put(rec, JW_F_EVENT_DATASET, from->dataset);
    jw_record_put_kind(rec, JW_F_GOV_PARSED, known ? JW_TEXT("true") : JW_TEXT("false"), JW_KIND_BOOL);
    jw_status st = jw_record_check(rec, err);
    return st < 0 ? st : known ? JW_OK : JW_AGAIN;
}
