/* lib/sheet/xlsx_read.c — the rows of one sheet of an XLSX file, as a person sees them. */
#include "xlsx.h"

#include <math.h>
#include <stdlib.h>

#include "base/time.h"

#define TEXT_MEM     (JW_SHEET_PART / 4)
#define DAYS_TO_1970 25569    /* from Excel's day 0 */
#define DAYS_MOST    118000.0 /* the year 2223: what is beyond is a number that somebody formatted */
#define ROUNDED      1e15     /* Excel keeps 15 digits */

enum kind { NUMBER, SHARED, TEXT, BOOLEAN, ERROR, ISO };

struct sheet {
    struct jw_rows *rows;
    jw_buffer text;
    size_t column, next_column;
    enum kind kind;
    uint8_t style;
    bool in_cell, in_value, formula;
    int skipping; /* inside rPh */
    char shown[64];
};

/* "C17" → 2. False: no address. */
static bool column_of(const char *address, size_t *out) {
    size_t column = 0, letters = 0;
    for (; address[letters] >= 'A' && address[letters] <= 'Z' && letters < 4; letters++)
        column = column * 26 + (size_t)(address[letters] - 'A' + 1);
    if (letters == 0 || letters == 4)
        return false;
    *out = column - 1;
    return true;
}

static jw_status start_row(struct jw_part *part, struct sheet *sheet, const char **attributes) {
    const char *given = jw_part_attribute(attributes, "r");
    int64_t number = sheet->rows->number;
    if (*given && (!jw_text_i64(jw_text_from(given), &number) || number < sheet->rows->number))
        return jw_fail(part->book->err, JW_E_SYNTAX, "rows stand in no order: row %.20s behind row %u", given,
                       sheet->rows->number - 1);
    if (number > JW_SHEET_ROWS)
        return jw_fail(part->book->err, JW_E_LIMIT, "a table has at most %d rows", JW_SHEET_ROWS);
    sheet->rows->number = (uint32_t)number;
    sheet->next_column = 0;
    return JW_OK;
}

static jw_status start_cell(struct jw_part *part, struct sheet *sheet, const char **attributes) {
    static const char *const kinds[] = {"n", "s", "str", "b", "e", "d"};
    const char *address = jw_part_attribute(attributes, "r"), *type = jw_part_attribute(attributes, "t");
    int64_t style = 0;
    sheet->column = sheet->next_column;
    if (*address && !column_of(address, &sheet->column))
        return jw_fail(part->book->err, JW_E_SYNTAX, "row %u: \"%.20s\" is no address of a cell",
                       sheet->rows->number, address);
    sheet->next_column = sheet->column + 1;
    sheet->kind = strcmp(type, "inlineStr") == 0 ? TEXT : NUMBER;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(type, kinds[i]) == 0)
            sheet->kind = (enum kind)i;
    bool styled = jw_text_i64(jw_text_from(jw_part_attribute(attributes, "s")), &style) && style >= 0 &&
                  (size_t)style < part->book->style_count;
    sheet->style = styled ? part->book->styles[style] : 0;
    sheet->in_cell = true;
    sheet->in_value = sheet->formula = false;
    jw_buffer_clear(&sheet->text);
    return JW_OK;
}

static jw_status on_start(struct jw_part *part, const char *name, const char **attributes) {
    struct sheet *sheet = part->context;
    if (strcmp(name, "row") == 0)
        return start_row(part, sheet, attributes);
    if (strcmp(name, "c") == 0)
        return start_cell(part, sheet, attributes);
    sheet->skipping += strcmp(name, "rPh") == 0;
    sheet->formula |= sheet->in_cell && strcmp(name, "f") == 0;
    sheet->in_value = sheet->in_cell && !sheet->skipping && (strcmp(name, "v") == 0 || strcmp(name, "t") == 0);
    return JW_OK;
}

static void on_text(struct jw_part *part, jw_text piece) {
    struct sheet *sheet = part->context;
    if (sheet->in_value)
        jw_buffer_add(&sheet->text, piece);
}

/* A day and a time of it from a serial number; false: it is a number after all. */
static bool show_date(const struct jw_book *book, struct sheet *sheet, double value) {
    double day = floor(value + (book->from_1904 ? 1462 : 0)), part = value - floor(value);
    int64_t second = (int64_t)llround(part * 86400);
    if (!(value >= 0) || day > DAYS_MOST)
        return false;
    if (second == 86400)
        second = 0, day += 1;
    char *out = sheet->shown;
    size_t room = sizeof sheet->shown;
    int hour = (int)(second / 3600), minute = (int)(second / 60 % 60), rest = (int)(second % 60);
    if (day >= 1) {
        struct jw_civil civil;
        /* Excel believes in a 29th of February 1900 */
        int64_t days = (int64_t)day - DAYS_TO_1970 + (day < 60 && !book->from_1904);
        jw_time_to_civil(days * 86400 * JW_SECOND, &civil);
        int len = snprintf(out, room, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
        if (second == 0)
            return true;
        out += len, room -= (size_t)len;
        *out++ = ' ', room--;
    } else if (!(sheet->style & JW_STYLE_TIME)) {
        return false;
    }
    int len = snprintf(out, room, "%02d:%02d", hour, minute);
    if (rest)
        snprintf(out + len, room - (size_t)len, ":%02d", rest);
    return true;
}

static jw_status bad(struct jw_part *part, struct sheet *sheet, jw_status st, const char *why) {
    char address[JW_SHEET_ADDRESS];
    jw_sheet_address(sheet->column, sheet->rows->number, address);
    return jw_fail(part->book->err, st, "%s: %s", address, why);
}

static jw_status make_number(struct jw_part *part, struct sheet *sheet, struct jw_cell *cell) {
    char *end, *start;
    jw_buffer_byte(&sheet->text, '\0');
    start = sheet->text.ptr;
    cell->number = strtod(start, &end);
    if (*end || end == start || !isfinite(cell->number))
        return bad(part, sheet, JW_E_SYNTAX, "the file is damaged: no number where one must be");
    cell->kind = JW_CELL_NUMBER;
    cell->rounded = fabs(cell->number) >= ROUNDED;
    if (sheet->style && show_date(part->book, sheet, cell->number))
        cell->kind = JW_CELL_DATE;
    else if (fabs(cell->number) < 1e21 && cell->number == floor(cell->number))
        snprintf(sheet->shown, sizeof sheet->shown, "%.0f", cell->number);
    else
        snprintf(sheet->shown, sizeof sheet->shown, "%.15g", cell->number);
    cell->text = jw_text_from(sheet->shown);
    return JW_OK;
}

static jw_status make_shared(struct jw_part *part, struct sheet *sheet, struct jw_cell *cell) {
    uint64_t at;
    if (!jw_text_u64(jw_text_trim(jw_buffer_text(&sheet->text)), &at) || at >= part->book->text_count)
        return bad(part, sheet, JW_E_SYNTAX, "the file is damaged: its text is missing");
    cell->text = part->book->texts[at];
    return JW_OK;
}

static jw_status end_cell(struct jw_part *part, struct sheet *sheet) {
    struct jw_cell cell = {.kind = JW_CELL_TEXT, .formula = sheet->formula};
    jw_status st = JW_OK;
    sheet->in_cell = sheet->in_value = false;
    if (sheet->text.failed)
        return bad(part, sheet, JW_E_LIMIT, "a cell holds at most 256 KiB");
    if (sheet->text.len == 0) {
        if (!sheet->formula)
            return JW_OK;
        cell.kind = JW_CELL_ERROR; /* the program that wrote it has never computed it */
        cell.text = JW_TEXT("=");
        return jw_rows_set(sheet->rows, sheet->column, &cell);
    }
    if (sheet->kind == NUMBER)
        st = make_number(part, sheet, &cell);
    else if (sheet->kind == SHARED)
        st = make_shared(part, sheet, &cell);
    else
        cell.text = jw_texts_unescape(sheet->text.ptr, sheet->text.len);
    if (sheet->kind == BOOLEAN) {
        cell.kind = JW_CELL_BOOLEAN;
        cell.number = jw_text_is(cell.text, JW_TEXT("1")) || jw_text_is_nocase(cell.text, JW_TEXT("true"));
        cell.text = cell.number != 0 ? JW_TEXT("TRUE") : JW_TEXT("FALSE");
    } else if (sheet->kind == ERROR) {
        cell.kind = JW_CELL_ERROR;
    } else if (sheet->kind == ISO) {
        char *at = memchr(sheet->text.ptr, 'T', cell.text.len);
        cell.kind = JW_CELL_DATE;
        if (at)
            *at = ' ';
    }
    return st == JW_OK ? jw_rows_set(sheet->rows, sheet->column, &cell) : st;
}

static jw_status on_end(struct jw_part *part, const char *name) {
    struct sheet *sheet = part->context;
    sheet->in_value = false;
    sheet->skipping -= strcmp(name, "rPh") == 0;
    if (strcmp(name, "c") == 0 && sheet->in_cell)
        return end_cell(part, sheet);
    return strcmp(name, "row") == 0 ? jw_rows_end(sheet->rows) : JW_OK;
}

static jw_status read_all(struct jw_book *book, const struct jw_sheet_choice *choice, struct jw_rows *rows,
                          struct jw_sheet_about *about) {
    struct sheet sheet = {.rows = rows, .text = JW_BUFFER(JW_SHEET_CELL)};
    struct jw_part part = {.context = &sheet, .start = on_start, .end = on_end, .text = on_text};
    jw_status st = jw_book_open(book, choice);
    if (st != JW_OK)
        return st;
    memcpy(about->name, book->sheet_name, sizeof about->name);
    st = jw_part_read(book, book->sheet, &part);
    jw_buffer_free(&sheet.text);
    return st;
}

jw_status jw_xlsx_read(jw_text file, const struct jw_sheet_choice *choice, struct jw_rows *rows,
                       struct jw_sheet_about *about) {
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source = zip_source_buffer_create(file.ptr, file.len, 0, &why);
    struct jw_book book = {.err = rows->err, .mem = jw_arena_new(TEXT_MEM)};
    book.zip = source ? zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
    jw_status st;
    if (book.zip && book.mem)
        st = read_all(&book, choice, rows, about);
    else
        st = jw_fail(rows->err, JW_E_SYNTAX, "the file is no XLSX, or damaged: %s", zip_error_strerror(&why));
    if (book.zip)
        zip_discard(book.zip);
    else
        zip_source_free(source);
    zip_error_fini(&why);
    jw_arena_free(book.mem);
    free(book.styles);
    free(book.texts);
    return st;
}
