/* lib/workflow/calendar.h — Chinese public holidays and make-up working days (调休), declared in content/calendars,
 * one file a year; arithmetic in working days and working hours. Times are microseconds since 1970, days are
 * counted since 1970-01-01, both as people in China see them. Read-only once loaded: any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

#define JW_CALENDAR_YEARS 50
#define JW_MICROSECOND    INT64_C(1000000)         /* of a second */
#define JW_DAY            (86400 * JW_MICROSECOND) /* microseconds */

struct jw_calendar;
typedef void (*jw_calendar_refused)(void *context, const char *file, int line, int column, const char *reason);
/* A file with a mistake is told to `refused`, its year is taken from `before` (may be NULL) or is not known. A
 * folder that is not there is an empty calendar. */
JW_MUST_CHECK jw_status jw_calendar_load(const char *folder, const struct jw_calendar *before,
                                         jw_calendar_refused refused, void *context, struct jw_calendar **out,
                                         struct jw_error *err);
void jw_calendar_free(struct jw_calendar *calendar);

/* Monday to Friday but for holidays, and make-up days. In a year that no file tells of: Monday to Friday. NULL is a
 * calendar that knows no year. */
bool jw_calendar_works(const struct jw_calendar *calendar, int64_t day);
bool jw_calendar_knows(const struct jw_calendar *calendar, int64_t day); /* a file tells of its year */

int64_t jw_calendar_day(int64_t at);    /* the day in which an instant lies */
int64_t jw_calendar_begin(int64_t day); /* its first instant */
/* The end of the `count`th working day behind the day of `from`, which itself is not counted. count 0 to 3,660. */
int64_t jw_calendar_add_days(const struct jw_calendar *calendar, int64_t from, int64_t count);
/* Working time is 9:00 to 12:00 and 13:00 to 18:00, of working days, 8 hours a day; unless the files say otherwise.
 */
int64_t jw_calendar_add_hours(const struct jw_calendar *calendar, int64_t from, int64_t hours);
