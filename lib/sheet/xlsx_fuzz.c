/* lib/sheet/xlsx_fuzz.c — the first byte chooses a part of an XLSX file, the rest is what stands in it; 'z': the
 * whole file. A table in order and under the bounds comes out of it, or a complaint. */
#include "sheet.h"

#include <stdlib.h>
#include <zip.h>

#include "test/fuzz.h"

static const struct {
    char chosen;
    const char *name, *usual;
} parts[] = {
    {'r', "_rels/.rels",
     "<Relationships><Relationship Id='a' Type='x/officeDocument' Target='xl/workbook.xml'/></Relationships>"},
    {'w', "xl/workbook.xml", "<workbook xmlns:r='r'><sheets><sheet name='s' r:id='b'/></sheets></workbook>"},
    {'l', "xl/_rels/workbook.xml.rels",
     "<Relationships><Relationship Id='b' Type='x/worksheet' Target='sheet.xml'/><Relationship Id='c' "
     "Type='x/sharedStrings' Target='texts.xml'/><Relationship Id='d' Type='x/styles' "
     "Target='styles.xml'/></Relationships>"},
    {'t', "xl/texts.xml", "<sst><si><t>a</t></si><si><r><t>b</t></r><rPh><t>c</t></rPh></si></sst>"},
    {'f', "xl/styles.xml",
     "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='yyyy-mm-dd hh:mm'/></numFmts><cellXfs><xf "
     "numFmtId='0'/><xf numFmtId='170'/><xf numFmtId='14'/></cellXfs></styleSheet>"},
    {'s', "xl/sheet.xml",
     "<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' s='1'><v>46265.5</v></c></row>"
     "</sheetData></worksheet>"},
};

static jw_status look(void *context, const struct jw_row *row, struct jw_error *err) {
    uint32_t *last = context;
    (void)err;
    assert(row->number > *last && row->count > 0 && row->count <= JW_SHEET_COLUMNS);
    *last = row->number;
    for (size_t i = 0; i < row->count; i++) {
        jw_text text = row->cells[i].text;
        assert(text.len <= JW_SHEET_CELL && (text.len == 0 || jw_text_is_utf8(text)));
        assert(text.len == 0 || !memchr(text.ptr, 0, text.len));
    }
    return JW_OK;
}

static jw_text build(uint8_t chosen, jw_text part, zip_source_t **out_source) {
    zip_source_t *whole = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_t *zip = whole ? zip_open_from_source(whole, ZIP_TRUNCATE, NULL) : NULL;
    assert(zip);
    zip_source_keep(whole);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        jw_text text = (uint8_t)parts[i].chosen == chosen ? part : jw_text_from(parts[i].usual);
        zip_source_t *source = zip_source_buffer(zip, text.ptr, text.len, 0);
        zip_int64_t at = zip_file_add(zip, parts[i].name, source, 0);
        assert(at >= 0);
        zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_STORE, 0);
    }
    int closed = zip_close(zip);
    zip_stat_t about;
    assert(closed == 0);
    zip_source_stat(whole, &about);
    char *bytes = malloc(about.size);
    zip_source_open(whole);
    zip_int64_t got = zip_source_read(whole, bytes, about.size);
    assert(bytes && got == (zip_int64_t)about.size);
    zip_source_close(whole);
    *out_source = whole;
    return (jw_text){bytes, (size_t)got};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_error err = {{0}};
    uint32_t last = 0;
    if (size < 1)
        return 0;
    jw_text rest = {(const char *)data + 1, size - 1};
    zip_source_t *source = NULL;
    jw_text file = *data == 'z' ? rest : build(*data, rest, &source);
    jw_status st = jw_sheet_read(file, NULL, look, &last, NULL, &err);
    assert(st == JW_OK || *err.text);
    if (source) {
        zip_source_free(source);
        free((char *)(uintptr_t)file.ptr);
    }
    return 0;
}
