/* daemons/detect/alert.h — an alert is an event of kind alert: which rule, why, about what, whose, and which events
 * say so. */
#pragma once
#include "sigma/sigma.h"

#define JW_EVIDENCE_EVENTS JW_CORRELATION_EVENTS

/* What an alert stands on. */
struct jw_evidence {
    uint64_t numbers[JW_EVIDENCE_EVENTS]; /* the newest events, oldest first */
    uint32_t number_count;
    uint64_t count;      /* events in all */
    uint64_t merged;     /* alerts in one (flood.h); 1 for an alert of its own */
    int64_t first, last; /* times of the first and the last event */
};

/* Fills `out` (cleared here) with everything but the evidence. `reason` and the event are borrowed. */
void jw_alert_make(struct jw_record *out, const struct jw_record *event, const struct jw_sigma_info *info,
                   jw_text reason);
/* What a correlation adds: its group, what it measured, and the rules that its events matched. */
void jw_alert_correlate(struct jw_record *out, const struct jw_correlation_hit *hit);
void jw_alert_prove(struct jw_record *out, uint32_t spool, const struct jw_evidence *evidence);
/* What an analyst would call "the same again": unit, host, source address and user. In `mem`. */
jw_text jw_alert_entity(const struct jw_record *alert, struct jw_arena *mem);
