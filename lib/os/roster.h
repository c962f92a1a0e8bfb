/* lib/os/roster.h — a table of one process in a mapped file, for others to read without asking it: what stats.h is
 * for counters that peers name, this is for a list that is known as a whole, such as the rules in force.
 *
 * Making it replaces the file at once: a reader sees the old table or the new one. The texts of a row stay; its
 * numbers are counted in place by any thread. */
#pragma once
#include "stats.h"

#define JW_ROSTER_TEXTS   8
#define JW_ROSTER_NUMBERS 6
#define JW_ROSTER_TEXT    1024 /* bytes of one text; more are cut */
#define JW_ROSTER_ROWS    200000

struct jw_roster_row {
    jw_text texts[JW_ROSTER_TEXTS];
    uint64_t numbers[JW_ROSTER_NUMBERS];
};

struct jw_roster;
JW_MUST_CHECK jw_status jw_roster_make(const char *path, const struct jw_roster_row *rows, size_t count,
                                       struct jw_roster **out, struct jw_error *err);
void jw_roster_close(struct jw_roster *roster); /* the file stays */
jw_stat *jw_roster_number(struct jw_roster *roster, size_t row, size_t number);

/* JW_AGAIN: there is none. JW_E_SYNTAX: the file is damaged; rows before the damage were given. */
typedef void (*jw_roster_each)(void *context, const struct jw_roster_row *row);
JW_MUST_CHECK jw_status jw_roster_read(const char *path, jw_roster_each each, void *context, struct jw_error *err);
