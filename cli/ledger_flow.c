/* cli/ledger_flow.c — the workflows that records made by `jinwu ledger` follow, as those made over HTTP do. */
#include "ledger.h"

#include <limits.h>
#include <stdio.h>

jw_status jw_ledger_flow_open(const char *content, struct jw_store *store, const struct jw_ledgers *ledgers,
                              struct ledger_flows *out, struct jw_error *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/calendars", content);
    jw_status st = jw_calendar_load(path, NULL, NULL, NULL, &out->calendar, err);
    snprintf(path, sizeof path, "%s/workflows", content); /* what is refused there is for jinwu workflow check */
    if (st == JW_OK)
        st = jw_flows_load(path, ledgers, NULL, NULL, NULL, &out->flows, err);
    struct jw_workflow_options options = {
        .store = store, .ledgers = ledgers, .flows = out->flows, .calendar = out->calendar};
    return st == JW_OK ? jw_workflow_new(&options, &out->workflow, err) : st;
}

void jw_ledger_flow_close(struct ledger_flows *flows) {
    jw_workflow_free(flows->workflow);
    jw_flows_free(flows->flows);
    jw_calendar_free(flows->calendar);
}
