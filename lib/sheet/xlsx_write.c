/* lib/sheet/xlsx_write.c — XLSX through libxlsxwriter, which keeps one row in memory and the rest in temporary
 * files. */
#include "parts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include <xlsxwriter.h>

#include "ledger/day.h"

#define WIDTH_LEAST 8
#define WIDTH_MOST  60
#define INLINE_MOST 255   /* bytes of choices that stand in the cell's rule itself */
#define TEXT_MOST   32767 /* characters that Excel keeps of a cell */
#define RULE_ROWS   200001
#define PROMPT_MOST 255 /* characters of a help text */

struct xlsx_file {
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *needed, *formats[JW_CELL_ERROR + 1], *time, *whole;
    const struct jw_sheet_column *columns;
    size_t column_count;
    uint32_t row;
    char path[PATH_MAX], folder[PATH_MAX];
    lxw_error broken; /* the first failure */
};

static void note(struct xlsx_file *xlsx, lxw_error code) {
    if (xlsx->broken == LXW_NO_ERROR)
        xlsx->broken = code;
}

static jw_status state_of(const struct xlsx_file *xlsx, struct jw_error *err) {
    return xlsx->broken == LXW_NO_ERROR
               ? JW_OK
               : jw_fail(err, JW_E_SYSTEM, "%s: %s", xlsx->path, lxw_strerror(xlsx->broken));
}

static void make_formats(struct xlsx_file *xlsx) {
    xlsx->head = workbook_add_format(xlsx->book);
    xlsx->needed = workbook_add_format(xlsx->book);
    lxw_format *heads[] = {xlsx->head, xlsx->needed};
    for (size_t i = 0; i < 2; i++) {
        format_set_bold(heads[i]);
        format_set_bottom(heads[i], LXW_BORDER_THIN);
        format_set_bg_color(heads[i], 0xE8EEF7);
    }
    format_set_font_color(xlsx->needed, 0xC00000);
    xlsx->formats[JW_CELL_TEXT] = workbook_add_format(xlsx->book);
    format_set_num_format(xlsx->formats[JW_CELL_TEXT], "@");
    xlsx->formats[JW_CELL_DATE] = workbook_add_format(xlsx->book);
    format_set_num_format(xlsx->formats[JW_CELL_DATE], "yyyy-mm-dd");
    xlsx->time = workbook_add_format(xlsx->book);
    format_set_num_format(xlsx->time, "yyyy-mm-dd hh:mm:ss");
}

static jw_status create(const char *path, void **out, struct jw_error *err) {
    struct xlsx_file *xlsx = calloc(1, sizeof *xlsx);
    if (!xlsx)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    snprintf(xlsx->path, sizeof xlsx->path, "%s", path);
    const char *slash = strrchr(path, '/');
    snprintf(xlsx->folder, sizeof xlsx->folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    /* made here first: libxlsxwriter tells only at the end that it cannot, and lets everybody read it */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = xlsx->folder};
    xlsx->book = fd < 0 ? NULL : workbook_new_opt(path, &options);
    if (!xlsx->book) {
        jw_fail(err, JW_E_SYSTEM, "%s: %m", path);
        free(xlsx);
        return JW_E_SYSTEM;
    }
    make_formats(xlsx);
    *out = xlsx;
    return JW_OK;
}

/* Cells as Excel counts them for a width: a Chinese character takes two. */
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text; text++)
        if (((unsigned char)*text & 0xC0) != 0x80)
            width += (unsigned char)*text >= 0xE0 ? 2 : 1;
    return width;
}

static const char *cut_at_characters(const char *text, size_t most, char *out, size_t room) {
    size_t len = 0, characters = 0;
    for (; text[len] && len + 4 < room; len++)
        if (((unsigned char)text[len] & 0xC0) != 0x80 && ++characters > most)
            break;
    snprintf(out, room, "%.*s", (int)len, text);
    return out;
}

static void add_rule(struct xlsx_file *xlsx, size_t at) {
    const struct jw_sheet_column *column = &xlsx->columns[at];
    char help[PROMPT_MOST * 4 + 8], title[33 * 4];
    lxw_data_validation rule = {.validate = LXW_VALIDATION_TYPE_ANY, .ignore_blank = LXW_VALIDATION_ON};
    size_t characters = 0, count = 0;
    for (; column->choices && column->choices[count]; count++)
        characters += strlen(column->choices[count]) + 1;
    if (column->choices_at) {
        rule.validate = LXW_VALIDATION_TYPE_LIST_FORMULA;
        rule.value_formula = (char *)(uintptr_t)column->choices_at;
    } else if (count && characters <= INLINE_MOST) {
        rule.validate = LXW_VALIDATION_TYPE_LIST;
        rule.value_list = (char **)(uintptr_t)column->choices;
    }
    rule.error_type = LXW_VALIDATION_ERROR_TYPE_WARNING; /* several of them are right for some fields */
    if (column->help && *column->help) {
        rule.input_title = (char *)(uintptr_t)cut_at_characters(column->title, 31, title, sizeof title);
        rule.input_message = (char *)(uintptr_t)cut_at_characters(column->help, PROMPT_MOST - 1, help, sizeof help);
    }
    if (rule.validate != LXW_VALIDATION_TYPE_ANY || rule.input_message)
        note(xlsx, worksheet_data_validation_range(xlsx->sheet, 1, (lxw_col_t)at, RULE_ROWS, (lxw_col_t)at, &rule));
}

static lxw_format *format_of(const struct xlsx_file *xlsx, const struct jw_sheet_column *column) {
    return column->kind == JW_CELL_DATE && column->time ? xlsx->time : xlsx->formats[column->kind];
}

/* 31 characters, without []:*?/\ — Excel's rule for the name of a sheet. */
static void clean_name(const char *title, char out[128]) {
    cut_at_characters(title, 31, out, 128);
    for (char *p = out; *p; p++)
        if (strchr("[]:*?/\\'", *p))
            *p = '_';
}

static jw_status begin(void *state, const char *title, const struct jw_sheet_column *columns, size_t count,
                       struct jw_error *err) {
    struct xlsx_file *xlsx = state;
    char name[128];
    clean_name(title, name);
    xlsx->sheet = workbook_add_worksheet(xlsx->book, name);
    if (!xlsx->sheet)
        return jw_fail(err, JW_E_SYSTEM, "%s: no sheet can be called %s", xlsx->path, name);
    xlsx->columns = columns;
    xlsx->column_count = count;
    xlsx->row = 1;
    for (size_t i = 0; i < count; i++) {
        size_t width = columns[i].width ? columns[i].width : width_of(columns[i].title) + 4;
        width = width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
        note(xlsx, worksheet_set_column(xlsx->sheet, (lxw_col_t)i, (lxw_col_t)i, (double)width,
                                        format_of(xlsx, &columns[i])));
    }
    for (size_t i = 0; i < count; i++) {
        note(xlsx, worksheet_write_string(xlsx->sheet, 0, (lxw_col_t)i, columns[i].title,
                                          columns[i].required ? xlsx->needed : xlsx->head));
        add_rule(xlsx, i);
    }
    worksheet_freeze_panes(xlsx->sheet, 1, 0);
    return state_of(xlsx, err);
}

/* What Excel counts for a day and a time of it; false: not such a text. */
static bool serial_of(jw_text text, double *out) {
    jw_text day = text;
    int64_t days, hour, minute, second = 0;
    jw_text rest = text, piece;
    if (jw_text_cut(&rest, ' ', &piece))
        day = piece;
    else
        rest = (jw_text){0};
    if (!jw_day_read(day, &days))
        return false;
    *out = (double)(days + 25569);
    if (!rest.len)
        return days + 25569 >= 61; /* before March 1900 Excel counts wrongly */
    if (!jw_text_cut(&rest, ':', &piece) || !jw_text_i64(piece, &hour))
        return false;
    bool more = jw_text_cut(&rest, ':', &piece);
    if (!jw_text_i64(more ? piece : rest, &minute) || (more && !jw_text_i64(rest, &second)))
        return false;
    *out += (double)(hour * 3600 + minute * 60 + second) / 86400;
    return days + 25569 >= 61;
}

/* ST_Xstring: what looks like an escaped character is one, and a carriage return would become a line feed. */
static void add_escaped(jw_buffer *out, jw_text text) {
    for (size_t i = 0; i < text.len; i++) {
        bool looks = text.ptr[i] == '_' && text.len - i >= 7 && text.ptr[i + 1] == 'x' && text.ptr[i + 6] == '_';
        for (size_t k = 2; k < 6 && looks; k++)
            looks = text.ptr[i + k] && strchr("0123456789abcdefABCDEF", text.ptr[i + k]);
        if (looks)
            jw_buffer_add(out, JW_TEXT("_x005F_"));
        else if (text.ptr[i] == '\r')
            jw_buffer_add(out, JW_TEXT("_x000D_"));
        else
            jw_buffer_byte(out, text.ptr[i]);
    }
}

static void put(struct xlsx_file *xlsx, lxw_col_t at, const struct jw_cell *cell, jw_buffer *text) {
    const struct jw_sheet_column *column = &xlsx->columns[at];
    lxw_format *format = at < xlsx->column_count ? format_of(xlsx, column) : NULL;
    double serial;
    if (cell->kind == JW_CELL_NUMBER) {
        note(xlsx, worksheet_write_number(xlsx->sheet, xlsx->row, at, cell->number, NULL));
    } else if (cell->kind == JW_CELL_DATE && serial_of(cell->text, &serial)) {
        note(xlsx, worksheet_write_number(xlsx->sheet, xlsx->row, at, serial, format));
    } else if (cell->kind != JW_CELL_EMPTY && cell->text.len) {
        jw_buffer_clear(text);
        add_escaped(text, cell->text);
        jw_buffer_byte(text, '\0');
        if (text->failed)
            note(xlsx, LXW_ERROR_MEMORY_MALLOC_FAILED);
        else
            note(xlsx, worksheet_write_string(xlsx->sheet, xlsx->row, at, text->ptr, xlsx->formats[JW_CELL_TEXT]));
    }
}

static jw_status add(void *state, const struct jw_cell *cells, size_t count, struct jw_error *err) {
    struct xlsx_file *xlsx = state;
    char address[JW_SHEET_ADDRESS];
    jw_buffer text = JW_BUFFER(JW_SHEET_CELL * 4);
    if (xlsx->row >= JW_SHEET_ROWS)
        return jw_fail(err, JW_E_LIMIT, "an XLSX sheet holds %d rows; choose CSV", JW_SHEET_ROWS);
    for (size_t i = 0; i < count && i < xlsx->column_count; i++) {
        put(xlsx, (lxw_col_t)i, &cells[i], &text);
        if (xlsx->broken == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED) {
            jw_buffer_free(&text);
            jw_sheet_address(i, xlsx->row + 1, address);
            return jw_fail(err, JW_E_LIMIT, "%s: an XLSX cell holds %d characters; choose CSV", address, TEXT_MOST);
        }
    }
    jw_buffer_free(&text);
    xlsx->row++;
    return state_of(xlsx, err);
}

static jw_status finish(void *state, struct jw_error *err) {
    struct xlsx_file *xlsx = state;
    jw_status st = state_of(xlsx, err);
    lxw_error closed = workbook_close(xlsx->book); /* frees the book */
    if (st == JW_OK && closed != LXW_NO_ERROR)
        st = jw_fail(err, JW_E_SYSTEM, "%s: %s", xlsx->path, lxw_strerror(closed));
    if (st != JW_OK)
        unlink(xlsx->path);
    free(xlsx);
    return st;
}

static void abandon(void *state) {
    struct xlsx_file *xlsx = state;
    lxw_workbook_free(xlsx->book);
    unlink(xlsx->path);
    free(xlsx);
}

const struct jw_sheet_kind jw_xlsx_kind = {create, begin, add, finish, abandon};
