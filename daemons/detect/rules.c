/* daemons/detect/rules.c — loading a rule set for the thread that matches. */
#include "detect.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    (void)context;
    jw_log(JW_LOG_WARNING, "rule left out: %s: %s", refusal->file, refusal->reason);
}

jw_status jw_rules_load(const char *content, char *const *folders, struct jw_rules **out, struct jw_error *err) {
    JW_AUTO(jw_rules_free_p) struct jw_rules *rules = calloc(1, sizeof *rules);
    char mappings[JW_PATH], placeholders[JW_PATH];
    snprintf(mappings, sizeof mappings, "%s/mappings", content);
    snprintf(placeholders, sizeof placeholders, "%s/placeholders", content);
    const struct jw_sigma_options options = {.mappings = mappings,
                                             .placeholders = placeholders,
                                             .folders = (const char *const *)folders,
                                             .on_refusal = on_refusal};
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
