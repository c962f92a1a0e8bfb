/* lib/sheet/xlsx.h — an XLSX file while it is read: a zip of XML parts, each read as a stream and never kept. */
#pragma once
#include <expat.h>
#include <zip.h>

#include "parts.h"

/* How a style shows a number. */
#define JW_STYLE_DATE 1u
#define JW_STYLE_TIME 2u

struct jw_book {
    zip_t *zip;
    struct jw_error *err;
    struct jw_arena *mem;
    char workbook[256], sheet[256], texts_part[256], styles_part[256]; /* names of parts; "": none */
    char sheet_name[128];
    bool from_1904; /* old Macs count days from another one */
    uint8_t *styles;
    size_t style_count;
    jw_text *texts; /* shared by cells */
    size_t text_count, text_room;
};

/* One part as events. Handlers return a status; anything but JW_OK ends the part. Names come without their prefix.
 */
struct jw_part {
    struct jw_book *book;
    void *context;
    jw_status (*start)(struct jw_part *part, const char *name, const char **attributes);
    jw_status (*end)(struct jw_part *part, const char *name);
    void (*text)(struct jw_part *part, jw_text piece);
    XML_Parser parser; /* from here on: part.c's */
    jw_status st;
    int depth;
    size_t silent; /* bytes since the last event */
};
/* part.c */
JW_MUST_CHECK jw_status jw_part_read(struct jw_book *book, const char *name, struct jw_part *part);
const char *jw_part_attribute(const char **attributes, const char *name); /* "" when it is not there */

/* book.c: where the sheet is, its styles and shared texts. */
JW_MUST_CHECK jw_status jw_book_open(struct jw_book *book, const struct jw_sheet_choice *choice);
/* book_texts.c: appends a piece of a text; `text` is undone of its _x000D_ by jw_texts_unescape. */
JW_MUST_CHECK jw_status jw_texts_read(struct jw_book *book);
jw_text jw_texts_unescape(char *ptr, size_t len); /* in place */
/* book_styles.c */
JW_MUST_CHECK jw_status jw_styles_read(struct jw_book *book);
