/* cli/status_rules.c — which rules are in force, what they cost and found, and what was refused. */
#include "status.h"
#include "table.h"

#include <inttypes.h>
#include <string.h>

#include "base/time.h"

#define FEW 10

static void add_time(struct jw_table *table, uint64_t ns) {
    jw_table_add(table, ns < 1000000000 ? "%.1f ms" : "%.1f s", (double)ns / (ns < 1000000000 ? 1e6 : 1e9));
}

static void show_counts(const struct jw_published *p, bool all) {
    struct jw_table table = jw_table_begin(7, 2);
    jw_table_head(&table,
                  (const char *const[]){"RULE", "LEVEL", "ALERTS", "MERGED", "MATCHED", "EVALUATED", "CPU TIME"});
    for (size_t i = 0, shown = 0; i < p->rule_count && (all || shown < FEW); i++) {
        const struct jw_published_rule *rule = &p->rules[i];
        jw_text title = rule->title_zh.len ? rule->title_zh : rule->title;
        if (!all && !rule->matched && !rule->evaluated)
            continue;
        shown++;
        jw_table_add(&table, JW_FMT, JW_ARG(title));
        jw_table_add(&table, JW_FMT, JW_ARG(rule->level));
        jw_table_number(&table, rule->alerts);
        jw_table_number(&table, rule->merged);
        jw_table_number(&table, rule->matched);
        jw_table_number(&table, rule->evaluated);
        add_time(&table, rule->time_ns);
    }
    jw_table_print(&table);
}

void jw_status_show_rules(const struct jw_published *p, bool all) {
    char when[JW_TIME_TEXT];
    int len = (int)jw_time_print((int64_t)p->loaded_at_ms * JW_MS, when);
    show_counts(p, all);
    printf("\n%zu rules in force; last load %.*s", p->rule_count, len, when);
    if (p->refused)
        printf(", %zu rules refused%s", p->refused, all ? ":" : "; all of them: jinwu status --rules");
    putchar('\n');
    if (p->why.len)
        printf("THE LAST RELOAD WAS REFUSED, the older rules are in use: %.*s\n", (int)p->why.len, p->why.ptr);
    for (size_t i = 0; i < p->refusal_count && (all || i < FEW / 2); i++) {
        const struct jw_published_refusal *r = &p->refusals[i];
        printf("  refused: %.*s: %.*s\n", (int)r->file.len, r->file.ptr, (int)r->why.len, r->why.ptr);
    }
}

static void add(jw_buffer *out, const char *key, jw_text value) {
    jw_buffer_print(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
    jw_buffer_json(out, value);
}

static void end(jw_buffer *out) {
    jw_buffer_add(out, JW_TEXT("}\n"));
    fwrite(out->ptr, 1, out->len, stdout);
    jw_buffer_clear(out);
}

void jw_status_json_rules(const struct jw_published *p) {
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(64 << 10);
    jw_buffer_print(&out,
                    "{\"loaded\":%zu,\"refused\":%zu,\"at_ms\":%" PRIu64 ",\"reload_refused\":", p->rule_count,
                    p->refused, p->loaded_at_ms);
    jw_buffer_json(&out, p->why);
    end(&out);
    for (size_t i = 0; i < p->refusal_count; i++) {
        const struct jw_published_refusal *r = &p->refusals[i];
        jw_buffer_byte(&out, '{');
        add(&out, "file", r->file);
        jw_buffer_print(&out, ",\"line\":%" PRIu64, r->line);
        add(&out, "rule.id", r->id);
        add(&out, "refused", r->why);
        end(&out);
    }
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct jw_published_rule *r = &p->rules[i];
        jw_buffer_byte(&out, '{');
        add(&out, "rule.id", r->id);
        add(&out, "rule.name", r->title);
        add(&out, "rule.name_zh", r->title_zh);
        add(&out, "rule.level", r->level);
        add(&out, "rule.author", r->author);
        add(&out, "file", r->file);
        jw_buffer_print(&out,
                        ",\"evaluated\":%" PRIu64 ",\"matched\":%" PRIu64 ",\"alerts\":%" PRIu64
                        ",\"merged\":%" PRIu64 ",\"time_ns\":%" PRIu64,
                        r->evaluated, r->matched, r->alerts, r->merged, r->time_ns);
        end(&out);
    }
}
