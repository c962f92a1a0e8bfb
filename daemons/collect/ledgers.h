/* daemons/collect/ledgers.h — follows the ledgers, so that a change of an asset, a network, a unit or a person is
 * in force for the next events. A thread of its own asks the database twice a second; while the database is away,
 * what was known stays in force. */
#pragma once
#include "base/status.h"
#include "os/stats.h"

struct jw_gov_live;
struct jw_ledgers_watch;
struct jw_ledgers_options {
    const char *where;   /* of the database (lib/sql); copied */
    const char *content; /* the folder with ledgers/; copied */
    struct jw_stats *stats;
    struct jw_gov_live *live; /* borrowed; must outlive the watch */
};
/* Reads everything once before it returns, so that the first events are attributed; a database that is away is told
 * in the log and counted, and is no failure. */
JW_MUST_CHECK jw_status jw_ledgers_watch_start(const struct jw_ledgers_options *options,
                                               struct jw_ledgers_watch **out, struct jw_error *err);
void jw_ledgers_watch_reload(struct jw_ledgers_watch *watch); /* the declarations; any thread; NULL is harmless */
void jw_ledgers_watch_stop(struct jw_ledgers_watch *watch);
