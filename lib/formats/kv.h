/* lib/formats/kv.h — name=value texts as devices write them; for the kv format and the parser engine.
 */
#pragma once
#include "record/record.h"

struct jw_kv_style {
    jw_text between; /* pairs stand between these: " ", ",", ";", "\t", "|", "，" or "；"; empty: find out */
    jw_text assign;  /* "=", ":" or "："; empty: find out */
};

/* Adds each pair under its own name (a name that stands twice is two values) and returns how many. Values may be
 * quoted with " (\" and \\ are escapes) or '; an unquoted one goes to the next pair, so it may contain the
 * separator where no name and assignment follow it. Blanks around names, separators and assignments are dropped.
 * What stands before the first pair is *out_before (NULL: not wanted). `style` NULL finds both out. Names and
 * values borrow `text` or rec->mem. */
size_t jw_kv_read(jw_text text, const struct jw_kv_style *style, struct jw_record *rec, jw_text *out_before);
