/* lib/evtx/value.h — the typed values of BinXml as text. Internal to lib/evtx. */
#pragma once
#include "base/memory.h"

enum { /* [MS-EVEN6] 2.2.12: the types with a meaning of their own here; VALUE_ARRAY is a flag */
       VALUE_NULL = 0x00,
       VALUE_STRING = 0x01,
       VALUE_FILETIME = 0x11,
       VALUE_BINXML = 0x21,
       VALUE_ARRAY = 0x80,
};

struct value {
    const uint8_t *ptr;
    uint16_t size;
    uint8_t type;
    bool known; /* `text` holds it: values that stand twice are converted once */
    jw_text text;
};

/* The text of a value that is no array; a type nobody knows is shown as hexadecimal. {NULL, 0} without memory. */
jw_text jw_value_text(struct value *value, struct jw_arena *mem);
/* The items of an array, one by one: *at starts with 0. False at the end. */
bool jw_value_item(const struct value *array, size_t *at, struct value *out);
/* FILETIME: 100 ns since 1601. False outside the range of our time. */
bool jw_value_time(uint64_t filetime, int64_t *out);
/* UTF-16LE without its trailing NULs; a lone surrogate becomes U+FFFD. {NULL, 0} without memory. */
jw_text jw_value_utf8(const uint8_t *ptr, size_t units, struct jw_arena *mem);
