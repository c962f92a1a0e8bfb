/* lib/gov/plan_csv.c — CSV as RFC 4180 and spreadsheets write it: a heading line, then rows. Cells may be quoted
 * and hold line ends. Chinese spreadsheets save GB18030 by default: text that is not UTF-8 is read as that. */
#include "plan.h"

#include <iconv.h>

#define COLUMNS_MOST 64

struct reader {
    jw_text rest;
    uint32_t line; /* of `rest` */
    char *scratch; /* as long as the file: where quoted cells are unfolded */
    size_t used;
};

/* One quoted cell; `rest` stands behind the opening quote. */
static jw_text quoted(struct reader *in) {
    char *start = in->scratch + in->used, *at = start;
    const char *p = in->rest.ptr, *end = p + in->rest.len;
    while (p < end && (*p != '"' || (p + 1 < end && p[1] == '"'))) {
        in->line += *p == '\n';
        p += *p == '"';
        *at++ = *p++;
    }
    p += p < end;                              /* the closing quote */
    while (p < end && *p != ',' && *p != '\n') /* nothing belongs here; what stands here is passed over */
        p++;
    in->rest = (jw_text){p, (size_t)(end - p)};
    in->used += (size_t)(at - start);
    return (jw_text){start, (size_t)(at - start)};
}

static jw_text plain(struct reader *in) {
    size_t len = 0;
    while (len < in->rest.len && in->rest.ptr[len] != ',' && in->rest.ptr[len] != '\n')
        len++;
    jw_text cell = {in->rest.ptr, len};
    in->rest.ptr += len;
    in->rest.len -= len;
    return jw_text_trim(cell);
}

/* Cells of one line, those past the last column dropped; 0 at the end of the file. */
static size_t next_row(struct reader *in, jw_text cells[COLUMNS_MOST]) {
    size_t count = 0;
    if (!in->rest.len)
        return 0;
    for (;;) {
        jw_text cell = jw_text_drop(&in->rest, JW_TEXT("\"")) ? quoted(in) : plain(in);
        if (count < COLUMNS_MOST)
            cells[count++] = jw_text_trim(cell);
        if (!jw_text_drop(&in->rest, JW_TEXT(",")))
            break;
    }
    in->line += jw_text_drop(&in->rest, JW_TEXT("\n"));
    return count;
}

static bool is_blank(const jw_text *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (cells[i].len)
            return cells[0].len && *cells[0].ptr == '#';
    return true;
}

/* Two bytes become at most three. {NULL, 0} when it is not GB18030 either. */
static jw_text from_gb18030(struct jw_plan *plan, jw_text bytes) {
    size_t room = bytes.len * 2 + 8, left = room, in_left = bytes.len;
    char *out = jw_arena_alloc(plan->mem, room), *at = out, *in = (char *)(uintptr_t)bytes.ptr;
    iconv_t conversion = iconv_open("UTF-8", "GB18030");
    if (!out || conversion == (iconv_t)-1)
        return (jw_text){0};
    size_t result = iconv(conversion, &in, &in_left, &at, &left);
    iconv_close(conversion);
    return result == (size_t)-1 ? (jw_text){0} : (jw_text){out, room - left};
}

static void read_rows(struct jw_plan *plan, struct reader *in) {
    jw_text headings[COLUMNS_MOST], cells[COLUMNS_MOST];
    size_t columns = 0, count;
    bool useful = false;
    uint32_t line = in->line;
    while ((columns = next_row(in, headings)) && is_blank(headings, columns))
        line = in->line;
    for (size_t i = 0; i < columns; i++)
        useful |= jw_plan_member(&(struct jw_plan_row){0}, headings[i]) != NULL;
    if (!useful) {
        if (columns)
            jw_plan_refuse(plan, line, "no column is called network, ip, host, asset, unit, owner or plane");
        return;
    }
    while (line = in->line, (count = next_row(in, cells)) > 0) {
        struct jw_plan_row row = {0};
        if (is_blank(cells, count))
            continue;
        for (size_t i = 0; i < count && i < columns; i++) {
            jw_text *member = jw_plan_member(&row, headings[i]);
            if (member)
                *member = cells[i];
        }
        jw_plan_add(plan, line, &row);
    }
}

void jw_plan_csv_read(struct jw_plan *plan, jw_text bytes) {
    if (!jw_text_drop(&bytes, JW_TEXT("\xef\xbb\xbf")) && !jw_text_is_utf8(bytes)) {
        bytes = from_gb18030(plan, bytes);
        if (!bytes.ptr) {
            jw_plan_refuse(plan, 1, "the file is neither UTF-8 nor GB18030");
            return;
        }
    }
    struct reader in = {.rest = bytes, .line = 1, .scratch = malloc(bytes.len + 1)};
    if (!in.scratch) {
        plan->failed = true;
        return;
    }
    read_rows(plan, &in);
    free(in.scratch);
}
