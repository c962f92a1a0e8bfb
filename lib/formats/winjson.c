/* lib/formats/winjson.c — Windows events as JSON, in the shapes that shippers send: Winlogbeat, NXLog, the same
 * flattened by other tools, and an EVTX file printed as JSON. All come to the names that lib/evtx gives. */
#include "format.h"
#include "names.h"
#include "stamp.h"

#include "json/json.h"

/* NXLog's im_msvistalog and alike. What is not here is data of the event, under its own name. */
static const struct jw_alias flat[] = {
    JW_ALIAS("@version", "@version"),
    JW_ALIAS("AccountName", "winlog.user.name"),
    JW_ALIAS("AccountType", "winlog.user.type"),
    JW_ALIAS("ActivityID", "winlog.activity_id"),
    JW_ALIAS("Category", "nxlog.Category"),
    JW_ALIAS("Channel", "winlog.channel"),
    JW_ALIAS("Computer", "winlog.computer_name"),
    JW_ALIAS("Domain", "winlog.user.domain"),
    JW_ALIAS("ERROR_EVT_UNRESOLVED", "nxlog.ERROR_EVT_UNRESOLVED"),
    JW_ALIAS("EventID", "winlog.event_id"),
    JW_ALIAS("EventReceivedTime", "nxlog.EventReceivedTime"),
    JW_ALIAS("EventRecordID", "winlog.record_id"),
    JW_ALIAS("ExecutionProcessID", "winlog.process.pid"),
    JW_ALIAS("Hostname", "winlog.computer_name"),
    JW_ALIAS("Keywords", "winlog.keywords"),
    JW_ALIAS("Level", "winlog.level"),
    JW_ALIAS("LevelValue", "winlog.level"),
    JW_ALIAS("Message", "message"),
    JW_ALIAS("Opcode", "winlog.opcode_name"),
    JW_ALIAS("OpcodeValue", "winlog.opcode"),
    JW_ALIAS("ProviderGuid", "winlog.provider_guid"),
    JW_ALIAS("Qualifiers", "winlog.qualifiers"),
    JW_ALIAS("RecordNumber", "winlog.record_id"),
    JW_ALIAS("RelatedActivityID", "winlog.related_activity_id"),
    JW_ALIAS("Severity", "nxlog.Severity"),
    JW_ALIAS("SeverityValue", "nxlog.SeverityValue"),
    JW_ALIAS("SourceModuleName", "nxlog.SourceModuleName"),
    JW_ALIAS("SourceModuleType", "nxlog.SourceModuleType"),
    JW_ALIAS("SourceName", "winlog.provider_name"),
    JW_ALIAS("Task", "winlog.task"),
    JW_ALIAS("ThreadID", "winlog.process.thread.id"),
    JW_ALIAS("UserID", "winlog.user.identifier"),
    JW_ALIAS("Version", "winlog.version"),
    JW_ALIAS("host", "nxlog.host"),
    JW_ALIAS("port", "nxlog.port"),
    JW_ALIAS("tags", "tags"),
    JW_ALIAS("type", "nxlog.type"),
};

/* The XML of an event as JSON: "#attributes" (evtx_dump) or "@" and "#text" variants behind Event.System. */
static const struct jw_alias printed[] = {
    JW_ALIAS("Channel", "winlog.channel"),
    JW_ALIAS("Computer", "winlog.computer_name"),
    JW_ALIAS("Correlation.#attributes.ActivityID", "winlog.activity_id"),
    JW_ALIAS("Correlation.#attributes.RelatedActivityID", "winlog.related_activity_id"),
    JW_ALIAS("EventID", "winlog.event_id"),
    JW_ALIAS("EventID.#attributes.Qualifiers", "winlog.qualifiers"),
    JW_ALIAS("EventID.#text", "winlog.event_id"),
    JW_ALIAS("EventRecordID", "winlog.record_id"),
    JW_ALIAS("Execution.#attributes.ProcessID", "winlog.process.pid"),
    JW_ALIAS("Execution.#attributes.ThreadID", "winlog.process.thread.id"),
    JW_ALIAS("Keywords", "winlog.keywords"),
    JW_ALIAS("Level", "winlog.level"),
    JW_ALIAS("Opcode", "winlog.opcode"),
    JW_ALIAS("Provider.#attributes.EventSourceName", "winlog.event_source_name"),
    JW_ALIAS("Provider.#attributes.Guid", "winlog.provider_guid"),
    JW_ALIAS("Provider.#attributes.Name", "winlog.provider_name"),
    JW_ALIAS("Security.#attributes.UserID", "winlog.user.identifier"),
    JW_ALIAS("Task", "winlog.task"),
    JW_ALIAS("TimeCreated.#attributes.SystemTime", "@timestamp"),
    JW_ALIAS("Version", "winlog.version"),
};
#define COUNT(table) (sizeof(table) / sizeof *(table))

static const jw_text data_prefix = JW_TEXT("winlog.event_data."), user_prefix = JW_TEXT("winlog.user_data.");

/* Names are static text or in rec->mem; the id follows. */
static void call(jw_field *field, jw_text name) {
    field->id = jw_field_find(name);
    field->name = field->id ? jw_field_get(field->id)->name : name;
}

/* lib/evtx gives these as numbers and all else as text, whatever the shipper wrote. */
static void settle(struct jw_record *rec, jw_field *field) {
    static const jw_text numbers[] = {JW_TEXT("winlog.record_id"), JW_TEXT("winlog.process.pid"),
                                      JW_TEXT("winlog.process.thread.id"), JW_TEXT("winlog.version")};
    int64_t value;
    if (!jw_text_starts(field->name, JW_TEXT("winlog.")) || field->kind == JW_KIND_NULL)
        return;
    field->kind = JW_KIND_TEXT;
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (jw_text_is(numbers[i], field->name) && jw_text_i64(field->value, &value))
            field->kind = JW_KIND_NUMBER;
    if (jw_text_is(field->name, JW_TEXT("winlog.keywords")) && jw_text_i64(field->value, &value)) {
        char mask[24]; /* NXLog writes the mask as a signed number */
        size_t len = (size_t)snprintf(mask, sizeof mask, "0x%llx", (unsigned long long)value);
        jw_text text = jw_arena_copy(rec->mem, (jw_text){mask, len});
        if (text.ptr)
            field->value = text;
    }
}

static bool has(const struct jw_record *rec, jw_text name) { return jw_record_find(rec, name) != NULL; }

/* When it happened: what the event says first, what the shipper noted last. */
static void take_time(struct jw_record *rec) {
    static const jw_text names[] = {JW_TEXT("TimeCreated"), JW_TEXT("EventTime"), JW_TEXT("@timestamp")};
    int64_t time;
    for (size_t i = 0; i < COUNT(names); i++) {
        const jw_field *field = jw_record_find(rec, names[i]);
        if (!field || !jw_stamp_any(field->value, rec->received, rec->zone_offset_s, &time))
            continue;
        jw_record_set_time(rec, time);
        jw_record_remove(rec, names[i]);
        return;
    }
}

static void read_flat(struct jw_record *rec) {
    take_time(rec);
    bool has_level = has(rec, JW_TEXT("LevelValue")), nxlog = has(rec, JW_TEXT("SourceModuleType"));
    bool has_process = has(rec, JW_TEXT("ExecutionProcessID"));
    bool has_opcode = has(rec, JW_TEXT("OpcodeValue")), renamed_type = has(rec, JW_TEXT("EventTypeOrignal"));
    for (uint32_t i = 0; i < rec->count; i++) {
        jw_field *field = &rec->fields[i];
        jw_text name = jw_alias_find(flat, COUNT(flat), field->name), old = field->name;
        if (jw_text_is(old, JW_TEXT("Level")) && has_level)
            name = JW_TEXT("winlog.level_name");
        else if (jw_text_is(old, JW_TEXT("ProcessID")) && nxlog && !has_process && field->kind == JW_KIND_NUMBER)
            name = JW_TEXT("winlog.process.pid"); /* NXLog before version 3 */
        else if (field->id == JW_F_TIMESTAMP)
            name = JW_TEXT("event.created"); /* the shipper's, when the event brought its own */
        else if (jw_text_is(old, JW_TEXT("Opcode")) && !has_opcode)
            name = JW_TEXT("winlog.opcode");
        else if (jw_text_is(old, JW_TEXT("EventTypeOrignal")) ||
                 (nxlog && !renamed_type && jw_text_is(old, JW_TEXT("EventType")) &&
                  (jw_text_is(field->value, JW_TEXT("INFO")) || jw_text_starts(field->value, JW_TEXT("AUDIT_")) ||
                   jw_text_is(field->value, JW_TEXT("WARNING")) || jw_text_is(field->value, JW_TEXT("ERROR")) ||
                   jw_text_is(field->value, JW_TEXT("VERBOSE")) || jw_text_is(field->value, JW_TEXT("CRITICAL")))))
            name = JW_TEXT(
                "nxlog.EventType"); /* its own word for the level, which hides Sysmon's field of that name */
        else if (!name.ptr && old.len && *old.ptr != '@' && !memchr(old.ptr, '.', old.len))
            name = jw_name_join(rec, data_prefix, old);
        if (name.ptr)
            call(field, name);
        settle(rec, field);
    }
    /* NXLog's own name for the user is also a field of some events (7045: the service's account); it cannot be told
     * apart */
    const jw_field *account = nxlog ? jw_record_find(rec, JW_TEXT("winlog.user.name")) : NULL;
    if (account)
        jw_record_add(rec, JW_TEXT("winlog.event_data.AccountName"), account->value);
}

/* "LogFileCleared.SubjectUserName" of user data: the root's name is dropped, as lib/evtx does. */
static jw_text behind_root(jw_text name) {
    jw_text root;
    return jw_text_cut(&name, '.', &root) ? name : (jw_text){0};
}

static void read_printed(struct jw_record *rec) {
    uint32_t kept = 0, unnamed = 0;
    for (uint32_t i = 0; i < rec->count; i++) {
        jw_field field = rec->fields[i];
        jw_text rest = field.name, name = field.name;
        int64_t time;
        if (jw_text_drop(&rest, JW_TEXT("Event.System."))) {
            name = jw_alias_find(printed, COUNT(printed), rest);
            if (!name.ptr && field.kind != JW_KIND_NULL)
                name = jw_name_join(rec, JW_TEXT("winlog.system."), rest);
        } else if (jw_text_drop(&rest, JW_TEXT("Event.EventData."))) {
            char param[24];
            if (jw_text_is(rest, JW_TEXT("#attributes.Name")))
                name = JW_TEXT("winlog.event_data_name");
            else if (jw_text_is(rest, JW_TEXT("Data.#text")) || jw_text_is(rest, JW_TEXT("Data")))
                name = jw_name_join(rec, data_prefix,
                                    (jw_text){param, (size_t)snprintf(param, sizeof param, "param%u", ++unnamed)});
            else
                name = jw_name_join(rec, data_prefix, rest);
        } else if (jw_text_drop(&rest, JW_TEXT("Event.UserData.")))
            name = jw_name_join(rec, user_prefix, behind_root(rest).len ? behind_root(rest) : rest);
        if (jw_text_is(name, JW_TEXT("@timestamp")) && jw_stamp_any(field.value, rec->received, 0, &time)) {
            jw_record_set_time(rec, time);
            continue;
        }
        if (!name.ptr || jw_text_ends(name, JW_TEXT(".xmlns")) || jw_text_is(name, JW_TEXT("Event.EventData")))
            continue;
        call(&field, name);
        if (field.kind == JW_KIND_NULL && jw_text_starts(name, data_prefix))
            field.kind = JW_KIND_TEXT; /* Data without a value is empty text in lib/evtx */
        settle(rec, &field);
        rec->fields[kept++] = field;
    }
    rec->count = kept;
}

static void read_winlogbeat(struct jw_record *rec) {
    int64_t time;
    const jw_field *stamp = jw_record_find_id(rec, JW_F_TIMESTAMP);
    for (uint32_t i = 0; i < rec->count; i++)
        settle(rec, &rec->fields[i]);
    if (stamp && jw_stamp_any(stamp->value, rec->received, rec->zone_offset_s, &time)) {
        jw_record_set_time(rec, time);
        jw_record_remove(rec, JW_TEXT("@timestamp"));
    }
}

/* Any of the words that only such events have; the object is not read for it. */
static bool detect(jw_text line) {
    line = jw_text_trim(jw_format_trim(line));
    if (line.len < 2 || *line.ptr != '{' || line.ptr[line.len - 1] != '}')
        return false;
    return jw_text_find(line, JW_TEXT("\"EventID\""), NULL) || jw_text_find(line, JW_TEXT("\"winlog"), NULL);
}

static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    if (!detect(line)) /* nor a name written with escapes, which no shipper does */
        return jw_fail(err, JW_E_SYNTAX, "winjson: no Windows event");
    jw_status status = jw_json_flatten(jw_format_trim(line), rec, err);
    if (status != JW_OK)
        return status;
    if (has(rec, JW_TEXT("winlog.event_id")) || has(rec, JW_TEXT("winlog.channel")))
        read_winlogbeat(rec);
    else if (has(rec, JW_TEXT("Event.System.EventID")) || has(rec, JW_TEXT("Event.System.EventID.#text")))
        read_printed(rec);
    else if (has(rec, JW_TEXT("EventID")) && (has(rec, JW_TEXT("Channel")) || has(rec, JW_TEXT("SourceName"))))
        read_flat(rec);
    else
        return jw_fail(err, JW_E_SYNTAX, "winjson: JSON, but no Windows event");
    const jw_field *code = jw_record_find(rec, JW_TEXT("winlog.event_id")),
                   *provider = jw_record_find(rec, JW_TEXT("winlog.provider_name"));
    jw_text provider_name = provider ? provider->value : (jw_text){0};
    if (code)
        jw_record_put(rec, JW_F_EVENT_CODE, code->value);
    if (provider_name.len)
        jw_record_put(rec, JW_F_EVENT_PROVIDER, provider_name);
    return jw_record_check(rec, err);
}

const struct jw_format jw_format_winjson = {
    .name = "winjson",
    .about = "Windows events as JSON: Winlogbeat, NXLog, flat, printed EVTX",
    .sample = JW_TEXT(
        "{\"EventTime\":\"2026-11-20 10:00:00\",\"Hostname\":\"pc\",\"EventID\":4625,\"Channel\":\"Security\","
        "\"SourceName\":\"Microsoft-Windows-Security-Auditing\",\"TargetUserName\":\"li\"}"),
    .detect = detect,
    .parse = parse,
};
