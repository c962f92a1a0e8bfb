/* cli/search_show.c — what a search found, for people and for programs. Logs hold bytes that a stranger chose, so
 * nothing reaches the terminal that could command it. */
#include "search.h"

#include <inttypes.h>

#include "spool/spool.h"

#define BAR 40

/* One character and its bytes; a byte that is no UTF-8 counts as one. */
static size_t character(jw_text s, uint32_t *out) {
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned char c = (unsigned char)*s.ptr;
    size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    *out = 0xfffd;
    if (len > s.len || !jw_text_is_utf8((jw_text){s.ptr, len}))
        return 1;
    *out = c & masks[len];
    for (size_t i = 1; i < len; i++)
        *out = *out << 6 | ((unsigned char)s.ptr[i] & 0x3f);
    return len;
}

/* East Asian wide and full-width blocks (Unicode TR 11), emoji included. */
static int columns_of(uint32_t c) {
    bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

/* Controls, and signs that turn the direction of text around. */
static bool is_harmful(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

int jw_search_columns(jw_text s) {
    int columns = 0;
    while (s.len) {
        uint32_t c;
        size_t len = character(s, &c);
        columns += columns_of(c);
        s.ptr += len;
        s.len -= len;
    }
    return columns;
}

void jw_search_text(FILE *out, jw_text s, int least, int most) {
    int columns = 0;
    bool cut = most && jw_search_columns(s) > most;
    while (s.len) {
        uint32_t c;
        size_t len = character(s, &c);
        if (cut && columns + columns_of(c) > most - 1)
            break;
        if (is_harmful(c))
            fputc(c == '\t' || c == '\n' || c == '\r' ? ' ' : '.', out);
        else if (c == 0xfffd)
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(s.ptr, 1, len, out);
        columns += columns_of(c);
        s.ptr += len;
        s.len -= len;
    }
    if (cut)
        columns += fputs("…", out) < 0 ? 0 : 1;
    for (; columns < least; columns++)
        fputc(' ', out);
}

static void local_time(int64_t ns, int offset_s, char out[40]) {
    struct jw_civil civil;
    jw_time_to_civil(ns + offset_s * JW_SECOND, &civil);
    snprintf(out, 40, "%04d-%02d-%02d %02d:%02d:%02d.%03d", civil.year, civil.month, civil.day, civil.hour,
             civil.minute, civil.second, (int)(civil.ns / 1000000));
}

/* A field as people read it; every value of it. */
static void print_field(struct jw_search_show *show, struct jw_lake_row *row, jw_text name, int least, int most) {
    char text[64];
    size_t len;
    if (jw_text_is(name, JW_TEXT("event.id"))) {
        len = jw_spool_event_id(row->spool, row->number, text);
        jw_search_text(show->out, (jw_text){text, len}, least, most);
        return;
    }
    bool is_time = jw_text_is(name, JW_TEXT("@timestamp")),
         is_arrival = jw_text_is(name, JW_TEXT("event.ingested"));
    if (is_time || is_arrival) {
        local_time(is_time && row->rec.has_time ? row->rec.time : row->ingested, show->offset_s, text);
        jw_search_text(show->out, jw_text_from(text), least, most);
        return;
    }
    JW_AUTO(jw_buffer_free) jw_buffer all = JW_BUFFER(1 << 20);
    for (uint32_t i = 0; i < row->rec.count; i++)
        if (jw_text_is(row->rec.fields[i].name, name)) {
            if (all.len)
                jw_buffer_add(&all, JW_TEXT(", "));
            jw_buffer_add(&all, row->rec.fields[i].value);
        }
    jw_search_text(show->out, jw_buffer_text(&all), least, most);
}

/* The asked fields alone, as JSON. */
static void row_json_fields(struct jw_search_show *show, struct jw_lake_row *row, jw_buffer *line) {
    struct jw_record some = {.mem = row->rec.mem};
    char text[JW_EVENT_ID_TEXT];
    bool wants_id = false, wants_arrival = false;
    for (size_t f = 0; f < show->field_count; f++) {
        wants_id |= jw_text_is(show->fields[f], JW_TEXT("event.id"));
        wants_arrival |= jw_text_is(show->fields[f], JW_TEXT("event.ingested"));
        if (jw_text_is(show->fields[f], JW_TEXT("@timestamp")))
            jw_record_set_time(&some, row->rec.has_time ? row->rec.time : row->ingested);
        for (uint32_t i = 0; i < row->rec.count; i++)
            if (jw_text_is(row->rec.fields[i].name, show->fields[f]))
                jw_record_append(&some, row->rec.fields[i]);
    }
    jw_buffer_byte(line, '{');
    if (wants_id) {
        size_t len = jw_spool_event_id(row->spool, row->number, text);
        jw_buffer_print(line, "\"event.id\":\"%.*s\"%s", (int)len, text,
                        wants_arrival || some.count || some.has_time ? "," : "");
    }
    if (wants_arrival) {
        size_t len = jw_time_print(row->ingested, text);
        jw_buffer_print(line, "\"event.ingested\":\"%.*s\"%s", (int)len, text,
                        some.count || some.has_time ? "," : "");
    }
    jw_record_json(&some, line);
    jw_buffer_byte(line, '}');
}

static void row_json(struct jw_search_show *show, struct jw_lake_row *row) {
    JW_AUTO(jw_buffer_free) jw_buffer line = JW_BUFFER(256u << 20);
    if (show->field_count)
        row_json_fields(show, row, &line);
    else
        jw_lake_row_json(row, &line);
    if (!line.failed) {
        fwrite(line.ptr, 1, line.len, show->out);
        fputc('\n', show->out);
    }
}

/* The usual columns: when, how bad (alerts), whose, what kind, what it says. */
static void usual_row(struct jw_search_show *show, struct jw_lake_row *row) {
    int used = 24 + 17 + 21;
    print_field(show, row, JW_TEXT("@timestamp"), 24, 23);
    if (show->alerts)
        print_field(show, row, JW_TEXT("rule.level"), 10, 9);
    print_field(show, row, JW_TEXT("gov.unit"), 17, 16);
    print_field(show, row, show->alerts ? JW_TEXT("rule.name") : JW_TEXT("event.dataset"), show->alerts ? 41 : 21,
                show->alerts ? 40 : 20);
    used += show->alerts ? 30 : 0;
    bool has_message = jw_record_find_id(&row->rec, JW_F_MESSAGE);
    int left = show->width && show->width - used > 20 ? show->width - used - 1 : show->width ? 20 : 0;
    print_field(show, row, has_message ? JW_TEXT("message") : JW_TEXT("event.original"), 0, left);
    fputc('\n', show->out);
}

static void head(struct jw_search_show *show) {
    if (show->field_count == 0) {
        fprintf(show->out, "%-24s", "TIME");
        if (show->alerts)
            fprintf(show->out, "%-10s%-17s%-41sMESSAGE\n", "LEVEL", "UNIT", "RULE");
        else
            fprintf(show->out, "%-17s%-21sMESSAGE\n", "UNIT", "DATASET");
        return;
    }
    for (size_t i = 0; i < show->field_count; i++)
        jw_search_text(show->out, show->fields[i], i + 1 < show->field_count ? 26 : 0, 25);
    fputc('\n', show->out);
}

void jw_search_row(struct jw_search_show *show, struct jw_lake_row *row) {
    if (show->json)
        row_json(show, row);
    else {
        if (show->rows == 0)
            head(show);
        for (size_t i = 0; i < show->field_count; i++) {
            bool last = i + 1 == show->field_count;
            int left = show->width - 26 * (int)i;
            print_field(show, row, show->fields[i], last ? 0 : 26,
                        last ? (left > 25     ? left - 1
                                : show->width ? 25
                                              : 0)
                             : 25);
        }
        if (show->field_count)
            fputc('\n', show->out);
        else
            usual_row(show, row);
    }
    show->rows++;
}

/* The lake counts in microseconds. */
static bool top_time(jw_text field, jw_text value, int64_t *out_ns) {
    int64_t us;
    jw_field_id id = jw_field_find(field);
    if (id == JW_F_NONE || jw_field_get(id)->type != JW_TYPE_DATE || !jw_text_i64(value, &us) ||
        us > INT64_MAX / 1000 || us < INT64_MIN / 1000)
        return false;
    *out_ns = us * 1000;
    return true;
}

/* Numbers stay numbers where the dictionary says so. */
static void top_value(jw_buffer *line, jw_text field, jw_text value) {
    jw_field_id id = jw_field_find(field);
    jw_field_type type = id == JW_F_NONE ? JW_TYPE_TEXT : jw_field_get(id)->type;
    char time[JW_TIME_TEXT];
    int64_t number;
    bool is_bool = jw_text_is(value, JW_TEXT("true")) || jw_text_is(value, JW_TEXT("false"));
    if (type == JW_TYPE_LONG && jw_text_i64(value, &number))
        jw_buffer_print(line, "%lld", (long long)number);
    else if (type == JW_TYPE_BOOL && is_bool)
        jw_buffer_add(line, value);
    else if (top_time(field, value, &number))
        jw_buffer_json(line, (jw_text){time, jw_time_print(number, time)});
    else
        jw_buffer_json(line, value);
}

void jw_search_top(struct jw_search_show *show, const jw_text *values, jw_text count) {
    if (show->json) {
        JW_AUTO(jw_buffer_free) jw_buffer line = JW_BUFFER(64u << 20);
        jw_buffer_byte(&line, '{');
        for (size_t i = 0; i < show->field_count; i++) {
            jw_buffer_json(&line, show->fields[i]);
            jw_buffer_byte(&line, ':');
            top_value(&line, show->fields[i], values[i]);
            jw_buffer_byte(&line, ',');
        }
        jw_buffer_print(&line, "\"count\":%.*s}\n", (int)count.len, count.ptr);
        fwrite(line.ptr, 1, line.len, show->out);
    } else {
        if (show->rows == 0) {
            fprintf(show->out, "%12s  ", "COUNT");
            for (size_t i = 0; i < show->field_count; i++)
                jw_search_text(show->out, show->fields[i], i + 1 < show->field_count ? 30 : 0, 29);
            fputc('\n', show->out);
        }
        fprintf(show->out, "%12.*s  ", (int)count.len, count.ptr);
        for (size_t i = 0; i < show->field_count; i++) {
            char time[40];
            int64_t ns;
            bool is_time = top_time(show->fields[i], values[i], &ns);
            if (is_time)
                local_time(ns, show->offset_s, time);
            jw_search_text(show->out, is_time ? jw_text_from(time) : values[i], i + 1 < show->field_count ? 30 : 0,
                           i + 1 < show->field_count ? 29 : 0);
        }
        fputc('\n', show->out);
    }
    show->rows++;
}

void jw_search_bar(struct jw_search_show *show, int64_t start_us, int64_t width_us, uint64_t count, uint64_t most) {
    char text[JW_TIME_TEXT > 40 ? JW_TIME_TEXT : 40];
    if (show->json) {
        size_t len = jw_time_print(start_us * 1000, text);
        fprintf(show->out, "{\"time\":\"%.*s\",\"seconds\":%" PRId64 ",\"count\":%" PRIu64 "}\n", (int)len, text,
                width_us / 1000000, count);
        return;
    }
    local_time(start_us * 1000, show->offset_s, text);
    fprintf(show->out, "%.19s %12" PRIu64 "  ", text, count);
    uint64_t length = most ? (count * BAR + most - 1) / most : 0;
    for (uint64_t i = 0; i < length; i++)
        fputs("█", show->out);
    fputc('\n', show->out);
}

/* The query and below it a caret, so that nobody counts characters. Of a long query only the part around the place.
 */
void jw_search_mistake(jw_text query, const struct jw_query_error *err) {
    size_t from = err->at > 60 ? err->at - 60 : 0, to = err->at + 60 < query.len ? err->at + 60 : query.len;
    while (from < err->at && ((unsigned char)query.ptr[from] & 0xc0) == 0x80)
        from++;
    while (to < query.len && ((unsigned char)query.ptr[to] & 0xc0) == 0x80)
        to++;
    int before = jw_search_columns((jw_text){query.ptr + from, err->at - from});
    size_t end = err->at + err->len < to ? err->at + err->len : to;
    int marks = jw_search_columns((jw_text){query.ptr + err->at, end > err->at ? end - err->at : 0});
    fprintf(stderr, "jinwu search: %s (character %zu)\n  ", err->text, err->at_chars + 1);
    jw_search_text(stderr, (jw_text){query.ptr + from, to - from}, 0, 0);
    fprintf(stderr, "\n  %*s", before, "");
    for (int i = 0; i < (marks ? marks : 1); i++)
        fputc('^', stderr);
    fputc('\n', stderr);
}
