/* lib/rights/roles.c — content/roles.yaml: roles, their powers, and which of them no account may hold together. */
#include "rights_parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/declare.h"
#include "os/file.h"

#define MEMORY         (16u << 20)
#define ROLES          200
#define CONFLICTS      200
#define ROLES_OF_A_SET 50

struct jw_roles {
    struct jw_source source;
    struct jw_role *list;
    size_t count;
    struct jw_conflict *conflicts;
    size_t conflict_count;
};

static const char *const keys[] = {"roles", "conflicts", NULL};
static const char *const role_keys[] = {"title", "about", "powers", "everybody", "read_only", NULL};
static const char *const conflict_keys[] = {"title", "roles", NULL};

void jw_roles_free(struct jw_roles *roles) {
    if (!roles)
        return;
    struct jw_arena *mem = roles->source.mem;
    jw_source_close(&roles->source);
    jw_arena_free(mem);
    free(roles);
}

size_t jw_roles_count(const struct jw_roles *roles) { return roles->count; }
const struct jw_role *jw_roles_get(const struct jw_roles *roles, size_t i) { return &roles->list[i]; }
size_t jw_roles_conflict_count(const struct jw_roles *roles) { return roles->conflict_count; }
const struct jw_conflict *jw_roles_conflict(const struct jw_roles *roles, size_t i) { return &roles->conflicts[i]; }

const struct jw_role *jw_roles_find(const struct jw_roles *roles, jw_text name) {
    for (size_t i = 0; i < roles->count; i++)
        if (jw_text_is(name, jw_text_from(roles->list[i].name)))
            return &roles->list[i];
    return NULL;
}

/* --- reading -----------------------------------------------------------------------------------------------------
 */
static const struct jw_power *find_power(const char *name) {
    for (const struct jw_power *power = jw_powers; power->name; power++)
        if (strcmp(power->name, name) == 0)
            return power;
    return NULL;
}

static void read_powers(struct jw_source *source, const json_t *in, struct jw_role *role) {
    const json_t *list = jw_source_list(source, in, "powers", 100);
    size_t count = json_array_size(list);
    role->powers = jw_source_alloc(source, (count + 1) * sizeof *role->powers);
    for (size_t i = 0; i < count && jw_source_good(source); i++) {
        const char *name = jw_source_item(source, list, i, 60);
        const struct jw_power *power = name ? find_power(name) : NULL;
        if (name && !power)
            jw_source_fail(source, list, NULL, i,
                           "powers: there is no \"%.60s\"; `jinwu rights powers` lists those there are", name);
        else if (power && power->acts && role->read_only)
            jw_source_fail(source, list, NULL, i, "powers: %s is read_only, but %s does something", role->name,
                           name);
        role->powers[i] = name ? jw_source_copy(source, jw_text_from(name)) : NULL;
    }
}

static void read_role(struct jw_source *source, const json_t *all, const char *name, struct jw_role *role) {
    const json_t *in = json_object_get(all, name);
    if (!jw_source_name(source, all, name, 0, name, sizeof role->name))
        return;
    if (!json_is_object(in)) {
        jw_source_fail(source, all, name, 0, "%s: a role is written %s: {title: …, about: …, powers: […]}", name,
                       name);
        return;
    }
    jw_source_keys(source, in, name, role_keys, NULL);
    snprintf(role->name, sizeof role->name, "%s", name);
    if (!json_object_get(in, "title"))
        jw_source_fail(source, all, name, 0, "%s: title is missing", name);
    jw_declare_label(source, in, "title", name, JW_DECLARE_TITLE, NULL, &role->title);
    jw_declare_label(source, in, "about", "", JW_DECLARE_HELP, NULL, &role->about);
    role->everybody = jw_source_flag(source, in, "everybody");
    role->read_only = jw_source_flag(source, in, "read_only");
    read_powers(source, in, role);
}

static void read_roles(struct jw_roles *roles) {
    struct jw_source *source = &roles->source;
    const json_t *in = json_object_get(source->root, "roles");
    const char *name;
    json_t *value;
    size_t count = json_is_object(in) ? json_object_size(in) : 0;
    if (count == 0 || count > ROLES) {
        jw_source_fail(source, source->root, "roles", 0, "roles: wants 1 to %d roles: {operator: {title: …}, …}",
                       ROLES);
        return;
    }
    roles->list = jw_source_alloc(source, count * sizeof *roles->list);
    json_object_foreach((json_t *)in, name, value) {
        if (jw_source_good(source))
            read_role(source, in, name, &roles->list[roles->count++]);
    }
}

static void read_conflict(struct jw_roles *roles, const json_t *lines, size_t i, struct jw_conflict *conflict) {
    struct jw_source *source = &roles->source;
    const json_t *in = json_array_get(lines, i);
    if (!json_is_object(in)) {
        jw_source_fail(source, lines, NULL, i, "a conflict is written {title: …, roles: [one, two]}");
        return;
    }
    jw_source_keys(source, in, "a conflict", conflict_keys, NULL);
    if (!json_object_get(in, "title"))
        jw_source_fail(source, lines, NULL, i, "title is missing: it is what people are told");
    jw_declare_label(source, in, "title", "", JW_DECLARE_TITLE, NULL, &conflict->title);
    const json_t *list = jw_source_list(source, in, "roles", ROLES_OF_A_SET);
    size_t count = json_array_size(list);
    if (count < 2)
        jw_source_fail(source, in, "roles", 0, "roles: a conflict is between two roles or more");
    conflict->roles = jw_source_alloc(source, (count + 1) * sizeof *conflict->roles);
    for (size_t k = 0; k < count && jw_source_good(source); k++) {
        const char *name = jw_source_item(source, list, k, JW_LEDGER_NAME);
        const struct jw_role *role = name ? jw_roles_find(roles, jw_text_from(name)) : NULL;
        if (name && !role)
            jw_source_fail(source, list, NULL, k, "roles: there is no role \"%.48s\" above", name);
        else if (role && role->everybody)
            jw_source_fail(source, list, NULL, k, "roles: everybody holds %s; it cannot conflict", name);
        conflict->roles[k] = name ? jw_source_copy(source, jw_text_from(name)) : NULL;
    }
}

static void read_conflicts(struct jw_roles *roles) {
    struct jw_source *source = &roles->source;
    const json_t *lines = jw_source_list(source, source->root, "conflicts", CONFLICTS);
    size_t count = json_array_size(lines);
    roles->conflicts = jw_source_alloc(source, (count + 1) * sizeof *roles->conflicts);
    for (size_t i = 0; i < count && jw_source_good(source); i++)
        read_conflict(roles, lines, i, &roles->conflicts[i]);
    roles->conflict_count = jw_source_good(source) ? count : 0;
}

jw_status jw_roles_read(jw_text bytes, const char *name, struct jw_roles **out, struct jw_error *err) {
    JW_AUTO(jw_roles_free_p) struct jw_roles *roles = calloc(1, sizeof *roles);
    struct jw_arena *mem = roles ? jw_arena_new(MEMORY) : NULL;
    if (!mem)
        return jw_fail(err, JW_E_LIMIT, "%s: no memory", name);
    struct jw_source *source = &roles->source;
    if (jw_source_open(source, bytes, mem)) {
        jw_source_keys(source, source->root, "the file of roles", keys, NULL);
        read_roles(roles);
        read_conflicts(roles);
    }
    source->mem = mem;
    if (!jw_source_good(source))
        return jw_fail(err, source->state, "%s:%d:%d: %s", name, source->line, source->column, source->reason);
    *out = roles;
    roles = NULL;
    return JW_OK;
}

jw_status jw_roles_load(const char *file, struct jw_roles **out, struct jw_error *err) {
    jw_buffer bytes = JW_BUFFER(JW_SOURCE_BYTES);
    jw_status st = jw_file_read(file, &bytes, err);
    if (st == JW_AGAIN)
        st = jw_fail(err, JW_E_SYSTEM, "%s: there is no such file", file);
    else if (st == JW_OK)
        st = jw_roles_read(jw_buffer_text(&bytes), file, out, err);
    jw_buffer_free(&bytes);
    return st;
}

/* --- holding -----------------------------------------------------------------------------------------------------
 */
bool jw_rights_is_path(const char *place) {
    do {
        size_t digits = strspn(place, "0123456789");
        if (digits == 0 || place[digits] != '.')
            return false;
        place += digits + 1;
    } while (*place);
    return true;
}

static bool is_granted(const struct jw_grant *grants, size_t count, const char *role) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(grants[i].role, role) == 0)
            return true;
    return false;
}

static jw_status check_grant(const struct jw_roles *roles, const struct jw_grant *grant, struct jw_error *err) {
    const struct jw_role *role = jw_roles_find(roles, jw_text_from(grant->role));
    if (!role)
        return jw_fail(err, JW_E_DENIED, "there is no role \"%s\"", grant->role);
    if (role->everybody)
        return jw_fail(err, JW_E_DENIED, "%s (%s) is held by everybody and cannot be granted", role->title.zh,
                       role->name);
    if (*grant->place && !jw_rights_is_path(grant->place))
        return jw_fail(err, JW_E_DENIED, "%s: \"%.60s\" is no path of a unit, such as 1.15.", role->name,
                       grant->place);
    return JW_OK;
}

jw_status jw_roles_check(const struct jw_roles *roles, const struct jw_grant *grants, size_t count,
                         struct jw_error *err) {
    if (count > JW_RIGHTS_GRANTS)
        return jw_fail(err, JW_E_LIMIT, "%zu grants; an account has at most %d", count, JW_RIGHTS_GRANTS);
    for (size_t i = 0; i < count; i++) {
        jw_status st = check_grant(roles, &grants[i], err);
        if (st != JW_OK)
            return st;
    }
    for (size_t i = 0; i < roles->conflict_count; i++) {
        const char *held = NULL;
        for (char **role = roles->conflicts[i].roles; *role; role++) {
            if (!is_granted(grants, count, *role) || (held && strcmp(held, *role) == 0))
                continue;
            if (held)
                return jw_fail(err, JW_E_DENIED, "%s: nobody may be both %s and %s", roles->conflicts[i].title.zh,
                               held, *role);
            held = *role;
        }
    }
    return JW_OK;
}

bool jw_rights_has_role(const struct jw_roles *roles, const struct jw_holder *holder, jw_text name) {
    const struct jw_role *role = jw_roles_find(roles, name);
    return role && (role->everybody || is_granted(holder->grants, holder->grant_count, role->name));
}

bool jw_rights_has_power(const struct jw_roles *roles, const struct jw_holder *holder, jw_text power) {
    if (holder->root)
        return true;
    for (size_t i = 0; i < roles->count; i++) {
        const struct jw_role *role = &roles->list[i];
        for (char **has = role->powers; *has; has++)
            if (jw_text_is(power, jw_text_from(*has)) &&
                jw_rights_has_role(roles, holder, jw_text_from(role->name)))
                return true;
    }
    return false;
}
