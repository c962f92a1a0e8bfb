/* lib/wire/wire.c — frames and the values in them. */
#include "wire.h"

#include <endian.h>

jw_status jw_wire_next(jw_text *bytes, uint8_t *out_type, jw_text *out_body) {
    uint32_t len;
    if (bytes->len < 4)
        return JW_AGAIN;
    memcpy(&len, bytes->ptr, 4);
    len = le32toh(len);
    if (len == 0 || len > JW_WIRE_MOST)
        return JW_E_SYNTAX;
    if (bytes->len - 4 < len)
        return JW_AGAIN;
    *out_type = (uint8_t)bytes->ptr[4];
    *out_body = (jw_text){bytes->ptr + 5, len - 1};
    bytes->ptr += 4 + (size_t)len;
    bytes->len -= 4 + (size_t)len;
    return JW_OK;
}

static const char *take(struct jw_wire_reader *reader, size_t len) {
    const char *at = reader->rest.ptr;
    if (!reader->good || reader->rest.len < len) {
        reader->good = false;
        return NULL;
    }
    reader->rest.ptr += len;
    reader->rest.len -= len;
    return at;
}

uint32_t jw_wire_u32(struct jw_wire_reader *reader) {
    uint32_t value = 0;
    const char *at = take(reader, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return le32toh(value);
}

uint64_t jw_wire_u64(struct jw_wire_reader *reader) {
    uint64_t value = 0;
    const char *at = take(reader, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return le64toh(value);
}

jw_text jw_wire_text(struct jw_wire_reader *reader) {
    size_t len = jw_wire_u32(reader);
    const char *at = take(reader, len);
    return at ? (jw_text){at, len} : (jw_text){0};
}

void jw_wire_put_u32(jw_buffer *out, uint32_t value) {
    value = htole32(value);
    jw_buffer_add(out, (jw_text){(const char *)&value, sizeof value});
}

void jw_wire_put_u64(jw_buffer *out, uint64_t value) {
    value = htole64(value);
    jw_buffer_add(out, (jw_text){(const char *)&value, sizeof value});
}

void jw_wire_put_text(jw_buffer *out, jw_text s) {
    jw_wire_put_u32(out, (uint32_t)s.len);
    jw_buffer_add(out, s);
}

size_t jw_wire_begin(jw_buffer *out, uint8_t type) {
    size_t begin = out->len;
    jw_wire_put_u32(out, 0);
    jw_buffer_byte(out, (char)type);
    return begin;
}

void jw_wire_end(jw_buffer *out, size_t begin) {
    if (out->failed)
        return;
    uint32_t len = htole32((uint32_t)(out->len - begin - 4));
    memcpy(out->ptr + begin, &len, sizeof len);
}
