/* daemons/detect/judge.c — one frame of events against the rules: what to tell, and what to merge. */
#include "windows.h"

#include "base/log.h"

static void tell(void *context, const struct jw_record *alert) {
    struct jw_follow *f = context;
    jw_stat_add(jw_batch_writer_add(f->batch, alert) == JW_OK ? f->told : f->dropped, 1);
}

/* An alert of its own if the rule may and the frame has room; else merged. Counted, unless it was told before. */
static void keep(struct jw_follow *f, const struct jw_record *event, const struct jw_sigma_rule *rule,
                 const struct jw_correlation_hit *hit, const struct jw_evidence *evidence, uint32_t spool,
                 bool quiet) {
    const struct jw_sigma_info *info = jw_sigma_rule_info(rule);
    uint32_t number = jw_sigma_rule_number(rule);
    struct jw_record alert = {.mem = f->alert_mem};
    jw_arena_reset(f->alert_mem);
    alert.mem = f->alert_mem;
    jw_alert_make(&alert, event, info, jw_buffer_text(&f->reason));
    if (hit)
        jw_alert_correlate(&alert, hit);
    jw_text entity = hit ? hit->group : jw_alert_entity(&alert, f->alert_mem);
    uint32_t bare = alert.count;
    bool alone = jw_flood_allows(f->flood, number);
    if (alone) {
        jw_alert_prove(&alert, spool, evidence);
        alone = jw_record_check(&alert, NULL) == JW_OK && jw_batch_writer_add(f->batch, &alert) == JW_OK;
    }
    alert.count = bare;
    bool kept = alone || jw_flood_merge(f->flood, number, &alert, entity, evidence) == JW_OK;
    if (quiet)
        return;
    jw_stat_add(alone ? f->told : kept ? f->merged : f->dropped, 1);
    jw_board_alert(f->board, number, !alone);
}

static void match(struct jw_follow *f, const struct jw_record *rec, uint32_t spool, uint64_t event, int64_t written,
                  jw_judging how) {
    const struct jw_sigma_rule *const *rules;
    const struct jw_correlation_hit *hits;
    int64_t time = rec->has_time ? rec->time : written;
    size_t count = jw_sigma_match(f->rules->worker, rec, NULL, &rules);
    const struct jw_evidence one = {
        .numbers = {event}, .number_count = 1, .count = 1, .merged = 1, .first = time, .last = time};
    if (!count)
        return;
    for (size_t i = 0; i < count && how != JW_JUDGE_WINDOW; i++) {
        if (how == JW_JUDGE_NEW)
            jw_board_match(f->board, jw_sigma_rule_number(rules[i]));
        if (!jw_sigma_rule_alerts(rules[i]))
            continue;
        jw_buffer_clear(&f->reason);
        jw_sigma_reason(f->rules->worker, rules[i], &f->reason);
        keep(f, rec, rules[i], NULL, &one, spool, how == JW_JUDGE_TOLD);
    }
    size_t found = jw_correlator_take(f->rules->correlator, rec, event, written, rules, count, &hits);
    for (size_t i = 0; i < found && how != JW_JUDGE_WINDOW; i++) {
        struct jw_evidence many = {.number_count = hits[i].number_count,
                                   .count = hits[i].count,
                                   .merged = 1,
                                   .first = hits[i].first,
                                   .last = hits[i].last};
        memcpy(many.numbers, hits[i].numbers, sizeof many.numbers);
        jw_buffer_clear(&f->reason);
        jw_correlation_reason(&hits[i], &f->reason);
        keep(f, rec, hits[i].rule, &hits[i], &many, spool, how == JW_JUDGE_TOLD);
    }
}

void jw_judge_frame(struct jw_follow *f, const struct jw_spool_frame *frame, uint32_t spool, jw_judging how) {
    struct jw_batch_reader batch;
    struct jw_error err = {{0}};
    int64_t start = jw_time_steady();
    uint64_t number = frame->first_event;
    jw_arena_reset(f->mem);
    jw_status st = jw_batch_reader_open(&batch, frame->body, f->mem, &err);
    struct jw_record rec = {.mem = f->mem};
    while (st == JW_OK && (st = jw_batch_reader_next(&batch, &rec, &err)) == JW_OK)
        match(f, &rec, spool, number++, frame->written, how);
    if (how == JW_JUDGE_WINDOW)
        return;
    if (how == JW_JUDGE_TOLD) {
        (void)jw_batch_writer_finish(f->batch); /* empties it: these were told */
        jw_windows_count(f, true);
        return;
    }
    uint64_t read = number - frame->first_event;
    if (st != JW_END) { /* its checksum was right: it was written wrong, or it is too big for our memory */
        jw_stat_add(f->damaged, 1);
        jw_stat_add(f->unreadable, frame->events > read ? frame->events - read : 0);
        jw_log(JW_LOG_ERROR, "events: frame at %llu: after %llu of %u events: %s",
               (unsigned long long)frame->position, (unsigned long long)read, frame->events, err.text);
    }
    jw_stat_add(f->matched, read);
    jw_stat_add(f->spent, (uint64_t)(jw_time_steady() - start));
    jw_windows_count(f, false);
}

void jw_judge_merged(struct jw_follow *f, uint32_t spool) {
    uint32_t lost = jw_flood_give(f->flood, spool, f->alert_mem, tell, f);
    jw_stat_add(f->dropped, lost);
}
