/* lib/store/feed.h — records as they change, for a process that only reads: all of them first, then whatever the
 * audit chain says was changed. A connection of its own that cannot write, no thread, no part of jw_store. One
 * thread at a time.
 *
 * A poll without changes costs two look-ups by key. */
#pragma once
#include "ledger/ledger.h"
#include "sql/sql.h"

#define JW_FEED_FIELDS 12

struct jw_feed_wish {
    const struct jw_ledger *ledger; /* borrowed */
    int fields[JW_FEED_FIELDS];     /* that are stored; -1: an empty value */
    size_t count;
};
struct jw_feed_taker {
    void *context;
    /* All records follow: what was known before is void. Called again when the database is another one than before,
     * e.g. restored from a backup. */
    jw_status (*begin)(void *context, struct jw_error *err);
    /* `values`: one for each field of the wish, borrowed; NULL: the record is gone. */
    jw_status (*each)(void *context, size_t wish, int64_t id, const jw_sql_value *values, struct jw_error *err);
    /* All records have come. */
    void (*whole)(void *context);
};

struct jw_feed;
/* Does not connect yet. `wishes` is copied. */
JW_MUST_CHECK jw_status jw_feed_new(const char *where, const struct jw_feed_wish *wishes, size_t count,
                                    const struct jw_feed_taker *taker, struct jw_feed **out, struct jw_error *err);
void jw_feed_free(struct jw_feed *feed);
JW_DEFINE_AUTO(jw_feed, jw_feed_free)
/* Everything that was committed since the last call, in the order of the chain; *out_changes of them (may be NULL).
 * After a failure the next call goes on where this one stopped; a change may then come twice, none is left out. A
 * ledger whose table or column is not there yet has no records or an empty value, until it is. */
JW_MUST_CHECK jw_status jw_feed_poll(struct jw_feed *feed, uint64_t *out_changes, struct jw_error *err);
int64_t jw_feed_get_seq(const struct jw_feed *feed); /* of the chain, up to where it has read */
