/* lib/workflow/declare.h — one YAML file becomes one flow; what the files of the reader share. */
#pragma once
#include "flow.h"

#include "ledger/source.h"

#define JW_FLOW_TITLE 60
#define JW_FLOW_ABOUT 1000

/* Complaints are in `source`. Texts live in source->mem and source->root. */
void jw_declare_flow(struct jw_source *source, const char *name, struct jw_flow *out);
/* Against one ledger that follows it. */
void jw_declare_flow_resolve(struct jw_source *source, const struct jw_flow *flow, const struct jw_ledger *ledger,
                             const struct jw_ledgers *ledgers);

/* declare_parts.c */
void jw_declare_people(struct jw_source *source, const json_t *in, const char *key, struct jw_flow_people *out);
void jw_declare_span(struct jw_source *source, const json_t *in, const char *key, struct jw_flow_span *out);
void jw_declare_deadline(struct jw_source *source, const json_t *in, struct jw_flow_deadline *out);
void jw_declare_sets(struct jw_source *source, const json_t *in, struct jw_flow_sets *out);
char **jw_declare_names(struct jw_source *source, const json_t *in, const char *key, size_t most);
/* declare_state.c, declare_step.c */
void jw_declare_states(struct jw_source *source, struct jw_flow *flow);
void jw_declare_steps(struct jw_source *source, struct jw_flow *flow);
