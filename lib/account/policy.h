/* lib/account/policy.h — what passwords, sessions and failed logins are allowed: content/access.yaml. Read-only
 * once loaded, any thread. docs/access.md tells administrators of every key. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

struct jw_policy {
    int64_t least;        /* characters of a password */
    int64_t classes;      /* of small, capital, digit and other characters, unless … */
    int64_t passphrase;   /* … it has so many characters */
    int64_t history;      /* former passwords that may not come back */
    int64_t longest_days; /* until a password must be changed; 0: never */
    char **forbidden;     /* common passwords in small letters, ends with NULL */
    int64_t idle_s, longest_s;
    int64_t sessions; /* at once of one account; 0: any number */
    bool refuse;      /* one more is refused; else the one unused longest ends */
    int64_t tries, address_tries, lock_s, lock_most_s, forget_s;
    char **second_roles;      /* whose holders must log in with a second factor; ends with NULL */
    int64_t token_days;       /* the longest life of an API token */
    struct jw_arena *mem;     /* of the texts */
    struct jw_policy *former; /* freed together with this one; NULL: none */
};

/* The values that hold without a file. */
struct jw_policy *jw_policy_new(void); /* NULL without memory */
void jw_policy_free(struct jw_policy *policy);
JW_DEFINE_AUTO(jw_policy, jw_policy_free)
/* JW_E_SYNTAX: err says FILE:LINE:COLUMN and why. A missing file gives the presets. */
JW_MUST_CHECK jw_status jw_policy_load(const char *file, struct jw_policy **out, struct jw_error *err);
/* JW_E_DENIED with a reason people can read. `name`: the account's, which a password must not contain. */
JW_MUST_CHECK jw_status jw_policy_check(const struct jw_policy *policy, jw_text name, jw_text password,
                                        struct jw_error *err);
