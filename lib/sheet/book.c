/* lib/sheet/book.c — from the zip's table of contents to the sheet that was asked for. Parts name each other by
 * relations; nothing is ever written to a disk, so a part called ../../etc/passwd is a part like any other. */
#include "xlsx.h"

struct relations {
    char folder[256];   /* of the part they belong to, with a slash at the end; "": the top */
    const char *wanted; /* Id of the sheet; NULL: at the top, where the workbook is looked for */
    char workbook[256], sheet[256], texts[256], styles[256];
};

static bool ends_with(const char *text, const char *end) {
    return jw_text_ends(jw_text_from(text), jw_text_from(end));
}

/* The name of a part as its relation gives it: from the top, or beside the part it belongs to. */
static void resolve(const struct relations *relations, const char *target, char out[256]) {
    if (*target == '/')
        snprintf(out, 256, "%s", target + 1);
    else
        snprintf(out, 256, "%s%s", relations->folder, target);
}

static jw_status on_relation(struct jw_part *part, const char *name, const char **attributes) {
    struct relations *relations = part->context;
    const char *type = jw_part_attribute(attributes, "Type"), *id = jw_part_attribute(attributes, "Id");
    const char *target = jw_part_attribute(attributes, "Target");
    if (strcmp(name, "Relationship") != 0 || strcmp(jw_part_attribute(attributes, "TargetMode"), "External") == 0)
        return JW_OK;
    if (relations->wanted && strcmp(id, relations->wanted) == 0)
        resolve(relations, target, relations->sheet);
    else if (ends_with(type, "/officeDocument"))
        resolve(relations, target, relations->workbook);
    else if (ends_with(type, "/sharedStrings"))
        resolve(relations, target, relations->texts);
    else if (ends_with(type, "/styles"))
        resolve(relations, target, relations->styles);
    return JW_OK;
}

struct finding {
    const struct jw_sheet_choice *choice;
    char id[64], name[128];
    bool found;
};

static bool is_on(const char *value) { return strcmp(value, "1") == 0 || strcmp(value, "true") == 0; }

static jw_status on_workbook(struct jw_part *part, const char *name, const char **attributes) {
    struct finding *finding = part->context;
    const char *title = jw_part_attribute(attributes, "name");
    if (strcmp(name, "workbookPr") == 0)
        part->book->from_1904 = is_on(jw_part_attribute(attributes, "date1904"));
    if (strcmp(name, "sheet") != 0 || finding->found)
        return JW_OK;
    jw_text wanted = finding->choice ? finding->choice->name : (jw_text){0};
    bool hidden =
        *jw_part_attribute(attributes, "state") && strcmp(jw_part_attribute(attributes, "state"), "visible");
    if (wanted.len ? !jw_text_is(wanted, jw_text_from(title)) : hidden)
        return JW_OK;
    finding->found = true;
    for (; attributes[0]; attributes += 2) /* r:id; `id` without a prefix is something else */
        if (ends_with(attributes[0], ":id"))
            snprintf(finding->id, sizeof finding->id, "%s", attributes[1]);
    snprintf(finding->name, sizeof finding->name, "%s", title);
    return JW_OK;
}

static jw_status find_sheet(struct jw_book *book, const struct jw_sheet_choice *choice) {
    struct finding finding = {.choice = choice};
    struct jw_part workbook = {.context = &finding, .start = on_workbook};
    jw_status st = jw_part_read(book, book->workbook, &workbook);
    if (st != JW_OK)
        return st;
    if (!finding.found)
        return choice && choice->name.len
                   ? jw_fail(book->err, JW_E_SYNTAX, "there is no sheet \"" JW_FMT "\"", JW_ARG(choice->name))
                   : jw_fail(book->err, JW_E_SYNTAX, "the file has no sheet that is not hidden");
    memcpy(book->sheet_name, finding.name, sizeof book->sheet_name);

    struct relations relations = {.wanted = finding.id};
    const char *slash = strrchr(book->workbook, '/');
    int folder = slash ? (int)(slash + 1 - book->workbook) : 0;
    char name[600];
    snprintf(relations.folder, sizeof relations.folder, "%.*s", folder, book->workbook);
    snprintf(name, sizeof name, "%s_rels/%s.rels", relations.folder, book->workbook + folder);
    struct jw_part part = {.context = &relations, .start = on_relation};
    st = jw_part_read(book, name, &part);
    if (st != JW_OK)
        return st;
    memcpy(book->sheet, relations.sheet, sizeof book->sheet);
    memcpy(book->texts_part, relations.texts, sizeof book->texts_part);
    memcpy(book->styles_part, relations.styles, sizeof book->styles_part);
    return *book->sheet ? JW_OK : jw_fail(book->err, JW_E_SYNTAX, "the file is damaged: its sheet is missing");
}

jw_status jw_book_open(struct jw_book *book, const struct jw_sheet_choice *choice) {
    struct relations top = {.wanted = NULL};
    struct jw_part part = {.context = &top, .start = on_relation};
    jw_status st = jw_part_read(book, "_rels/.rels", &part);
    if (st != JW_OK)
        return st;
    if (!*top.workbook)
        return jw_fail(book->err, JW_E_SYNTAX, "the file is no XLSX: it names no workbook");
    memcpy(book->workbook, top.workbook, sizeof book->workbook);
    st = find_sheet(book, choice);
    if (st == JW_OK && *book->styles_part)
        st = jw_styles_read(book);
    if (st == JW_OK && *book->texts_part)
        st = jw_texts_read(book);
    return st;
}
