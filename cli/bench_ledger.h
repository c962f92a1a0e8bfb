/* cli/bench_ledger.h — the city that `jinwu bench ledger` measures: made once, by the store's own batches. */
#pragma once
#include <stdint.h>

#include "store/store.h"

struct jw_city {
    int64_t assets, persons, units; /* how many there shall be */
    struct jw_store *store;
    const struct jw_ledgers *ledgers;
    const struct jw_ledger *unit, *person, *server;
    int64_t made; /* servers that are there, for new addresses */
};
#define JW_CITY_COUNTIES 10 /* units 2 to 11, below unit 1, the city */

/* Adds what is missing, telling how far it is on stderr. */
JW_MUST_CHECK jw_status jw_bench_ledger_make(struct jw_city *city, struct jw_error *err);
/* The fields of server number `i`, whose address no other has. New reference. */
json_t *jw_bench_ledger_server(const struct jw_city *city, int64_t i);
