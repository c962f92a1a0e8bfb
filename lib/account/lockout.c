/* lib/account/lockout.c — counts of failures in a table. */
#include "lockout.h"
#include "parts.h"

#define US      INT64_C(1000000)
#define DAY_US  (86400 * US)
#define ANYBODY "" /* the row of an address over all accounts */

void jw_lockout_name(jw_text name, bool known, char out[JW_LOCKOUT_NAME]) {
    char digest[2 * SHA256_DIGEST_LENGTH + 1];
    jw_account_digest(name, digest);
    if (known)
        jw_account_copy(out, JW_LOCKOUT_NAME, name);
    else
        snprintf(out, JW_LOCKOUT_NAME, "?%.24s", digest); /* no account can be called so */
}

void jw_lockout_address(const jw_address *address, char out[JW_ADDRESS_TEXT]) {
    jw_address counted = *address;
    if (!jw_address_is_v4(address)) /* an IPv6 subscriber has a /64 to choose addresses from */
        memset(counted.bytes + 8, 0, 8);
    jw_address_print(&counted, out);
}

struct count {
    int64_t failures, last, until;
};

static jw_status take_until(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    int64_t *until = context;
    (void)columns, (void)err;
    *until = row[0].integer > *until ? row[0].integer : *until;
    return JW_OK;
}

jw_status jw_lockout_wait(struct jw_sql *sql, const char *name, const char *address, int64_t now, int64_t *out_wait,
                          struct jw_error *err) {
    int64_t until = 0;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(address)), JW_SQL_STR(jw_text_from(name))};
    jw_status st = jw_sql_run(sql, "SELECT until FROM lockouts WHERE address = $1 AND (name = $2 OR name = '')",
                              values, 2, take_until, &until, err);
    *out_wait = until > now ? until - now : 0;
    return st;
}

static jw_status take_count(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct count *count = context;
    (void)columns, (void)err;
    *count = (struct count){row[0].integer, row[1].integer, row[2].integer};
    return JW_OK;
}

static jw_status add(struct jw_sql *sql, const struct jw_policy *policy, const char *name, const char *address,
                     int64_t free_tries, int64_t now, bool *out_locked, struct jw_error *err) {
    struct count count = {0};
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(name)), JW_SQL_STR(jw_text_from(address)), JW_SQL_INT(0),
                             JW_SQL_INT(now), JW_SQL_INT(0)};
    jw_status st = jw_sql_run(sql, "SELECT failures, last, until FROM lockouts WHERE name = $1 AND address = $2",
                              values, 2, take_count, &count, err);
    if (st != JW_OK)
        return st;
    if (now - count.last > policy->forget_s * US)
        count = (struct count){0};
    count.failures++;
    *out_locked = count.failures >= free_tries;
    if (*out_locked) {
        int64_t doublings = count.failures - free_tries;
        int64_t wait_s = doublings > 30 ? policy->lock_most_s : policy->lock_s << doublings;
        count.until = now + (wait_s < policy->lock_most_s ? wait_s : policy->lock_most_s) * US;
    }
    values[2].integer = count.failures;
    values[4].integer = count.until;
    return jw_account_run(sql,
                          "INSERT INTO lockouts (name, address, failures, last, until) VALUES ($1, $2, $3, $4, $5) "
                          "ON CONFLICT (name, address) DO UPDATE SET failures = $3, last = $4, until = $5",
                          values, 5, err);
}

jw_status jw_lockout_failed(struct jw_sql *sql, const struct jw_policy *policy, const char *name,
                            const char *address, int64_t now, bool *out_locked, struct jw_error *err) {
    bool all;
    jw_sql_value old[] = {JW_SQL_INT(now - (policy->forget_s + policy->lock_most_s) * US - DAY_US)};
    jw_status st = add(sql, policy, name, address, policy->tries, now, out_locked, err);
    if (st == JW_OK)
        st = add(sql, policy, ANYBODY, address, policy->address_tries, now, &all, err);
    return st == JW_OK ? jw_account_run(sql, "DELETE FROM lockouts WHERE last < $1", old, 1, err) : st;
}

jw_status jw_lockout_passed(struct jw_sql *sql, const char *name, const char *address, struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(name)), JW_SQL_STR(jw_text_from(address))};
    return jw_account_run(sql, "DELETE FROM lockouts WHERE name = $1 AND address = $2", values, 2, err);
}

/* --- for administrators -----------------------------------------------------------------------------------------
 */
static jw_status tell(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns;
    json_t *one = json_pack("{ss% sI sI sI}", "address", row[0].text.ptr, row[0].text.len, "failures",
                            (json_int_t)row[1].integer, "last", (json_int_t)row[2].integer, "until",
                            (json_int_t)row[3].integer);
    return json_array_append_new(context, one) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

jw_status jw_accounts_lockouts(struct jw_accounts *accounts, jw_text name, json_t **out, struct jw_error *err) {
    return jw_account_list(accounts,
                           "SELECT address, failures, last, until FROM lockouts WHERE name = $1 ORDER BY last DESC "
                           "LIMIT 100",
                           name, tell, out, err);
}
