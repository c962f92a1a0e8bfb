/* lib/yaml/yaml.c — '' is one quote (YAML 1.2, section 7.3.2). */
#include "yaml.h"

#include <string.h>

const char *jw_yaml_unfit(jw_text source, uint32_t *out_line) {
    jw_text line;
    for (*out_line = 1; jw_text_next(&source, '\n', &line); ++*out_line) {
        if (!jw_text_is_utf8(line))
            return "not UTF-8; save the file as UTF-8";
        if (line.len && memchr(line.ptr, 0, line.len))
            return "a NUL byte; is it a text file?";
        if (jw_text_starts(line, JW_TEXT("%")))
            return "a line that begins with %; directives are not used here";
    }
    return NULL;
}

/* What stands between the quotes in the source; ptr NULL where it cannot be found. */
static jw_text raw_of(struct fy_token *token, jw_text source) {
    const struct fy_mark *from = fy_token_start_mark(token), *to = fy_token_end_mark(token);
    if (!from || !to || from->line != to->line || to->input_pos > source.len || to->input_pos <= from->input_pos)
        return (jw_text){NULL, 0};
    return (jw_text){source.ptr + from->input_pos, to->input_pos - from->input_pos};
}

/* fy_token_get_text is not even asked where the source says it: 0.7.12 leaks what it gathers for many quotes. */
bool jw_yaml_text(struct fy_token *token, jw_text source, struct jw_arena *mem, jw_text *out) {
    size_t len = 0;
    bool quoted = token && fy_token_scalar_style(token) == FYSS_SINGLE_QUOTED;
    jw_text raw = quoted ? raw_of(token, source) : (jw_text){NULL, 0};
    if (!raw.ptr) {
        const char *text = token ? fy_token_get_text(token, &len) : NULL;
        *out = (jw_text){text, text ? len : 0};
        return true;
    }
    *out = raw;
    if (!jw_text_find(raw, JW_TEXT("''"), NULL))
        return true;
    char *to = jw_arena_alloc(mem, raw.len + 1);
    if (!to)
        return false;
    for (size_t i = 0; i < raw.len; i++) {
        to[len++] = raw.ptr[i];
        i += raw.ptr[i] == '\'' && i + 1 < raw.len && raw.ptr[i + 1] == '\'';
    }
    *out = (jw_text){to, len};
    return true;
}
