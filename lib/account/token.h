/* lib/account/token.h — API tokens of people, for their programs: a scope no wider than the person, an end. Only
 * digests are kept. Any thread. */
#pragma once
#include "account.h"

#define JW_TOKEN_SECRET 43 /* characters: "jw_" and 232 random bits */
#define JW_TOKEN_ID     12
#define JW_TOKEN_LABEL  64
#define JW_TOKEN_SCOPE  1024 /* words and blanks, with NUL */
#define JW_TOKENS_MOST  50   /* of one account */

struct jw_token {
    char id[JW_TOKEN_ID + 1], account[JW_ACCOUNT_NAME + 1], label[JW_TOKEN_LABEL + 1];
    char scope[JW_TOKEN_SCOPE];     /* "read" or "write", then powers, "ledger:NAME" or "ledger:*" */
    int64_t expires, created, used; /* microseconds since 1970; used 0: never, else up to a minute old */
};
/* JW_E_SYNTAX: label or scope, and why; JW_E_LIMIT: there are JW_TOKENS_MOST. `days` is cut to the policy's. */
JW_MUST_CHECK jw_status jw_token_make(struct jw_accounts *accounts, jw_text account, jw_text label, jw_text scope,
                                      int64_t days, const struct jw_actor *by, char out_secret[JW_TOKEN_SECRET + 1],
                                      struct jw_error *err);
bool jw_token_is(jw_text secret); /* has it the form of one? */
/* JW_END: unknown, expired, or of an account that is disabled. */
JW_MUST_CHECK jw_status jw_token_find(struct jw_accounts *accounts, jw_text secret, struct jw_token *out,
                                      jw_account *account, struct jw_holder *holder, struct jw_error *err);
/* For streams: is it still there? Asks the database. */
bool jw_token_is_alive(struct jw_accounts *accounts, const struct jw_token *token);
bool jw_token_may(const struct jw_token *token, jw_text power);
/* `write`: more than reading. */
bool jw_token_may_ledger(const struct jw_token *token, jw_text ledger, bool write);
JW_MUST_CHECK jw_status jw_token_list(struct jw_accounts *accounts, jw_text account,
                                      void (*each)(void *context, const struct jw_token *token), void *context,
                                      struct jw_error *err);
JW_MUST_CHECK jw_status jw_token_revoke(struct jw_accounts *accounts, jw_text account, jw_text id,
                                        const struct jw_actor *by, struct jw_error *err); /* JW_END: none */
