/* daemons/api/ledger.c — the ledgers in force, and the paths of their records. */
#include "ledger.h"
#include "ledger_ask.h"

#include "base/log.h"

/* --- in force
 * ----------------------------------------------------------------------------------------------------- */
static void on_news(void *context, jw_desk_news news, const char *text) {
    (void)context;
    jw_log(news == JW_NEWS_REFUSED ? JW_LOG_WARNING : JW_LOG_INFO, "ledger: %s", text);
}

static void count_ledgers(struct jw_api *api) {
    const struct jw_generation *now = jw_desk_hold(api->desk);
    jw_stat_set(jw_stats_get(api->run->stats, "ledgers", (jw_text){0}), jw_ledgers_count(now->ledgers));
    jw_stat_set(jw_stats_get(api->run->stats, "ledgers_refused", (jw_text){0}), now->refused);
    jw_desk_release(api->desk, now);
}

jw_status jw_ledger_open(struct jw_api *api, struct jw_error *err) {
    struct jw_desk_options options = {.content = api->run->content,
                                      .data = api->run->data,
                                      .db = jw_daemon_text(api->run, "db"),
                                      .told = on_news,
                                      .context = api};
    jw_status st = jw_desk_open(&options, &api->desk, err);
    if (st != JW_OK)
        return jw_wrap(err, st == JW_E_DENIED ? JW_E_SYSTEM : st, "ledgers");
    count_ledgers(api);
    return JW_OK;
}

void jw_ledger_close(struct jw_api *api) { jw_desk_close(api->desk); }

void jw_ledger_reload(struct jw_api *api) {
    struct jw_error err = {{0}};
    jw_status st = jw_desk_reload(api->desk, &err);
    jw_stat_add(
        jw_stats_get(api->run->stats, "ledger_reloads_total", jw_text_from(st == JW_OK ? "done" : "refused")), 1);
    if (st != JW_OK)
        jw_log(JW_LOG_WARNING, "ledger: %s; the ledgers stay as they were", err.text);
    else
        jw_log(JW_LOG_INFO, "ledger: read again");
    count_ledgers(api);
}

/* --- reading
 * ------------------------------------------------------------------------------------------------------ */
void jw_ledger_list(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_desk_query query;
    struct jw_answer answer = {0};
    if (!jw_ledger_query(request, out, &query))
        return;
    jw_desk_list(api->desk, &asker, jw_http_request_value(request, "ledger"), &query, &answer);
    jw_ledger_send(&answer, out);
}

void jw_ledger_aggregate(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_desk_query query;
    struct jw_answer answer = {0};
    if (!jw_ledger_query(request, out, &query))
        return;
    jw_desk_aggregate(api->desk, &asker, jw_http_request_value(request, "ledger"), &query,
                      jw_http_request_param(request, "by"), jw_http_request_param(request, "figures"), &answer);
    jw_ledger_send(&answer, out);
}

void jw_ledger_get(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    int64_t id;
    if (!jw_ledger_id(request, out, &id))
        return;
    jw_desk_get(api->desk, &asker, jw_http_request_value(request, "ledger"), id, jw_ledger_flag(request, "unmask"),
                &answer);
    jw_ledger_send(&answer, out);
}

void jw_ledger_history(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    int64_t id, before, limit;
    if (!jw_ledger_id(request, out, &id) || !jw_ledger_number(request, out, "before", 0, &before) ||
        !jw_ledger_number(request, out, "limit", 50, &limit))
        return;
    jw_desk_history(api->desk, &asker, jw_http_request_value(request, "ledger"), id, before, limit,
                    jw_ledger_flag(request, "unmask"), &answer);
    jw_ledger_send(&answer, out);
}

/* --- writing
 * ------------------------------------------------------------------------------------------------------ */
static void write_one(struct jw_api *api, const struct jw_http_request *request, jw_deed deed,
                      const char *const *allowed, struct jw_http_response *out) {
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_deed_asked asked = {.deed = deed};
    struct jw_answer answer = {0};
    if (deed != JW_CREATE && !jw_ledger_id(request, out, &asked.id))
        return;
    json_t *body = jw_ledger_body(request, out, allowed);
    if (body && (deed == JW_CREATE || jw_ledger_version(request, out, body, &asked.version))) {
        const char *why = json_string_value(json_object_get(body, "why"));
        asked.fields = json_object_get(body, "fields");
        asker.why = jw_text_from(why ? why : "");
        if ((deed == JW_CREATE || deed == JW_CHANGE) && !asked.fields) {
            jw_ledger_refuse(request, out, "fields", "body", "缺少 fields：{\"fields\": {字段: 值}}",
                             "fields are missing: {\"fields\": {field: value}}");
        } else {
            jw_desk_do(api->desk, &asker, jw_http_request_value(request, "ledger"), &asked, &answer);
            jw_ledger_send(&answer, out);
        }
    }
    json_decref(body);
}

void jw_ledger_create(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    write_one(context, request, JW_CREATE, (const char *const[]){"fields", "why", NULL}, out);
}

void jw_ledger_change(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    write_one(context, request, JW_CHANGE, (const char *const[]){"fields", "version", "why", NULL}, out);
}

void jw_ledger_remove(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    write_one(context, request, JW_REMOVE, (const char *const[]){"version", "why", NULL}, out);
}

void jw_ledger_restore(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    write_one(context, request, JW_RESTORE, (const char *const[]){"version", "why", NULL}, out);
}

void jw_ledger_bulk(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    json_t *body = jw_ledger_body(request, out, (const char *const[]){"items", "atomic", "why", NULL});
    if (!body)
        return;
    const char *why = json_string_value(json_object_get(body, "why"));
    asker.why = jw_text_from(why ? why : "");
    jw_desk_bulk(api->desk, &asker, jw_http_request_value(request, "ledger"), body, &answer);
    jw_ledger_send(&answer, out);
    json_decref(body);
}
