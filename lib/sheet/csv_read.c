/* lib/sheet/csv_read.c — RFC 4180 and what people call CSV: the separator and the character set are recognised,
 * quoted cells hold whatever they like. GB 18030 never has a separator, a quote or an end of line as the second,
 * third or fourth byte of a character, so cells are cut first and converted one by one. */
#include "parts.h"

#include <iconv.h>
#include <stdlib.h>

struct csv {
    jw_text rest;
    struct jw_rows *rows;
    jw_buffer cell, converted;
    iconv_t from_gb; /* (iconv_t)-1: the file is UTF-8 */
    char separator;
};

/* The one that stands most often in the first line, outside of quotes. */
static char find_separator(jw_text file) {
    static const char signs[] = ",;\t";
    size_t counts[3] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < file.len && (quoted || (file.ptr[i] != '\n' && file.ptr[i] != '\r')); i++) {
        const char *sign = file.ptr[i] ? strchr(signs, file.ptr[i]) : NULL;
        quoted ^= file.ptr[i] == '"';
        if (sign && !quoted)
            counts[sign - signs]++;
    }
    for (size_t i = 1; i < 3; i++)
        if (counts[i] > counts[best])
            best = i;
    return signs[best];
}

static jw_status convert(struct csv *csv, size_t column, jw_text *text) {
    char address[JW_SHEET_ADDRESS], *from = (char *)(uintptr_t)text->ptr;
    size_t left = text->len;
    jw_buffer_clear(&csv->converted);
    if (!jw_buffer_reserve(&csv->converted, text->len * 2 + 4))
        return jw_fail(csv->rows->err, JW_E_LIMIT, "no memory");
    char *to = csv->converted.ptr;
    size_t room = csv->converted.capacity;
    iconv(csv->from_gb, NULL, NULL, NULL, NULL);
    if (iconv(csv->from_gb, &from, &left, &to, &room) == (size_t)-1) {
        jw_sheet_address(column, csv->rows->number, address);
        return jw_fail(csv->rows->err, JW_E_SYNTAX,
                       "%s: neither UTF-8 nor GB 18030 (GBK); save the file as CSV UTF-8", address);
    }
    *text = (jw_text){csv->converted.ptr, (size_t)(to - csv->converted.ptr)};
    return JW_OK;
}

bool jw_csv_is_risky(jw_text text) {
    size_t i = 0;
    while (i < text.len && text.ptr[i] == '\'')
        i++;
    return i < text.len && text.ptr[i] && strchr("=+-@\t\r", text.ptr[i]);
}

static jw_status put(struct csv *csv, size_t column, jw_text text) {
    jw_status st = JW_OK;
    if (text.len > JW_SHEET_CELL * 2) /* before it is converted */
        text.len = JW_SHEET_CELL * 2;
    if (csv->from_gb != (iconv_t)-1)
        st = convert(csv, column, &text);
    if (text.len > 1 && *text.ptr == '\'' && jw_csv_is_risky(text))
        text = (jw_text){text.ptr + 1, text.len - 1};
    struct jw_cell cell = {.kind = JW_CELL_TEXT, .text = text};
    return st == JW_OK ? jw_rows_set(csv->rows, column, &cell) : st;
}

/* A quoted cell up to and with its closing quote. */
static jw_status take_quoted(struct csv *csv, size_t column, jw_text *out) {
    char address[JW_SHEET_ADDRESS];
    jw_buffer_clear(&csv->cell);
    jw_sheet_address(column, csv->rows->number, address);
    csv->rest = (jw_text){csv->rest.ptr + 1, csv->rest.len - 1};
    for (;;) {
        const char *quote = csv->rest.len ? memchr(csv->rest.ptr, '"', csv->rest.len) : NULL;
        if (!quote)
            return jw_fail(csv->rows->err, JW_E_SYNTAX, "%s: a quote is opened and never closed", address);
        size_t len = (size_t)(quote - csv->rest.ptr);
        jw_buffer_add(&csv->cell, (jw_text){csv->rest.ptr, len});
        csv->rest = (jw_text){quote + 1, csv->rest.len - len - 1};
        if (!csv->rest.len || *csv->rest.ptr != '"')
            break;
        jw_buffer_byte(&csv->cell, '"');
        csv->rest = (jw_text){csv->rest.ptr + 1, csv->rest.len - 1};
    }
    if (csv->cell.failed)
        return jw_fail(csv->rows->err, JW_E_LIMIT, "%s: a cell holds at most %zu KiB", address,
                       JW_SHEET_CELL >> 10);
    if (csv->rest.len && *csv->rest.ptr != csv->separator && *csv->rest.ptr != '\n' && *csv->rest.ptr != '\r')
        return jw_fail(csv->rows->err, JW_E_SYNTAX,
                       "%s: something stands behind the closing quote; a quote in a text is written twice",
                       address);
    *out = jw_buffer_text(&csv->cell);
    return JW_OK;
}

static jw_text take_plain(struct csv *csv) {
    size_t len = 0;
    while (len < csv->rest.len && csv->rest.ptr[len] != csv->separator && csv->rest.ptr[len] != '\n' &&
           csv->rest.ptr[len] != '\r')
        len++;
    jw_text text = {csv->rest.ptr, len};
    csv->rest = (jw_text){csv->rest.ptr + len, csv->rest.len - len};
    return text;
}

static jw_status read_row(struct csv *csv) {
    jw_status st = JW_OK;
    for (size_t column = 0; st == JW_OK; column++) {
        jw_text text = {0};
        if (csv->rest.len && *csv->rest.ptr == '"')
            st = take_quoted(csv, column, &text);
        else
            text = take_plain(csv);
        if (st == JW_OK)
            st = put(csv, column, text);
        if (!csv->rest.len || *csv->rest.ptr != csv->separator)
            break;
        csv->rest = (jw_text){csv->rest.ptr + 1, csv->rest.len - 1};
    }
    if (st == JW_OK && !jw_text_drop(&csv->rest, JW_TEXT("\r\n")) && csv->rest.len)
        csv->rest = (jw_text){csv->rest.ptr + 1, csv->rest.len - 1};
    return st == JW_OK ? jw_rows_end(csv->rows) : st;
}

jw_status jw_csv_read(jw_text file, struct jw_rows *rows, struct jw_sheet_about *about) {
    struct csv csv = {.rows = rows,
                      .cell = JW_BUFFER(JW_SHEET_CELL * 2),
                      .converted = JW_BUFFER(JW_SHEET_CELL * 4 + 64),
                      .from_gb = (iconv_t)-1};
    jw_status st = JW_OK;
    bool marked = jw_text_drop(&file, JW_TEXT("\xEF\xBB\xBF"));
    if (!jw_text_is_utf8(file)) {
        if (marked)
            return jw_fail(rows->err, JW_E_SYNTAX, "the file says that it is UTF-8, and is not: it is damaged");
        csv.from_gb = iconv_open("UTF-8", "GB18030");
        if (csv.from_gb == (iconv_t)-1)
            return jw_fail(rows->err, JW_E_SYSTEM, "this machine cannot read GB 18030; save the file as CSV UTF-8");
        about->charset = "GB18030";
    }
    about->separator = csv.separator = find_separator(file);
    csv.rest = file;
    while (st == JW_OK && csv.rest.len)
        st = read_row(&csv);
    jw_buffer_free(&csv.cell);
    jw_buffer_free(&csv.converted);
    if (csv.from_gb != (iconv_t)-1)
        iconv_close(csv.from_gb);
    return st;
}
