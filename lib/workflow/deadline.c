/* lib/workflow/deadline.c — when a state must have been left, and when to remind of it. */
#include "parts.h"

#include <string.h>

#include "base/time.h"
#include "ledger/day.h"

#define MORNING (9 * 3600 * JW_MICROSECOND)

/* A date counts until its end, an instant is itself. */
static int64_t of_field(const json_t *record, const char *field) {
    const char *text = json_string_value(json_object_get(json_object_get(record, "fields"), field));
    int64_t day, at;
    if (!text)
        return 0;
    if (jw_day_read(jw_text_from(text), &day))
        return jw_calendar_begin(day + 1);
    return jw_time_parse(jw_text_from(text), JW_DAY_ZONE, &at) ? at / 1000 : 0;
}

int64_t jw_deadline_after(const struct jw_workflow *workflow, const struct jw_flow_span *span, const json_t *record,
                          int64_t from) {
    switch (span->kind) {
    case JW_SPAN_WORKING_DAYS:
        return jw_calendar_add_days(workflow->options.calendar, from, span->count);
    case JW_SPAN_DAYS:
        return jw_calendar_begin(jw_calendar_day(from) + span->count + 1);
    case JW_SPAN_WORKING_HOURS:
        return jw_calendar_add_hours(workflow->options.calendar, from, span->count);
    case JW_SPAN_HOURS:
        return from + span->count * 3600 * JW_MICROSECOND;
    case JW_SPAN_FIELD:
        return of_field(record, span->field);
    case JW_SPAN_NONE:
        break;
    }
    return 0;
}

int64_t jw_deadline_of(const struct jw_workflow *workflow, const struct jw_flow_state *state, const json_t *record,
                       int64_t entered_at) {
    const struct jw_flow_deadline *deadline = &state->deadline;
    const char *is = json_string_value(json_object_get(json_object_get(record, "fields"), deadline->by));
    for (size_t i = 0; is && *deadline->by && i < deadline->case_count; i++)
        if (strcmp(deadline->cases[i].value, is) == 0)
            return jw_deadline_after(workflow, &deadline->cases[i].span, record, entered_at);
    return jw_deadline_after(workflow, &deadline->usual, record, entered_at);
}

int64_t jw_deadline_reminder(int64_t deadline, int days) {
    return jw_calendar_begin(jw_calendar_day(deadline - 1) - days) + MORNING;
}

bool jw_deadline_field(const struct jw_flow *flow, const char *field) {
    for (size_t i = 0; flow && i < flow->state_count; i++) {
        const struct jw_flow_deadline *deadline = &flow->states[i].deadline;
        bool is = deadline->usual.kind == JW_SPAN_FIELD && strcmp(deadline->usual.field, field) == 0;
        for (size_t k = 0; k < deadline->case_count; k++)
            is |=
                deadline->cases[k].span.kind == JW_SPAN_FIELD && strcmp(deadline->cases[k].span.field, field) == 0;
        if (is)
            return true;
    }
    return false;
}
