/* lib/account/account.c — opening, the row of an account, entries in the audit chain. */
#include "account.h"
#include "parts.h"
#include "seal.h"
#include "token.h"

#include <stdlib.h>

#include "audit/audit.h"

/* --- opening -------------------------------------------------------------------------------------------------- */
static jw_status make_tables(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    (void)context, (void)now;
    return jw_account_tables(sql, err);
}

jw_status jw_accounts_open(const struct jw_accounts_options *options, struct jw_accounts **out,
                           struct jw_error *err) {
    JW_AUTO(jw_accounts_close_p) struct jw_accounts *accounts = calloc(1, sizeof *accounts);
    if (!accounts)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    accounts->store = options->store;
    jw_accounts_use(accounts, options->roles, options->policy);
    accounts->known = jw_recent_new(32, sizeof(struct jw_account_known));
    accounts->open = jw_recent_new(512, sizeof(struct jw_session_known));
    accounts->tokens = jw_recent_new(64, sizeof(struct jw_token));
    jw_status st =
        accounts->known && accounts->open && accounts->tokens ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK)
        st = jw_seal_open(options->state_folder, accounts->seal, err);
    if (st == JW_OK)
        st = jw_store_do(accounts->store, make_tables, NULL, err);
    if (st != JW_OK)
        return st;
    *out = accounts;
    accounts = NULL;
    return JW_OK;
}

void jw_accounts_close(struct jw_accounts *accounts) {
    if (!accounts)
        return;
    jw_recent_free(accounts->known);
    jw_recent_free(accounts->open);
    jw_recent_free(accounts->tokens);
    explicit_bzero(accounts->seal, sizeof accounts->seal);
    free(accounts);
}

void jw_accounts_use(struct jw_accounts *accounts, const struct jw_roles *roles, const struct jw_policy *policy) {
    accounts->roles = roles;
    accounts->policy = policy;
}

const struct jw_policy *jw_accounts_policy(const struct jw_accounts *accounts) { return accounts->policy; }
const struct jw_roles *jw_accounts_roles(const struct jw_accounts *accounts) { return accounts->roles; }

#define BOUND JW_TEXT("login") /* opens as nothing else */

jw_status jw_accounts_seal(const struct jw_accounts *accounts, jw_text secret, char *out, size_t room,
                           struct jw_error *err) {
    return jw_seal_close(accounts->seal, BOUND, secret, out, room, err);
}

jw_status jw_accounts_unseal(const struct jw_accounts *accounts, jw_text sealed, void *out, size_t *len,
                             struct jw_error *err) {
    return jw_seal_read(accounts->seal, BOUND, sealed, out, len, err);
}

/* --- small things --------------------------------------------------------------------------------------------- */
void jw_account_copy(char *out, size_t room, jw_text text) {
    size_t len = text.len < room ? text.len : room - 1;
    memcpy(out, text.len ? text.ptr : "", len);
    out[len] = '\0';
}

bool jw_account_is_name(jw_text name) {
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' || strchr("/\\\"'<>&%?#:;,|`\x7f", name.ptr[i]))
            return false;
    return name.len > 0 && name.len <= JW_ACCOUNT_NAME && jw_text_is_utf8(name);
}

void jw_account_digest(jw_text secret, char out[2 * SHA256_DIGEST_LENGTH + 1]) {
    jw_recent_key key = jw_recent_key_of(secret);
    for (size_t i = 0; i < sizeof key.bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", key.bytes[i]);
}

void jw_account_forget(struct jw_accounts *accounts, jw_text name) {
    jw_recent_key key = jw_recent_key_of(name);
    jw_recent_drop(accounts->known, &key);
}

jw_status jw_account_note(struct jw_sql *sql, int64_t now, const struct jw_actor *by, const char *action,
                          jw_text name, json_t *detail, struct jw_error *err) {
    char object[JW_ACCOUNT_NAME + 8];
    detail = detail ? detail : json_object();
    if (by->why.len)
        json_object_set_new(detail, "why", json_stringn(by->why.ptr, by->why.len));
    char *text = json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(detail);
    if (!text)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    snprintf(object, sizeof object, "user/" JW_FMT, JW_ARG(name));
    struct jw_audit_entry entry = {.at = now,
                                   .who = by->who,
                                   .origin = by->origin,
                                   .action = jw_text_from(action),
                                   .object = jw_text_from(object),
                                   .detail = jw_text_from(text)};
    jw_status st = jw_audit_append(sql, &entry, err);
    free(text);
    return st;
}

/* --- the row ----------------------------------------------------------------------------------------------------
 */
void jw_account_decode(const jw_sql_value *row, struct jw_account_row *out) {
    jw_account *account = &out->account;
    *out = (struct jw_account_row){0};
    jw_account_copy(account->name, sizeof account->name, row[0].text);
    account->person = row[1].integer;
    jw_account_copy(out->hash, sizeof out->hash, row[2].text);
    account->has_password = out->hash[0];
    account->password_at = row[3].integer;
    account->must_change = row[4].integer;
    account->version = row[5].integer;
    account->disabled = row[6].integer;
    jw_account_copy(out->second, sizeof out->second, row[7].text);
    account->second = row[8].integer;
    out->second_step = row[9].integer;
    jw_account_copy(account->subject, sizeof account->subject, row[10].text);
    jw_account_copy(account->certificate, sizeof account->certificate, row[11].text);
    account->created = row[12].integer;
    jw_account_copy(account->created_by, sizeof account->created_by, row[13].text);
    account->last_login = row[14].integer;
    jw_account_copy(account->last_origin, sizeof account->last_origin, row[15].text);
}

struct found {
    struct jw_account_row *out;
    bool there;
};

static jw_status take(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct found *found = context;
    (void)columns, (void)err;
    jw_account_decode(row, found->out);
    found->there = true;
    return JW_OK;
}

jw_status jw_account_row(struct jw_sql *sql, jw_text name, struct jw_account_row *out, struct jw_error *err) {
    struct found found = {.out = out};
    if (!jw_text_is_utf8(name) || memchr(name.ptr ? name.ptr : "", '\0', name.len))
        return JW_END;
    jw_status st = jw_sql_run(sql, "SELECT " JW_ACCOUNT_COLUMNS " FROM accounts WHERE name = $1",
                              (jw_sql_value[]){JW_SQL_STR(name)}, 1, take, &found, err);
    return st != JW_OK ? st : found.there ? JW_OK : JW_END;
}
