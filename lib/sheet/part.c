/* lib/sheet/part.c — one part of an XLSX file through expat, under bounds. There are no document types here: so no
 * entities that unfold, and none that lie elsewhere. */
#include "xlsx.h"

#define PIECE       65536
#define DEPTH_MOST  64
#define SILENT_MOST ((size_t)1 << 20) /* of one tag: expat looks at an unfinished one again with each piece */

static const char *without_prefix(const char *name) {
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

const char *jw_part_attribute(const char **attributes, const char *name) {
    for (; attributes[0]; attributes += 2)
        if (strcmp(without_prefix(attributes[0]), name) == 0)
            return attributes[1];
    return "";
}

static void stop(struct jw_part *part, jw_status st) {
    if (part->st == JW_OK)
        part->st = st;
    XML_StopParser(part->parser, XML_FALSE);
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes) {
    struct jw_part *part = context;
    part->silent = 0;
    if (part->st != JW_OK)
        return;
    jw_status st = ++part->depth > DEPTH_MOST
                       ? jw_fail(part->book->err, JW_E_LIMIT, "the file is damaged: elements lie more than %d deep",
                                 DEPTH_MOST)
                       : part->start(part, without_prefix(name), attributes);
    if (st != JW_OK)
        stop(part, st);
}

static void XMLCALL on_end(void *context, const char *name) {
    struct jw_part *part = context;
    part->silent = 0;
    part->depth--;
    jw_status st = part->st == JW_OK && part->end ? part->end(part, without_prefix(name)) : JW_OK;
    if (st != JW_OK)
        stop(part, st);
}

static void XMLCALL on_text(void *context, const char *text, int len) {
    struct jw_part *part = context;
    part->silent = 0;
    if (part->st == JW_OK && part->text)
        part->text(part, (jw_text){text, (size_t)len});
}

static void XMLCALL on_doctype(void *context, const char *name, const char *where, const char *known_as,
                               int internal) {
    struct jw_part *part = context;
    (void)name, (void)where, (void)known_as, (void)internal;
    stop(part, jw_fail(part->book->err, JW_E_DENIED,
                       "the file holds a document type (DTD), which no table needs: it is not read"));
}

static jw_status feed(struct jw_part *part, zip_file_t *file, const char *name) {
    size_t total = 0;
    for (;;) {
        void *piece = XML_GetBuffer(part->parser, PIECE);
        zip_int64_t got = piece ? zip_fread(file, piece, PIECE) : -1;
        if (!piece)
            return jw_fail(part->book->err, JW_E_LIMIT, "no memory");
        if (got < 0)
            return jw_fail(part->book->err, JW_E_SYNTAX, "%s: %s", name, zip_file_strerror(file));
        total += (size_t)got;
        part->silent += (size_t)got;
        if (total > JW_SHEET_PART)
            return jw_fail(part->book->err, JW_E_LIMIT, "%s: unfolds to more than %zu MiB", name,
                           JW_SHEET_PART >> 20);
        if (XML_ParseBuffer(part->parser, (int)got, got == 0) != XML_STATUS_OK)
            return part->st != JW_OK ? part->st
                                     : jw_fail(part->book->err, JW_E_SYNTAX, "%s, line %lu: %s", name,
                                               (unsigned long)XML_GetCurrentLineNumber(part->parser),
                                               XML_ErrorString(XML_GetErrorCode(part->parser)));
        if (got == 0)
            return JW_OK;
        if (part->silent > SILENT_MOST)
            return jw_fail(part->book->err, JW_E_LIMIT, "%s: a tag of more than %zu KiB", name, SILENT_MOST >> 10);
    }
}

jw_status jw_part_read(struct jw_book *book, const char *name, struct jw_part *part) {
    zip_stat_t about;
    part->book = book;
    part->st = JW_OK;
    part->depth = 0;
    if (zip_stat(book->zip, name, 0, &about) != 0)
        return jw_fail(book->err, JW_E_SYNTAX, "the file is no XLSX, or damaged: it has no part %.100s", name);
    if ((about.valid & ZIP_STAT_SIZE) && about.size > JW_SHEET_PART)
        return jw_fail(book->err, JW_E_LIMIT, "%.100s: unfolds to more than %zu MiB", name, JW_SHEET_PART >> 20);
    zip_file_t *file = zip_fopen_index(book->zip, about.index, 0);
    if (!file)
        return jw_fail(book->err, JW_E_SYNTAX, "%.100s: %s", name, zip_strerror(book->zip));
    part->parser = XML_ParserCreate(NULL);
    jw_status st = part->parser ? JW_OK : jw_fail(book->err, JW_E_LIMIT, "no memory");
    if (st == JW_OK) {
        XML_SetUserData(part->parser, part);
        XML_SetElementHandler(part->parser, on_start, on_end);
        XML_SetCharacterDataHandler(part->parser, on_text);
        XML_SetStartDoctypeDeclHandler(part->parser, on_doctype);
        st = feed(part, file, name);
        XML_ParserFree(part->parser);
    }
    zip_fclose(file);
    return st;
}
