/* lib/rights/explain.c — why somebody may or may not, line by line of the file. */
#include "rights_parts.h"

#include <stdio.h>
#include <string.h>

struct explaining {
    const struct jw_rights *rights;
    const json_t *record;
    int field;
    unsigned needed;
    char text[1200];
    size_t len;
};

static const struct {
    unsigned bit;
    const char *word;
} acts[] = {{JW_MAY_READ, "read"},     {JW_MAY_CREATE, "create"},       {JW_MAY_CHANGE, "change"},
            {JW_MAY_DELETE, "delete"}, {JW_MAY_SENSITIVE, "sensitive"}, {JW_MAY_IMPORT, "import"},
            {JW_MAY_EXPORT, "export"}};
static const char *const wheres[] = {"all", "units", "unit", "own"};

JW_PRINTF(2, 3) static void say(struct explaining *e, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(e->text + e->len, sizeof e->text - e->len, fmt, args);
    va_end(args);
    if (len > 0)
        e->len = e->len + (size_t)len < sizeof e->text ? e->len + (size_t)len : sizeof e->text - 1;
}

static void say_line(struct explaining *e, const struct jw_ledger_right *right) {
    const char *before = " ";
    e->len = 0;
    say(e, "%s:%d: %s may", e->rights->ledger->file, right->line, right->role);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (right->may & acts[i].bit) {
            say(e, "%s%s", before, acts[i].word);
            before = ", ";
        }
    say(e, ", where: %s", wheres[right->where]);
    before = ", fields: ";
    for (char **field = right->fields; field && *field && e->len < 700; field++) {
        say(e, "%s%s", before, *field);
        before = ", ";
    }
    say(e, "; ");
}

/* How one compiled line stands to the record. */
static void say_reach(struct explaining *e, const struct jw_rights_line *line, bool reaches) {
    const char *place = json_string_value(json_object_get(e->record, "place"));
    place = place && *place ? place : "a record of no unit";
    if (line->reach == JW_REACH_ALL)
        say(e, "everybody's records");
    else if (!e->record)
        say(e, "records %s%s",
            line->reach == JW_REACH_OWN    ? "that the person answers for"
            : line->reach == JW_REACH_UNIT ? "of "
                                           : "of and below ",
            line->reach == JW_REACH_OWN ? "" : line->place);
    else if (line->reach == JW_REACH_OWN)
        say(e, "person %lld %s for it", (long long)e->rights->holder->person,
            reaches ? "answers" : "does not answer");
    else if (line->reach == JW_REACH_UNIT)
        say(e, "%s %s %s", place, reaches ? "is" : "is not", line->place);
    else
        say(e, "%s %s %s", place,
            !reaches                          ? "does not lie below"
            : strcmp(place, line->place) == 0 ? "is"
                                              : "lies below",
            line->place);
}

/* Why a line that the person does not have compiled gives nothing. */
static void say_absent(struct explaining *e, const struct jw_ledger_right *right) {
    const struct jw_rights *rights = e->rights;
    if (!jw_roles_find(rights->roles, jw_text_from(right->role)))
        say(e, "there is no such role");
    else if (!jw_rights_has_role(rights->roles, rights->holder, jw_text_from(right->role)))
        say(e, "the account does not hold this role");
    else if (right->where == JW_WHERE_OWN)
        say(e, "the account belongs to no person");
    else
        say(e, "the account belongs to no unit");
}

static bool tell_right(struct explaining *e, const struct jw_ledger_right *right, jw_rights_told told,
                       void *context) {
    bool applies = false, present = false;
    unsigned left = jw_rights_given(e->rights->roles, right);
    if ((right->may & e->needed) != e->needed)
        return false; /* says nothing of this */
    say_line(e, right);
    for (size_t i = 0; i < e->rights->count && !applies; i++) {
        const struct jw_rights_line *line = &e->rights->lines[i];
        if (line->right != right || (left & e->needed) != e->needed)
            continue;
        bool reaches = jw_rights_reaches(e->rights, line, e->record);
        bool among = e->field < 0 || jw_rights_among(&line->fields, e->field);
        if (present)
            say(e, "; ");
        if (!among)
            say(e, "not %s", e->rights->ledger->fields[e->field].name);
        else
            say_reach(e, line, reaches);
        present = true;
        applies = reaches && among;
    }
    if (!present && (left & e->needed) != e->needed && left)
        say(e, right->may & JW_MAY_READ ? "the role only reads" : "nothing without read");
    else if (!present)
        say_absent(e, right);
    told(context, applies, e->text);
    return applies;
}

bool jw_rights_explain(const struct jw_rights *rights, unsigned may, const json_t *record, int field,
                       jw_rights_told told, void *context) {
    struct explaining e = {
        .rights = rights, .record = record, .field = field, .needed = jw_rights_needed(rights->ledger, may, field)};
    bool verdict = rights->holder->root;
    if (verdict)
        told(context, true, "jinwu itself, or the command line of the machine: everything");
    for (size_t i = 0; i < rights->ledger->right_count; i++)
        verdict = tell_right(&e, &rights->ledger->rights[i], told, context) || verdict;
    return verdict;
}
