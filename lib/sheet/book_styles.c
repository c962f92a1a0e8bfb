/* lib/sheet/book_styles.c — which styles of an XLSX file show a number as a date or a time. */
#include "xlsx.h"

#include <stdlib.h>

#define STYLES_MOST  65536
#define FORMATS_MOST 4096

struct reading {
    struct {
        int64_t id;
        uint8_t shows;
    } formats[FORMATS_MOST];
    size_t format_count;
    bool inside; /* of cellXfs; cellStyleXfs is something else */
};

/* The formats that are never written down; 27 to 36 and 50 to 58 are dates in Chinese, Japanese and Korean Excel.
 */
static uint8_t built_in(int64_t id) {
    if (id == 22)
        return JW_STYLE_DATE | JW_STYLE_TIME;
    if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47) || (id >= 32 && id <= 35) || id == 55 || id == 56)
        return JW_STYLE_TIME;
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58))
        return JW_STYLE_DATE;
    return 0;
}

/* What a format like yyyy"年"m"月"d"日" or [Red]0.00 shows. */
static uint8_t classify(const char *code) {
    uint8_t shows = 0;
    bool month = false;
    if (strncasecmp(code, "general", 7) == 0)
        return 0;
    for (const char *p = code; *p && *p != ';'; p++) {
        const char *close = NULL;
        if (*p == '\\' || *p == '_' || *p == '*') {
            if (p[1])
                p++;
        } else if (*p == '"') {
            close = strchr(p + 1, '"');
            p = close ? close : p + strlen(p) - 1;
        } else if (*p == '[') {
            close = strchr(p, ']');
            shows |= strncasecmp(p, "[h", 2) == 0 || strncasecmp(p, "[m", 2) == 0 || strncasecmp(p, "[s", 2) == 0
                         ? JW_STYLE_TIME
                         : 0;
            p = close ? close : p + strlen(p) - 1;
        } else if (strchr("yYdD", *p)) {
            shows |= JW_STYLE_DATE;
        } else if (strchr("hHsS", *p)) {
            shows |= JW_STYLE_TIME;
        } else {
            month |= *p == 'm' || *p == 'M';
        }
    }
    return shows ? shows : month ? JW_STYLE_DATE : 0;
}

static jw_status on_start(struct jw_part *part, const char *name, const char **attributes) {
    struct reading *reading = part->context;
    struct jw_book *book = part->book;
    int64_t id = 0;
    if (strcmp(name, "cellXfs") == 0)
        reading->inside = true;
    bool known = jw_text_i64(jw_text_from(jw_part_attribute(attributes, "numFmtId")), &id);
    if (strcmp(name, "numFmt") == 0 && known && reading->format_count < FORMATS_MOST) {
        size_t at = reading->format_count++;
        reading->formats[at].id = id;
        reading->formats[at].shows = classify(jw_part_attribute(attributes, "formatCode"));
    }
    if (strcmp(name, "xf") != 0 || !reading->inside)
        return JW_OK;
    if (book->style_count == STYLES_MOST)
        return jw_fail(book->err, JW_E_LIMIT, "more than %d styles", STYLES_MOST);
    uint8_t shows = built_in(id);
    for (size_t i = 0; i < reading->format_count; i++)
        if (reading->formats[i].id == id)
            shows = reading->formats[i].shows;
    book->styles[book->style_count++] = shows;
    return JW_OK;
}

static jw_status on_end(struct jw_part *part, const char *name) {
    struct reading *reading = part->context;
    if (strcmp(name, "cellXfs") == 0)
        reading->inside = false;
    return JW_OK;
}

jw_status jw_styles_read(struct jw_book *book) {
    struct reading *reading = calloc(1, sizeof *reading);
    struct jw_part part = {.context = reading, .start = on_start, .end = on_end};
    book->styles = calloc(STYLES_MOST, 1);
    jw_status st = reading && book->styles ? jw_part_read(book, book->styles_part, &part)
                                           : jw_fail(book->err, JW_E_LIMIT, "no memory");
    free(reading);
    return st;
}
