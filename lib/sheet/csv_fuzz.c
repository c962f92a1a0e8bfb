/* lib/sheet/csv_fuzz.c — any bytes are a table or a complaint; what was read is valid UTF-8 without NUL, in order
 * of rows and under the bounds. */
#include "sheet.h"

#include "test/fuzz.h"

static jw_status look(void *context, const struct jw_row *row, struct jw_error *err) {
    uint32_t *last = context;
    (void)err;
    assert(row->number > *last && row->count > 0 && row->count <= JW_SHEET_COLUMNS);
    *last = row->number;
    for (size_t i = 0; i < row->count; i++) {
        jw_text text = row->cells[i].text;
        bool empty = row->cells[i].kind == JW_CELL_EMPTY;
        assert(empty == (text.len == 0) && text.len <= JW_SHEET_CELL);
        assert(empty || (jw_text_is_utf8(text) && !memchr(text.ptr, 0, text.len)));
    }
    return JW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_error err = {{0}};
    struct jw_sheet_about about;
    uint32_t last = 0;
    jw_text file = {(const char *)data, size};
    if (size >= 2 && memcmp(data, "PK", 2) == 0)
        return 0; /* xlsx_fuzz.c */
    jw_status st = jw_sheet_read(file, NULL, look, &last, &about, &err);
    assert(st == JW_OK || *err.text);
    return 0;
}
