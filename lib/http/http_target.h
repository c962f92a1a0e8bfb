/* lib/http/http_target.h — what a request line asks for: path segments and query parameters, decoded, and the
 * patterns of the route table. RFC 3986 section 2.1 and the WHATWG form encoding ('+' is a blank in queries). */
#pragma once
#include "base/memory.h"
#include "base/status.h"

#define JW_HTTP_TARGET   8192 /* longest request target, bytes */
#define JW_HTTP_SEGMENTS 16
#define JW_HTTP_PARAMS   64

typedef struct jw_http_pair {
    jw_text name, value;
} jw_http_pair;

typedef struct jw_http_target {
    jw_text path;                       /* as it came, without the query */
    jw_text query;                      /* as it came, without '?' */
    jw_text segments[JW_HTTP_SEGMENTS]; /* decoded, so %2F inside one stays inside it */
    jw_http_pair params[JW_HTTP_PARAMS];
    size_t segment_count, param_count;
} jw_http_target;

/* Texts borrow `raw` or live in `mem`. One trailing '/' is ignored. JW_E_SYNTAX: not a path, a broken escape, %00,
 * an empty, "." or ".." segment; JW_E_LIMIT: too long or too many parts. */
JW_MUST_CHECK jw_status jw_http_target_parse(jw_text raw, struct jw_arena *mem, jw_http_target *out,
                                             struct jw_error *err);
/* Adds name=value&… (a query, or a form body) to the parameters. */
JW_MUST_CHECK jw_status jw_http_target_params(jw_text form, struct jw_arena *mem, jw_http_target *out,
                                              struct jw_error *err);
/* "/api/v1/events/{id}": literal segments; {name} takes one segment; a closing "*" takes any number, none included.
 * The values of {name} go to `out_values` in order (at most JW_HTTP_SEGMENTS). */
bool jw_http_target_match(const char *pattern, const jw_http_target *target, jw_http_pair *out_values,
                          size_t *out_count);
/* The first parameter of that name; {NULL, 0} when it is missing. */
jw_text jw_http_target_param(const jw_http_target *target, const char *name);
