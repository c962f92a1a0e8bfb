/* daemons/detect/alert.c — an alert is a record like any other: who, what, where, and which events say so. */
#include "detect.h"

#include <ctype.h>

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

/* "attack.t1110.001" -> threat.technique.id T1110.001; "attack.credential-access" -> threat.tactic.name. */
static void add_tag(struct jw_record *out, jw_text tag) {
    if (!jw_text_drop(&tag, JW_TEXT("attack.")) || !tag.len)
        return;
    bool technique = tag.len > 1 && (*tag.ptr == 't' || *tag.ptr == 'T') && isdigit((unsigned char)tag.ptr[1]);
    char *copy = jw_arena_alloc(out->mem, tag.len);
    if (!copy)
        return;
    for (size_t i = 0; i < tag.len; i++)
        copy[i] = technique ? (char)toupper((unsigned char)tag.ptr[i]) : tag.ptr[i] == '_' ? '-' : tag.ptr[i];
    bool other = !technique && tag.len > 1 && (*copy == 'g' || *copy == 's') && isdigit((unsigned char)copy[1]);
    if (!other) /* groups and software are neither */
        add(out, technique ? "threat.technique.id" : "threat.tactic.name", (jw_text){copy, tag.len});
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
    jw_text copy = jw_arena_copy(out->mem, (jw_text){id, len});
    add(out, "alert.events", copy);
}

static void add_count(struct jw_record *out, uint64_t count) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    jw_text copy = jw_arena_copy(out->mem, (jw_text){digits, (size_t)len});
    if (copy.ptr)
        jw_record_add_kind(out, JW_TEXT("alert.count"), copy, JW_KIND_NUMBER);
}

void jw_alert_make(struct jw_record *out, const struct jw_record *event, const struct jw_sigma_info *info,
                   jw_text reason, const struct jw_alert_source *source, const struct jw_correlation_hit *hit) {
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
    add(out, "event.reason", reason);
    jw_record_put_u64(out, JW_F_EVENT_SEVERITY, severity(info->level));
    for (uint32_t i = 0; i < info->tag_count; i++)
        add_tag(out, info->tags[i]);
    for (uint32_t i = 0; i < event->count; i++)
        for (size_t c = 0; event->fields[i].id && c < sizeof copied / sizeof *copied; c++)
            if (event->fields[i].id == copied[c])
                jw_record_append(out, event->fields[i]);
    for (uint32_t i = 0; hit && i < hit->number_count; i++)
        add_event(out, source->spool, hit->numbers[i]);
    if (!hit)
        add_event(out, source->spool, source->number);
    add_count(out, hit ? hit->count : 1);
}
