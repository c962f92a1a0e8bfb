/* lib/exchange/columns.c — which fields are columns, and what people call them. */
#include "parts.h"

#include <string.h>

#include "ledger/characters.h"

static const struct {
    int is;
    const char *zh, *en, *name;
} fixed[] = {{JW_COLUMNS_ID, "记录号", "Record", "id"},
             {JW_COLUMNS_VERSION, "记录版本", "Record version", "version"},
             {JW_COLUMNS_STATE, "流程状态", "Workflow state", "state"}};
#define FIXED (sizeof fixed / sizeof *fixed)

const char *jw_columns_pick(bool english, const char *zh, const char *en) { return english ? en : zh; }

static const char *title_of(const struct jw_ledger_field *field, bool english) {
    return english ? field->title.en : field->title.zh;
}

static bool is_taken(const struct jw_ledger *ledger, size_t at, bool english) {
    const char *title = title_of(&ledger->fields[at], english);
    for (size_t i = 0; i < FIXED; i++)
        if (strcmp(title, fixed[i].zh) == 0 || strcasecmp(title, fixed[i].en) == 0)
            return true;
    for (size_t i = 0; i < ledger->field_count; i++)
        if (i != at &&
            (strcmp(title, ledger->fields[i].title.zh) == 0 || strcasecmp(title, ledger->fields[i].title.en) == 0))
            return true;
    return false;
}

static void add(struct jw_columns *out, int field, const char *title, const char *name) {
    out->fields[out->count] = field;
    snprintf(out->titles[out->count++], JW_COLUMNS_TITLE, name ? "%.100s (%s)" : "%.100s", title, name);
}

void jw_columns_of(const struct jw_ledger *ledger, bool english, bool fill_in, struct jw_columns *out) {
    out->count = 0;
    for (size_t i = 0; i < FIXED && !fill_in; i++)
        if (fixed[i].is != JW_COLUMNS_STATE || *ledger->workflow)
            add(out, fixed[i].is, english ? fixed[i].en : fixed[i].zh, NULL);
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        bool files = strcmp(field->type->name, "attachment") == 0;
        if (!fill_in || (field->type->stored != JW_STORED_NOTHING && !files))
            add(out, (int)i, title_of(field, english), is_taken(ledger, i, english) ? field->name : NULL);
    }
}

/* "名称 (name)" → name; false: there are no such brackets. */
static bool bracketed(jw_text header, jw_text *out) {
    jw_text rest = header, head;
    if (!jw_text_ends(header, JW_TEXT(")")))
        return false;
    while (jw_text_cut(&rest, '(', &head))
        ;
    *out = (jw_text){rest.ptr, rest.len - 1};
    return rest.ptr != header.ptr;
}

int jw_columns_find(const struct jw_ledger *ledger, jw_text header) {
    jw_text inner;
    int found = JW_COLUMNS_NONE, count = 0;
    header = jw_characters_trim(header);
    while (jw_text_ends(header, JW_TEXT("*"))) /* "名称*": it is required */
        header = jw_characters_trim((jw_text){header.ptr, header.len - 1});
    for (size_t i = 0; i < ledger->field_count; i++)
        if (jw_text_is(header, jw_text_from(ledger->fields[i].name)))
            return (int)i;
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_label *title = &ledger->fields[i].title;
        if (jw_text_is(header, jw_text_from(title->zh)) || jw_text_is_nocase(header, jw_text_from(title->en)))
            found = (int)i, count++;
    }
    for (size_t i = 0; i < FIXED && count == 0; i++)
        if (jw_text_is(header, jw_text_from(fixed[i].zh)) || jw_text_is_nocase(header, jw_text_from(fixed[i].en)) ||
            jw_text_is(header, jw_text_from(fixed[i].name)))
            return fixed[i].is;
    if (count == 0 && bracketed(header, &inner))
        for (size_t i = 0; i < ledger->field_count; i++)
            if (jw_text_is(inner, jw_text_from(ledger->fields[i].name)))
                return (int)i;
    return count == 1 ? found : JW_COLUMNS_NONE;
}
