/* daemons/api/ledger_ask.c — what every request about records has: a person, a language, a body of known words. */
#include "ledger_ask.h"
#include "identity.h"

#include <stdlib.h>

#include "base/log.h"

struct jw_asker jw_ledger_asker(const struct jw_http_request *request) {
    jw_text language = jw_http_request_header(request, "Accept-Language");
    return (struct jw_asker){.holder = jw_api_holder(request),
                             .origin = jw_text_from(request->peer),
                             .english =
                                 language.len >= 2 && jw_text_is_nocase((jw_text){language.ptr, 2}, JW_TEXT("en"))};
}

void jw_ledger_send(struct jw_answer *answer, struct jw_http_response *out) {
    char *text = answer->body ? json_dumps(answer->body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL, tag[32];
    if (answer->status >= 500)
        jw_log(JW_LOG_ERROR, "ledger: %s", answer->err.text);
    if (!text) {
        jw_http_response_error(out, 503, "busy", -1, "no memory");
    } else {
        out->status = answer->status;
        jw_http_response_text(out, "application/json; charset=utf-8", jw_text_from(text));
    }
    if (text && answer->version) {
        snprintf(tag, sizeof tag, "\"%lld\"", (long long)answer->version);
        jw_http_response_header(out, "ETag", jw_text_from(tag));
    }
    free(text);
    jw_answer_free(answer);
}

void jw_ledger_refuse(const struct jw_http_request *request, struct jw_http_response *out, const char *field,
                      const char *rule, const char *zh, const char *en) {
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {.status = 400};
    answer.body = json_pack("{s{ss ss s[{ss ss ss}]}}", "error", "code", "bad_query", "message",
                            asker.english ? "the request is not understood" : "请求写得不对", "faults", "field",
                            field, "rule", rule, "text", asker.english ? en : zh);
    jw_ledger_send(&answer, out);
}

/* --- the path and the query
 * --------------------------------------------------------------------------------------- */
bool jw_ledger_id(const struct jw_http_request *request, struct jw_http_response *out, int64_t *id) {
    struct jw_asker asker = jw_ledger_asker(request);
    if (jw_text_i64(jw_http_request_value(request, "id"), id) && *id > 0)
        return true;
    struct jw_answer answer = {.status = 404};
    answer.body = json_pack("{s{ss ss s[]}}", "error", "code", "not_found", "message",
                            asker.english ? "there is no such thing" : "没有找到", "faults");
    jw_ledger_send(&answer, out);
    return false;
}

bool jw_ledger_number(const struct jw_http_request *request, struct jw_http_response *out, const char *name,
                      int64_t preset, int64_t *number) {
    jw_text text = jw_http_request_param(request, name);
    *number = preset;
    if (!text.len || (jw_text_i64(text, number) && *number >= 0))
        return true;
    jw_ledger_refuse(request, out, name, "number", "应为不小于0的整数", "wants a whole number, not below 0");
    return false;
}

bool jw_ledger_flag(const struct jw_http_request *request, const char *name) {
    jw_text text = jw_http_request_param(request, name);
    return jw_text_is(text, JW_TEXT("1")) || jw_text_is(text, JW_TEXT("true"));
}

/* A parameter that is mistyped would be a filter that does not filter. */
static bool knows_params(const struct jw_http_request *request, struct jw_http_response *out) {
    static const char *const names[] = {"filter", "sort",    "q",      "fields", "limit",   "offset", "after",
                                        "count",  "removed", "unmask", "by",     "figures", "format"};
    for (size_t i = 0; i < request->target.param_count; i++) {
        char name[64];
        bool known = false;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            known |= jw_text_is(request->target.params[i].name, jw_text_from(names[k]));
        if (known)
            continue;
        snprintf(name, sizeof name, JW_FMT, JW_ARG(request->target.params[i].name));
        jw_ledger_refuse(request, out, name, "unknown",
                         "没有这个参数；有 filter sort q fields limit offset after count removed unmask",
                         "there is no such parameter; there are filter sort q fields limit offset after count "
                         "removed unmask");
        return false;
    }
    return true;
}

bool jw_ledger_query(const struct jw_http_request *request, struct jw_http_response *out,
                     struct jw_desk_query *query) {
    *query = (struct jw_desk_query){.sort = jw_http_request_param(request, "sort"),
                                    .words = jw_http_request_param(request, "q"),
                                    .fields = jw_http_request_param(request, "fields"),
                                    .count = jw_ledger_flag(request, "count"),
                                    .removed = jw_ledger_flag(request, "removed"),
                                    .unmask = jw_ledger_flag(request, "unmask")};
    if (!knows_params(request, out))
        return false;
    for (size_t i = 0; i < request->target.param_count; i++) {
        if (!jw_text_is(request->target.params[i].name, JW_TEXT("filter")))
            continue;
        if (query->filter_count == JW_DESK_FILTERS) {
            jw_ledger_refuse(request, out, "filter", "number", "筛选条件最多32个", "at most 32 filters");
            return false;
        }
        query->filters[query->filter_count++] = request->target.params[i].value;
    }
    return jw_ledger_number(request, out, "limit", 0, &query->limit) &&
           jw_ledger_number(request, out, "offset", 0, &query->offset) &&
           jw_ledger_number(request, out, "after", 0, &query->after);
}

/* --- the body
 * ----------------------------------------------------------------------------------------------------- */
static json_t *refuse_body(const struct jw_http_request *request, struct jw_http_response *out, json_t *body,
                           const char *field, const char *zh, const char *en) {
    char kept[64];
    snprintf(kept, sizeof kept, "%s", field);
    json_decref(body);
    jw_ledger_refuse(request, out, kept, "body", zh, en);
    return NULL;
}

json_t *jw_ledger_body(const struct jw_http_request *request, struct jw_http_response *out,
                       const char *const *allowed) {
    json_error_t why;
    jw_text type = jw_http_request_header(request, "Content-Type"), word = type;
    const char *name;
    json_t *value;
    if (!request->body.len)
        return json_object();
    jw_text_cut(&type, ';', &word);
    if (!jw_text_is_nocase(jw_text_trim(word), JW_TEXT("application/json")))
        return refuse_body(request, out, NULL, "Content-Type", "应为 application/json", "wants application/json");
    json_t *body = json_loadb(request->body.ptr, request->body.len, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(body))
        return refuse_body(request, out, body, "body", "应为一个JSON对象", body ? "wants a JSON object" : why.text);
    json_object_foreach(body, name, value) {
        const char *const *one = allowed;
        while (*one && strcmp(*one, name) != 0)
            one++;
        if (!*one)
            return refuse_body(request, out, body, name, "这里不能写这一项；字段写在 fields 里",
                               "does not belong here; fields stand in \"fields\"");
    }
    if (json_object_get(body, "fields") && !json_is_object(json_object_get(body, "fields")))
        return refuse_body(request, out, body, "fields", "应为 {字段: 值}", "wants {field: value}");
    return body;
}

bool jw_ledger_version(const struct jw_http_request *request, struct jw_http_response *out, const json_t *body,
                       int64_t *version) {
    const json_t *given = json_object_get(body, "version");
    jw_text tag = jw_http_request_header(request, "If-Match");
    *version = json_integer_value(given);
    if (json_is_integer(given) && *version > 0)
        return true;
    if (tag.len >= 2 && tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"')
        tag = (jw_text){tag.ptr + 1, tag.len - 2};
    if (!given && (!tag.len || jw_text_is(tag, JW_TEXT("*")) || (jw_text_i64(tag, version) && *version > 0)))
        return true;
    jw_ledger_refuse(request, out, "version", "number", "应为读到的版本号", "wants the version that was read");
    return false;
}
