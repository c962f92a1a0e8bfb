/* lib/parser/dispatch.h — which parsers a record is shown to: an index over what their `match` asks for, so that
 * the cost of a line does not grow with the number of parsers. */
#pragma once
#include "worker.h"

struct jw_dispatch;
struct jw_dispatch *jw_dispatch_new(void);
void jw_dispatch_free(struct jw_dispatch *dispatch);
/* `parser` is its place in the set: also its rank. False without memory. */
bool jw_dispatch_add(struct jw_dispatch *dispatch, uint32_t parser, const struct jw_condition *condition);
/* After the last one. */
JW_MUST_CHECK jw_status jw_dispatch_build(struct jw_dispatch *dispatch, struct jw_error *err);
bool jw_dispatch_worker(const struct jw_dispatch *dispatch, struct jw_parsers_worker *worker);
void jw_dispatch_worker_free(struct jw_parsers_worker *worker);
/* Calls `each` with the parsers whose conditions hold, the first in rank first, until it gives true. First those
 * that ask for a dataset or a program, then the others: who names the sender knows best. */
bool jw_dispatch_run(const struct jw_dispatch *dispatch, struct jw_run *run,
                     bool (*each)(struct jw_run *run, uint32_t parser));
