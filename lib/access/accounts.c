/* lib/access/accounts.c — accounts in a file. */
#include "accounts.h"
#include "document.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"

struct jw_accounts {
    struct jw_document document;
};

jw_status jw_accounts_open(const char *state_folder, struct jw_accounts **out, struct jw_error *err) {
    struct jw_accounts *accounts = calloc(1, sizeof *accounts);
    if (!accounts)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = jw_document_open(&accounts->document, state_folder, "accounts", "accounts", err);
    if (st == JW_OK)
        *out = accounts;
    else
        jw_accounts_close(accounts);
    return st;
}

void jw_accounts_close(struct jw_accounts *accounts) {
    if (accounts)
        jw_document_close(&accounts->document);
    free(accounts);
}

static void copy_text(char *out, size_t room, jw_text s) {
    size_t len = s.len < room ? s.len : room - 1;
    memcpy(out, s.ptr, len);
    out[len] = '\0';
}

static void describe(const json_t *entry, jw_account *out) {
    copy_text(out->name, sizeof out->name, jw_document_text(entry, "name"));
    copy_text(out->role, sizeof out->role, jw_document_text(entry, "role"));
    out->change = json_is_true(json_object_get(entry, "change"));
    out->version = jw_hash_stable(jw_document_text(entry, "password"));
}

bool jw_accounts_find(struct jw_accounts *accounts, jw_text name, jw_account *out) {
    const json_t *entry = jw_document_find(jw_document_begin(&accounts->document), "name", name);
    if (entry)
        describe(entry, out);
    jw_document_end(&accounts->document);
    return entry;
}

jw_status jw_accounts_login(struct jw_accounts *accounts, jw_text name, jw_text password, jw_account *out,
                            struct jw_error *err) {
    char hash[JW_PASSWORD_HASH] = "";
    const json_t *entry = jw_document_find(jw_document_begin(&accounts->document), "name", name);
    if (entry) {
        describe(entry, out);
        copy_text(hash, sizeof hash, jw_document_text(entry, "password"));
    }
    jw_document_end(&accounts->document); /* before the slow part */
    if (password.len > JW_PASSWORD_MOST)
        password.len = 0;
    return jw_password_is(hash[0] ? hash : NULL, password)
               ? JW_OK
               : jw_fail(err, JW_E_DENIED, "the name or the password is wrong");
}

struct wanted {
    jw_text name;
    const char *hash;
};

static jw_status put_first(json_t *entries, void *context, struct jw_error *err) {
    const struct wanted *wanted = context;
    char now[JW_TIME_TEXT];
    if (json_array_size(entries) > 0)
        return JW_AGAIN;
    jw_time_print(jw_time_now(), now);
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", "admin", "role", "admin", "password",
                              wanted->hash, "created", now, "change", 1);
    return json_array_append_new(entries, entry) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

jw_status jw_accounts_ensure_first(const char *state_folder, char out_password[JW_FIRST_PASSWORD],
                                   struct jw_error *err) {
    char password[JW_FIRST_PASSWORD], hash[JW_PASSWORD_HASH];
    JW_AUTO(jw_accounts_close_p) struct jw_accounts *accounts = NULL;
    jw_status st = jw_accounts_open(state_folder, &accounts, err);
    if (st != JW_OK)
        return st;
    bool there = json_array_size(jw_document_begin(&accounts->document)) > 0;
    jw_document_end(&accounts->document);
    if (there)
        return JW_AGAIN;
    jw_password_random(password, sizeof password - 1);
    st = jw_password_hash(jw_text_from(password), hash, err);
    struct wanted wanted = {.hash = hash};
    if (st == JW_OK)
        st = jw_document_change(&accounts->document, put_first, &wanted, err);
    if (st == JW_OK)
        memcpy(out_password, password, sizeof password);
    explicit_bzero(password, sizeof password);
    return st;
}

static jw_status put_password(json_t *entries, void *context, struct jw_error *err) {
    const struct wanted *wanted = context;
    json_t *entry = jw_document_find(entries, "name", wanted->name);
    if (!entry)
        return jw_fail(err, JW_E_DENIED, "no such account");
    if (json_object_set_new(entry, "password", json_string(wanted->hash)) != 0)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    json_object_del(entry, "change");
    return JW_OK;
}

jw_status jw_accounts_password(struct jw_accounts *accounts, jw_text name, jw_text password, struct jw_error *err) {
    char hash[JW_PASSWORD_HASH];
    jw_status st = jw_password_check(password, err);
    if (st == JW_OK)
        st = jw_password_hash(password, hash, err);
    struct wanted wanted = {.name = name, .hash = hash};
    return st == JW_OK ? jw_document_change(&accounts->document, put_password, &wanted, err) : st;
}
