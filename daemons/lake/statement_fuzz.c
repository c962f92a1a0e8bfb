/* daemons/lake/statement_fuzz.c — whatever passes is one statement of a known kind, with nothing that was refused.
 */
#include "statement.h"

#include "test/fuzz.h"

static void check(const struct jw_statement *statement) {
    jw_text sql = jw_text_from(statement->sql);
    assert(sql.len && !memchr(sql.ptr, ';', sql.len));
    for (const char *c = statement->format; c && *c; c++)
        assert((*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') || *c == '_');
    if (statement->kind != JW_STATEMENT_INSERT)
        return;
    assert(statement->format && strncasecmp(sql.ptr, "INSERT", 6) == 0);
    /* no SELECT, no VALUES, no function behind the table: nothing but one list of names */
    const char *list = strchr(sql.ptr, '(');
    for (const char *c = list; c && *++c;)
        assert(*c != '(' && *c != '\'' && *c != '/' && *c != '=');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(8 << 20);
    struct jw_statement statement;
    jw_text text = {(const char *)data, size}, name = {NULL, 0}, value = text;
    if (mem && jw_statement_read(text, mem, &statement, NULL) == JW_OK)
        check(&statement);
    if (jw_text_cut(&value, '=', &name) && jw_statement_may_set(name, value))
        assert(value.len && !memchr(value.ptr, '\'', value.len) && !memchr(value.ptr, '\\', value.len));
    if (jw_statement_is_id(text))
        assert(size <= 64 && !memchr(data, '\'', size));
    return 0;
}
