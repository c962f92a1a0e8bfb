/* lib/rights/roles_fuzz.c — a file of roles may say anything: it becomes roles that keep their promises, or a
 * complaint with a place. */
#include "rights_parts.h"

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_roles *roles = NULL;
    struct jw_error err = {0};
    if (jw_roles_read((jw_text){(const char *)data, size}, "roles.yaml", &roles, &err) != JW_OK) {
        assert(jw_text_starts(jw_text_from(err.text), JW_TEXT("roles.yaml:")));
        return 0;
    }
    for (size_t i = 0; i < jw_roles_count(roles); i++) {
        const struct jw_role *role = jw_roles_get(roles, i);
        assert(jw_roles_find(roles, jw_text_from(role->name)) == role && *role->title.zh && *role->title.en);
        struct jw_grant grant = {0};
        snprintf(grant.role, sizeof grant.role, "%s", role->name);
        jw_status st = jw_roles_check(roles, &grant, 1, NULL);
        assert((st == JW_OK) == !role->everybody);
    }
    for (size_t i = 0; i < jw_roles_conflict_count(roles); i++) {
        struct jw_grant grants[2] = {0};
        char **names = jw_roles_conflict(roles, i)->roles;
        snprintf(grants[0].role, sizeof grants[0].role, "%s", names[0]);
        snprintf(grants[1].role, sizeof grants[1].role, "%s", names[1]);
        jw_status st = jw_roles_check(roles, grants, 2, NULL);
        assert(st == JW_E_DENIED || strcmp(names[0], names[1]) == 0);
    }
    jw_roles_free(roles);
    return 0;
}
