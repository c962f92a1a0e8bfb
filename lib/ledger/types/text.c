/* lib/ledger/types/text.c — one line of text, and texts of several lines. Lengths are in characters. */
#include "kit.h"

struct rule {
    int64_t least, most;
};

static const char *const keys[] = {"least", "most", NULL};

static void declare_within(struct jw_ledger_field *field, const json_t *options, struct jw_source *source,
                           int64_t usual, int64_t ceiling) {
    struct rule *rule = jw_source_alloc(source, sizeof *rule);
    if (!rule)
        return;
    *rule = (struct rule){1, usual};
    jw_source_integer(source, options, "most", 1, ceiling, &rule->most);
    jw_source_integer(source, options, "least", 1, rule->most, &rule->least);
    field->rule = rule;
}

static void declare_line(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    declare_within(field, options, source, 200, 2000);
}

static void declare_lines(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    declare_within(field, options, source, 20000, 200000);
}

static jw_status within(const struct jw_ledger_field *field, jw_text text, struct jw_error *err) {
    const struct rule *rule = field->rule;
    size_t count = 0;
    if (!jw_characters_count(text, &count))
        return jw_fail(err, JW_E_SYNTAX, "is not UTF-8");
    if (rule && (count < (size_t)rule->least || count > (size_t)rule->most))
        return jw_fail(err, JW_E_SYNTAX, "has %zu characters; from %lld to %lld are allowed", count,
                       (long long)rule->least, (long long)rule->most);
    return JW_OK;
}

static jw_status check_line(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                            struct jw_error *err) {
    jw_text text;
    jw_status st = jw_type_take(in, 2000, &text, err);
    if (st == JW_OK)
        st = within(field, text, err);
    return st == JW_OK ? jw_type_give_text(text.ptr, text.len, out, err) : st;
}

/* Lines end with a new line alone, whatever the sender's system does; blanks at the end of the text go. */
static jw_status check_lines(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                             struct jw_error *err) {
    jw_buffer lines = JW_BUFFER(1 << 20);
    if (!json_is_string(in))
        return jw_fail(err, JW_E_SYNTAX, "is no text");
    jw_text text = jw_characters_trim(jw_type_text_of(in));
    if (text.len == 0)
        return jw_fail(err, JW_E_SYNTAX, "is blank");
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '\r')
            jw_buffer_byte(&lines, text.ptr[i]);
        else if (i + 1 == text.len || text.ptr[i + 1] != '\n')
            jw_buffer_byte(&lines, '\n');
    text = jw_buffer_text(&lines);
    jw_status st = lines.failed ? jw_fail(err, JW_E_SYNTAX, "is too long") : within(field, text, err);
    if (st == JW_OK && !jw_characters_clean(text, true))
        st = jw_fail(err, JW_E_SYNTAX, "holds control characters");
    if (st == JW_OK)
        st = jw_type_give_text(text.ptr, text.len, out, err);
    jw_buffer_free(&lines);
    return st;
}

const struct jw_ledger_type jw_type_text = {
    .name = "text",
    .about = "one line of text; least and most characters (1, 200)",
    .sample = "\"市政务服务数据管理局\"",
    .stored = JW_STORED_TEXT,
    .keys = keys,
    .declare = declare_line,
    .check = check_line,
};

const struct jw_ledger_type jw_type_long_text = {
    .name = "long_text",
    .about = "text of several lines; least and most characters (1, 20000)",
    .sample = "\"第一行\\n第二行\"",
    .stored = JW_STORED_TEXT,
    .keys = keys,
    .declare = declare_lines,
    .check = check_lines,
};
