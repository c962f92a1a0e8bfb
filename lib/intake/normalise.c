/* lib/intake/normalise.c — one pass to see which known fields are there, then the gaps are filled. */
#include "normalise.h"

#include "base/address.h"

#define OURS 48 /* fields that are added here and by attribution, with room */

/* Where the first value of each known field stands, plus one. */
struct view {
    struct jw_record *rec;
    uint16_t at[JW_F_COUNT];
};

static void look(struct view *view, struct jw_record *rec) {
    view->rec = rec;
    memset(view->at, 0, sizeof view->at);
    for (uint32_t i = rec->count; i-- > 0;)
        view->at[rec->fields[i].id] = (uint16_t)(i + 1);
}

static jw_text text_of(const struct view *view, jw_field_id id) {
    return view->at[id] ? view->rec->fields[view->at[id] - 1].value : (jw_text){0};
}

static void add_kind(struct view *view, jw_field_id id, jw_text value, jw_kind kind) {
    jw_record_append(view->rec, (jw_field){jw_field_get(id)->name, value, id, (uint8_t)kind});
    view->at[id] = (uint16_t)view->rec->count;
}

static void add_missing(struct view *view, jw_field_id id, jw_text value) {
    if (!view->at[id] && value.len)
        add_kind(view, id, value, JW_KIND_TEXT);
}

/* One field under its better name, instead of two with the same bytes in every event. */
static void rename_to(struct view *view, jw_field_id from, jw_field_id to) {
    if (!view->at[from] || view->at[to])
        return;
    jw_field *field = &view->rec->fields[view->at[from] - 1];
    field->id = to;
    field->name = jw_field_get(to)->name;
    view->at[to] = view->at[from];
    view->at[from] = 0;
}

/* An address as it was written becomes `ip` when it is one, else it stays and is the `domain` too. */
static void split_address(struct view *view, jw_field_id address, jw_field_id ip, jw_field_id domain) {
    struct jw_address parsed;
    jw_text text = text_of(view, address);
    if (!text.len)
        return;
    if (!jw_address_parse(text, &parsed)) {
        add_missing(view, domain, text);
    } else {
        rename_to(view, address, ip);
    }
}

/* Resolvers that know no name write the address once more. Last of all: places move. */
static void drop_same(struct view *view, jw_field_id id, jw_field_id other) {
    struct jw_record *rec = view->rec;
    const jw_field *field = jw_record_find_id(rec, id), *same = field ? jw_record_find_id(rec, other) : NULL;
    if (!same || !jw_text_is(field->value, same->value))
        return;
    size_t at = (size_t)(field - rec->fields);
    memmove(rec->fields + at, rec->fields + at + 1, (rec->count - at - 1) * sizeof *field);
    rec->count--;
}

static jw_text base_name(jw_text path) {
    size_t at = path.len;
    if (!at)
        return path; /* C allows no arithmetic on NULL, not even + 0 */
    while (at && path.ptr[at - 1] != '/' && path.ptr[at - 1] != '\\')
        at--;
    return (jw_text){path.ptr + at, path.len - at};
}

static void split_url(struct view *view) {
    jw_text rest = text_of(view, JW_F_URL_ORIGINAL), host;
    size_t at;
    if (!rest.len || view->at[JW_F_URL_PATH])
        return;
    if (jw_text_find(rest, JW_TEXT("://"), &at) && at < 12) {
        add_missing(view, JW_F_URL_SCHEME, (jw_text){rest.ptr, at});
        rest.ptr += at + 3, rest.len -= at + 3;
        host = rest;
        for (at = 0; at < rest.len && rest.ptr[at] != '/' && rest.ptr[at] != '?'; at++)
            ;
        host.len = at;
        rest.ptr += at, rest.len -= at;
        jw_text name = host;
        if (!jw_text_starts(host, JW_TEXT("[")) && jw_text_cut(&host, ':', &name))
            host = name;
        add_missing(view, JW_F_URL_DOMAIN, host);
    }
    jw_text path = rest;
    if (jw_text_cut(&rest, '?', &path))
        add_missing(view, JW_F_URL_QUERY, rest);
    if (jw_text_starts(path, JW_TEXT("/")))
        add_missing(view, JW_F_URL_PATH, path);
}

static void fill(struct view *view, const struct jw_normalise_facts *facts) {
    rename_to(view, JW_F_HOST_HOSTNAME, JW_F_HOST_NAME);
    add_missing(view, JW_F_HOST_NAME, text_of(view, JW_F_WINLOG_COMPUTER_NAME));
    split_address(view, JW_F_SOURCE_ADDRESS, JW_F_SOURCE_IP, JW_F_SOURCE_DOMAIN);
    split_address(view, JW_F_DESTINATION_ADDRESS, JW_F_DESTINATION_IP, JW_F_DESTINATION_DOMAIN);
    add_missing(view, JW_F_PROCESS_NAME, base_name(text_of(view, JW_F_PROCESS_EXECUTABLE)));
    add_missing(view, JW_F_PROCESS_PARENT_NAME, base_name(text_of(view, JW_F_PROCESS_PARENT_EXECUTABLE)));
    split_url(view);
    add_missing(view, JW_F_EVENT_KIND, JW_TEXT("event"));
    add_missing(view, JW_F_EVENT_DATASET, facts->dataset);
    add_missing(view, JW_F_EVENT_ORIGINAL, facts->line);
    drop_same(view, JW_F_SOURCE_DOMAIN, JW_F_SOURCE_IP);
    drop_same(view, JW_F_DESTINATION_DOMAIN, JW_F_DESTINATION_IP);
}

void jw_normalise_record(struct jw_record *rec, const struct jw_intake_from *from,
                         const struct jw_normalise_facts *facts) {
    static const jw_text words[] = {JW_TEXT("false"), JW_TEXT("true")};
    /* A sender does not choose what we say about it. */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rec->count; i++) {
        jw_field_id id = rec->fields[i].id;
        if (id ==
            JW_F_EVENT_ID) { /* an event's id is its place in the spool: nobody shows his event as another one */
            rec->fields[i].id = id = JW_F_NONE;
            rec->fields[i].name = JW_TEXT("event.sender_id");
        }
        bool same =
            id == JW_F_MESSAGE && facts->parsed && facts->line.len && jw_text_is(rec->fields[i].value, facts->line);
        if (id != JW_F_GOV_SOURCE && id != JW_F_GOV_PARSER && id != JW_F_GOV_PARSED && id != JW_F_GOV_CHARSET &&
            id != JW_F_EVENT_INGESTED && !same)
            rec->fields[kept++] = rec->fields[i]; /* `same`: event.original holds that text already */
    }
    rec->count = kept;
    if (rec->count > JW_RECORD_FIELDS - OURS) { /* a flood of fields must not push ours out */
        rec->count = JW_RECORD_FIELDS - OURS;
        rec->cut = true;
    }
    struct view view;
    look(&view, rec);
    fill(&view, facts);
    add_missing(&view, JW_F_GOV_SOURCE, from->source);
    add_missing(&view, JW_F_GOV_PARSER, facts->parser);
    add_kind(&view, JW_F_GOV_PARSED, words[facts->parsed], JW_KIND_BOOL);
    if (facts->gb18030)
        add_kind(&view, JW_F_GOV_CHARSET, JW_TEXT("GB18030"), JW_KIND_TEXT);
    if (!rec->has_time)
        jw_record_set_time(rec, from->received ? from->received : jw_time_now());
}
