/* lib/audit/head_fuzz.c — a published head comes back from wherever it was put. */
#include "head.h"

#include <string.h>

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_audit_head head, again;
    char text[JW_HEAD_TEXT];
    if (jw_head_read((jw_text){(const char *)data, size}, NULL, &head, NULL) != JW_OK)
        return 0;
    jw_status st = jw_head_print(&head, 1, NULL, text, NULL);
    assert(st == JW_OK);
    st = jw_head_read(jw_text_from(text), NULL, &again, NULL);
    assert(st == JW_OK && head.seq == again.seq && strcmp(head.hash, again.hash) == 0);
    return 0;
}
