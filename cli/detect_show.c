/* cli/detect_show.c — one finding as one line: JSON, or words for a terminal. */
#include "detect.h"

static void text(jw_buffer *out, const char *key, jw_text value) {
    if (!value.len)
        return;
    jw_buffer_print(out, "\"%s\":", key);
    jw_buffer_json(out, value);
    jw_buffer_byte(out, ',');
}

static void show_json(const char *path, uint64_t record, const struct jw_sigma_info *info, jw_text reason,
                      const struct jw_record *rec, jw_buffer *out) {
    jw_buffer_add(out, JW_TEXT("{\"file\":"));
    jw_buffer_json(out, jw_text_from(path));
    jw_buffer_print(out, ",\"record\":%llu,", (unsigned long long)record);
    text(out, "rule.id", info->id);
    text(out, "rule.name", info->title);
    text(out, "rule.name_zh", info->title_zh);
    text(out, "rule.level", info->level);
    text(out, "rule.author", info->author);
    text(out, "rule.reference", info->reference);
    text(out, "rule.license", info->license);
    text(out, "event.reason", reason);
    if (rec->count || rec->has_time)
        jw_record_json(rec, out);
    else /* the comma behind the last text */
        out->len -= out->len && out->ptr[out->len - 1] == ',';
    jw_buffer_add(out, JW_TEXT("}\n"));
}

/* What an event carries must not steer the terminal: no control characters, neither ASCII's nor Unicode's (C2 80 to
 * C2 9F). */
static void tame(char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            text[i] = ' ';
        else if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0)
            text[i] = text[i + 1] = ' ';
    }
}

void jw_detect_show(const struct jw_detect *detect, const char *path, uint64_t record,
                    const struct jw_sigma_info *info, jw_text reason, const struct jw_record *rec, jw_buffer *out) {
    char when[JW_TIME_TEXT];
    if (detect->json) {
        show_json(path, record, info, reason, rec, out);
        return;
    }
    jw_text title = info->title_zh.len ? info->title_zh : info->title;
    size_t start = out->len;
    jw_buffer_add(out, info->level);
    for (size_t i = info->level.len; i < 13; i++)
        jw_buffer_byte(out, ' ');
    jw_buffer_byte(out, ' ');
    jw_buffer_add(out, (jw_text){when, rec->has_time ? jw_time_print(rec->time, when) : 0});
    jw_buffer_print(out, "  %s:%llu  ", path, (unsigned long long)record);
    jw_buffer_add(out, title);
    jw_buffer_add(out, JW_TEXT("  ["));
    jw_buffer_add(out, reason);
    jw_buffer_byte(out, ']');
    if (info->author.len) { /* the Detection Rule License wants it with every match */
        jw_buffer_add(out, JW_TEXT("  rule by "));
        jw_buffer_add(out, info->author);
    }
    jw_buffer_byte(out, '\n');
    if (!out->failed)
        tame(out->ptr + start, out->len - start - 1);
}
