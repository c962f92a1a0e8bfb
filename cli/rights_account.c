/* cli/rights_account.c — what an account holds, for `jinwu rights explain --account`. */
#include "rights.h"

#include <limits.h>
#include <unistd.h>

#include "account/account.h"

static jw_status find(struct jw_rights_session *s, struct jw_store *store, const struct jw_rights_place *at,
                      const char *name, struct jw_holder *out) {
    JW_AUTO(jw_policy_free_p) struct jw_policy *policy = NULL;
    JW_AUTO(jw_accounts_close_p) struct jw_accounts *accounts = NULL;
    char path[PATH_MAX], state[PATH_MAX];
    jw_account account;
    snprintf(path, sizeof path, "%.4000s/access.yaml", at->content);
    snprintf(state, sizeof state, "%.4000s/state", at->data);
    jw_status st = jw_policy_load(path, &policy, &s->err);
    struct jw_accounts_options options = {store, s->roles, policy, state};
    if (st == JW_OK)
        st = jw_accounts_open(&options, &accounts, &s->err);
    if (st == JW_OK)
        st = jw_accounts_find(accounts, jw_text_from(name), &account, out, &s->err);
    if (st == JW_OK && account.disabled)
        fprintf(stderr, "%s is disabled: while it is, nobody comes in with what follows\n", name);
    return st;
}

int jw_rights_hold(struct jw_rights_session *s, const struct jw_rights_place *at, const char *name,
                   struct jw_holder *out) {
    JW_AUTO(jw_store_close_p) struct jw_store *store = NULL;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/ledger/ledger.db", at->data);
    if (!at->db && access(path, F_OK) != 0)
        return jw_command_failed("rights", "%s: there is none; is --data right? `jinwu up` makes it", path);
    jw_status st = jw_store_open(at->db ? at->db : path, s->ledgers, &store, &s->err);
    if (st == JW_OK)
        st = find(s, store, at, name, out);
    if (st == JW_END)
        return jw_command_failed("rights", "there is no account %s; jinwu account list shows them", name);
    return st == JW_OK ? JW_EXIT_DONE : jw_command_failed("rights", "%s", s->err.text);
}
