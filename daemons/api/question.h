/* daemons/api/question.h — what a search asks: its parameters, from the query string or a JSON body, checked. */
#pragma once
#include "api.h"
#include "query/sql.h"

#define JW_QUESTION_LIMIT  100
#define JW_QUESTION_MOST   10000 /* events of one page */
#define JW_QUESTION_FIELDS 64
#define JW_QUESTION_BARS   1000

struct jw_question {
    struct jw_arena *mem; /* the request's */
    json_t *body;         /* of a POST; NULL otherwise. The owner calls json_decref */
    const char *in;       /* "events" or "alerts" */
    const struct jw_query *query;
    struct jw_query_sql_scope scope; /* table is not set here */
    uint32_t limit, bars;            /* bars 0: no histogram */
    bool count_only;
    jw_text fields[JW_QUESTION_FIELDS], by[JW_QUERY_SQL_FIELDS];
    size_t field_count, by_count;
    bool has_cursor;
    struct jw_query_sql_cursor cursor;
};

/* false: `out` says what is wrong, and where in the query. */
bool jw_question_read(struct jw_question *question, const struct jw_http_request *request,
                      struct jw_http_response *out);
/* Only parameters of these names, and none twice: a misspelt one would be an answer to another question. */
bool jw_question_only(const struct jw_http_request *request, const jw_text *known, size_t count,
                      struct jw_http_response *out);
bool jw_question_in(const struct jw_http_request *request, const char **out_table, struct jw_http_response *out);
/* `mem` keeps the query and a copy of its text. */
bool jw_question_parse(jw_text text, struct jw_arena *mem, const struct jw_query **out_query,
                       struct jw_http_response *out);
