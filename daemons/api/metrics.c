/* daemons/api/metrics.c — /metrics in Prometheus' text format 0.0.4, /api/v1/status in JSON, /healthz. */
#include "metrics.h"

#include "os/child.h"

/* Names come from our own code, but the file might be damaged. */
static bool is_metric(const char *name) {
    for (const char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
            return false;
    return *name && !(*name >= '0' && *name <= '9');
}

/* A label's value: backslash, quote and newline escaped; a source is whatever a peer said, so bytes that are not
 * UTF-8 and control characters become '?'. */
static void add_label(jw_buffer *out, const char *value) {
    bool utf8 = jw_text_is_utf8(jw_text_from(value));
    for (const char *c = value; *c; c++) {
        if (*c == '\n')
            jw_buffer_add(out, JW_TEXT("\\n"));
        else if ((unsigned char)*c < 0x20 || *c == 0x7f || (!utf8 && (unsigned char)*c >= 0x80))
            jw_buffer_byte(out, '?');
        else {
            if (*c == '"' || *c == '\\')
                jw_buffer_byte(out, '\\');
            jw_buffer_byte(out, *c);
        }
    }
}

static bool is_total(const char *name) { return jw_text_ends(jw_text_from(name), JW_TEXT("_total")); }

static void add_head(jw_buffer *out, const char *name) {
    jw_buffer_print(out, "# HELP jinwu_%s ", name);
    for (const char *c = name; *c; c++)
        jw_buffer_byte(out, *c == '_' ? ' ' : *c);
    jw_buffer_print(out, "\n# TYPE jinwu_%s %s\n", name, is_total(name) ? "counter" : "gauge");
}

static bool is_alive(const struct jw_counter *pid) {
    return jw_child_runs(pid->value, strcmp(pid->daemon, "up") == 0 ? "jinwu" : pid->daemon);
}

void jw_metrics_prometheus(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_counter *list;
    size_t count = jw_counters_read(api->counters, &list);
    const char *last = "";
    (void)request;
    out->type = "text/plain; version=0.0.4; charset=utf-8";
    for (size_t i = 0; i < count; i++) {
        if (!is_metric(list[i].name))
            continue;
        if (strcmp(last, list[i].name) != 0)
            add_head(&out->body, list[i].name);
        last = list[i].name;
        jw_buffer_print(&out->body, "jinwu_%s{daemon=\"", list[i].name);
        add_label(&out->body, list[i].daemon);
        jw_buffer_add(&out->body, JW_TEXT("\",source=\""));
        add_label(&out->body, list[i].source);
        jw_buffer_print(&out->body, "\"} %llu\n", (unsigned long long)list[i].value);
    }
    jw_buffer_add(&out->body, JW_TEXT("# HELP jinwu_daemon_running is its process alive\n"
                                      "# TYPE jinwu_daemon_running gauge\n"));
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, "pid") == 0) {
            jw_buffer_add(&out->body, JW_TEXT("jinwu_daemon_running{daemon=\""));
            add_label(&out->body, list[i].daemon);
            jw_buffer_print(&out->body, "\"} %d\n", is_alive(&list[i]));
        }
    free(list);
}

static void add_counter(jw_buffer *out, const struct jw_counter *counter) {
    jw_buffer_add(out, JW_TEXT("{\"daemon\":"));
    jw_buffer_json(out, jw_text_from(counter->daemon));
    jw_buffer_add(out, JW_TEXT(",\"name\":"));
    jw_buffer_json(out, jw_text_from(counter->name));
    jw_buffer_add(out, JW_TEXT(",\"source\":"));
    jw_buffer_json(out, jw_text_from(counter->source));
    jw_buffer_print(out, ",\"value\":%llu", (unsigned long long)counter->value);
    if (is_total(counter->name))
        jw_buffer_print(out, ",\"rate\":%.2f", counter->rate);
    if (strcmp(counter->name, "pid") == 0)
        jw_buffer_print(out, ",\"running\":%s", is_alive(counter) ? "true" : "false");
    jw_buffer_byte(out, '}');
}

void jw_metrics_status(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_counter *list;
    size_t count = jw_counters_read(api->counters, &list);
    (void)request;
    jw_buffer_add(&out->body, JW_TEXT("{\"counters\":["));
    for (size_t i = 0; i < count; i++) {
        if (i)
            jw_buffer_add(&out->body, JW_TEXT(",\n"));
        add_counter(&out->body, &list[i]);
    }
    jw_buffer_add(&out->body, JW_TEXT("]}\n"));
    free(list);
}

/* For load balancers and supervisors, without a login: only whether this process serves. */
void jw_metrics_health(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context, (void)request;
    jw_buffer_add(&out->body, JW_TEXT("{\"status\":\"ok\"}\n"));
}
