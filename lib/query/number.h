/* lib/query/number.h — which texts count as numbers, the same for a query, its SQL and the evaluator. */
#pragma once
#include "query.h"

/* RE2 of the two forms: whole numbers of at most 18 digits fit 64 bits; others are compared as floating point. */
#define JW_NUMBER_WHOLE "^-?[0-9]{1,18}$"
#define JW_NUMBER_REAL  "^-?[0-9]{1,15}([.][0-9]{1,15})?([eE][-+]?[0-9]{1,2})?$"

bool jw_number_whole(jw_text s, int64_t *out);
bool jw_number_real(jw_text s, double *out);
bool jw_number_bound(jw_text s, jw_query_bound *out); /* false: not a number; sets all but `open` */
/* Is this value a number inside? */
bool jw_number_within(jw_text s, const jw_query_bound *low, const jw_query_bound *high);
