/* lib/evtx/names.c — Winlogbeat's names for the parts of an event. */
#include "names.h"

static const struct {
    jw_text element, attribute, name;
    enum role role;
} known[] = {
    {JW_TEXT("Provider"), JW_TEXT("Name"), JW_TEXT("winlog.provider_name"), ROLE_PROVIDER},
    {JW_TEXT("Provider"), JW_TEXT("Guid"), JW_TEXT("winlog.provider_guid"), ROLE_FIELD},
    {JW_TEXT("Provider"), JW_TEXT("EventSourceName"), JW_TEXT("winlog.event_source_name"), ROLE_FIELD},
    {JW_TEXT("EventID"), JW_TEXT(""), JW_TEXT("winlog.event_id"), ROLE_CODE},
    {JW_TEXT("EventID"), JW_TEXT("Qualifiers"), JW_TEXT("winlog.qualifiers"), ROLE_FIELD},
    {JW_TEXT("Version"), JW_TEXT(""), JW_TEXT("winlog.version"), ROLE_NUMBER},
    {JW_TEXT("Level"), JW_TEXT(""), JW_TEXT("winlog.level"), ROLE_FIELD},
    {JW_TEXT("Task"), JW_TEXT(""), JW_TEXT("winlog.task"), ROLE_FIELD},
    {JW_TEXT("Opcode"), JW_TEXT(""), JW_TEXT("winlog.opcode"), ROLE_FIELD},
    {JW_TEXT("Keywords"), JW_TEXT(""), JW_TEXT("winlog.keywords"), ROLE_FIELD},
    {JW_TEXT("TimeCreated"), JW_TEXT("SystemTime"), JW_TEXT("@timestamp"), ROLE_TIME},
    {JW_TEXT("EventRecordID"), JW_TEXT(""), JW_TEXT("winlog.record_id"), ROLE_NUMBER},
    {JW_TEXT("Correlation"), JW_TEXT("ActivityID"), JW_TEXT("winlog.activity_id"), ROLE_FIELD},
    {JW_TEXT("Correlation"), JW_TEXT("RelatedActivityID"), JW_TEXT("winlog.related_activity_id"), ROLE_FIELD},
    {JW_TEXT("Execution"), JW_TEXT("ProcessID"), JW_TEXT("winlog.process.pid"), ROLE_NUMBER},
    {JW_TEXT("Execution"), JW_TEXT("ThreadID"), JW_TEXT("winlog.process.thread.id"), ROLE_NUMBER},
    {JW_TEXT("Channel"), JW_TEXT(""), JW_TEXT("winlog.channel"), ROLE_FIELD},
    {JW_TEXT("Computer"), JW_TEXT(""), JW_TEXT("winlog.computer_name"), ROLE_FIELD},
    {JW_TEXT("Security"), JW_TEXT("UserID"), JW_TEXT("winlog.user.identifier"), ROLE_FIELD},
};
#define KNOWN (sizeof known / sizeof *known)

/* a + between + b in the chunk's memory. */
static bool join(struct chunk *chunk, jw_text a, jw_text between, jw_text b, jw_text *out) {
    size_t len = a.len + between.len + b.len;
    char *at = len > 1024 ? NULL : jw_arena_alloc(chunk->mem, len);
    if (!at)
        return false;
    memcpy(at, a.ptr, a.len);
    memcpy(at + a.len, between.ptr, between.len);
    if (b.len)
        memcpy(at + a.len + between.len, b.ptr, b.len);
    *out = (jw_text){at, len};
    return true;
}

bool jw_names_enter(struct chunk *chunk, const struct place *parent, jw_text element, struct place *out) {
    static const struct {
        enum where from, to;
        jw_text element; /* empty: any */
        jw_text name;
    } steps[] = {
        {AT_DOCUMENT, AT_EVENT, JW_TEXT("Event"), JW_TEXT("winlog")},
        {AT_EVENT, AT_SYSTEM, JW_TEXT("System"), JW_TEXT("winlog.system")},
        {AT_EVENT, AT_EVENT_DATA, JW_TEXT("EventData"), JW_TEXT("winlog.event_data")},
        {AT_EVENT, AT_USER_DATA, JW_TEXT("UserData"), JW_TEXT("winlog.user_data")},
        {AT_USER_DATA, AT_USER_ROOT, JW_TEXT(""), JW_TEXT("winlog.user_data")},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].from == parent->where &&
            (steps[i].element.len == 0 || jw_text_is(steps[i].element, element))) {
            *out = (struct place){steps[i].to, steps[i].name};
            return true;
        }
    out->where = parent->where == AT_SYSTEM ? AT_SYSTEM_LEAF : parent->where == AT_EVENT_DATA ? AT_DATA : AT_OTHER;
    jw_text above = parent->name.len ? parent->name : JW_TEXT("winlog");
    return join(chunk, above, JW_TEXT("."), element, &out->name);
}

bool jw_names_leaf(struct chunk *chunk, const struct place *place, jw_text element, jw_text attribute,
                   struct leaf *out) {
    out->role = ROLE_FIELD;
    out->name = place->name;
    if (jw_text_starts(attribute, JW_TEXT("xmlns")))
        return false;
    if (place->where == AT_SYSTEM_LEAF)
        for (size_t i = 0; i < KNOWN; i++)
            if (jw_text_is(known[i].element, element) && jw_text_is(known[i].attribute, attribute)) {
                out->role = known[i].role;
                out->name = known[i].name;
                out->id = jw_field_find(out->name);
                return true;
            }
    if (place->where == AT_EVENT_DATA && jw_text_is(attribute, JW_TEXT("Name"))) {
        out->name = JW_TEXT("winlog.event_data_name"); /* of the whole list; a Data may be called Name as well */
        return true;
    }
    if (attribute.len && !join(chunk, place->name, JW_TEXT("."), attribute, &out->name))
        return false;
    out->id = jw_field_find(out->name);
    return true;
}
