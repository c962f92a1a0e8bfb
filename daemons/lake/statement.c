/* daemons/lake/statement.c — an allow-list over the first word, and a few words nobody needs. */
#include "statement.h"

#define SQL_MOST (2 << 20)

static const struct {
    jw_text word;
    jw_statement_kind kind;
} kinds[] = {
    {JW_TEXT("SELECT"), JW_STATEMENT_ROWS},     {JW_TEXT("WITH"), JW_STATEMENT_ROWS},
    {JW_TEXT("SHOW"), JW_STATEMENT_COMMAND},    {JW_TEXT("DESCRIBE"), JW_STATEMENT_COMMAND},
    {JW_TEXT("EXISTS"), JW_STATEMENT_COMMAND},  {JW_TEXT("INSERT"), JW_STATEMENT_INSERT},
    {JW_TEXT("CREATE"), JW_STATEMENT_COMMAND},  {JW_TEXT("ALTER"), JW_STATEMENT_COMMAND},
    {JW_TEXT("DROP"), JW_STATEMENT_COMMAND},    {JW_TEXT("OPTIMIZE"), JW_STATEMENT_COMMAND},
    {JW_TEXT("RENAME"), JW_STATEMENT_COMMAND},  {JW_TEXT("TRUNCATE"), JW_STATEMENT_COMMAND},
    {JW_TEXT("EXPLAIN"), JW_STATEMENT_COMMAND}, {JW_TEXT("KILL"), JW_STATEMENT_KILL},
};

/* The sandbox stops these from leaving the data folder; inside it they could still do harm. */
static const jw_text refused[] = {JW_TEXT("OUTFILE"), JW_TEXT("INFILE"), JW_TEXT("SYSTEM STOP"),
                                  JW_TEXT("DICTIONARY")};

static const jw_text settings[] = {
    JW_TEXT("max_execution_time"),
    JW_TEXT("max_memory_usage"),
    JW_TEXT("max_result_rows"),
    JW_TEXT("max_rows_to_read"),
    JW_TEXT("max_threads"),
    JW_TEXT("max_block_size"),
    JW_TEXT("result_overflow_mode"),
    JW_TEXT("timeout_overflow_mode"),
    JW_TEXT("read_overflow_mode"),
    JW_TEXT("insert_deduplication_token"),
    JW_TEXT("insert_deduplicate"),
    JW_TEXT("use_query_condition_cache"),
    JW_TEXT("max_bytes_before_external_group_by"),
    JW_TEXT("max_bytes_before_external_sort"),
    JW_TEXT("output_format_json_quote_64bit_integers"),
    JW_TEXT("mutations_sync"),
    JW_TEXT("alter_sync"),
    JW_TEXT("max_partitions_per_insert_block"),
};

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool jw_statement_is_id(jw_text id) {
    for (size_t i = 0; i < id.len; i++)
        if (!is_word(id.ptr[i]) && id.ptr[i] != '-')
            return false;
    return id.len > 0 && id.len <= 64;
}

bool jw_statement_may_set(jw_text name, jw_text value) {
    for (size_t i = 0; i < value.len; i++)
        if (!is_word(value.ptr[i]) && !memchr("-.:", value.ptr[i], 3))
            return false;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (jw_text_is(name, settings[i]))
            return value.len > 0 && value.len <= 200;
    return false;
}

static jw_text first_word(jw_text s) {
    size_t len = 0;
    while (len < s.len && is_word(s.ptr[len]))
        len++;
    return (jw_text){s.ptr, len};
}

static jw_text last_word(jw_text s) {
    size_t at = s.len;
    while (at && is_word(s.ptr[at - 1]))
        at--;
    return (jw_text){s.ptr + at, s.len - at};
}

/* Takes "FORMAT word" off the end. */
static jw_text cut_format(jw_text *sql) {
    jw_text format = last_word(*sql);
    jw_text before = jw_text_trim((jw_text){sql->ptr, sql->len - format.len});
    jw_text keyword = last_word(before);
    if (format.len == 0 || before.len + format.len == sql->len || !jw_text_is_nocase(keyword, JW_TEXT("FORMAT")))
        return (jw_text){0};
    *sql = jw_text_trim((jw_text){sql->ptr, before.len - keyword.len});
    return format;
}

static bool has_nocase(jw_text s, jw_text needle) {
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (jw_text_is_nocase((jw_text){s.ptr + i, needle.len}, needle))
            return true;
    return false;
}

static void drop_word(jw_text *rest) {
    jw_text word = first_word(*rest);
    *rest = jw_text_trim((jw_text){rest->ptr + word.len, rest->len - word.len});
}

/* INSERT INTO name[.name] [(name, name, …)] and nothing behind it. */
static bool is_plain_insert(jw_text sql) {
    drop_word(&sql);
    if (!jw_text_is_nocase(first_word(sql), JW_TEXT("INTO")))
        return false;
    drop_word(&sql);
    if (first_word(sql).len == 0 || jw_text_is_nocase(first_word(sql), JW_TEXT("FUNCTION")))
        return false;
    drop_word(&sql);
    if (jw_text_drop(&sql, JW_TEXT("."))) {
        if (first_word(sql).len == 0)
            return false;
        drop_word(&sql);
    }
    if (sql.len == 0)
        return true;
    if (sql.ptr[0] != '(' || sql.ptr[sql.len - 1] != ')')
        return false;
    for (size_t i = 1; i + 1 < sql.len; i++)
        if (!is_word(sql.ptr[i]) && sql.ptr[i] != ',' && sql.ptr[i] != ' ')
            return false;
    return true;
}

jw_status jw_statement_read(jw_text sql, struct jw_arena *mem, struct jw_statement *out, struct jw_error *err) {
    sql = jw_text_trim(sql);
    if (sql.len > SQL_MOST)
        return jw_fail(err, JW_E_LIMIT, "a statement has at most %d bytes", SQL_MOST);
    if (sql.len == 0)
        return jw_fail(err, JW_E_SYNTAX, "no statement");
    if (memchr(sql.ptr, ';', sql.len) || memchr(sql.ptr, '\0', sql.len))
        return jw_fail(err, JW_E_DENIED, "one statement at a time, without ';'");
    jw_text word = first_word(sql);
    size_t row = 0, rows = sizeof kinds / sizeof *kinds;
    while (row < rows && !jw_text_is_nocase(word, kinds[row].word))
        row++;
    if (row == rows)
        return jw_fail(err, JW_E_DENIED, "statements beginning with \"" JW_FMT "\" are not for this door",
                       JW_ARG(word));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (has_nocase(sql, refused[i]))
            return jw_fail(err, JW_E_DENIED, JW_FMT " is not for this door", JW_ARG(refused[i]));
    jw_text format = cut_format(&sql);
    *out = (struct jw_statement){.kind = kinds[row].kind};
    if (out->kind == JW_STATEMENT_INSERT && (!format.len || !is_plain_insert(sql)))
        return jw_fail(err, JW_E_DENIED, "inserts are INSERT INTO table [(columns)] FORMAT name, rows in the body");
    out->sql = jw_arena_cstr(mem, sql);
    out->format = format.len ? jw_arena_cstr(mem, format) : NULL;
    return out->sql && (out->format || !format.len) ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}
