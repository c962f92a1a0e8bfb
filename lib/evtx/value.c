/* lib/evtx/value.c — values as the event viewer's XML writes them. */
#include "value.h"
#include "bytes.h"

#include <inttypes.h>

#include "base/time.h"

static char *put(char *to, unsigned c) {
    if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xE0 | c >> 12);
        } else {
            *to++ = (char)(0xF0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (c & 0x3F));
    return to;
}

jw_text jw_value_utf8(const uint8_t *ptr, size_t units, struct jw_arena *mem) {
    while (units && load_u16(ptr + (units - 1) * 2) == 0)
        units--;
    char *start = jw_arena_alloc(mem, units * 3 + 1), *to = start;
    if (!start)
        return (jw_text){0};
    for (size_t i = 0; i < units; i++) {
        uint64_t four; /* most text is ASCII: four units at a time */
        while (units - i >= 4 && (memcpy(&four, ptr + i * 2, 8), (four & 0xFF80FF80FF80FF80u) == 0)) {
            to[0] = (char)ptr[i * 2], to[1] = (char)ptr[i * 2 + 2];
            to[2] = (char)ptr[i * 2 + 4], to[3] = (char)ptr[i * 2 + 6];
            to += 4, i += 4;
        }
        if (i == units)
            break;
        unsigned c = load_u16(ptr + i * 2);
        if (c < 0x80) {
            *to++ = (char)c;
            continue;
        }
        if (c >= 0xD800 && c <= 0xDFFF) {
            unsigned low = c < 0xDC00 && i + 1 < units ? load_u16(ptr + i * 2 + 2) : 0;
            bool pair = low >= 0xDC00 && low <= 0xDFFF;
            c = pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
            i += pair;
        }
        to = put(to, c);
    }
    size_t len = (size_t)(to - start);
    return (jw_text){jw_arena_grow(mem, start, units * 3 + 1, len), len}; /* shrinks in place */
}

bool jw_value_time(uint64_t filetime, int64_t *out) {
    const uint64_t unix_epoch = 116444736000000000u; /* 1601 to 1970 in 100 ns */
    int64_t ticks = (int64_t)(filetime - unix_epoch);
    return filetime <= INT64_MAX && !__builtin_mul_overflow(ticks, (int64_t)100, out);
}

static int print_time(char *out, size_t size, uint64_t filetime) {
    struct jw_civil c;
    int64_t time;
    if (!jw_value_time(filetime, &time))
        return snprintf(out, size, "%" PRIu64, filetime);
    jw_time_to_civil(time, &c);
    return snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%07dZ", c.year, c.month, c.day, c.hour, c.minute,
                    c.second, c.ns / 100);
}

/* {XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}; the first three groups are little-endian. */
static int print_guid(char *out, const uint8_t *p) {
    static const signed char order[] = {-2, 3, 2, 1,  0,  -1, 5,  4,  -1, 7,  6,
                                        -1, 8, 9, -1, 10, 11, 12, 13, 14, 15, -3};
    char *to = out;
    for (size_t i = 0; i < sizeof order; i++)
        if (order[i] < 0)
            *to++ = order[i] == -1 ? '-' : order[i] == -2 ? '{' : '}';
        else {
            *to++ = "0123456789ABCDEF"[p[order[i]] >> 4];
            *to++ = "0123456789ABCDEF"[p[order[i]] & 15];
        }
    return (int)(to - out);
}

static int print_system_time(char *out, size_t size, const uint8_t *p) {
    return snprintf(out, size, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", load_u16(p), load_u16(p + 2), load_u16(p + 6),
                    load_u16(p + 8), load_u16(p + 10), load_u16(p + 12), load_u16(p + 14));
}

/* Numbers are most of what events hold, and snprintf takes longer than all the rest together. */
static int print_number(char *out, uint64_t number, unsigned base, bool minus) {
    char digits[24];
    size_t at = sizeof digits, len;
    do
        digits[--at] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    if (base == 16) {
        digits[--at] = 'x';
        digits[--at] = '0';
    }
    if (minus)
        digits[--at] = '-';
    len = sizeof digits - at;
    memcpy(out, digits + at, len);
    return (int)len;
}

/* Revision, count of sub-authorities, 48-bit authority (big-endian), sub-authorities. 0 when it is none. */
static int print_sid(char *out, const uint8_t *p, size_t len) {
    if (len < 8 || p[1] > 15 || len < 8 + (size_t)p[1] * 4)
        return 0;
    uint64_t authority = 0;
    for (int i = 2; i < 8; i++)
        authority = authority << 8 | p[i];
    char *to = out;
    *to++ = 'S', *to++ = '-';
    to += print_number(to, p[0], 10, false);
    *to++ = '-';
    to += print_number(to, authority, authority >> 32 ? 16 : 10, false);
    for (unsigned i = 0; i < p[1]; i++) {
        *to++ = '-';
        to += print_number(to, load_u32(p + 8 + i * 4), 10, false);
    }
    return (int)(to - out);
}

static int print_real(char *out, size_t size, const uint8_t *p, bool wide) {
    if (wide) {
        double real;
        memcpy(&real, p, 8);
        return snprintf(out, size, "%.17g", real);
    }
    float real;
    memcpy(&real, p, 4);
    return snprintf(out, size, "%.9g", (double)real);
}

/* Types of a fixed size; 0 when size and type do not go together. */
static int print_fixed(char *out, size_t size, const uint8_t *p, size_t len, uint8_t type) {
    uint64_t number = len == 1 ? *p : len == 2 ? load_u16(p) : len == 4 ? load_u32(p) : len == 8 ? load_u64(p) : 0;
    if (type == 0x0f || type == 0x12)
        return len != 16 ? 0 : type == 0x0f ? print_guid(out, p) : print_system_time(out, size, p);
    if (type == 0x13)
        return print_sid(out, p, len);
    if (len != 1 && len != 2 && len != 4 && len != 8)
        return 0;
    unsigned unused = 64 - (unsigned)len * 8;
    int64_t signed_number;
    switch (type) {
    case 0x03:
    case 0x05:
    case 0x07:
    case 0x09:
        signed_number = (int64_t)(number << unused) >> unused;
        return print_number(out, signed_number < 0 ? 0 - (uint64_t)signed_number : (uint64_t)signed_number, 10,
                            signed_number < 0);
    case 0x04:
    case 0x06:
    case 0x08:
    case 0x0a:
        return print_number(out, number, 10, false);
    case 0x0b:
    case 0x0c:
        return len == (type == 0x0b ? 4 : 8) ? print_real(out, size, p, type == 0x0c) : 0;
    case 0x0d:
        return snprintf(out, size, "%s", number ? "true" : "false");
    case 0x10:
    case 0x14:
    case 0x15:
        return print_number(out, number, 16, false);
    case 0x11:
        return len == 8 ? print_time(out, size, number) : 0;
    default:
        return 0;
    }
}

static jw_text hexadecimal(const uint8_t *p, size_t len, struct jw_arena *mem) {
    char *out = jw_arena_alloc(mem, len * 2);
    for (size_t i = 0; out && i < len; i++) {
        out[i * 2] = "0123456789ABCDEF"[p[i] >> 4];
        out[i * 2 + 1] = "0123456789ABCDEF"[p[i] & 15];
    }
    return (jw_text){out, out ? len * 2 : 0};
}

/* The code page is unknown: UTF-8 when it is that, else each byte stands for the character of its number. */
static jw_text ansi(const uint8_t *p, size_t len, struct jw_arena *mem) {
    while (len && p[len - 1] == 0)
        len--;
    jw_text text = {(const char *)p, len};
    if (jw_text_is_utf8(text))
        return jw_arena_copy(mem, text);
    char *start = jw_arena_alloc(mem, len * 2), *to = start;
    for (size_t i = 0; start && i < len; i++)
        if (p[i] < 0x80)
            *to++ = (char)p[i];
        else
            to = put(to, p[i]);
    return (jw_text){start, (size_t)(to - start)};
}

static jw_text convert(const struct value *value, struct jw_arena *mem) {
    char out[256]; /* a SID of 15 sub-authorities takes 185 */
    switch (value->type) {
    case VALUE_NULL:
        return JW_TEXT("");
    case VALUE_STRING:
    case 0x23: /* EvtXml */
        return jw_value_utf8(value->ptr, value->size / 2, mem);
    case 0x02:
        return ansi(value->ptr, value->size, mem);
    case 0x0e:
        return hexadecimal(value->ptr, value->size, mem);
    default:
        break;
    }
    if (value->size == 0)
        return JW_TEXT("");
    int len = print_fixed(out, sizeof out, value->ptr, value->size, value->type);
    return len > 0 ? jw_arena_copy(mem, (jw_text){out, (size_t)len}) : hexadecimal(value->ptr, value->size, mem);
}

jw_text jw_value_text(struct value *value, struct jw_arena *mem) {
    if (!value->known) {
        value->text = convert(value, mem);
        value->known = value->text.ptr != NULL;
    }
    return value->text;
}

bool jw_value_item(const struct value *array, size_t *at, struct value *out) {
    static const uint8_t sizes[0x16] = {0, 0, 0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4, 0, 16, 0, 8, 16, 0, 4, 8};
    uint8_t type = array->type & (VALUE_ARRAY - 1);
    size_t left = array->size - *at, size = type < sizeof sizes && sizes[type] ? sizes[type] : left, skip = 0;
    if (left == 0)
        return false;
    if (type == VALUE_STRING) {
        for (size = 0; left - size >= 2 && load_u16(array->ptr + *at + size) != 0;)
            size += 2;
        skip = left - size >= 2 ? 2 : left - size;
    } else if (type == 0x02) {
        for (size = 0; size < left && array->ptr[*at + size] != 0;)
            size++;
        skip = size < left;
    } else if (type == 0x13 && left >= 8)
        size = 8 + (size_t)array->ptr[*at + 1] * 4;
    size = size < left ? size : left;
    *out = (struct value){.ptr = array->ptr + *at, .size = (uint16_t)size, .type = type};
    *at += size + skip;
    return true;
}
