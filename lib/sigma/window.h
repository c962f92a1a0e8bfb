/* lib/sigma/window.h — one group of a correlation: what happened in it, and whether the condition is met.
 * Private to lib/sigma; correlate.c finds the group, this judges it.
 *
 * A window reaches one timespan back from an event, both ends included. An event that comes late counts in every
 * window it belongs to, as long as it is not more than one timespan older than the newest of its group; so entries
 * are kept for two timespans, and the answers do not depend on the order of arrival within that tolerance. */
#pragma once
#include "rule.h"

/* One event; or several merged ones, when a group of event_count, value_sum or value_avg is full. */
struct jw_entry {
    int64_t time;    /* of the newest */
    uint64_t number; /* of the newest event */
    int64_t value; /* value_count, share: keyed hash; temporal: place of the rule; else the number in millionths */
    uint32_t events;
    uint32_t rule; /* its place in the correlation's list */
};

/* How often each value stands in a window. */
struct jw_tally_slot {
    int64_t value;
    uint32_t count; /* 0: free */
};
struct jw_tally {
    struct jw_tally_slot *slots;
    uint32_t used, room;
};

__extension__ typedef __int128 jw_wide;

/* What is known of the entries [first, end). */
struct jw_span {
    uint32_t first, end;
    uint64_t events;
    jw_wide sum;
    uint32_t below[JW_CORRELATION_BOUNDS],
        upto[JW_CORRELATION_BOUNDS]; /* values under each bound; and equal to it */
    struct jw_tally tally;
};

struct jw_window {
    struct jw_entry *entries; /* by time; those of one time in the order they came */
    uint32_t head, room;      /* entries before `head` are gone; now.end is the end */
    struct jw_span now;       /* the window that ends at the newest */
    int64_t spoke[2];         /* the two newest ends of windows that became alerts; JW_TIME_NONE: none */
};

/* Entries of one group; more are merged, thinned out or cut, see window.c. */
#define JW_WINDOW_LEAST 4096u
#define JW_WINDOW_MOST  200000u

typedef enum jw_window_verdict {
    JW_WINDOW_SILENT,
    JW_WINDOW_SPEAKS,
    JW_WINDOW_LATE,   /* not taken: older than the tolerance */
    JW_WINDOW_DOUBLE, /* not taken: this event was counted already, for another of the rules */
    JW_WINDOW_MEMORY, /* not taken */
} jw_window_verdict;

/* What an alert is told of the window that met the condition. */
struct jw_window_answer {
    uint32_t first, end; /* its entries */
    int64_t time;        /* of its end */
    uint64_t events;
    double measure;     /* what the condition was asked of */
    uint32_t condensed; /* entries that were merged, thinned out or cut to make room */
};

void jw_window_init(struct jw_window *window);
void jw_window_clear(struct jw_window *window);
/* `scratch` is kept between calls, any window. `once`: an event of that number is counted once, whatever rule it
 * came for. */
jw_window_verdict jw_window_take(struct jw_window *window, const struct jw_sigma_correlation *rule,
                                 const struct jw_entry *entry, bool once, struct jw_span *scratch,
                                 struct jw_window_answer *out);
/* For restoring: appends an entry that is not older than the last. False without memory. */
bool jw_window_put(struct jw_window *window, const struct jw_sigma_correlation *rule, const struct jw_entry *entry);
uint32_t jw_window_most(const struct jw_sigma_correlation *rule);
size_t jw_window_bytes(const struct jw_window *window);
/* Places (below `end`) of up to `most` entries of the answer's window, oldest first: of each value (or rule) the
 * newest, then the newest others. */
uint32_t jw_window_evidence(const struct jw_window *window, const struct jw_sigma_correlation *rule,
                            const struct jw_window_answer *answer, uint32_t most, uint32_t *out);

/* tally.c */
bool jw_tally_add(struct jw_tally *tally, int64_t value); /* false without memory: nothing changed */
void jw_tally_take(struct jw_tally *tally, int64_t value);
uint32_t jw_tally_get(const struct jw_tally *tally, int64_t value);
void jw_tally_empty(struct jw_tally *tally); /* keeps its memory */
void jw_tally_clear(struct jw_tally *tally);

/* span.c: the entries [span->first, span->end) of `entries` are in `span`. */
void jw_span_empty(struct jw_span *span, uint32_t first);
bool jw_span_add(struct jw_span *span, const struct jw_sigma_correlation *rule, const struct jw_entry *entry);
void jw_span_take(struct jw_span *span, const struct jw_sigma_correlation *rule, const struct jw_entry *entry);
/* `value`: of the event in hand. *out_measure is only set when the condition holds. */
bool jw_span_holds(const struct jw_span *span, const struct jw_sigma_correlation *rule,
                   const struct jw_entry *entries, int64_t value, double *out_measure);
