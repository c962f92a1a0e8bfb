/* lib/account/second.c — codes by liboath; what was used is remembered in the same transaction. */
#include "second.h"
#include "parts.h"
#include "seal.h"

#include <ctype.h>
#include <stdlib.h>

#include <liboath/oath.h>

#include "base/hash.h"
#include "base/time.h"

#define SECRET 20
#define STEP_S 30
#define DIGITS 6
#define ISSUER "jinwu"

struct seconding {
    struct jw_accounts *accounts;
    jw_text name, code;
    const struct jw_actor *by;
    char sealed[JW_ACCOUNT_SEALED];
    char digests[JW_SECOND_CODES][2 * SHA256_DIGEST_LENGTH + 1];
};

/* --- beginning ---------------------------------------------------------------------------------------------------
 */
static jw_status put_secret(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct seconding *seconding = context;
    struct jw_account_row row;
    jw_sql_value values[] = {JW_SQL_STR(seconding->name), JW_SQL_STR(jw_text_from(seconding->sealed))};
    jw_status st = jw_account_row(sql, seconding->name, &row, err);
    if (st == JW_OK && row.account.second)
        return jw_fail(err, JW_E_DENIED, "a second factor is in force; take it off first");
    if (st == JW_OK)
        st = jw_account_run(sql, "UPDATE accounts SET second = $2, second_on = 0, second_step = 0 WHERE name = $1",
                            values, 2, err);
    return st == JW_OK ? jw_account_note(sql, now, seconding->by, "totp-begin", seconding->name, NULL, err) : st;
}

static void base32(const unsigned char *bytes, char out[JW_SECOND_SECRET]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (size_t i = 0; i < SECRET * 8 / 5; i++) {
        size_t bit = i * 5, byte = bit / 8;
        unsigned pair = (unsigned)bytes[byte] << 8 | (byte + 1 < SECRET ? bytes[byte + 1] : 0);
        out[i] = alphabet[pair >> (11 - bit % 8) & 31];
    }
    out[SECRET * 8 / 5] = '\0';
}

static void make_uri(jw_text name, const char *secret, char out[JW_SECOND_URI]) {
    char escaped[3 * JW_ACCOUNT_NAME + 1];
    size_t at = 0;
    for (size_t i = 0; i < name.len && at + 4 < sizeof escaped; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool plain = isalnum(c) || c == '.' || c == '-' || c == '_';
        at += (size_t)snprintf(escaped + at, sizeof escaped - at, plain ? "%c" : "%%%02X", c);
    }
    escaped[at] = '\0';
    snprintf(out, JW_SECOND_URI, "otpauth://totp/" ISSUER ":%s?secret=%s&issuer=" ISSUER "&digits=%d&period=%d",
             escaped, secret, DIGITS, STEP_S);
}

jw_status jw_second_begin(struct jw_accounts *accounts, jw_text name, const struct jw_actor *by,
                          char out_secret[JW_SECOND_SECRET], char out_uri[JW_SECOND_URI], struct jw_error *err) {
    unsigned char secret[SECRET];
    struct seconding seconding = {.accounts = accounts, .name = name, .by = by};
    jw_random(secret, sizeof secret);
    jw_status st = jw_seal_close(accounts->seal, name, (jw_text){(char *)secret, sizeof secret}, seconding.sealed,
                                 sizeof seconding.sealed, err);
    if (st == JW_OK)
        st = jw_store_do(accounts->store, put_secret, &seconding, err);
    if (st == JW_OK) {
        base32(secret, out_secret);
        make_uri(name, out_secret, out_uri);
    }
    explicit_bzero(secret, sizeof secret);
    return st;
}

/* --- codes -------------------------------------------------------------------------------------------------------
 */
/* The step whose code this is, near now and newer than the last one used; 0: none. */
static int64_t step_of(const unsigned char *secret, size_t size, jw_text code, int64_t last, int64_t now_s) {
    int64_t found = 0;
    char want[DIGITS + 1];
    for (int64_t step = now_s / STEP_S - 1; step <= now_s / STEP_S + 1; step++)
        if (oath_totp_generate((const char *)secret, size, (time_t)(step * STEP_S), STEP_S, 0, DIGITS, want) ==
                OATH_OK &&
            code.len == DIGITS && jw_password_same(want, code.ptr, DIGITS) && step > last)
            found = step;
    return found;
}

static jw_status check_code(struct seconding *seconding, struct jw_sql *sql, const struct jw_account_row *row,
                            int64_t now, struct jw_error *err) {
    unsigned char secret[SECRET];
    size_t size = sizeof secret;
    jw_status st =
        jw_seal_read(seconding->accounts->seal, seconding->name, jw_text_from(row->second), secret, &size, err);
    if (st != JW_OK)
        return st == JW_E_DENIED ? JW_E_SYSTEM : st; /* not the person's fault: the key is another one */
    int64_t step = step_of(secret, size, seconding->code, row->second_step, now / 1000000);
    explicit_bzero(secret, sizeof secret);
    if (!step)
        return jw_fail(err, JW_E_DENIED, "the code is wrong, or was used already");
    jw_sql_value values[] = {JW_SQL_STR(seconding->name), JW_SQL_INT(step)};
    return jw_account_run(sql, "UPDATE accounts SET second_step = $2 WHERE name = $1", values, 2, err);
}

/* People type them in small letters and without the strokes. */
static jw_text clean_code(jw_text code, char out[JW_SECOND_RECOVERY]) {
    size_t len = 0;
    for (size_t i = 0; i < code.len; i++)
        if (code.ptr[i] != '-' && code.ptr[i] != ' ' && len < JW_SECOND_RECOVERY)
            out[len++] = (char)toupper((unsigned char)code.ptr[i]);
    return (jw_text){out, len};
}

static jw_status use_recovery(struct seconding *seconding, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    char clean[JW_SECOND_RECOVERY], digest[2 * SHA256_DIGEST_LENGTH + 1];
    jw_account_digest(clean_code(seconding->code, clean), digest);
    jw_sql_value values[] = {JW_SQL_STR(seconding->name), JW_SQL_STR(jw_text_from(digest))};
    jw_status st =
        jw_account_run(sql, "DELETE FROM recovery_codes WHERE account = $1 AND digest = $2", values, 2, err);
    if (st == JW_OK && jw_sql_changed(sql) == 0)
        return jw_fail(err, JW_E_DENIED, "the code is wrong, or was used already");
    return st == JW_OK ? jw_account_note(sql, now, seconding->by, "recovery-code", seconding->name, NULL, err) : st;
}

static jw_status check(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct seconding *seconding = context;
    struct jw_account_row row;
    jw_status st = jw_account_row(sql, seconding->name, &row, err);
    if (st != JW_OK || !row.account.second)
        return st == JW_OK ? jw_fail(err, JW_E_DENIED, "no second factor is in force") : st;
    return seconding->code.len == DIGITS ? check_code(seconding, sql, &row, now, err)
                                         : use_recovery(seconding, sql, now, err);
}

jw_status jw_second_check(struct jw_accounts *accounts, jw_text name, jw_text code, const struct jw_actor *by,
                          struct jw_error *err) {
    struct seconding seconding = {.accounts = accounts, .name = name, .code = code, .by = by};
    return jw_store_do(accounts->store, check, &seconding, err);
}

/* --- confirming --------------------------------------------------------------------------------------------------
 */
static jw_status put_codes(struct seconding *seconding, struct jw_sql *sql, struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_STR(seconding->name), {0}};
    jw_status st = jw_account_run(sql, "DELETE FROM recovery_codes WHERE account = $1", values, 1, err);
    for (size_t i = 0; i < JW_SECOND_CODES && st == JW_OK; i++) {
        values[1] = JW_SQL_STR(jw_text_from(seconding->digests[i]));
        st = jw_account_run(sql, "INSERT INTO recovery_codes VALUES ($1, $2)", values, 2, err);
    }
    return st;
}

static jw_status confirm(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct seconding *seconding = context;
    struct jw_account_row row;
    jw_sql_value values[] = {JW_SQL_STR(seconding->name)};
    jw_status st = jw_account_row(sql, seconding->name, &row, err);
    if (st == JW_OK && (row.account.second || !row.second[0]))
        return jw_fail(err, JW_E_DENIED, "there is no secret that waits to be confirmed");
    if (st == JW_OK)
        st = check_code(seconding, sql, &row, now, err);
    if (st == JW_OK)
        st = jw_account_run(sql, "UPDATE accounts SET second_on = 1 WHERE name = $1", values, 1, err);
    if (st == JW_OK)
        st = put_codes(seconding, sql, err);
    return st == JW_OK ? jw_account_note(sql, now, seconding->by, "totp-on", seconding->name, NULL, err) : st;
}

/* Capitals and digits that nobody takes for one another. */
static void make_code(char out[JW_SECOND_RECOVERY]) {
    char random[64];
    jw_password_random(random, sizeof random - 1);
    size_t at = 0;
    for (size_t i = 0; at < JW_SECOND_RECOVERY - 1; i++) {
        if (i == sizeof random - 1) {
            jw_password_random(random, sizeof random - 1);
            i = 0;
        }
        if (at % 5 == 4)
            out[at++] = '-';
        if (isupper((unsigned char)random[i]) || isdigit((unsigned char)random[i]))
            out[at++] = random[i];
    }
    out[at] = '\0';
}

jw_status jw_second_confirm(struct jw_accounts *accounts, jw_text name, jw_text code, const struct jw_actor *by,
                            char out_codes[JW_SECOND_CODES][JW_SECOND_RECOVERY], struct jw_error *err) {
    struct seconding seconding = {.accounts = accounts, .name = name, .code = code, .by = by};
    char clean[JW_SECOND_RECOVERY];
    for (size_t i = 0; i < JW_SECOND_CODES; i++) {
        make_code(out_codes[i]);
        jw_account_digest(clean_code(jw_text_from(out_codes[i]), clean), seconding.digests[i]);
    }
    jw_status st = jw_store_do(accounts->store, confirm, &seconding, err);
    jw_account_forget(accounts, name);
    return st;
}

/* --- taking off --------------------------------------------------------------------------------------------------
 */
static jw_status take_off(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct seconding *seconding = context;
    jw_sql_value values[] = {JW_SQL_STR(seconding->name)};
    jw_status st =
        jw_account_run(sql,
                       "UPDATE accounts SET second = '', second_on = 0, second_step = 0, version = version "
                       "+ 1 WHERE name = $1",
                       values, 1, err);
    if (st == JW_OK && jw_sql_changed(sql) == 0)
        return JW_END;
    if (st == JW_OK)
        st = jw_account_run(sql, "DELETE FROM recovery_codes WHERE account = $1", values, 1, err);
    if (st == JW_OK)
        st = jw_account_end_sessions(sql, seconding->name, err);
    return st == JW_OK ? jw_account_note(sql, now, seconding->by, "totp-off", seconding->name, NULL, err) : st;
}

jw_status jw_second_off(struct jw_accounts *accounts, jw_text name, const struct jw_actor *by,
                        struct jw_error *err) {
    struct seconding seconding = {.accounts = accounts, .name = name, .by = by};
    jw_status st = jw_store_do(accounts->store, take_off, &seconding, err);
    jw_account_forget(accounts, name);
    return st;
}
