/* lib/store/store_batch.c — many changes as one: an import of a thousand rows is there whole, or not at all. One
 * transaction does that without anything to clean up after a power failure. Others who write wait meanwhile; nobody
 * who reads does. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MOST 4096 /* changes whose words are kept in memory */

struct batch {
    struct jw_store *store;
    const struct jw_batch *asked;
    struct jw_outcome *outcome;
    size_t at; /* the change that is made */
};

/* Somebody was there first: an answer like any other fault, not a reason to try again. */
static jw_status blame(struct batch *batch, const struct jw_change *change, jw_status st, struct jw_error *err) {
    char text[160];
    const char *name = change->ledger->name;
    if (st == JW_AGAIN && batch->outcome->record)
        snprintf(text, sizeof text, "%s/%lld is at version %lld, not %lld: somebody changed it meanwhile", name,
                 (long long)change->id, (long long)batch->outcome->version, (long long)change->version);
    else if (st == JW_END)
        snprintf(text, sizeof text, "there is no %s/%lld any more", name, (long long)change->id);
    else
        return st;
    jw_store_add_fault(batch->outcome, st == JW_END ? "id" : "version", "version", text);
    return jw_fail(err, JW_E_SYNTAX, "%s", text);
}

static jw_status make_next(struct batch *batch, struct jw_arena *mem, int64_t now, struct jw_error *err) {
    struct jw_change change = {0};
    jw_status st = batch->asked->next(batch->asked->context, batch->at, &change, err);
    if (st != JW_OK)
        return st;
    struct jw_store_making making = {
        .store = batch->store, .change = &change, .outcome = batch->outcome, .mem = mem, .now = now};
    json_decref(batch->outcome->record);
    memset(batch->outcome, 0, sizeof *batch->outcome);
    jw_arena_reset(mem);
    st = jw_store_make(&making, err);
    json_decref(making.before);
    json_decref(making.fields);
    if (st == JW_OK && batch->store->words_count >= WORDS_MOST)
        st = jw_store_flush_words(batch->store, err);
    if (st == JW_OK)
        return batch->asked->made ? batch->asked->made(batch->asked->context, batch->at, batch->outcome, err)
                                  : JW_OK;
    st = blame(batch, &change, st, err);
    return st == JW_END ? JW_E_SYSTEM : st;
}

static jw_status make_all(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct batch *batch = context;
    struct jw_arena *mem = jw_arena_new(JW_STORE_MEM);
    jw_status st = mem ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    for (batch->at = 0; st == JW_OK; batch->at++)
        st = make_next(batch, mem, now, err);
    if (st == JW_END)
        st = batch->asked->last ? batch->asked->last(batch->asked->context, sql, now, err) : JW_OK;
    else
        batch->at--; /* the one that failed */
    jw_arena_free(mem);
    return st;
}

jw_status jw_store_change_all(struct jw_store *store, const struct jw_batch *asked, size_t *out_failed,
                              struct jw_outcome *outcome, struct jw_error *err) {
    struct batch batch = {store, asked, outcome, 0};
    memset(outcome, 0, sizeof *outcome);
    jw_status st = jw_store_do(store, make_all, &batch, err);
    *out_failed = batch.at;
    json_decref(outcome->record);
    outcome->record = NULL;
    return st;
}
