/* daemons/api/question.c — parameters of a search. */
#include "question.h"
#include "login.h"

#include <inttypes.h>
#include <time.h>

#include "base/time.h"
#include "query/when.h"

#define DAY (86400 * JW_SECOND)

/* People mean their own clock: the machine's zone. */
static int zone_offset(int64_t now) {
    time_t seconds = (time_t)(now / JW_SECOND);
    struct tm local;
    return localtime_r(&seconds, &local) ? (int)local.tm_gmtoff : 0;
}

static bool bad(struct jw_http_response *out, const char *why) {
    jw_http_response_error(out, 400, "bad_parameter", -1, "%s", why);
    return false;
}

static bool refuse_name(jw_text name, bool again, struct jw_http_response *out) {
    jw_http_response_error(out, 400, "bad_parameter", -1,
                           again ? JW_FMT ": given twice" : JW_FMT ": no such parameter", JW_ARG(name));
    return false;
}

static bool table_of(jw_text in, const char **out_table, struct jw_http_response *out) {
    if (in.len && !jw_text_is(in, JW_TEXT("events")) && !jw_text_is(in, JW_TEXT("alerts")))
        return bad(out, "in: events or alerts");
    *out_table = jw_text_is(in, JW_TEXT("alerts")) ? "alerts" : "events";
    return true;
}

bool jw_question_in(const struct jw_http_request *request, const char **out_table, struct jw_http_response *out) {
    return table_of(jw_http_request_param(request, "in"), out_table, out);
}

bool jw_question_parse(jw_text text, struct jw_arena *mem, const struct jw_query **out_query,
                       struct jw_http_response *out) {
    struct jw_query_options options = {.now = jw_time_now()};
    struct jw_query_error why = {0};
    jw_text own = jw_arena_copy(mem, text.ptr ? text : JW_TEXT(""));
    options.offset_s = zone_offset(options.now);
    if (!own.ptr && text.len) {
        jw_http_response_error(out, 503, "no_memory", -1, "no memory");
        return false;
    }
    if (jw_query_parse(own, &options, mem, out_query, &why) == JW_OK)
        return true;
    jw_http_response_error(out, 400, "bad_query", (long)why.at_chars, "%s", why.text);
    return false;
}

/* A list in JSON is the same as the list with commas in a query string. */
static jw_text join(const json_t *list, struct jw_arena *mem) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(65536);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (i)
            jw_buffer_byte(&text, ',');
        if (json_is_string(one))
            jw_buffer_add(&text, (jw_text){json_string_value(one), json_string_length(one)});
    }
    return jw_arena_copy(mem, jw_buffer_text(&text));
}

static jw_text param(const struct jw_question *question, const struct jw_http_request *request, const char *name) {
    const json_t *value = json_object_get(question->body, name);
    char number[32];
    if (!value)
        return jw_http_request_param(request, name);
    if (json_is_string(value))
        return (jw_text){json_string_value(value), json_string_length(value)};
    if (json_is_boolean(value))
        return json_is_true(value) ? JW_TEXT("true") : JW_TEXT("false");
    if (json_is_array(value))
        return join(value, question->mem);
    int len = json_is_integer(value)
                  ? snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value))
                  : snprintf(number, sizeof number, "?");
    return jw_arena_copy(question->mem, (jw_text){number, (size_t)len});
}

static bool read_list(jw_text list, jw_text *out, size_t most, size_t *out_count) {
    jw_text name;
    while (jw_text_next(&list, ',', &name)) {
        name = jw_text_trim(name);
        size_t same = 0; /* JSON would hold a name twice */
        while (same < *out_count && !jw_text_is(out[same], name))
            same++;
        if (name.len == 0 || same < *out_count)
            continue;
        if (*out_count == most)
            return false;
        out[(*out_count)++] = name;
    }
    return true;
}

static bool read_number(jw_text given, uint32_t preset, uint32_t most, uint32_t *out) {
    uint64_t number = preset;
    if (given.len && (!jw_text_u64(given, &number) || number < 1 || number > most))
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool read_when(jw_text given, bool is_end, int64_t preset, int64_t *out) {
    struct jw_when when;
    int64_t now = jw_time_now();
    *out = preset;
    if (given.len == 0)
        return true;
    if (!jw_when_parse(given, now, zone_offset(now), &when))
        return false;
    *out = is_end ? when.end : when.start;
    return true;
}

/* "TIME.SPOOL.NUMBER", as an earlier answer gave it. */
static bool read_cursor(jw_text given, struct jw_question *question) {
    jw_text time, spool;
    uint64_t spool_id;
    if (given.len == 0)
        return true;
    question->has_cursor = true;
    if (!jw_text_cut(&given, '.', &time) || !jw_text_cut(&given, '.', &spool) ||
        !jw_text_i64(time, &question->cursor.time_us) || !jw_text_u64(spool, &spool_id) || spool_id > UINT32_MAX ||
        !jw_text_u64(given, &question->cursor.number))
        return false;
    question->cursor.spool = (uint32_t)spool_id;
    return true;
}

static bool read_range(struct jw_question *question, const struct jw_http_request *request,
                       struct jw_http_response *out) {
    int64_t now = jw_time_now();
    bool bars = question->bars > 0;
    if (!read_when(param(question, request, "to"), true, bars ? now : INT64_MAX, &question->scope.to))
        return bad(out, "to: a time such as now, now-1h, 2026-08-31 or 2026-08-31T09:30:00+08:00; " JW_WHEN_RANGE);
    if (!read_when(param(question, request, "from"), false, bars ? question->scope.to - DAY : INT64_MIN,
                   &question->scope.from))
        return bad(out,
                   "from: a time such as now-24h, today, 2026-08-31 or 2026-08-31T09:30:00+08:00; " JW_WHEN_RANGE);
    return question->scope.from < question->scope.to || bad(out, "from is not before to");
}

static bool is_one_of(jw_text name, const jw_text *known, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (jw_text_is(name, known[i]))
            return true;
    return false;
}

bool jw_question_only(const struct jw_http_request *request, const jw_text *known, size_t count,
                      struct jw_http_response *out) {
    const jw_http_target *target = &request->target;
    for (size_t i = 0; i < target->param_count; i++) {
        jw_text name = target->params[i].name;
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again |= jw_text_is(name, target->params[j].name);
        if (again || !is_one_of(name, known, count))
            return refuse_name(name, again, out);
    }
    return true;
}

static bool check_names(const struct jw_question *question, const struct jw_http_request *request,
                        struct jw_http_response *out) {
    static const jw_text known[] = {JW_TEXT("q"),      JW_TEXT("in"),    JW_TEXT("from"),  JW_TEXT("to"),
                                    JW_TEXT("limit"),  JW_TEXT("count"), JW_TEXT("by"),    JW_TEXT("histogram"),
                                    JW_TEXT("fields"), JW_TEXT("sort"),  JW_TEXT("cursor")};
    size_t count = sizeof known / sizeof *known;
    const jw_http_target *target = &request->target;
    const char *key;
    json_t *value;
    if (!jw_question_only(request, known, count, out))
        return false;
    for (size_t i = 0; i < target->param_count; i++) {
        jw_text name = target->params[i].name;
        if (json_object_getn(question->body, name.ptr, name.len))
            return refuse_name(name, true, out);
    }
    json_object_foreach(
        question->body, key,
        value) if (!is_one_of(jw_text_from(key), known, count)) return refuse_name(jw_text_from(key), false, out);
    return true;
}

static bool read_all(struct jw_question *question, const struct jw_http_request *request,
                     struct jw_http_response *out) {
    jw_text sort = param(question, request, "sort"), count = param(question, request, "count");
    if (!table_of(param(question, request, "in"), &question->in, out))
        return false;
    if (sort.len && !jw_text_is(sort, JW_TEXT("-@timestamp")) && !jw_text_is(sort, JW_TEXT("desc")))
        return bad(out, "sort: only -@timestamp, the newest first");
    if (count.len && !jw_text_is(count, JW_TEXT("true")) && !jw_text_is(count, JW_TEXT("false")))
        return bad(out, "count: true or false");
    question->count_only = jw_text_is(count, JW_TEXT("true"));
    if (!read_list(param(question, request, "by"), question->by, JW_QUERY_SQL_FIELDS, &question->by_count))
        return bad(out, "by: at most 8 fields");
    if (!read_list(param(question, request, "fields"), question->fields, JW_QUESTION_FIELDS,
                   &question->field_count))
        return bad(out, "fields: at most 64");
    if (!read_number(param(question, request, "limit"), question->by_count ? 10 : JW_QUESTION_LIMIT,
                     JW_QUESTION_MOST, &question->limit))
        return bad(out, "limit: a number from 1 to 10000");
    if (!read_number(param(question, request, "histogram"), 0, JW_QUESTION_BARS, &question->bars))
        return bad(out, "histogram: the most bars wanted, a number from 1 to 1000");
    if (!read_cursor(param(question, request, "cursor"), question))
        return bad(out, "cursor: not one that an answer gave");
    return read_range(question, request, out) &&
           jw_question_parse(param(question, request, "q"), question->mem, &question->query, out);
}

bool jw_question_read(struct jw_question *question, const struct jw_http_request *request,
                      struct jw_http_response *out) {
    *question = (struct jw_question){.mem = request->mem};
    if (jw_text_is(request->method, JW_TEXT("POST")) && !(question->body = jw_login_body(request, out)))
        return false;
    return check_names(question, request, out) && read_all(question, request, out);
}
