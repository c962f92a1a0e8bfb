/* cli/ledger.h — the parts of `jinwu ledger`: ledger.c has records, ledger_table.c tables. */
#pragma once
#include "exchange/exchange.h"
#include "workflow/workflow.h"

/* What the verbs about tables need; borrowed. */
/* ledger_flow.c */
struct ledger_flows {
    struct jw_flows *flows;
    struct jw_calendar *calendar;
    struct jw_workflow *workflow;
};
JW_MUST_CHECK jw_status jw_ledger_flow_open(const char *content, struct jw_store *store,
                                            const struct jw_ledgers *ledgers, struct ledger_flows *out,
                                            struct jw_error *err);
void jw_ledger_flow_close(struct ledger_flows *flows);

struct ledger_tables {
    struct jw_workflow *workflow;
    struct jw_flow_change *with;                           /* of the row that is written */
    const char *data, *words, *why, *format, *out, *sheet; /* options as given; NULL: not given */
    bool preview, accept_good, json;
    struct jw_store *store;
    const struct jw_ledgers *ledgers;
    const struct jw_ledger *ledger;
};
/* argv[0] is the first word behind the ledger's name. They give the exit code. */
int jw_ledger_import(const struct ledger_tables *tables, int argc, char **argv);   /* FILE */
int jw_ledger_export(const struct ledger_tables *tables, int argc, char **argv);   /* FIELD=VALUE … */
int jw_ledger_template(const struct ledger_tables *tables, int argc, char **argv); /* nothing more */
/* About all ledgers: the fictional city of content/samples. `content`: the folder. */
int jw_ledger_load_samples(const struct ledger_tables *tables, const char *content);
int jw_ledger_remove_samples(const struct ledger_tables *tables);
