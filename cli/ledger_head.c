/* cli/ledger_head.c — the end of the audit chain, to be kept elsewhere. */
#include "ledger_head.h"
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    return jw_audit_get_head(sql, context, err);
}

int jw_ledger_head_show(struct jw_store *store, const char *sign) {
    struct jw_audit_head head;
    struct jw_error err = {{0}};
    char text[JW_HEAD_TEXT];
    jw_status st = jw_store_look(store, look, &head, &err);
    if (st == JW_OK)
        st = jw_head_print(&head, jw_time_now() / 1000, sign, text, &err);
    if (st != JW_OK)
        return jw_command_failed("ledger", "%s", err.text);
    puts(text);
    return JW_EXIT_DONE;
}

int jw_ledger_head_make_key(const char *path) {
    struct jw_error err = {{0}};
    if (jw_head_make_key(path, &err) != JW_OK)
        return jw_command_failed("ledger", "%s", err.text);
    fprintf(stderr, "%s signs; %s.pub is for those who check\n", path, path);
    return JW_EXIT_DONE;
}

jw_status jw_ledger_head_load(const char *path, const char *public_key, struct jw_audit_head *out,
                              struct jw_error *err) {
    char text[JW_HEAD_TEXT];
    FILE *file = fopen(path, "re");
    if (!file)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    jw_status st = jw_head_read((jw_text){text, len}, public_key, out, err);
    return st == JW_OK ? st : jw_wrap(err, st, "%s", path);
}
