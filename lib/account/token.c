/* lib/account/token.c — tokens are made, found and taken back. */
#include "token.h"
#include "parts.h"

#include "base/time.h"

#define PREFIX   "jw_"
#define US       INT64_C(1000000)
#define DAY_US   (86400 * US)
#define STORE_US (60 * US)
#define COLUMNS  "id, account, label, scope, expires, created, used"

static int64_t now_us(void) { return jw_time_now() / 1000; }

bool jw_token_is(jw_text secret) {
    return secret.len == JW_TOKEN_SECRET && jw_text_starts(secret, jw_text_from(PREFIX));
}

static void decode(const jw_sql_value *row, struct jw_token *out) {
    *out = (struct jw_token){.expires = row[4].integer, .created = row[5].integer, .used = row[6].integer};
    jw_account_copy(out->id, sizeof out->id, row[0].text);
    jw_account_copy(out->account, sizeof out->account, row[1].text);
    jw_account_copy(out->label, sizeof out->label, row[2].text);
    jw_account_copy(out->scope, sizeof out->scope, row[3].text);
}

/* --- what it may -------------------------------------------------------------------------------------------------
 */
static bool has_word(const struct jw_token *token, jw_text wanted) {
    jw_text rest = jw_text_from(token->scope), word;
    while (jw_text_next(&rest, ' ', &word))
        if (jw_text_is(word, wanted))
            return true;
    return false;
}

bool jw_token_may(const struct jw_token *token, jw_text power) { return has_word(token, power); }

bool jw_token_may_ledger(const struct jw_token *token, jw_text ledger, bool write) {
    char word[JW_LEDGER_NAME + 8];
    snprintf(word, sizeof word, "ledger:" JW_FMT, JW_ARG(ledger));
    return (!write || has_word(token, JW_TEXT("write"))) &&
           (has_word(token, JW_TEXT("ledger:*")) || has_word(token, jw_text_from(word)));
}

static bool is_scope_word(jw_text word) {
    if (jw_text_drop(&word, JW_TEXT("ledger:"))) {
        bool good = word.len > 0 && word.len < JW_LEDGER_NAME;
        for (size_t i = 0; i < word.len; i++)
            good &= strchr("abcdefghijklmnopqrstuvwxyz0123456789_", word.ptr[i]) && word.ptr[i];
        return good || jw_text_is(word, JW_TEXT("*"));
    }
    for (const struct jw_power *power = jw_powers; power->name; power++)
        if (jw_text_is(word, jw_text_from(power->name)))
            return true;
    return false;
}

static jw_status check_scope(jw_text scope, struct jw_error *err) {
    jw_text word, first;
    if (scope.len >= JW_TOKEN_SCOPE)
        return jw_fail(err, JW_E_SYNTAX, "scope: more than %d bytes", JW_TOKEN_SCOPE - 1);
    if (!jw_text_next(&scope, ' ', &first) ||
        (!jw_text_is(first, JW_TEXT("read")) && !jw_text_is(first, JW_TEXT("write"))))
        return jw_fail(err, JW_E_SYNTAX, "scope: wants \"read\" or \"write\" and then powers or ledger:NAME");
    size_t count = 0;
    for (; jw_text_next(&scope, ' ', &word); count++)
        if (!is_scope_word(word))
            return jw_fail(err, JW_E_SYNTAX, "scope: \"" JW_FMT "\" is no power and no ledger:NAME", JW_ARG(word));
    return count ? JW_OK : jw_fail(err, JW_E_SYNTAX, "scope: names neither a power nor a ledger");
}

/* --- making ------------------------------------------------------------------------------------------------------
 */
struct making {
    jw_text account, label, scope;
    int64_t days;
    const struct jw_actor *by;
    char id[JW_TOKEN_ID + 1], digest[2 * SHA256_DIGEST_LENGTH + 1];
};

static jw_status put(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct making *making = context;
    jw_sql_value count = {0};
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(making->digest)),
                             JW_SQL_STR(jw_text_from(making->id)),
                             JW_SQL_STR(making->account),
                             JW_SQL_STR(making->label),
                             JW_SQL_STR(making->scope),
                             JW_SQL_INT(now + making->days * DAY_US),
                             JW_SQL_INT(now)};
    jw_sql_value late[] = {values[2], values[6]};
    jw_status st = jw_account_run(sql, "DELETE FROM tokens WHERE account = $1 AND expires < $2", late, 2, err);
    if (st == JW_OK)
        st = jw_sql_one(sql, "SELECT count(*) FROM tokens WHERE account = $1", late, 1, NULL, &count, err);
    if (st == JW_OK && count.integer >= JW_TOKENS_MOST)
        return jw_fail(err, JW_E_LIMIT, "there are %d tokens already; revoke one first", JW_TOKENS_MOST);
    if (st == JW_OK)
        st = jw_account_run(sql, "INSERT INTO tokens VALUES ($1, $2, $3, $4, $5, $6, $7, 0)", values, 7, err);
    return st == JW_OK ? jw_account_note(sql, now, making->by, "token", making->account,
                                         json_pack("{ss ss% sI}", "id", making->id, "scope", making->scope.ptr,
                                                   making->scope.len, "days", (json_int_t)making->days),
                                         err)
                       : st;
}

jw_status jw_token_make(struct jw_accounts *accounts, jw_text account, jw_text label, jw_text scope, int64_t days,
                        const struct jw_actor *by, char out_secret[JW_TOKEN_SECRET + 1], struct jw_error *err) {
    struct making making = {.account = account, .label = label, .scope = scope, .by = by};
    char secret[JW_TOKEN_SECRET + 1] = PREFIX;
    if (!label.len || label.len > JW_TOKEN_LABEL || !jw_text_is_utf8(label) || memchr(label.ptr, '\0', label.len))
        return jw_fail(err, JW_E_SYNTAX, "label: wants 1 to %d bytes that say what the token is for",
                       JW_TOKEN_LABEL);
    jw_status st = check_scope(scope, err);
    if (st != JW_OK)
        return st;
    making.days = days < 1 || days > accounts->policy->token_days ? accounts->policy->token_days : days;
    jw_password_random(secret + sizeof PREFIX - 1, JW_TOKEN_SECRET - (sizeof PREFIX - 1));
    jw_password_random(making.id, JW_TOKEN_ID);
    jw_account_digest(jw_text_from(secret), making.digest);
    st = jw_store_do(accounts->store, put, &making, err);
    if (st == JW_OK)
        memcpy(out_secret, secret, sizeof secret);
    explicit_bzero(secret, sizeof secret);
    return st;
}

/* --- finding -----------------------------------------------------------------------------------------------------
 */
struct question {
    char digest[2 * SHA256_DIGEST_LENGTH + 1];
    struct jw_token token;
    bool there;
};

static jw_status take(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct question *question = context;
    (void)columns, (void)err;
    decode(row, &question->token);
    question->there = true;
    return JW_OK;
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct question *question = context;
    jw_status st = jw_sql_run(sql, "SELECT " COLUMNS " FROM tokens WHERE digest = $1",
                              (jw_sql_value[]){JW_SQL_STR(jw_text_from(question->digest))}, 1, take, question, err);
    return st != JW_OK ? st : question->there ? JW_OK : JW_END;
}

static jw_status put_used(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct question *question = context;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(question->digest)), JW_SQL_INT(now)};
    return jw_account_run(sql, "UPDATE tokens SET used = $2 WHERE digest = $1", values, 2, err);
}

jw_status jw_token_find(struct jw_accounts *accounts, jw_text secret, struct jw_token *out, jw_account *account,
                        struct jw_holder *holder, struct jw_error *err) {
    struct question question = {.there = false};
    jw_recent_key key = jw_recent_key_of(secret);
    bool fresh = false;
    if (!jw_token_is(secret))
        return JW_END;
    if (!jw_recent_get(accounts->tokens, &key, &question.token, &fresh) || !fresh) {
        jw_account_digest(secret, question.digest);
        jw_status st = jw_store_look(accounts->store, look, &question, err);
        if (st != JW_OK) {
            jw_recent_drop(accounts->tokens, &key);
            return st;
        }
        if (now_us() - question.token.used >
            STORE_US) /* a failure is no reason to refuse; the next use tries again */
            (void)!jw_store_do(accounts->store, put_used, &question, NULL);
        jw_recent_put(accounts->tokens, &key, &question.token, true);
    }
    *out = question.token;
    if (out->expires < now_us())
        return JW_END;
    jw_status st = jw_accounts_find(accounts, jw_text_from(out->account), account, holder, err);
    return st == JW_OK && account->disabled ? JW_END : st;
}

static jw_status look_by_id(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct question *question = context;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(question->token.account)),
                             JW_SQL_STR(jw_text_from(question->token.id))};
    return jw_sql_run(sql, "SELECT " COLUMNS " FROM tokens WHERE account = $1 AND id = $2", values, 2, take,
                      question, err);
}

bool jw_token_is_alive(struct jw_accounts *accounts, const struct jw_token *token) {
    struct question question = {.token = *token};
    return jw_store_look(accounts->store, look_by_id, &question, NULL) == JW_OK && question.there &&
           question.token.expires >= now_us();
}

/* --- listing, revoking -------------------------------------------------------------------------------------------
 */
struct listing {
    jw_text account;
    void (*each)(void *context, const struct jw_token *token);
    void *context;
};

static jw_status tell(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct listing *listing = context;
    struct jw_token token;
    (void)columns, (void)err;
    decode(row, &token);
    listing->each(listing->context, &token);
    return JW_OK;
}

static jw_status list(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct listing *listing = context;
    return jw_sql_run(sql, "SELECT " COLUMNS " FROM tokens WHERE account = $1 ORDER BY created DESC",
                      (jw_sql_value[]){JW_SQL_STR(listing->account)}, 1, tell, listing, err);
}

jw_status jw_token_list(struct jw_accounts *accounts, jw_text account,
                        void (*each)(void *context, const struct jw_token *token), void *context,
                        struct jw_error *err) {
    struct listing listing = {account, each, context};
    return jw_store_look(accounts->store, list, &listing, err);
}

struct revoking {
    jw_text account, id;
    const struct jw_actor *by;
};

static jw_status drop(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct revoking *revoking = context;
    jw_sql_value values[] = {JW_SQL_STR(revoking->account), JW_SQL_STR(revoking->id)};
    jw_status st = jw_account_run(sql, "DELETE FROM tokens WHERE account = $1 AND id = $2", values, 2, err);
    if (st == JW_OK && jw_sql_changed(sql) == 0)
        return JW_END;
    return st == JW_OK ? jw_account_note(sql, now, revoking->by, "token-revoke", revoking->account, NULL, err) : st;
}

jw_status jw_token_revoke(struct jw_accounts *accounts, jw_text account, jw_text id, const struct jw_actor *by,
                          struct jw_error *err) {
    struct revoking revoking = {account, id, by};
    jw_status st = jw_store_do(accounts->store, drop, &revoking, err);
    jw_recent_drop(accounts->tokens, NULL);
    return st;
}
