/* daemons/detect/alert.c — an alert is a record like any other: who, what, where, and which events say so. */
#include "alert.h"
#include "attack.h"

#include <stdio.h>

#include "spool/spool.h"

/* What an analyst needs to see in the list without opening the events; the rest is one step away by alert.events.
 */
static const jw_field_id copied[] = {
    JW_F_EVENT_CATEGORY,
    JW_F_EVENT_ACTION,
    JW_F_EVENT_OUTCOME,
    JW_F_EVENT_CODE,
    JW_F_EVENT_DATASET,
    JW_F_EVENT_MODULE,
    JW_F_GOV_UNIT,
    JW_F_GOV_OWNER,
    JW_F_GOV_ASSET,
    JW_F_GOV_PLANE,
    JW_F_GOV_SOURCE,
    JW_F_HOST_NAME,
    JW_F_HOST_IP,
    JW_F_SOURCE_IP,
    JW_F_SOURCE_PORT,
    JW_F_SOURCE_DOMAIN,
    JW_F_DESTINATION_IP,
    JW_F_DESTINATION_PORT,
    JW_F_DESTINATION_DOMAIN,
    JW_F_NETWORK_TRANSPORT,
    JW_F_NETWORK_PROTOCOL,
    JW_F_NETWORK_DIRECTION,
    JW_F_USER_NAME,
    JW_F_USER_EFFECTIVE_NAME,
    JW_F_USER_TARGET_NAME,
    JW_F_GROUP_NAME,
    JW_F_PROCESS_NAME,
    JW_F_PROCESS_PID,
    JW_F_PROCESS_EXECUTABLE,
    JW_F_PROCESS_COMMAND_LINE,
    JW_F_PROCESS_PARENT_EXECUTABLE,
    JW_F_PROCESS_PARENT_COMMAND_LINE,
    JW_F_FILE_PATH,
    JW_F_FILE_HASH_SHA256,
    JW_F_REGISTRY_PATH,
    JW_F_HTTP_REQUEST_METHOD,
    JW_F_HTTP_RESPONSE_STATUS_CODE,
    JW_F_URL_ORIGINAL,
    JW_F_URL_DOMAIN,
    JW_F_USER_AGENT_ORIGINAL,
    JW_F_DNS_QUESTION_NAME,
    JW_F_TLS_CLIENT_SERVER_NAME,
    JW_F_OBSERVER_VENDOR,
    JW_F_OBSERVER_PRODUCT,
    JW_F_OBSERVER_NAME,
    JW_F_WINLOG_CHANNEL,
    JW_F_WINLOG_EVENT_ID,
};

static void add(struct jw_record *out, const char *name, jw_text value) {
    if (value.len)
        jw_record_add(out, jw_text_from(name), value);
}

static uint64_t severity(jw_text level) {
    static const struct {
        jw_text level;
        uint64_t value;
    } table[] = {{JW_TEXT("informational"), 10},
                 {JW_TEXT("low"), 30},
                 {JW_TEXT("medium"), 50},
                 {JW_TEXT("high"), 70},
                 {JW_TEXT("critical"), 90}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (jw_text_is(table[i].level, level))
            return table[i].value;
    return 50;
}

static void add_event(struct jw_record *out, uint32_t spool, uint64_t number) {
    char id[JW_EVENT_ID_TEXT];
    size_t len = jw_spool_event_id(spool, number, id);
    add(out, "alert.events", jw_arena_copy(out->mem, (jw_text){id, len}));
}

static void add_count(struct jw_record *out, const char *name, uint64_t count) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    jw_text copy = jw_arena_copy(out->mem, (jw_text){digits, (size_t)len});
    if (copy.ptr)
        jw_record_add_kind(out, jw_text_from(name), copy, JW_KIND_NUMBER);
}

static void add_time(struct jw_record *out, const char *name, int64_t time) {
    char text[JW_TIME_TEXT];
    size_t len = jw_time_print(time, text);
    add(out, name, jw_arena_copy(out->mem, (jw_text){text, len}));
}

void jw_alert_make(struct jw_record *out, const struct jw_record *event, const struct jw_sigma_info *info,
                   jw_text reason) {
    bool attack = false;
    jw_record_clear(out);
    if (event->has_time)
        jw_record_set_time(out, event->time);
    add(out, "event.kind", JW_TEXT("alert"));
    add(out, "message", info->title_zh.len ? info->title_zh : info->title);
    add(out, "rule.id", info->id);
    add(out, "rule.name", info->title);
    add(out, "rule.name_zh", info->title_zh);
    add(out, "rule.level", info->level);
    add(out, "rule.author", info->author);
    add(out, "rule.reference", info->reference);
    add(out, "rule.license", info->license);
    add(out, "event.reason", reason);
    jw_record_put_u64(out, JW_F_EVENT_SEVERITY, severity(info->level));
    for (uint32_t i = 0; i < info->tag_count; i++) {
        attack |= jw_text_starts(info->tags[i], JW_TEXT("attack."));
        jw_attack_add(out, info->tags[i]);
    }
    if (attack)
        add(out, "threat.framework", JW_TEXT("MITRE ATT&CK"));
    for (uint32_t i = 0; i < event->count; i++)
        for (size_t c = 0; event->fields[i].id && c < sizeof copied / sizeof *copied; c++)
            if (event->fields[i].id == copied[c])
                jw_record_append(out, event->fields[i]);
}

void jw_alert_correlate(struct jw_record *out, const struct jw_correlation_hit *hit) {
    char digits[40];
    int len = snprintf(digits, sizeof digits, "%.15g", hit->measure);
    jw_text measure = jw_arena_copy(out->mem, (jw_text){digits, (size_t)len});
    if (measure.ptr)
        jw_record_add_kind(out, JW_TEXT("alert.measure"), measure, JW_KIND_NUMBER);
    add(out, "alert.group", jw_arena_copy(out->mem, hit->group));
    for (uint32_t i = 0; i < hit->rule_count; i++)
        add(out, "alert.rules", jw_sigma_rule_info(hit->rules[i])->title);
}

void jw_alert_prove(struct jw_record *out, uint32_t spool, const struct jw_evidence *evidence) {
    for (uint32_t i = 0; i < evidence->number_count; i++)
        add_event(out, spool, evidence->numbers[i]);
    add_count(out, "alert.count", evidence->count);
    if (evidence->merged > 1)
        add_count(out, "alert.merged", evidence->merged);
    if (evidence->first < evidence->last) {
        add_time(out, "event.start", evidence->first);
        add_time(out, "event.end", evidence->last);
    }
}

jw_text jw_alert_entity(const struct jw_record *alert, struct jw_arena *mem) {
    static const jw_field_id parts[] = {JW_F_GOV_UNIT, JW_F_HOST_NAME, JW_F_SOURCE_IP, JW_F_USER_NAME};
    size_t len = 0, count = sizeof parts / sizeof *parts;
    for (size_t i = 0; i < count; i++)
        len += jw_record_text(alert, parts[i]).len + 1;
    char *text = jw_arena_alloc(mem, len);
    if (!text)
        return (jw_text){0};
    char *end = text;
    for (size_t i = 0; i < count; i++) {
        jw_text part = jw_record_text(alert, parts[i]);
        if (part.len)
            memcpy(end, part.ptr, part.len);
        end += part.len;
        *end++ = '\0';
    }
    return (jw_text){text, len};
}
