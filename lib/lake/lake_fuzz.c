/* lib/lake/lake_fuzz.c — answers of a server, in pieces: rows, and whatever a broken or hostile node may send. */
#include "rows.h"

#include "test/fuzz.h"

static jw_status on_row(void *context, struct jw_lake_row *row, struct jw_error *err) {
    jw_buffer out = JW_BUFFER(1 << 20);
    (void)context;
    (void)err;
    jw_lake_row_json(row, &out);
    jw_buffer_free(&out);
    return JW_OK;
}

/* The first byte says how large the pieces are; the answer must not depend on it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    size_t step = 1 + data[0];
    struct jw_lake_rows *whole = jw_lake_rows_new(1 << 20, on_row, NULL);
    struct jw_lake_rows *pieces = jw_lake_rows_new(1 << 20, on_row, NULL);
    jw_text bytes = {(const char *)data + 1, size - 1};
    jw_status one = whole ? jw_lake_rows_feed(whole, bytes, NULL) : JW_OK;
    jw_status two = JW_OK;
    for (size_t at = 0; pieces && two == JW_OK && at < bytes.len; at += step)
        two = jw_lake_rows_feed(pieces, (jw_text){bytes.ptr + at, bytes.len - at < step ? bytes.len - at : step},
                                NULL);
    if (whole && pieces) {
        one = one == JW_OK ? jw_lake_rows_end(whole, NULL) : one;
        two = two == JW_OK ? jw_lake_rows_end(pieces, NULL) : two;
        assert(one == two);
    }
    jw_lake_rows_free(whole);
    jw_lake_rows_free(pieces);
    return 0;
}
