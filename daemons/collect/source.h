/* daemons/collect/source.h — where events come from, under the name that stands in gov.source and on the counters.
 *
 * A source is what the configuration calls a network of senders, else "input:address" of one sender. There are at
 * most JW_SOURCES of the second kind: who can forge addresses must not use up our memory, so later ones share
 * "other". */
#pragma once
#include "base/address.h"
#include "os/stats.h"

#define JW_SOURCES     400
#define JW_SOURCE_NAME 128

struct jw_source {
    char name[JW_SOURCE_NAME];
    jw_text format, dataset; /* what the configuration says of it; empty: find out */
    jw_stat *received, *bytes, *dropped, *unparsed, *oversize, *invalid, *connections, *last_ms;
};

struct jw_sources;
/* `rules`: NULL-ended texts "NAME,NETWORK[,INPUT[,FORMAT[,DATASET]]]"; the longest prefix wins. Kept by pointer. */
JW_MUST_CHECK jw_status jw_sources_new(struct jw_stats *stats, char *const *rules, struct jw_sources **out,
                                       struct jw_error *err);
void jw_sources_free(struct jw_sources *sources);
/* Both: any thread, never NULL, live as long as `sources`. `input` is the input's name. */
struct jw_source *jw_source_of(struct jw_sources *sources, const char *input, const jw_address *peer);
struct jw_source *jw_source_named(struct jw_sources *sources, jw_text name);

/* Messages that were read and could not be kept. */
void jw_source_drop(struct jw_source *source, uint64_t events, uint64_t bytes);
