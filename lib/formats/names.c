/* lib/formats/names.c — tables of names, shared by the formats that have one. */
#include "names.h"

jw_text jw_alias_find(const struct jw_alias *table, size_t count, jw_text key) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = jw_text_compare(table[middle].key, key);
        if (order == 0)
            return table[middle].name;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (jw_text){0};
}

bool jw_alias_sorted(const struct jw_alias *table, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (jw_text_compare(table[i - 1].key, table[i].key) >= 0)
            return false;
    return true;
}

jw_text jw_name_join(struct jw_record *rec, jw_text prefix, jw_text name) {
    char *at = jw_arena_alloc(rec->mem, prefix.len + name.len);
    if (!at) {
        rec->state = JW_E_LIMIT;
        return (jw_text){0};
    }
    memcpy(at, prefix.ptr, prefix.len);
    if (name.len)
        memcpy(at + prefix.len, name.ptr, name.len);
    return (jw_text){at, prefix.len + name.len};
}

/* ECS writes these in lower case, devices in any. */
static bool is_lower_case(jw_field_id id) {
    return id == JW_F_NETWORK_TRANSPORT || id == JW_F_NETWORK_PROTOCOL || id == JW_F_NETWORK_DIRECTION;
}

static jw_text lowered(struct jw_record *rec, jw_text value) {
    size_t i = 0;
    while (i < value.len && !(value.ptr[i] >= 'A' && value.ptr[i] <= 'Z'))
        i++;
    if (i == value.len)
        return value;
    char *copy = jw_arena_alloc(rec->mem, value.len);
    if (!copy) {
        rec->state = JW_E_LIMIT;
        return value;
    }
    for (i = 0; i < value.len; i++)
        copy[i] = value.ptr[i] >= 'A' && value.ptr[i] <= 'Z' ? (char)(value.ptr[i] | 0x20) : value.ptr[i];
    return (jw_text){copy, value.len};
}

void jw_name_set(struct jw_record *rec, jw_text name, jw_text value) {
    int64_t number;
    jw_field_id id = jw_field_find(name);
    if (value.len == 0)
        return;
    if (id == JW_F_NONE)
        jw_record_set(rec, name, value);
    else if (is_lower_case(id))
        jw_record_put(rec, id, lowered(rec, value));
    else if (jw_field_get(id)->type == JW_TYPE_LONG && jw_text_i64(value, &number) &&
             (*value.ptr != '0' || value.len == 1) && !(*value.ptr == '-' && value.len > 1 && value.ptr[1] == '0'))
        jw_record_put_kind(rec, id, value, JW_KIND_NUMBER); /* "007" is no number in JSON and stays text */
    else
        jw_record_put(rec, id, value);
}

void jw_name_set_time(struct jw_record *rec, jw_text name, int64_t time) {
    char text[JW_TIME_TEXT];
    jw_text copy = jw_arena_copy(rec->mem, (jw_text){text, jw_time_print(time, text)});
    if (copy.ptr)
        jw_record_set(rec, name, copy);
    else
        rec->state = JW_E_LIMIT;
}
