/* lib/sheet/csv_write.c — RFC 4180 in UTF-8 with a byte order mark, without which Excel takes it for the code page
 * of the machine. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

struct csv_file {
    FILE *file;
    char path[PATH_MAX];
    bool begun;
};

static jw_status create(const char *path, void **out, struct jw_error *err) {
    struct csv_file *csv = calloc(1, sizeof *csv);
    if (!csv)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    snprintf(csv->path, sizeof csv->path, "%s", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    csv->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!csv->file) {
        jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
        free(csv);
        return JW_E_SYSTEM;
    }
    *out = csv;
    return JW_OK;
}

static void put(FILE *file, const struct jw_cell *cell) {
    jw_text text = cell->text;
    bool risky = cell->kind != JW_CELL_NUMBER && cell->kind != JW_CELL_DATE && jw_csv_is_risky(text);
    bool quoted = false;
    for (size_t i = 0; i < text.len && !quoted; i++)
        quoted = text.ptr[i] && strchr(",;\t\"\r\n", text.ptr[i]);
    /* blanks at an end: some programs cut them off a text without quotes */
    quoted |= text.len && (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ');
    if (quoted)
        fputc('"', file);
    if (risky)
        fputc('\'', file);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            fputc('"', file);
        fputc(text.ptr[i], file);
    }
    if (quoted)
        fputc('"', file);
}

static jw_status add(void *state, const struct jw_cell *cells, size_t count, struct jw_error *err) {
    struct csv_file *csv = state;
    for (size_t i = 0; i < count; i++) {
        if (i)
            fputc(',', csv->file);
        put(csv->file, &cells[i]);
    }
    fputs("\r\n", csv->file);
    return ferror(csv->file) ? jw_fail(err, JW_E_SYSTEM, "%s: %s", csv->path, strerror(errno)) : JW_OK;
}

static jw_status begin(void *state, const char *title, const struct jw_sheet_column *columns, size_t count,
                       struct jw_error *err) {
    struct csv_file *csv = state;
    struct jw_cell cells[JW_SHEET_COLUMNS];
    (void)title;
    if (csv->begun)
        return jw_fail(err, JW_E_DENIED, "a CSV file holds one sheet");
    csv->begun = true;
    for (size_t i = 0; i < count; i++)
        cells[i] = (struct jw_cell){.kind = JW_CELL_TEXT, .text = jw_text_from(columns[i].title)};
    fputs("\xEF\xBB\xBF", csv->file);
    return add(state, cells, count, err);
}

static jw_status finish(void *state, struct jw_error *err) {
    struct csv_file *csv = state;
    jw_status st = JW_OK;
    bool bad = ferror(csv->file);
    if (fclose(csv->file) != 0 || bad)
        st = jw_fail(err, JW_E_SYSTEM, "%s: %s", csv->path, strerror(errno));
    if (st != JW_OK)
        unlink(csv->path);
    free(csv);
    return st;
}

static void abandon(void *state) {
    struct csv_file *csv = state;
    fclose(csv->file);
    unlink(csv->path);
    free(csv);
}

const struct jw_sheet_kind jw_csv_kind = {create, begin, add, finish, abandon};
