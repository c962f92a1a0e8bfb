/* lib/spool/spool_event.c — the identity of one event as text. */
#include "spool.h"

#include <stdio.h>

#define LENGTH 25

size_t jw_spool_event_id(uint32_t id, uint64_t number, char out[JW_EVENT_ID_TEXT]) {
    return (size_t)snprintf(out, JW_EVENT_ID_TEXT, "%08x-%016llx", id, (unsigned long long)number);
}

static bool hex(jw_text s, uint64_t *out) {
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = value;
    return true;
}

bool jw_spool_event_parse(jw_text s, uint32_t *out_id, uint64_t *out_number) {
    uint64_t id, number;
    if (s.len != LENGTH || s.ptr[8] != '-' || !hex((jw_text){s.ptr, 8}, &id) ||
        !hex((jw_text){s.ptr + 9, 16}, &number))
        return false;
    *out_id = (uint32_t)id;
    *out_number = number;
    return true;
}
