/* daemons/api/api_test.c — sessions and the guard against guessing; the whole over HTTP is tests/api_test.py. */
#include "guard.h"
#include "session.h"

#include "base/time.h"
#include "test/test.h"

static void a_session_is_found_by_its_token_until_it_ends(struct jw_test *t) {
    struct jw_sessions *sessions = jw_session_table_new();
    jw_account account = {.name = "admin", .version = 7}, found = {0};
    char token[JW_SESSION_TOKEN + 1], other[JW_SESSION_TOKEN + 1];
    jw_session_start(sessions, &account, token);
    jw_session_start(sessions, &account, other);
    JW_CHECK(t, strcmp(token, other) != 0);
    JW_CHECK(t, jw_session_find(sessions, jw_text_from(token), &found));
    JW_CHECK_INT(t, found.version, 7);
    JW_CHECK(t, !jw_session_find(sessions, JW_TEXT(""), &found));
    token[0] = token[0] == 'a' ? 'b' : 'a';
    JW_CHECK(t, !jw_session_find(sessions, jw_text_from(token), &found));
    jw_session_end(sessions, jw_text_from(other));
    JW_CHECK(t, !jw_session_find(sessions, jw_text_from(other), &found));
    jw_session_table_free(sessions);
}

static void a_flood_of_sessions_ends_the_oldest_and_no_more(struct jw_test *t) {
    struct jw_sessions *sessions = jw_session_table_new();
    jw_account account = {.name = "a"}, found;
    char first[JW_SESSION_TOKEN + 1], token[JW_SESSION_TOKEN + 1];
    jw_session_start(sessions, &account, first);
    for (int i = 0; i < JW_SESSIONS_MOST; i++)
        jw_session_start(sessions, &account, token);
    JW_CHECK(t, !jw_session_find(sessions, jw_text_from(first), &found));
    JW_CHECK(t, jw_session_find(sessions, jw_text_from(token), &found));
    jw_session_end_all(sessions, JW_TEXT("a"));
    JW_CHECK(t, !jw_session_find(sessions, jw_text_from(token), &found));
    jw_session_table_free(sessions);
}

static jw_address address(const char *s) {
    jw_address out = {{0}};
    return jw_address_parse(jw_text_from(s), &out) ? out : out;
}

static void guessing_is_locked_out_per_account_and_address_and_doubles(struct jw_test *t) {
    struct jw_guard *guard = jw_guard_new();
    jw_address bad = address("192.0.2.1"), good = address("192.0.2.2");
    int64_t now = 1000 * JW_SECOND;
    for (int i = 0; i < JW_GUARD_PAIR; i++) {
        JW_CHECK_INT(t, jw_guard_wait(guard, JW_TEXT("admin"), &bad, now), 0);
        jw_guard_failed(guard, JW_TEXT("admin"), &bad, now);
    }
    JW_CHECK_INT(t, jw_guard_wait(guard, JW_TEXT("admin"), &bad, now), 30);
    JW_CHECK_INT(t, jw_guard_wait(guard, JW_TEXT("admin"), &good, now),
                 0); /* nobody is locked out from elsewhere */
    now += 30 * JW_SECOND;
    JW_CHECK_INT(t, jw_guard_wait(guard, JW_TEXT("admin"), &bad, now), 0);
    jw_guard_failed(guard, JW_TEXT("admin"), &bad, now);
    JW_CHECK_INT(t, jw_guard_wait(guard, JW_TEXT("admin"), &bad, now), 60);
    jw_guard_passed(guard, JW_TEXT("admin"), &bad);
    JW_CHECK_INT(t, jw_guard_wait(guard, JW_TEXT("admin"), &bad, now), 0);
    jw_guard_free(guard);
}

static void an_address_that_tries_many_accounts_is_locked_out(struct jw_test *t) {
    struct jw_guard *guard = jw_guard_new();
    jw_address bad = address("2001:db8::1"), neighbour = address("2001:db8::2"), other = address("2001:db8:1::1");
    for (int i = 0; i < JW_GUARD_ADDRESS; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "user%d", i);
        jw_guard_failed(guard, (jw_text){name, (size_t)len}, &bad, JW_SECOND);
    }
    JW_CHECK(t, jw_guard_wait(guard, JW_TEXT("new"), &bad, JW_SECOND) > 0);
    JW_CHECK(t, jw_guard_wait(guard, JW_TEXT("new"), &neighbour, JW_SECOND) > 0); /* the same /64 */
    JW_CHECK_INT(t, jw_guard_wait(guard, JW_TEXT("new"), &other, JW_SECOND), 0);
    jw_guard_free(guard);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(a_session_is_found_by_its_token_until_it_ends),
                                      JW_CASE(a_flood_of_sessions_ends_the_oldest_and_no_more),
                                      JW_CASE(guessing_is_locked_out_per_account_and_address_and_doubles),
                                      JW_CASE(an_address_that_tries_many_accounts_is_locked_out),
                                      {0}});
}
