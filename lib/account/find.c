/* lib/account/find.c — accounts and what they hold, from the cache or the database. */
#include "parts.h"

#include <stdlib.h>

#include "base/time.h"

#define US_PER_DAY (INT64_C(86400) * 1000000)

/* The age of a password is looked at when it is used, so that nothing has to happen at midnight. */
static void look_at_age(const struct jw_accounts *accounts, jw_account *account) {
    const struct jw_policy *policy = accounts->policy;
    if (policy && policy->longest_days && account->has_password)
        account->must_change |= jw_time_now() / 1000 - account->password_at > policy->longest_days * US_PER_DAY;
}

/* --- the holder -------------------------------------------------------------------------------------------------
 */
static jw_status take_grant(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct jw_holder *holder = context;
    (void)columns, (void)err;
    if (holder->grant_count == JW_RIGHTS_GRANTS)
        return JW_OK;
    struct jw_grant *grant = &holder->grants[holder->grant_count++];
    jw_account_copy(grant->role, sizeof grant->role, row[0].text);
    snprintf(grant->place, sizeof grant->place, "%lld", (long long)row[1].integer); /* the path comes below */
    return JW_OK;
}

static jw_status take_place(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns, (void)err;
    jw_account_copy(context, JW_RIGHTS_PLACE, row[0].text);
    return JW_OK;
}

/* A unit or a person that is gone has no place: what was granted there gives nothing. */
static jw_status find_place(struct jw_sql *sql, const char *text, int64_t id, char out[JW_RIGHTS_PLACE],
                            struct jw_error *err) {
    out[0] = '\0';
    return jw_sql_run(sql, text, (jw_sql_value[]){JW_SQL_INT(id)}, 1, take_place, out, err);
}

static jw_status find_places(struct jw_sql *sql, struct jw_holder *holder, struct jw_error *err) {
    size_t kept = 0;
    jw_status st = JW_OK;
    if (holder->person)
        st = find_place(sql, "SELECT place FROM l_person WHERE id = $1 AND removed = 0", holder->person,
                        holder->place, err);
    for (size_t i = 0; i < holder->grant_count && st == JW_OK; i++) {
        struct jw_grant grant = holder->grants[i];
        int64_t unit = 0;
        (void)jw_text_i64(jw_text_from(grant.place), &unit);
        grant.place[0] = '\0';
        if (unit)
            st = find_place(sql, "SELECT place FROM l_organisation WHERE id = $1 AND removed = 0", unit,
                            grant.place, err);
        if (!unit || grant.place[0])
            holder->grants[kept++] = grant;
    }
    holder->grant_count = kept;
    return st;
}

struct question {
    struct jw_accounts *accounts;
    jw_text name;
    struct jw_account_known *out;
};

static jw_status look_up(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct question *question = context;
    struct jw_account_row row;
    struct jw_holder *holder = &question->out->holder;
    jw_status st = jw_account_row(sql, question->name, &row, err);
    if (st != JW_OK)
        return st;
    question->out->account = row.account;
    explicit_bzero(&row, sizeof row);
    *holder = (struct jw_holder){.person = question->out->account.person};
    jw_account_copy(holder->account, sizeof holder->account, question->name);
    st = jw_sql_run(sql, "SELECT role, unit FROM grants WHERE account = $1 ORDER BY role, unit LIMIT 64",
                    (jw_sql_value[]){JW_SQL_STR(question->name)}, 1, take_grant, holder, err);
    return st == JW_OK ? find_places(sql, holder, err) : st;
}

jw_status jw_accounts_find(struct jw_accounts *accounts, jw_text name, jw_account *out, struct jw_holder *holder,
                           struct jw_error *err) {
    jw_recent_key key = jw_recent_key_of(name);
    struct jw_account_known *known = malloc(sizeof *known);
    struct question question = {accounts, name, known};
    bool fresh = false;
    if (!known)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = JW_OK;
    if (!jw_recent_get(accounts->known, &key, known, &fresh) || !fresh) {
        st = jw_store_look(accounts->store, look_up, &question, err);
        if (st == JW_OK)
            jw_recent_put(accounts->known, &key, known, true);
        else
            jw_recent_drop(accounts->known, &key);
    }
    if (st == JW_OK && out) {
        *out = known->account;
        look_at_age(accounts, out);
    }
    if (st == JW_OK && holder)
        *holder = known->holder;
    free(known);
    return st;
}

bool jw_accounts_wants_second(const struct jw_accounts *accounts, const jw_account *account,
                              const struct jw_holder *holder) {
    const struct jw_policy *policy = accounts->policy;
    for (size_t i = 0; !account->second && policy && i < holder->grant_count; i++)
        for (size_t r = 0; policy->second_roles[r]; r++)
            if (strcmp(policy->second_roles[r], holder->grants[i].role) == 0)
                return true;
    return false;
}

/* --- by what it is bound to -------------------------------------------------------------------------------------
 */
struct search {
    const char *text;
    jw_text value;
    char name[JW_ACCOUNT_NAME + 1];
};

static jw_status take_name(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct search *search = context;
    (void)columns, (void)err;
    jw_account_copy(search->name, sizeof search->name, row[0].text);
    return JW_OK;
}

static jw_status look_for(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct search *search = context;
    return jw_sql_run(sql, search->text, (jw_sql_value[]){JW_SQL_STR(search->value)}, 1, take_name, search, err);
}

static jw_status take_only(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct search *search = context;
    if (search->name[0])
        return JW_END;
    return take_name(context, row, columns, err);
}

static jw_status look_for_only(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct search *search = context;
    return jw_sql_run(sql, search->text, (jw_sql_value[]){JW_SQL_STR(search->value)}, 1, take_only, search, err);
}

static jw_status find_by(struct jw_accounts *accounts, const char *text, jw_text value, bool only, jw_account *out,
                         struct jw_error *err) {
    struct search search = {text, value, ""};
    if (!value.len || !jw_text_is_utf8(value) || memchr(value.ptr, '\0', value.len))
        return JW_END;
    jw_status st = jw_store_look(accounts->store, only ? look_for_only : look_for, &search, err);
    if (st != JW_OK || !search.name[0])
        return st == JW_OK ? JW_END : st;
    return jw_accounts_find(accounts, jw_text_from(search.name), out, NULL, err);
}

jw_status jw_accounts_find_subject(struct jw_accounts *accounts, jw_text subject, jw_account *out,
                                   struct jw_error *err) {
    return find_by(accounts, "SELECT name FROM accounts WHERE subject = $1", subject, false, out, err);
}

jw_status jw_accounts_find_certificate(struct jw_accounts *accounts, jw_text fingerprint, jw_account *out,
                                       struct jw_error *err) {
    return find_by(accounts, "SELECT name FROM accounts WHERE certificate = $1", fingerprint, false, out, err);
}

jw_status jw_accounts_find_email(struct jw_accounts *accounts, jw_text email, jw_account *out,
                                 struct jw_error *err) {
    return find_by(accounts,
                   "SELECT name FROM accounts JOIN l_person ON l_person.id = accounts.person "
                   "WHERE removed = 0 AND f_email = $1",
                   email, true, out, err);
}

/* --- lists ------------------------------------------------------------------------------------------------------
 */
struct listing {
    struct jw_accounts *accounts;
    jw_text after;
    int64_t limit;
    void (*each)(void *context, const jw_account *account);
    void *context;
};

static jw_status tell_one(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct listing *listing = context;
    struct jw_account_row one;
    (void)columns, (void)err;
    jw_account_decode(row, &one);
    look_at_age(listing->accounts, &one.account);
    listing->each(listing->context, &one.account);
    return JW_OK;
}

static jw_status list_all(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct listing *listing = context;
    jw_sql_value values[] = {JW_SQL_STR(listing->after), JW_SQL_INT(listing->limit)};
    return jw_sql_run(sql, "SELECT " JW_ACCOUNT_COLUMNS " FROM accounts WHERE name > $1 ORDER BY name LIMIT $2",
                      values, 2, tell_one, listing, err);
}

jw_status jw_accounts_list(struct jw_accounts *accounts, jw_text after, int64_t limit,
                           void (*each)(void *context, const jw_account *account), void *context,
                           struct jw_error *err) {
    struct listing listing = {accounts, after, limit, each, context};
    return jw_store_look(accounts->store, list_all, &listing, err);
}

/* What is kept under one name. */
struct asking {
    const char *statement;
    jw_text name;
    jw_sql_each tell;
    json_t *out;
};

static jw_status ask(void *context, struct jw_sql *sql, struct jw_error *err) {
    const struct asking *asking = context;
    return jw_sql_run(sql, asking->statement, (jw_sql_value[]){JW_SQL_STR(asking->name)}, 1, asking->tell,
                      asking->out, err);
}

jw_status jw_account_list(struct jw_accounts *accounts, const char *statement, jw_text name, jw_sql_each tell,
                          json_t **out, struct jw_error *err) {
    struct asking asking = {statement, name, tell, json_array()};
    jw_status st =
        asking.out ? jw_store_look(accounts->store, ask, &asking, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK)
        *out = asking.out;
    else
        json_decref(asking.out);
    return st;
}
