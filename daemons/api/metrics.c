/* daemons/api/metrics.c — /metrics in Prometheus' text format 0.0.4, /api/v1/status in JSON, /healthz. */
#include "metrics.h"

#include "os/child.h"
#include "sigma/published.h"

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

/* A label of each rule would be thousands of series. These are the rules that cost most, and of the others those
 * that made most alerts. */
#define RULES_BY_COST   50
#define RULES_BY_ALERTS 50

static int by_alerts(const void *a, const void *b) {
    const struct jw_published_rule *x = a, *y = b;
    return x->alerts == y->alerts ? 0 : x->alerts > y->alerts ? -1 : 1;
}

/* Leaves those rules at the front of the list; gives how many. */
static size_t pick_rules(struct jw_published *p) {
    size_t costly = p->rule_count < RULES_BY_COST ? p->rule_count : RULES_BY_COST, rest = p->rule_count - costly;
    if (rest)
        qsort(p->rules + costly, rest, sizeof *p->rules, by_alerts);
    size_t count = costly + (rest < RULES_BY_ALERTS ? rest : RULES_BY_ALERTS);
    while (count && !p->rules[count - 1].matched && !p->rules[count - 1].evaluated)
        count--;
    return count;
}

static const struct {
    const char *name, *help;
    size_t at; /* in struct jw_published_rule */
} rule_metrics[] = {
    {"rule_events_evaluated_total", "events a rule looked at closer",
     offsetof(struct jw_published_rule, evaluated)},
    {"rule_events_matched_total", "events a rule matched", offsetof(struct jw_published_rule, matched)},
    {"rule_alerts_total", "alerts of a rule", offsetof(struct jw_published_rule, alerts)},
    {"rule_alerts_merged_total", "alerts of a rule that were merged", offsetof(struct jw_published_rule, merged)},
    {"rule_time_ns_total", "estimated time of a rule", offsetof(struct jw_published_rule, time_ns)},
};
#define RULE_METRICS (sizeof rule_metrics / sizeof *rule_metrics)

static uint64_t rule_metric(const struct jw_published_rule *rule, size_t which) {
    uint64_t value;
    memcpy(&value, (const char *)rule + rule_metrics[which].at, sizeof value);
    return value;
}

static void add_text_label(jw_buffer *out, jw_text value) {
    char label[256];
    snprintf(label, sizeof label, JW_FMT, JW_ARG(value));
    add_label(out, label);
}

static void add_rule_metrics(const struct jw_api *api, jw_buffer *out) {
    JW_AUTO(jw_published_free_p) struct jw_published *p = NULL;
    if (jw_published_read(api->run->data, &p, NULL) != JW_OK)
        return;
    size_t count = pick_rules(p);
    for (size_t k = 0; k < RULE_METRICS && count; k++) {
        jw_buffer_print(out, "# HELP jinwu_%s %s\n# TYPE jinwu_%s counter\n", rule_metrics[k].name,
                        rule_metrics[k].help, rule_metrics[k].name);
        for (size_t i = 0; i < count; i++) {
            jw_buffer_print(out, "jinwu_%s{rule=\"", rule_metrics[k].name);
            add_text_label(out, p->rules[i].id.len ? p->rules[i].id : p->rules[i].title);
            jw_buffer_print(out, "\"} %llu\n", (unsigned long long)rule_metric(&p->rules[i], k));
        }
    }
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
    add_rule_metrics(api, &out->body);
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

static void add_member(jw_buffer *out, const char *name, jw_text value) {
    jw_buffer_print(out, "\"%s\":", name);
    jw_buffer_json(out, value);
    jw_buffer_byte(out, ',');
}

static void add_rule(jw_buffer *out, const struct jw_published_rule *rule) {
    jw_buffer_byte(out, '{');
    add_member(out, "id", rule->id);
    add_member(out, "name", rule->title);
    add_member(out, "name_zh", rule->title_zh);
    add_member(out, "level", rule->level);
    for (size_t k = 0; k < RULE_METRICS; k++)
        jw_buffer_print(out, "%s\"%s\":%llu", k ? "," : "", rule_metrics[k].name + strlen("rule_"),
                        (unsigned long long)rule_metric(rule, k));
    jw_buffer_byte(out, '}');
}

#define REFUSED_MOST 100

/* null: jw-detect has not run here. */
static void add_rules(const struct jw_api *api, jw_buffer *out) {
    JW_AUTO(jw_published_free_p) struct jw_published *p = NULL;
    if (jw_published_read(api->run->data, &p, NULL) != JW_OK) {
        jw_buffer_add(out, JW_TEXT("null"));
        return;
    }
    size_t count = pick_rules(p);
    jw_buffer_print(out, "{\"loaded\":%zu,\"loaded_at_ms\":%llu,", p->rule_count,
                    (unsigned long long)p->loaded_at_ms);
    add_member(out, "reload_refused", p->why);
    jw_buffer_add(out, JW_TEXT("\"top\":["));
    for (size_t i = 0; i < count; i++) {
        jw_buffer_add(out, i ? JW_TEXT(",\n") : JW_TEXT(""));
        add_rule(out, &p->rules[i]);
    }
    jw_buffer_print(out, "],\"refused_total\":%zu,\"refused\":[", p->refused);
    for (size_t i = 0; i < p->refusal_count && i < REFUSED_MOST; i++) {
        jw_buffer_add(out, i ? JW_TEXT(",\n{") : JW_TEXT("{"));
        add_member(out, "file", p->refusals[i].file);
        add_member(out, "id", p->refusals[i].id);
        add_member(out, "why", p->refusals[i].why);
        jw_buffer_print(out, "\"line\":%llu}", (unsigned long long)p->refusals[i].line);
    }
    jw_buffer_add(out, JW_TEXT("]}"));
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
    jw_buffer_add(&out->body, JW_TEXT("],\n\"rules\":"));
    add_rules(api, &out->body);
    jw_buffer_add(&out->body, JW_TEXT("}\n"));
    free(list);
}

/* For load balancers and supervisors, without a login: only whether this process serves. */
void jw_metrics_health(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context, (void)request;
    jw_buffer_add(&out->body, JW_TEXT("{\"status\":\"ok\"}\n"));
}
