/* lib/sheet/book_texts.c — the texts that cells of an XLSX file share, by number. */
#include "xlsx.h"

#include <stdlib.h>

#define TEXTS_MOST ((size_t)8 << 20)

struct reading {
    jw_buffer text;
    int skipping; /* inside rPh: how a text is spoken, which is no part of it */
    bool inside;  /* of t */
};

static int digit_of(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* _xHHHH_ is a character that XML cannot hold: ECMA-376, ST_Xstring. Only those below 0x80 are turned back: others
 * can stand for themselves and halves of pairs are no characters. */
jw_text jw_texts_unescape(char *ptr, size_t len) {
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        int code = 0;
        bool escaped = len - i >= 7 && ptr[i] == '_' && ptr[i + 1] == 'x' && ptr[i + 6] == '_';
        for (size_t k = 2; k < 6 && escaped; k++) {
            int digit = digit_of(ptr[i + k]);
            escaped = digit >= 0;
            code = code * 16 + digit;
        }
        if (escaped && code > 0 && code < 0x80) {
            ptr[to++] = (char)code;
            i += 6;
        } else {
            ptr[to++] = ptr[i];
        }
    }
    return (jw_text){ptr, to};
}

static jw_status on_start(struct jw_part *part, const char *name, const char **attributes) {
    struct reading *reading = part->context;
    (void)attributes;
    if (strcmp(name, "si") == 0)
        jw_buffer_clear(&reading->text);
    reading->skipping += strcmp(name, "rPh") == 0;
    reading->inside = strcmp(name, "t") == 0 && !reading->skipping;
    return JW_OK;
}

static void on_text(struct jw_part *part, jw_text piece) {
    struct reading *reading = part->context;
    if (reading->inside)
        jw_buffer_add(&reading->text, piece);
}

static jw_status keep(struct jw_book *book, struct reading *reading) {
    if (reading->text.failed)
        return jw_fail(book->err, JW_E_LIMIT, "text %zu: a cell holds at most %zu KiB", book->text_count + 1,
                       JW_SHEET_CELL >> 10);
    if (book->text_count == book->text_room) {
        size_t room = book->text_room ? book->text_room * 2 : 1024;
        jw_text *texts = room > TEXTS_MOST ? NULL : realloc(book->texts, room * sizeof *texts);
        if (!texts)
            return jw_fail(book->err, JW_E_LIMIT, "more than %zu different texts", book->text_room);
        book->texts = texts;
        book->text_room = room;
    }
    jw_text text = {"", 0};
    if (reading->text.len)
        text = jw_arena_copy(book->mem, jw_texts_unescape(reading->text.ptr, reading->text.len));
    if (!text.ptr)
        return jw_fail(book->err, JW_E_LIMIT, "texts of more than %zu MiB", JW_SHEET_PART >> 22);
    book->texts[book->text_count++] = text;
    return JW_OK;
}

static jw_status on_end(struct jw_part *part, const char *name) {
    struct reading *reading = part->context;
    reading->inside = false;
    reading->skipping -= strcmp(name, "rPh") == 0;
    return strcmp(name, "si") == 0 ? keep(part->book, reading) : JW_OK;
}

jw_status jw_texts_read(struct jw_book *book) {
    struct reading reading = {.text = JW_BUFFER(JW_SHEET_CELL)};
    struct jw_part part = {.context = &reading, .start = on_start, .end = on_end, .text = on_text};
    jw_status st = jw_part_read(book, book->texts_part, &part);
    jw_buffer_free(&reading.text);
    return st;
}
