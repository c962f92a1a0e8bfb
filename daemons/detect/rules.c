/* daemons/detect/rules.c — loading a rule set for the thread that matches. */
#include "detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define LOG_MOST 20 /* refused rules that are named in the log; all are in `jinwu status --rules` */

void jw_rules_refusals_free(struct jw_refusals *refusals) {
    for (uint32_t i = 0; i < refusals->count; i++) {
        free(refusals->list[i].file);
        free(refusals->list[i].id);
        free(refusals->list[i].why);
    }
    free(refusals->list);
    *refusals = (struct jw_refusals){0};
}

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    struct jw_refusals *to = context;
    if (to->total++ < LOG_MOST)
        jw_log(JW_LOG_WARNING, "rule left out: %s: %s", refusal->file, refusal->reason);
    if (!to->list)
        to->list = calloc(JW_REFUSALS, sizeof *to->list);
    if (!to->list || to->count == JW_REFUSALS) {
        to->failed = true;
        return;
    }
    struct jw_refusal *kept = &to->list[to->count++];
    *kept =
        (struct jw_refusal){strdup(refusal->file), strndup(refusal->id.len ? refusal->id.ptr : "", refusal->id.len),
                            strdup(refusal->reason), refusal->line};
    to->failed |= !kept->file || !kept->id || !kept->why;
}

jw_status jw_rules_load(const char *content, char *const *folders, struct jw_rules **out,
                        struct jw_refusals *refusals, struct jw_error *err) {
    JW_AUTO(jw_rules_free_p) struct jw_rules *rules = calloc(1, sizeof *rules);
    char mappings[JW_PATH], placeholders[JW_PATH];
    snprintf(mappings, sizeof mappings, "%s/mappings", content);
    snprintf(placeholders, sizeof placeholders, "%s/placeholders", content);
    const struct jw_sigma_options options = {.mappings = mappings,
                                             .placeholders = placeholders,
                                             .folders = (const char *const *)folders,
                                             .on_refusal = on_refusal,
                                             .context = refusals};
    if (!rules)
        return jw_fail(err, JW_E_LIMIT, "rules: no memory");
    jw_status st = jw_sigma_load(&options, &rules->sigma, err);
    if (st != JW_OK)
        return st;
    rules->worker = jw_sigma_worker_new(rules->sigma);
    rules->correlator = jw_correlator_new(rules->sigma, 0);
    if (!rules->worker || !rules->correlator)
        return jw_fail(err, JW_E_LIMIT, "rules: no memory");
    jw_sigma_counts(rules->sigma, &rules->counts);
    *out = rules;
    rules = NULL;
    return JW_OK;
}

void jw_rules_free(struct jw_rules *rules) {
    if (!rules)
        return;
    jw_correlator_free(rules->correlator);
    jw_sigma_worker_free(rules->worker);
    jw_sigma_free(rules->sigma);
    free(rules);
}
