/* lib/workflow/people.c — whom a line of `who` means for one record, and whether that is this holder. */
#include "parts.h"

#include <string.h>

bool jw_people_parent(const char *place, char out[JW_RIGHTS_PLACE]) {
    size_t len = strlen(place), at = len;
    while (at > 1 && place[at - 2] != '.')
        at--;
    at = at > 1 ? at - 1 : 0;
    snprintf(out, JW_RIGHTS_PLACE, "%.*s", (int)(at ? at : len), place);
    return at > 0;
}

/* --- a line becomes an audience
 * ------------------------------------------------------------------------------------ */
static void of_role(const struct jw_flow_run *run, const struct jw_flow_who *who, struct jw_audience *out) {
    char parent[JW_RIGHTS_PLACE];
    bool above = jw_people_parent(run->place, parent);
    snprintf(out->role, sizeof out->role, "%s", who->name);
    out->reach = JW_REACH_ALL;
    if (who->at == JW_AT_ALL || !*run->place) /* whose record is nobody's: the role alone decides */
        return;
    bool exact = who->at == JW_AT_UNIT || who->at == JW_AT_PARENT;
    bool higher = who->at == JW_AT_PARENT || who->at == JW_AT_ABOVE;
    out->reach = exact && above ? JW_REACH_EXACT : JW_REACH_COVERS; /* at the top nobody is above: the top itself */
    if (who->at == JW_AT_UNIT)
        out->reach = JW_REACH_EXACT;
    snprintf(out->place, sizeof out->place, "%s", higher ? parent : run->place);
}

struct did {
    struct jw_audience *out;
    bool found;
};

static jw_status take_did(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct did *did = context;
    (void)columns, (void)err;
    snprintf(did->out->account, sizeof did->out->account, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    did->out->person = row[1].integer;
    did->found = true;
    return JW_OK;
}

static jw_status of_did(const struct jw_flow_scene *scene, const char *step, struct jw_audience *out, bool *is,
                        struct jw_error *err) {
    struct did did = {out, false};
    jw_sql_value values[] = {JW_S(scene->run->ledger->name), JW_SQL_INT(scene->run->record), JW_S(step)};
    jw_status st =
        jw_sql_run(scene->sql,
                   "SELECT who, person FROM flow_steps WHERE ledger = $1 AND record = $2 AND step = $3 AND "
                   "kind = 'step' ORDER BY seq DESC LIMIT 1",
                   values, 3, take_did, &did, err);
    *is = did.found;
    return st;
}

static int64_t person_in(const struct jw_flow_scene *scene, const char *field) {
    return json_integer_value(json_object_get(json_object_get(scene->record, "fields"), field));
}

jw_status jw_people_audience(const struct jw_flow_scene *scene, const struct jw_flow_who *who,
                             struct jw_audience *out, bool *is, struct jw_error *err) {
    const struct jw_flow_run *run = scene->run;
    *out = (struct jw_audience){.reach = JW_REACH_ALL};
    *is = true;
    switch (who->whose) {
    case JW_WHOSE_ROLE:
        of_role(run, who, out);
        return JW_OK;
    case JW_WHOSE_OWNER:
        out->person = run->ledger->owner >= 0 ? person_in(scene, run->ledger->fields[run->ledger->owner].name) : 0;
        break;
    case JW_WHOSE_PERSON:
        out->person = person_in(scene, who->name);
        break;
    case JW_WHOSE_MAKER:
        snprintf(out->account, sizeof out->account, "%s", run->maker);
        out->person = run->maker_person;
        break;
    case JW_WHOSE_PREVIOUS:
        snprintf(out->account, sizeof out->account, "%s", run->last);
        out->person = run->last_person;
        break;
    case JW_WHOSE_DID:
        return of_did(scene, who->name, out, is, err);
    }
    *is = out->person || *out->account;
    return JW_OK;
}

/* --- is it this holder?
 * -------------------------------------------------------------------------------------------- */
static bool is_below(const char *place, const char *above) {
    return *above && strncmp(place, above, strlen(above)) == 0;
}

static bool reaches(const struct jw_audience *audience, const char *place) {
    return audience->reach == JW_REACH_ALL ||
           (audience->reach == JW_REACH_EXACT && strcmp(place, audience->place) == 0) ||
           (audience->reach == JW_REACH_COVERS && is_below(audience->place, place));
}

bool jw_people_is(const struct jw_workflow *workflow, const struct jw_holder *holder,
                  const struct jw_audience *audience) {
    if (holder->root)
        return true;
    if (*audience->account && strcmp(audience->account, holder->account) == 0)
        return true;
    if (audience->person && audience->person == holder->person)
        return true;
    if (!*audience->role)
        return false;
    for (size_t i = 0; i < holder->grant_count; i++) {
        const struct jw_grant *grant = &holder->grants[i];
        if (strcmp(grant->role, audience->role) == 0 &&
            reaches(audience, *grant->place ? grant->place : holder->place))
            return true;
    }
    const struct jw_role *role =
        workflow->options.roles ? jw_roles_find(workflow->options.roles, jw_text_from(audience->role)) : NULL;
    return role && role->everybody && reaches(audience, holder->place);
}

jw_status jw_people_has(struct jw_workflow *workflow, const struct jw_flow_scene *scene,
                        const struct jw_holder *holder, const struct jw_flow_people *people, bool *is, size_t *line,
                        struct jw_error *err) {
    struct jw_audience audience;
    bool somebody;
    *is = false;
    for (size_t i = line ? *line : 0; i < people->count && !*is; i++) {
        jw_status st = jw_people_audience(scene, &people->list[i], &audience, &somebody, err);
        if (st != JW_OK)
            return st;
        *is = somebody && jw_people_is(workflow, holder, &audience);
        if (line)
            *line = i;
    }
    return JW_OK;
}

/* --- in SQL
 * -------------------------------------------------------------------------------------------------------- */
static void add_role(jw_buffer *out, const char *role, const char *place, jw_sql_value *values, size_t *count,
                     char end[JW_RIGHTS_PLACE]) {
    size_t at = *count;
    snprintf(end, JW_RIGHTS_PLACE, "%s", place);
    if (*end)
        end[strlen(end) - 1] = '/'; /* behind everything that begins with the place: '/' follows '.' */
    values[at] = JW_S(role);
    values[at + 1] = JW_S(place);
    values[at + 2] = JW_S(end);
    *count += 3;
    jw_buffer_print(
        out,
        " OR (role = $%zu AND (reach = 0 OR (reach = 1 AND place = $%zu) OR (reach = 2 AND place >= $%zu AND "
        "place < $%zu AND place <> '')))",
        at + 1, at + 2, at + 2, at + 3);
}

void jw_people_condition(const struct jw_workflow *workflow, const struct jw_holder *holder, jw_buffer *out,
                         jw_sql_value *values, size_t *count, char ends[][JW_RIGHTS_PLACE]) {
    const struct jw_roles *roles = workflow->options.roles;
    size_t used = 0;
    values[*count] = JW_SQL_INT(holder->person ? holder->person : -1);
    values[*count + 1] = JW_S(*holder->account ? holder->account : "\x01");
    *count += 2;
    jw_buffer_print(out, "(person = $%zu OR account = $%zu", *count - 1, *count);
    for (size_t i = 0; i < holder->grant_count; i++, used++)
        add_role(out, holder->grants[i].role, *holder->grants[i].place ? holder->grants[i].place : holder->place,
                 values, count, ends[used]);
    for (size_t i = 0; roles && i < jw_roles_count(roles) && used < JW_RIGHTS_GRANTS + 16; i++)
        if (jw_roles_get(roles, i)->everybody)
            add_role(out, jw_roles_get(roles, i)->name, holder->place, values, count, ends[used++]);
    jw_buffer_print(out, "%s)", holder->root ? " OR 1 = 1" : "");
}
