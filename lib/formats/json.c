/* lib/formats/json.c — one JSON object a line. "@timestamp" becomes the event's time; every other name is kept. */
#include "format.h"
#include "stamp.h"

#include "json/json.h"

static bool detect(jw_text line) {
    line = jw_text_trim(jw_format_trim(line));
    return line.len > 1 && *line.ptr == '{' && line.ptr[line.len - 1] == '}';
}

static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    int64_t time;
    jw_status status = jw_json_flatten(jw_format_trim(line), rec, err);
    if (status != JW_OK)
        return status;
    const jw_field *stamp = jw_record_find_id(rec, JW_F_TIMESTAMP);
    if (stamp && jw_stamp_any(stamp->value, rec->received, rec->zone_offset_s, &time)) {
        jw_record_remove(rec, JW_TEXT("@timestamp"));
        jw_record_set_time(rec, time);
    }
    return jw_record_check(rec, err);
}

const struct jw_format jw_format_json = {
    .name = "json",
    .about = "JSON objects, one a line, flattened",
    .sample = JW_TEXT(
        "{\"@timestamp\":\"2026-11-20T02:00:00Z\",\"source\":{\"ip\":\"10.1.2.3\"},\"tags\":[\"a\",\"b\"]}"),
    .detect = detect,
    .parse = parse,
};
