/* daemons/detect/board.c — a row per rule, at the place of its number. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "sigma/published.h"

struct before { /* this worker was made */
    uint64_t evaluated, time_ns;
};
struct jw_board {
    struct jw_roster *roster;
    struct before *before; /* by rule */
};

void jw_board_close(struct jw_board *board) {
    if (!board)
        return;
    jw_roster_close(board->roster);
    free(board->before);
    free(board);
}

/* --- counts that go on ---------------------------------------------------------------------------------------- */
static jw_text key_of(const struct jw_roster_row *row) {
    return row->texts[JW_RULE_ID].len ? row->texts[JW_RULE_ID] : row->texts[JW_RULE_TITLE];
}

static int by_key(const void *a, const void *b) {
    const struct jw_roster_row *const *x = a, *const *y = b;
    jw_text s = key_of(*x), t = key_of(*y);
    size_t common = s.len < t.len ? s.len : t.len;
    int order = common ? memcmp(s.ptr, t.ptr, common) : 0;
    return order ? order : (s.len > t.len) - (s.len < t.len);
}

struct going_on {
    struct jw_roster_row **sorted;
    size_t count;
};

static void go_on(void *context, const struct jw_roster_row *old) {
    const struct going_on *to = context;
    struct jw_roster_row **found = bsearch(&old, to->sorted, to->count, sizeof *to->sorted, by_key);
    if (found)
        memcpy((*found)->numbers, old->numbers, sizeof old->numbers);
}

static void take_counts(const char *path, struct jw_roster_row *rows, size_t count) {
    struct going_on to = {calloc(count + 1, sizeof(struct jw_roster_row *)), count};
    struct jw_error err = {{0}};
    for (size_t i = 0; to.sorted && i < count; i++)
        to.sorted[i] = &rows[i];
    if (to.sorted && count) {
        qsort(to.sorted, count, sizeof *to.sorted, by_key);
        if (jw_roster_read(path, go_on, &to, &err) < 0)
            jw_log(JW_LOG_WARNING, "counts of rules begin again: %s", err.text);
    }
    free(to.sorted);
}

/* --- the board ------------------------------------------------------------------------------------------------ */
static void free_rows(struct jw_roster_row **rows) { free(*rows); }

jw_status jw_board_open(const char *data, const struct jw_rules *rules, struct jw_board **out,
                        struct jw_error *err) {
    JW_AUTO(jw_board_close_p) struct jw_board *board = calloc(1, sizeof *board);
    size_t count = rules->counts.rules + rules->counts.correlations;
    JW_AUTO(free_rows) struct jw_roster_row *rows = calloc(count + 1, sizeof *rows);
    char path[JW_PATH];
    if (!board || !rows || !(board->before = calloc(count + 1, sizeof *board->before)))
        return jw_fail(err, JW_E_LIMIT, "rules: no memory");
    for (size_t i = 0; i < count; i++) {
        const struct jw_sigma_info *info = jw_sigma_rule_info(jw_sigma_rule_at(rules->sigma, (uint32_t)i));
        rows[i].texts[JW_RULE_ID] = info->id;
        rows[i].texts[JW_RULE_TITLE] = info->title;
        rows[i].texts[JW_RULE_TITLE_ZH] = info->title_zh;
        rows[i].texts[JW_RULE_LEVEL] = info->level;
        rows[i].texts[JW_RULE_AUTHOR] = info->author;
        rows[i].texts[JW_RULE_FILE] = info->file;
    }
    snprintf(path, sizeof path, "%s/" JW_PUBLISHED_RULES, data);
    take_counts(path, rows, count);
    for (size_t i = 0; i < count; i++)
        board->before[i] = (struct before){rows[i].numbers[JW_RULE_EVALUATED], rows[i].numbers[JW_RULE_TIME_NS]};
    jw_status st = jw_roster_make(path, rows, count, &board->roster, err);
    if (st != JW_OK)
        return st;
    *out = board;
    board = NULL;
    return JW_OK;
}

void jw_board_match(struct jw_board *board, uint32_t rule) {
    jw_stat_add(jw_roster_number(board->roster, rule, JW_RULE_MATCHED), 1);
}

void jw_board_alert(struct jw_board *board, uint32_t rule, bool merged) {
    jw_stat_add(jw_roster_number(board->roster, rule, JW_RULE_ALERTS), 1);
    if (merged)
        jw_stat_add(jw_roster_number(board->roster, rule, JW_RULE_MERGED), 1);
}

void jw_board_costs(struct jw_board *board, const struct jw_rules *rules) {
    for (uint32_t i = 0; i < rules->counts.rules + rules->counts.correlations; i++) {
        struct jw_sigma_cost cost;
        jw_sigma_cost_of(rules->worker, jw_sigma_rule_at(rules->sigma, i), &cost);
        jw_stat_set(jw_roster_number(board->roster, i, JW_RULE_EVALUATED),
                    board->before[i].evaluated + cost.evaluated);
        jw_stat_set(jw_roster_number(board->roster, i, JW_RULE_TIME_NS), board->before[i].time_ns + cost.time_ns);
    }
}

jw_status jw_board_loaded(const char *data, const struct jw_refusals *refusals, const char *why,
                          struct jw_error *err) {
    JW_AUTO(free_rows) struct jw_roster_row *rows = calloc((size_t)refusals->count + 1, sizeof *rows);
    struct jw_roster *roster = NULL;
    char path[JW_PATH];
    if (!rows)
        return jw_fail(err, JW_E_LIMIT, "rules: no memory");
    rows[0].numbers[JW_LOADED_AT_MS] = (uint64_t)(jw_time_now() / JW_MS);
    rows[0].numbers[JW_LOADED_REFUSED] = refusals->total;
    rows[0].texts[JW_LOADED_WHY] = jw_text_from(why ? why : "");
    for (uint32_t i = 0; i < refusals->count; i++) {
        const struct jw_refusal *refusal = &refusals->list[i];
        rows[i + 1].texts[JW_LOADED_FILE] = jw_text_from(refusal->file);
        rows[i + 1].texts[JW_LOADED_ID] = jw_text_from(refusal->id);
        rows[i + 1].texts[JW_LOADED_WHY] = jw_text_from(refusal->why);
        rows[i + 1].numbers[JW_LOADED_LINE] = (uint64_t)refusal->line;
    }
    snprintf(path, sizeof path, "%s/" JW_PUBLISHED_LOADED, data);
    jw_status st = jw_roster_make(path, rows, (size_t)refusals->count + 1, &roster, err);
    if (st == JW_OK)
        jw_roster_close(roster);
    return st;
}
