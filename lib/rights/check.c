/* lib/rights/check.c — do the ledgers and the roles speak of the same? */
#include "rights_parts.h"

#include <stdio.h>

struct checking {
    const struct jw_ledger *ledger;
    jw_rights_problem told;
    void *context;
    size_t count;
};

JW_PRINTF(3, 4) static void tell(struct checking *c, int line, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->count++;
    if (c->told)
        c->told(c->context, c->ledger->file, line, text);
}

static void check_right(struct checking *c, const struct jw_roles *roles, const struct jw_ledger_right *right) {
    const struct jw_role *role = jw_roles_find(roles, jw_text_from(right->role));
    unsigned beyond = right->may & (JW_MAY_CHANGE | JW_MAY_DELETE | JW_MAY_SENSITIVE | JW_MAY_EXPORT);
    if (!role)
        tell(c, right->line, "there is no role \"%s\"; `jinwu rights roles` lists those there are", right->role);
    else if (role->read_only && (right->may & ~(JW_MAY_READ | JW_MAY_EXPORT)))
        tell(c, right->line, "%s only reads: leave read and export", role->name);
    if (beyond && !(right->may & JW_MAY_READ))
        tell(c, right->line, "what may be changed, deleted, exported or seen unmasked must be readable: add read");
    if ((right->may & JW_MAY_IMPORT) && !(right->may & JW_MAY_CREATE))
        tell(c, right->line, "import makes records: add create, or leave import out");
}

size_t jw_rights_check_ledgers(const struct jw_roles *roles, const struct jw_ledgers *ledgers,
                               jw_rights_problem told, void *context) {
    size_t count = 0;
    for (size_t i = 0; i < jw_ledgers_count(ledgers); i++) {
        struct checking c = {jw_ledgers_get(ledgers, i), told, context, 0};
        unsigned any = 0;
        for (size_t k = 0; k < c.ledger->right_count; k++) {
            check_right(&c, roles, &c.ledger->rights[k]);
            any |= jw_rights_given(roles, &c.ledger->rights[k]);
        }
        if (!(any & JW_MAY_CREATE))
            tell(&c, 1, "nobody may make a record: some role needs create");
        if (!(any & JW_MAY_READ))
            tell(&c, 1, "nobody may read a record: some role needs read");
        count += c.count;
    }
    return count;
}
