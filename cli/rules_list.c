/* cli/rules_list.c — `jinwu rules list`: a table, or a line of JSON for each rule. */
#include "rules.h"
#include "search.h"

#include <stdlib.h>

#include "base/buffer.h"

static const char *const heads[] = {"ID", "LEVEL", "STATUS", "LOGSOURCE", "AUTHOR", "TITLE"};
#define COLUMNS (sizeof heads / sizeof *heads)
static const int mosts[COLUMNS] = {36, 13, 12, 36, 24, 0};

static bool has(jw_text text, const char *wanted) {
    jw_text part = jw_text_from(wanted);
    if (!wanted)
        return true;
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (jw_text_is_nocase((jw_text){text.ptr + i, part.len}, part))
            return true;
    return false;
}

/* windows/process_creation, linux//auditd; the parts behind the last one that is given are left out. */
static void print_source(const struct jw_sigma_info *info, jw_buffer *out) {
    const jw_text parts[] = {info->product, info->category, info->service};
    size_t last = 3;
    while (last && !parts[last - 1].len)
        last--;
    for (size_t i = 0; i < last; i++) {
        if (i)
            jw_buffer_byte(out, '/');
        jw_buffer_add(out, parts[i]);
    }
    if (info->correlation)
        jw_buffer_add(out, JW_TEXT("(correlation)"));
}

static void member(jw_buffer *out, const char *key, jw_text value) {
    if (!value.len)
        return;
    jw_buffer_print(out, ",\"%s\":", key);
    jw_buffer_json(out, value);
}

static void members(jw_buffer *out, const char *key, const jw_text *values, uint32_t count) {
    if (!count)
        return;
    jw_buffer_print(out, ",\"%s\":[", key);
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            jw_buffer_byte(out, ',');
        jw_buffer_json(out, values[i]);
    }
    jw_buffer_byte(out, ']');
}

static void show_json(const struct jw_sigma *sigma, const struct jw_sigma_rule *rule,
                      const struct jw_sigma_info *info, jw_buffer *out) {
    jw_buffer_clear(out);
    jw_buffer_add(out, JW_TEXT("{\"file\":"));
    jw_buffer_json(out, info->file);
    jw_buffer_print(out, ",\"line\":%d", info->line);
    member(out, "rule.id", info->id);
    member(out, "rule.name", info->title);
    member(out, "rule.name_zh", info->title_zh);
    member(out, "rule.level", info->level);
    member(out, "rule.status", info->status);
    member(out, "rule.author", info->author);
    member(out, "rule.reference", info->reference);
    member(out, "logsource.product", info->product);
    member(out, "logsource.category", info->category);
    member(out, "logsource.service", info->service);
    members(out, "tags", info->tags, info->tag_count);
    members(out, "filters", info->filters, info->filter_count);
    jw_buffer_print(out, ",\"correlation\":%s,\"routed\":%s}\n", info->correlation ? "true" : "false",
                    jw_sigma_rule_is_routed(sigma, rule) ? "true" : "false");
    fwrite(out->ptr, 1, out->len, stdout);
}

static void show_row(const struct jw_sigma_info *info, jw_text source, const int *widths) {
    const jw_text cells[COLUMNS] = {info->id, info->level,  info->status,
                                    source,   info->author, info->title_zh.len ? info->title_zh : info->title};
    for (size_t i = 0; i < COLUMNS; i++) {
        jw_search_text(stdout, cells[i], widths[i], mosts[i]);
        fputs(i + 1 < COLUMNS ? "  " : "\n", stdout);
    }
}

static bool is_wanted(const struct jw_sigma_info *info, jw_text source, const char *const *values) {
    return has(info->id, values[JW_RULES_ID]) && has(info->level, values[JW_RULES_LEVEL]) &&
           has(info->status, values[JW_RULES_STATUS]) && has(info->author, values[JW_RULES_AUTHOR]) &&
           has(source, values[JW_RULES_SOURCE]) &&
           (has(info->title, values[JW_RULES_TITLE]) || has(info->title_zh, values[JW_RULES_TITLE]));
}

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    (void)context;
    fprintf(stderr, "not loaded: %s: %s\n", refusal->file, refusal->reason);
}

int jw_rules_list(const char *const *folders, const char *const *values, bool json) {
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(16 << 20);
    JW_AUTO(jw_buffer_free) jw_buffer source = JW_BUFFER(1 << 20);
    struct jw_error err = {{0}};
    struct jw_sigma_counts counts;
    int widths[COLUMNS] = {36, 5, 6, 24, 12, 0};
    uint32_t shown = 0;
    if (jw_rules_load(folders, values, on_refusal, NULL, &sigma, &err) != JW_OK)
        return jw_command_failed("rules", "%s", err.text);
    jw_sigma_counts(sigma, &counts);
    for (int print = json; print < 2; print++) { /* twice for people: widths, then rows */
        for (size_t i = 0; print && !json && i < COLUMNS; i++)
            printf("%-*s%s", widths[i], heads[i], i + 1 < COLUMNS ? "  " : "\n");
        for (uint32_t i = 0; i < counts.rules + counts.correlations; i++) {
            const struct jw_sigma_rule *rule = jw_sigma_rule_at(sigma, i);
            const struct jw_sigma_info *info = jw_sigma_rule_info(rule);
            jw_buffer_clear(&source);
            print_source(info, &source);
            if (!is_wanted(info, jw_buffer_text(&source), values))
                continue;
            const jw_text cells[] = {info->id, info->level, info->status, jw_buffer_text(&source), info->author};
            for (size_t c = 0; !print && c < sizeof cells / sizeof *cells; c++) {
                int columns = jw_search_columns(cells[c]);
                columns = columns > mosts[c] ? mosts[c] : columns;
                widths[c] = columns > widths[c] ? columns : widths[c];
            }
            shown += print;
            if (print && json)
                show_json(sigma, rule, info, &out);
            else if (print)
                show_row(info, jw_buffer_text(&source), widths);
        }
    }
    fprintf(stderr, "%u of %u rules and correlations; %u not loaded\n", shown, counts.rules + counts.correlations,
            counts.refused);
    return JW_EXIT_DONE;
}
