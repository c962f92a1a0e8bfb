/* lib/account/session.c — sessions begin, are found, and end. */
#include "session.h"
#include "parts.h"

#include "base/hash.h"
#include "base/time.h"

#define US          INT64_C(1000000)
#define TICKET_US   (300 * US)
#define STORE_US    (60 * US) /* how old `used` may be in the database */
#define LISTED_MOST 1000
#define COLUMNS     "id, account, version, stage, how, origin, agent, started, used"

static int64_t now_us(void) { return jw_time_now() / 1000; }

static void decode(const jw_sql_value *row, struct jw_session *out) {
    *out = (struct jw_session){.version = row[2].integer,
                               .stage = row[3].integer ? JW_SESSION_HALF : JW_SESSION_OPEN,
                               .started = row[7].integer,
                               .used = row[8].integer};
    jw_account_copy(out->id, sizeof out->id, row[0].text);
    jw_account_copy(out->account, sizeof out->account, row[1].text);
    jw_account_copy(out->how, sizeof out->how, row[4].text);
    jw_account_copy(out->origin, sizeof out->origin, row[5].text);
    jw_account_copy(out->agent, sizeof out->agent, row[6].text);
}

static bool is_over(const struct jw_policy *policy, const struct jw_session *session, int64_t now) {
    if (session->stage == JW_SESSION_HALF)
        return now - session->started > TICKET_US;
    return now - session->used > policy->idle_s * US || now - session->started > policy->longest_s * US;
}

/* --- beginning ---------------------------------------------------------------------------------------------------
 */
struct starting {
    struct jw_accounts *accounts;
    const struct jw_session_start *from;
    char id[JW_SESSION_ID + 1], digest[2 * SHA256_DIGEST_LENGTH + 1];
    jw_text agent;
};

static jw_status drop_old(struct starting *starting, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct jw_policy *policy = starting->accounts->policy;
    jw_sql_value values[] = {JW_SQL_INT(now - policy->idle_s * US), JW_SQL_INT(now - policy->longest_s * US),
                             JW_SQL_INT(now - TICKET_US)};
    return jw_account_run(sql,
                          "DELETE FROM sessions WHERE (stage = 0 AND (used < $1 OR started < $2)) OR "
                          "(stage = 1 AND started < $3)",
                          values, 3, err);
}

/* Room for one more: the one unused longest ends, or nobody comes in. */
static jw_status make_room(struct starting *starting, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct jw_policy *policy = starting->accounts->policy;
    jw_text name = jw_text_from(starting->from->account->name);
    jw_sql_value values[] = {JW_SQL_STR(name), JW_SQL_INT(policy->sessions - 1)}, count = {0};
    if (!policy->sessions || starting->from->stage == JW_SESSION_HALF)
        return JW_OK;
    jw_status st = jw_sql_one(sql, "SELECT count(*) FROM sessions WHERE account = $1 AND stage = 0", values, 1,
                              NULL, &count, err);
    if (st != JW_OK || count.integer < policy->sessions)
        return st;
    if (policy->refuse)
        return jw_fail(err, JW_E_LIMIT, "%lld sessions of this account are open; end one of them first",
                       (long long)count.integer);
    st = jw_account_run(sql,
                        "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE account = $1 AND "
                        "stage = 0 ORDER BY used DESC, started DESC LIMIT 1000 OFFSET $2)",
                        values, 2, err);
    struct jw_actor by = {JW_TEXT(""), starting->from->origin, JW_TEXT("")};
    return st == JW_OK ? jw_account_note(sql, now, &by, "session-pushed-out", name, NULL, err) : st;
}

static jw_status put_session(struct starting *starting, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct jw_session_start *from = starting->from;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(starting->digest)),
                             JW_SQL_STR(jw_text_from(starting->id)),
                             JW_SQL_STR(jw_text_from(from->account->name)),
                             JW_SQL_INT(from->account->version),
                             JW_SQL_INT(from->stage),
                             JW_SQL_STR(jw_text_from(from->how)),
                             JW_SQL_STR(from->origin),
                             JW_SQL_STR(starting->agent),
                             JW_SQL_INT(now)};
    return jw_account_run(sql, "INSERT INTO sessions VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)", values, 9,
                          err);
}

static jw_status start(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct starting *starting = context;
    const struct jw_session_start *from = starting->from;
    jw_text name = jw_text_from(from->account->name);
    jw_sql_value seen[] = {JW_SQL_STR(name), JW_SQL_INT(now), JW_SQL_STR(from->origin)};
    jw_status st = drop_old(starting, sql, now, err);
    if (st == JW_OK)
        st = make_room(starting, sql, now, err);
    if (st == JW_OK)
        st = put_session(starting, sql, now, err);
    if (st != JW_OK || from->stage == JW_SESSION_HALF)
        return st;
    st = jw_account_run(sql, "UPDATE accounts SET last_login = $2, last_origin = $3 WHERE name = $1", seen, 3, err);
    struct jw_actor by = {name, from->origin, JW_TEXT("")};
    return st == JW_OK ? jw_account_note(sql, now, &by, "login", name,
                                         json_pack("{ss ss}", "how", from->how, "session", starting->id), err)
                       : st;
}

/* What a browser calls itself, as far as it is text. */
static jw_text clean_agent(jw_text agent) {
    agent.len = agent.len < JW_SESSION_AGENT ? agent.len : JW_SESSION_AGENT - 1;
    for (size_t i = 0; i < agent.len; i++)
        if ((unsigned char)agent.ptr[i] < ' ' || (unsigned char)agent.ptr[i] > '~')
            agent.len = i;
    return agent.len ? agent : JW_TEXT("");
}

jw_status jw_session_start(struct jw_accounts *accounts, const struct jw_session_start *from,
                           char out_token[JW_SESSION_TOKEN + 1], struct jw_error *err) {
    struct starting starting = {.accounts = accounts, .from = from, .agent = clean_agent(from->agent)};
    unsigned char random[JW_SESSION_TOKEN / 2];
    char token[JW_SESSION_TOKEN + 1];
    jw_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(token + 2 * i, 3, "%02x", random[i]);
    jw_password_random(starting.id, JW_SESSION_ID);
    jw_account_digest((jw_text){token, JW_SESSION_TOKEN}, starting.digest);
    jw_status st = jw_store_do(accounts->store, start, &starting, err);
    if (st == JW_OK)
        memcpy(out_token, token, sizeof token);
    explicit_bzero(token, sizeof token);
    return st;
}

/* --- finding -----------------------------------------------------------------------------------------------------
 */
struct question {
    char digest[2 * SHA256_DIGEST_LENGTH + 1];
    struct jw_session session;
    bool there;
    int64_t used;
};

static jw_status take(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct question *question = context;
    (void)columns, (void)err;
    decode(row, &question->session);
    question->there = true;
    return JW_OK;
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct question *question = context;
    jw_status st = jw_sql_run(sql, "SELECT " COLUMNS " FROM sessions WHERE digest = $1",
                              (jw_sql_value[]){JW_SQL_STR(jw_text_from(question->digest))}, 1, take, question, err);
    return st != JW_OK ? st : question->there ? JW_OK : JW_END;
}

static jw_status put_used(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct question *question = context;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(question->digest)), JW_SQL_INT(question->used)};
    (void)now;
    return jw_account_run(sql, "UPDATE sessions SET used = $2 WHERE digest = $1 AND used < $2", values, 2, err);
}

/* As the database says, at most a second ago; what this process knows of its use is newer. */
static jw_status find(struct jw_accounts *accounts, jw_text token, struct jw_session_known *out,
                      struct jw_error *err) {
    struct question question = {.there = false};
    jw_recent_key key = jw_recent_key_of(token);
    bool fresh = false;
    if (token.len != JW_SESSION_TOKEN)
        return JW_END;
    bool known = jw_recent_get(accounts->open, &key, out, &fresh);
    if (known && fresh)
        return JW_OK;
    jw_account_digest(token, question.digest);
    jw_status st = jw_store_look(accounts->store, look, &question, err);
    if (st != JW_OK) {
        jw_recent_drop(accounts->open, &key);
        return st;
    }
    int64_t used = known && out->session.used > question.session.used ? out->session.used : question.session.used;
    *out = (struct jw_session_known){question.session, question.session.used};
    out->session.used = used;
    jw_recent_put(accounts->open, &key, out, true);
    return JW_OK;
}

/* In memory at once, in the database once a minute, or more often where idle sessions end sooner. */
static void use(struct jw_accounts *accounts, jw_text token, struct jw_session_known *known) {
    jw_recent_key key = jw_recent_key_of(token);
    int64_t rarely = accounts->policy->idle_s * US / 4;
    struct question question = {.used = now_us()};
    known->session.used = question.used;
    bool store = question.used - known->stored > (rarely < STORE_US ? rarely : STORE_US);
    known->stored = store ? question.used : known->stored;
    jw_recent_put(accounts->open, &key, known, false);
    if (!store)
        return;
    jw_account_digest(token, question.digest);
    (void)!jw_store_do(accounts->store, put_used, &question, NULL); /* the next use tries again */
}

jw_status jw_session_find(struct jw_accounts *accounts, jw_text token, struct jw_session *out, jw_account *account,
                          struct jw_holder *holder, struct jw_error *err) {
    struct jw_session_known known;
    jw_status st = find(accounts, token, &known, err);
    if (st != JW_OK || is_over(accounts->policy, &known.session, now_us()))
        return st == JW_OK ? JW_END : st;
    st = jw_accounts_find(accounts, jw_text_from(known.session.account), account, holder, err);
    if (st != JW_OK || account->disabled || account->version != known.session.version)
        return st == JW_OK ? JW_END : st;
    use(accounts, token, &known);
    *out = known.session;
    return JW_OK;
}

bool jw_session_alive(struct jw_accounts *accounts, jw_text token) {
    struct jw_session_known known;
    jw_account account;
    return find(accounts, token, &known, NULL) == JW_OK &&
           now_us() - known.session.started <= accounts->policy->longest_s * US &&
           jw_accounts_find(accounts, jw_text_from(known.session.account), &account, NULL, NULL) == JW_OK &&
           !account.disabled && account.version == known.session.version;
}

/* --- ending ------------------------------------------------------------------------------------------------------
 */
struct ending {
    const char *text;
    jw_text value, account;
    const struct jw_actor *by;
    const char *action;
    char owner[JW_ACCOUNT_NAME + 1];
};

static jw_status take_owner(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct ending *ending = context;
    (void)columns, (void)err;
    jw_account_copy(ending->owner, sizeof ending->owner, row[0].text);
    return JW_OK;
}

static jw_status end(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct ending *ending = context;
    jw_sql_value values[] = {JW_SQL_STR(ending->value), JW_SQL_STR(ending->account)};
    ending->owner[0] = '\0';
    jw_status st = jw_sql_run(sql, ending->text, values, 2, take_owner, ending, err);
    if (st != JW_OK || !ending->owner[0])
        return st == JW_OK ? JW_END : st;
    return jw_account_note(sql, now, ending->by, ending->action, jw_text_from(ending->owner), NULL, err);
}

jw_status jw_session_end(struct jw_accounts *accounts, jw_text token, const struct jw_actor *by,
                         struct jw_error *err) {
    char digest[2 * SHA256_DIGEST_LENGTH + 1];
    jw_recent_key key = jw_recent_key_of(token);
    jw_account_digest(token, digest);
    struct ending ending = {.text = "DELETE FROM sessions WHERE digest = $1 AND $2 = '' RETURNING account",
                            .value = jw_text_from(digest),
                            .account = JW_TEXT(""),
                            .by = by,
                            .action = "logout"};
    jw_status st = jw_store_do(accounts->store, end, &ending, err);
    jw_recent_drop(accounts->open, &key);
    return st;
}

jw_status jw_session_kick(struct jw_accounts *accounts, jw_text id, jw_text account, const struct jw_actor *by,
                          struct jw_error *err) {
    struct ending ending = {
        .text = "DELETE FROM sessions WHERE id = $1 AND ($2 = '' OR account = $2) RETURNING account",
        .value = id,
        .account = account.len ? account : JW_TEXT(""),
        .by = by,
        .action = "kick"};
    jw_status st = jw_store_do(accounts->store, end, &ending, err);
    jw_recent_drop(accounts->open, NULL);
    return st;
}

/* --- listing -----------------------------------------------------------------------------------------------------
 */
struct listing {
    struct jw_accounts *accounts;
    jw_text account;
    void (*each)(void *context, const struct jw_session *session);
    void *context;
};

static jw_status tell(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct listing *listing = context;
    struct jw_session session;
    (void)columns, (void)err;
    decode(row, &session);
    if (!is_over(listing->accounts->policy, &session, now_us()))
        listing->each(listing->context, &session);
    return JW_OK;
}

static jw_status list(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct listing *listing = context;
    jw_sql_value values[] = {JW_SQL_STR(listing->account), JW_SQL_INT(LISTED_MOST)};
    return jw_sql_run(sql,
                      "SELECT " COLUMNS " FROM sessions WHERE stage = 0 AND ($1 = '' OR account = $1) "
                      "ORDER BY used DESC LIMIT $2",
                      values, 2, tell, listing, err);
}

jw_status jw_session_list(struct jw_accounts *accounts, jw_text account,
                          void (*each)(void *context, const struct jw_session *session), void *context,
                          struct jw_error *err) {
    struct listing listing = {accounts, account.len ? account : JW_TEXT(""), each, context};
    return jw_store_look(accounts->store, list, &listing, err);
}
