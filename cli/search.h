/* cli/search.h — what search.c asks and search_show.c prints. */
#pragma once
#include "command.h"
#include "lake/rows.h"
#include "query/sql.h"

#define JW_SEARCH_FIELDS 32

struct jw_search_show {
    FILE *out;
    bool json, alerts;
    jw_text fields[JW_SEARCH_FIELDS]; /* asked for by --fields; none: the usual ones */
    size_t field_count;
    int width;    /* columns of the terminal; 0: no limit */
    int offset_s; /* zone of printed times */
    uint32_t rows;
};

/* A text as it may safely stand on a terminal: control characters and broken UTF-8 replaced; at most `most` columns
 * (0: no limit), padded with blanks to `least`. */
void jw_search_text(FILE *out, jw_text s, int least, int most);
int jw_search_columns(jw_text s); /* a Chinese character takes two */
void jw_search_row(struct jw_search_show *show, struct jw_lake_row *row);
/* One line of `top`: values, then the count. */
void jw_search_top(struct jw_search_show *show, const jw_text *values, jw_text count);
void jw_search_bar(struct jw_search_show *show, int64_t start_us, int64_t width_us, uint64_t count, uint64_t most);
void jw_search_mistake(jw_text query, const struct jw_query_error *err);
