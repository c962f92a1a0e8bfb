/* lib/access/access_test.c — keys keep their promises over files. */
#include "keys.h"

#include <sys/stat.h>

#include "test/test.h"

static mode_t mode_of(struct jw_test *t, const char *name) {
    char path[4096];
    struct stat st = {0};
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void count_key(void *context, const jw_key *key) {
    int *count = context;
    *count += key->secret[0] == '\0' && key->name[0];
}

static void keys_are_checked_listed_and_revoked_across_processes(struct jw_test *t) {
    JW_AUTO(jw_keys_close_p) struct jw_keys *one = NULL;
    JW_AUTO(jw_keys_close_p) struct jw_keys *two = NULL;
    jw_key made, second, found;
    int count = 0;
    JW_CHECK_OK(t, jw_keys_open(t->folder, &one, &t->err));
    JW_CHECK_OK(t, jw_keys_open(t->folder, &two, &t->err));
    JW_CHECK_OK(t, jw_keys_add(one, JW_TEXT("gateway-1"), &made, &t->err));
    JW_CHECK_OK(t, jw_keys_add(one, JW_TEXT("gateway-2"), &second, &t->err));
    JW_CHECK_INT(t, jw_keys_add(two, JW_TEXT("gateway-1"), &found, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, jw_keys_add(two, JW_TEXT("a b"), &found, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, mode_of(t, "keys.json"), 0600);
    JW_CHECK(t, jw_keys_check(two, jw_text_from(made.id), jw_text_from(made.secret), &found));
    JW_CHECK_TEXT(t, jw_text_from(found.name), JW_TEXT("gateway-1"));
    JW_CHECK(t, !jw_keys_check(two, jw_text_from(made.id), jw_text_from(second.secret), &found));
    JW_CHECK(t, !jw_keys_check(two, JW_TEXT(""), JW_TEXT(""), &found));
    jw_keys_list(two, count_key, &count);
    JW_CHECK_INT(t, count, 2);
    JW_CHECK_OK(t, jw_keys_revoke(one, JW_TEXT("gateway-1"), &t->err));
    JW_CHECK_INT(t, jw_keys_revoke(two, JW_TEXT("gateway-1"), &t->err), JW_AGAIN);
    JW_CHECK(t, !jw_keys_check(two, jw_text_from(made.id), jw_text_from(made.secret), &found));
    JW_CHECK(t, jw_keys_check(two, jw_text_from(second.id), jw_text_from(second.secret), &found));
}

static void a_damaged_file_is_an_error_at_open_and_keeps_the_last_state_later(struct jw_test *t) {
    char path[4096];
    JW_AUTO(jw_keys_close_p) struct jw_keys *keys = NULL;
    struct jw_keys *none = NULL;
    jw_key made, found;
    JW_CHECK_OK(t, jw_keys_open(t->folder, &keys, &t->err));
    JW_CHECK_OK(t, jw_keys_add(keys, JW_TEXT("a"), &made, &t->err));
    snprintf(path, sizeof path, "%s/keys.json", t->folder);
    FILE *file = fopen(path, "we");
    fputs("{\"keys\":[", file);
    fclose(file);
    JW_CHECK_INT(t, jw_keys_open(t->folder, &none, &t->err), JW_E_SYNTAX);
    JW_CHECK(t, jw_keys_check(keys, jw_text_from(made.id), jw_text_from(made.secret), &found));
    JW_CHECK_INT(t, jw_keys_add(keys, JW_TEXT("b"), &made, &t->err), JW_E_SYNTAX);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(keys_are_checked_listed_and_revoked_across_processes),
                                      JW_CASE(a_damaged_file_is_an_error_at_open_and_keeps_the_last_state_later),
                                      {0}});
}
