/* lib/sheet/sheet_test.c — tables as people have them, what is written is what is read, and hostile files. */
#include "sheet.h"

#include <stdlib.h>
#include <zip.h>

#include "test/test.h"

/* --- what was read, as text: "2|a|b\n"; «…» around anything that is no text --- */
struct heard {
    jw_buffer text;
    struct jw_sheet_about about;
};

static jw_status hear(void *context, const struct jw_row *row, struct jw_error *err) {
    struct heard *heard = context;
    static const char *const marks[] = {"", "", "n:", "b:", "d:", "e:"};
    (void)err;
    jw_buffer_print(&heard->text, "%u", row->number);
    for (size_t i = 0; i < row->count; i++) {
        const struct jw_cell *cell = &row->cells[i];
        jw_buffer_print(&heard->text, "|%s%s%s", cell->formula ? "f:" : "", cell->rounded ? "r:" : "",
                        marks[cell->kind]);
        jw_buffer_add(&heard->text, cell->text);
    }
    jw_buffer_byte(&heard->text, '\n');
    return JW_OK;
}

static jw_text read_all(struct jw_test *t, jw_text file, const char *sheet, struct jw_sheet_about *about) {
    struct heard heard = {.text = JW_BUFFER(64 << 20)};
    struct jw_sheet_choice choice = {jw_text_from(sheet)};
    JW_CHECK_OK(t, jw_sheet_read(file, &choice, hear, &heard, &heard.about, &t->err));
    jw_text out = jw_arena_copy(t->mem, jw_buffer_text(&heard.text));
    jw_buffer_free(&heard.text);
    if (about)
        *about = heard.about;
    return out;
}

#define READS(t, file, want) JW_CHECK_TEXT(t, read_all(t, JW_TEXT(file), "", NULL), JW_TEXT(want))

static void refuse(struct jw_test *t, jw_text file, jw_status want, const char *words) {
    struct heard heard = {.text = JW_BUFFER(64 << 20)};
    t->err.text[0] = 0;
    JW_CHECK_INT(t, jw_sheet_read(file, NULL, hear, &heard, NULL, &t->err), want);
    if (!strstr(t->err.text, words))
        JW_CHECK_TEXT(t, jw_text_from(t->err.text), jw_text_from(words));
    jw_buffer_free(&heard.text);
}

/* --- CSV --- */
static void csv_is_read_as_people_write_it(struct jw_test *t) {
    READS(t, "a,b\r\n1,2\r\n", "1|a|b\n2|1|2\n");
    READS(t, "\xEF\xBB\xBF名称,IP\n一号,10.1.2.3", "1|名称|IP\n2|一号|10.1.2.3\n");
    READS(t, "a;b;\"c;,\"\n1;2", "1|a|b|c;,\n2|1|2\n");
    READS(t, "a\tb,c\td\r1\t2\t3\r", "1|a|b,c|d\n2|1|2|3\n");
    READS(t, "a,\"two\nlines, \"\"quoted\"\"\",c\n,,x\n", "1|a|two\nlines, \"quoted\"|c\n2|||x\n");
    READS(t, "a,,,\n", "1|a\n");
    READS(t, "", "");
}

static void blank_rows_count_as_excel_counts_them(struct jw_test *t) { READS(t, "a\n\n,,\nb\n", "1|a\n4|b\n"); }

static void gb18030_is_recognised(struct jw_test *t) {
    struct jw_sheet_about about;
    /* 名称,单位 / 㐂(four bytes),韶 */
    jw_text file = JW_TEXT("\xC3\xFB\xB3\xC6,\xB5\xA5\xCE\xBB\n\x81\x39\xEF\x31,\"\xC9\xD8\"\n");
    JW_CHECK_TEXT(t, read_all(t, file, "", &about), JW_TEXT("1|名称|单位\n2|㐂|韶\n"));
    JW_CHECK_TEXT(t, jw_text_from(about.charset), JW_TEXT("GB18030"));
    JW_CHECK_INT(t, about.separator, ',');
    refuse(t, JW_TEXT("a,b\nc,\xFF\xFF\n"), JW_E_SYNTAX, "B2: neither UTF-8 nor GB 18030");
    refuse(t, JW_TEXT("\xEF\xBB\xBFx\xC3\xFB"), JW_E_SYNTAX, "damaged");
}

static void faults_name_the_cell(struct jw_test *t) {
    refuse(t, JW_TEXT("a,b\nc,\"d\n"), JW_E_SYNTAX, "B2: a quote is opened and never closed");
    refuse(t, JW_TEXT("a,b\n\"c\"d,e\n"), JW_E_SYNTAX, "A2: something stands behind the closing quote");
    refuse(t, (jw_text){"a,b\nc\0d", 7}, JW_E_SYNTAX, "A2: a character with the code 0");
    refuse(t, JW_TEXT("%PDF-1.7"), JW_E_SYNTAX, "no table");
    refuse(t, JW_TEXT("\xD0\xCF\x11\xE0\xA1"), JW_E_SYNTAX, ".xls");
}

static jw_text repeated(struct jw_test *t, const char *head, char c, size_t count, const char *tail) {
    jw_buffer text = JW_BUFFER(80 << 20);
    jw_buffer_add(&text, jw_text_from(head));
    if (jw_buffer_reserve(&text, count)) {
        memset(text.ptr + text.len, c, count);
        text.len += count;
    }
    jw_buffer_add(&text, jw_text_from(tail));
    jw_text out = jw_arena_copy(t->mem, jw_buffer_text(&text));
    jw_buffer_free(&text);
    return out;
}

static void csv_keeps_its_bounds(struct jw_test *t) {
    refuse(t, repeated(t, "a\nb", ',', 1000000, "x"), JW_E_LIMIT, "BDWGO2: a table has at most 1024 columns");
    refuse(t, repeated(t, "a,", 'x', 10 << 20, "\n"), JW_E_LIMIT, "B1: a cell holds at most 256 KiB");
    refuse(t, repeated(t, "a,\"", 'x', 10 << 20, "\"\n"), JW_E_LIMIT, "B1: a cell holds at most 256 KiB");
    refuse(t, repeated(t, "", '\n', 1048576, "x"), JW_E_LIMIT, "at most 1048576 rows");
}

static void addresses_are_those_of_excel(struct jw_test *t) {
    static const struct {
        size_t column;
        const char *want;
    } cases[] = {{0, "A7"}, {25, "Z7"}, {26, "AA7"}, {701, "ZZ7"}, {702, "AAA7"}, {16383, "XFD7"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char address[JW_SHEET_ADDRESS];
        jw_sheet_address(cases[i].column, 7, address);
        JW_CHECK_TEXT(t, jw_text_from(address), jw_text_from(cases[i].want));
    }
}

/* --- what is written --- */
static const char *const grades[] = {"高", "低", NULL};
static const struct jw_sheet_column columns[] = {
    {.title = "名称", .kind = JW_CELL_TEXT, .required = true, .help = "如：一号机房防火墙"},
    {.title = "数量", .kind = JW_CELL_NUMBER},
    {.title = "日期", .kind = JW_CELL_DATE},
    {.title = "时间", .kind = JW_CELL_DATE, .time = true},
    {.title = "等级", .kind = JW_CELL_TEXT, .choices = grades},
};

#define TEXT(s) \
    { .kind = JW_CELL_TEXT, .text = JW_TEXT(s) }
#define DATE(s) \
    { .kind = JW_CELL_DATE, .text = JW_TEXT(s) }
#define NUMBER(n) \
    { .kind = JW_CELL_NUMBER, .number = (n), .text = JW_TEXT(#n) }

static jw_text write_table(struct jw_test *t, jw_sheet_format format, const char *name) {
    static const struct jw_cell rows[][5] = {
        {TEXT("一号, \"主\"\n机房"), NUMBER(12), DATE("2026-08-31"), DATE("2026-08-31 09:30:05"), TEXT("高")},
        {TEXT("00012345678901234567"), NUMBER(-0.5), DATE("1970-01-01"), DATE("2026-08-31 00:00"), TEXT("低")},
        {TEXT("=1+1"), {0}, DATE("1899-12-31"), {0}, TEXT("@x")},
        {TEXT("'=x"), {0}, {0}, {0}, TEXT("'x")},
        {TEXT("-x"), NUMBER(1), {0}, {0}, TEXT("\ttab")},
        {TEXT("+8613800138000"), NUMBER(9007199254740991), {0}, {0}, TEXT(" 空白 ")},
        {TEXT("_x0041_"), {0}, {0}, {0}, TEXT("<a\r\n& 'b'>")},
    };
    char path[4096];
    struct jw_sheet_writer *writer = NULL;
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    JW_CHECK_OK(t, jw_sheet_create(path, format, &writer, &t->err));
    JW_CHECK_OK(t, jw_sheet_begin(writer, "台账/一", columns, 5, &t->err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        JW_CHECK_OK(t, jw_sheet_add(writer, rows[i], 5, &t->err));
    if (format == JW_SHEET_XLSX) {
        JW_CHECK_OK(t, jw_sheet_begin(writer, "选项", columns, 1, &t->err));
        JW_CHECK_OK(t, jw_sheet_add(writer, rows[0], 1, &t->err));
    } else {
        JW_CHECK_INT(t, jw_sheet_begin(writer, "选项", columns, 1, &t->err), JW_E_DENIED);
    }
    JW_CHECK_OK(t, jw_sheet_finish(writer, &t->err));
    return jw_test_read(t, path);
}

static void csv_is_read_as_it_was_written(struct jw_test *t) {
    jw_text file = write_table(t, JW_SHEET_CSV, "a.csv");
    JW_CHECK_TEXT(t, read_all(t, file, "", NULL),
                  JW_TEXT("1|名称|数量|日期|时间|等级\n"
                          "2|一号, \"主\"\n机房|12|2026-08-31|2026-08-31 09:30:05|高\n"
                          "3|00012345678901234567|-0.5|1970-01-01|2026-08-31 00:00|低\n"
                          "4|=1+1||1899-12-31||@x\n"
                          "5|'=x||||'x\n"
                          "6|-x|1|||\ttab\n"
                          "7|+8613800138000|9007199254740991||| 空白 \n"
                          "8|_x0041_||||<a\r\n& 'b'>\n"));
}

static void no_cell_of_a_csv_is_a_formula(struct jw_test *t) {
    jw_text file = write_table(t, JW_SHEET_CSV, "a.csv");
    JW_CHECK(t, jw_text_starts(file, JW_TEXT("\xEF\xBB\xBF名称,")));
    JW_CHECK(t, jw_text_find(file, JW_TEXT("\r\n'=1+1,"), NULL));
    JW_CHECK(t, jw_text_find(file, JW_TEXT(",'@x\r\n"), NULL));
    JW_CHECK(t, jw_text_find(file, JW_TEXT("\r\n''=x,"), NULL));
    JW_CHECK(t, jw_text_find(file, JW_TEXT(",\"'\ttab\"\r\n"), NULL));
    JW_CHECK(t, jw_text_find(file, JW_TEXT(",-0.5,"), NULL));
}

static void xlsx_is_read_as_it_was_written(struct jw_test *t) {
    struct jw_sheet_about about;
    jw_text file = write_table(t, JW_SHEET_XLSX, "a.xlsx");
    JW_CHECK_TEXT(t, read_all(t, file, "", &about),
                  JW_TEXT("1|名称|数量|日期|时间|等级\n"
                          "2|一号, \"主\"\n机房|n:12|d:2026-08-31|d:2026-08-31 09:30:05|高\n"
                          "3|00012345678901234567|n:-0.5|d:1970-01-01|d:2026-08-31|低\n"
                          "4|=1+1||1899-12-31||@x\n"
                          "5|'=x||||'x\n"
                          "6|-x|n:1|||\ttab\n"
                          "7|+8613800138000|r:n:9007199254740991||| 空白 \n"
                          "8|_x0041_||||<a\r\n& 'b'>\n"));
    JW_CHECK_TEXT(t, jw_text_from(about.name), JW_TEXT("台账_一"));
    JW_CHECK_TEXT(t, read_all(t, file, "选项", NULL), JW_TEXT("1|名称\n2|一号, \"主\"\n机房\n"));
}

/* --- XLSX of others, and of attackers --- */
struct part {
    const char *name;
    jw_text text;
};

static jw_text make_zip(struct jw_test *t, const struct part *parts, size_t count) {
    char path[4096];
    int code = 0;
    snprintf(path, sizeof path, "%s/made.xlsx", t->folder);
    unlink(path);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (size_t i = 0; zip && i < count; i++)
        zip_file_add(zip, parts[i].name, zip_source_buffer(zip, parts[i].text.ptr, parts[i].text.len, 0),
                     ZIP_FL_OVERWRITE);
    JW_CHECK(t, zip && zip_close(zip) == 0);
    return jw_test_read(t, path);
}

#define TOP \
    "<Relationships><Relationship Id='a' Type='x/officeDocument' Target='/xl/workbook.xml'/></Relationships>"
#define BOOK                                                                                         \
    "<x:workbook xmlns:x='x' xmlns:r='r'><x:workbookPr date1904='0'/><x:sheets><x:sheet name='old' " \
    "state='hidden' r:id='h'/><x:sheet name='资产' r:id='b'/></x:sheets></x:workbook>"
#define LINKS                                                                                       \
    "<Relationships><Relationship Id='b' Type='x/worksheet' Target='s.xml'/><Relationship Id='h' "  \
    "Type='x/worksheet' Target='../../../etc/passwd'/><Relationship Id='c' Type='x/sharedStrings' " \
    "Target='t.xml'/><Relationship Id='d' Type='x/styles' Target='f.xml'/></Relationships>"
#define TEXTS "<sst><si><t>名称</t></si><si><r><t>两</t></r><r><t>段</t></r><rPh><t>liang</t></rPh></si></sst>"
#define STYLES                                                                                                  \
    "<styleSheet><numFmts><numFmt numFmtId='176' formatCode='yyyy\"年\"m\"月\"d\"日\"'/><numFmt "            \
    "numFmtId='177' formatCode='[Red]0.00\"d\"'/></numFmts><cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"    \
    "<cellXfs><xf numFmtId='0'/><xf numFmtId='176'/><xf numFmtId='177'/><xf numFmtId='22'/><xf numFmtId='20'/>" \
    "<xf numFmtId='31'/></cellXfs></styleSheet>"
#define SHEET(rows) "<?xml version='1.0'?><worksheet><sheetData>" rows "</sheetData></worksheet>"

static jw_text make_book(struct jw_test *t, jw_text sheet) {
    const struct part parts[] = {{"_rels/.rels", JW_TEXT(TOP)},
                                 {"xl/workbook.xml", JW_TEXT(BOOK)},
                                 {"xl/_rels/workbook.xml.rels", JW_TEXT(LINKS)},
                                 {"xl/t.xml", JW_TEXT(TEXTS)},
                                 {"xl/f.xml", JW_TEXT(STYLES)},
                                 {"xl/s.xml", sheet},
                                 {"../../../../tmp/evil", JW_TEXT("x")}};
    return make_zip(t, parts, 7);
}

static void cells_of_other_programs_are_read(struct jw_test *t) {
    jw_text file = make_book(
        t, JW_TEXT(SHEET("<row r='1'><c r='A1' t='s'><v>0</v></c><c t='s'><v>1</v></c></row>"
                         "<row r='3'><c r='B3' s='1'><v>46265</v></c><c s='3'><v>46265.395833333336</v></c>"
                         "<c s='4'><v>0.3958333333</v></c><c s='5'><v>46265</v></c><c s='2'><v>12.5</v></c></row>"
                         "<row><c t='b'><v>1</v></c><c t='e'><v>#N/A</v></c><c t='inlineStr'><is><t>在_x000D_内"
                         "</t></is></c><c t='d'><v>2026-08-31T09:30:00</v></c></row>"
                         "<row r='9'><c><f>1+1</f><v>2</v></c><c t='str'><f>A1</f><v>文</v></c><c><f>B1</f></c>"
                         "<c><v>0.30000000000000004</v></c><c><v>4.40203199001012E+17</v></c></row>")));
    JW_CHECK_TEXT(t, read_all(t, file, "", NULL),
                  JW_TEXT("1|名称|两段\n"
                          "3||d:2026-08-31|d:2026-08-31 09:30|d:09:30|d:2026-08-31|n:12.5\n"
                          "4|b:TRUE|e:#N/A|在\r内|d:2026-08-31 09:30:00\n"
                          "9|f:n:2|f:文|f:e:=|n:0.3|r:n:440203199001011968\n"));
}

static void a_sheet_is_found_by_its_name(struct jw_test *t) {
    jw_text file = make_book(t, JW_TEXT(SHEET("<row><c><v>1</v></c></row>")));
    struct heard heard = {.text = JW_BUFFER(1 << 20)};
    struct jw_sheet_choice choice = {JW_TEXT("没有")};
    JW_CHECK_TEXT(t, read_all(t, file, "资产", NULL), JW_TEXT("1|n:1\n"));
    JW_CHECK_INT(t, jw_sheet_read(file, &choice, hear, &heard, NULL, &t->err), JW_E_SYNTAX);
    JW_CHECK_TEXT(t, jw_text_from(t->err.text), JW_TEXT("there is no sheet \"没有\""));
    choice.name = JW_TEXT("old"); /* its part is called ../../../etc/passwd: a name in the zip, not a file */
    JW_CHECK_INT(t, jw_sheet_read(file, &choice, hear, &heard, NULL, &t->err), JW_E_SYNTAX);
    JW_CHECK(t, strstr(t->err.text, "it has no part xl/../../../etc/passwd"));
    jw_buffer_free(&heard.text);
}

static void documents_types_and_entities_are_refused(struct jw_test *t) {
    refuse(t,
           make_book(t, JW_TEXT("<!DOCTYPE w [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
                                "<worksheet><row><c t='str'><v>&b;</v></c></row></worksheet>")),
           JW_E_DENIED, "document type");
    refuse(t, make_book(t, JW_TEXT("<!DOCTYPE w SYSTEM 'file:///etc/passwd'><worksheet/>")), JW_E_DENIED,
           "document type");
    refuse(t, make_book(t, JW_TEXT("<worksheet><row><c t='str'><v>&passwd;</v></c></row></worksheet>")),
           JW_E_SYNTAX, "undefined entity");
}

static void bombs_are_defused(struct jw_test *t) {
    refuse(t, make_book(t, repeated(t, "<worksheet a='", 'x', 8 << 20, "'/>")), JW_E_LIMIT, "a tag of more than");
    refuse(t,
           make_book(t, repeated(t, "<worksheet><row><c t='str'><v>", 'x', 10 << 20, "</v></c></row></worksheet>")),
           JW_E_LIMIT, "A1: a cell holds at most 256 KiB");
    refuse(t, make_book(t, JW_TEXT(SHEET("<row r='1'><c r='XFD1'><v>1</v></c></row>"))), JW_E_LIMIT,
           "XFD1: a table has at most 1024 columns");
    refuse(t, make_book(t, JW_TEXT(SHEET("<row r='1048577'><c><v>1</v></c></row>"))), JW_E_LIMIT, "1048576 rows");
    refuse(t, make_book(t, JW_TEXT(SHEET("<row r='5'/><row r='5'><c><v>1</v></c></row>"))), JW_E_SYNTAX,
           "rows stand in no order");
    refuse(t, make_book(t, JW_TEXT(SHEET("<row><c t='s'><v>99</v></c></row>"))), JW_E_SYNTAX, "A1: ");
}

/* 600 MiB of blanks in 600 KiB: libzip is given the blanks piece by piece. */
static zip_int64_t give_blanks(void *left, void *data, zip_uint64_t len, zip_source_cmd_t command) {
    size_t *rest = left;
    if (command == ZIP_SOURCE_READ) {
        size_t piece = len < *rest ? (size_t)len : *rest;
        memset(data, ' ', piece);
        *rest -= piece;
        return (zip_int64_t)piece;
    }
    if (command == ZIP_SOURCE_SUPPORTS)
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    if (command == ZIP_SOURCE_STAT)
        zip_stat_init(data);
    return command == ZIP_SOURCE_STAT ? (zip_int64_t)sizeof(zip_stat_t) : 0;
}

static void a_zip_bomb_is_not_unfolded(struct jw_test *t) {
    char path[4096];
    int code = 0;
    size_t left = (size_t)600 << 20;
    make_book(t, JW_TEXT("<worksheet/>"));
    snprintf(path, sizeof path, "%s/made.xlsx", t->folder);
    zip_t *zip = zip_open(path, 0, &code);
    zip_source_t *source = zip ? zip_source_function(zip, give_blanks, &left) : NULL;
    JW_CHECK(t, source && zip_file_add(zip, "xl/s.xml", source, ZIP_FL_OVERWRITE) >= 0 && zip_close(zip) == 0);
    jw_text file = jw_test_read(t, path);
    JW_CHECK(t, file.len < 1 << 20);
    refuse(t, file, JW_E_LIMIT, "unfolds to more than 512 MiB");
}

static void a_cut_file_is_refused(struct jw_test *t) {
    jw_text file = write_table(t, JW_SHEET_XLSX, "a.xlsx");
    for (size_t len = 4; len < file.len; len += 97)
        refuse(t, (jw_text){file.ptr, len}, JW_E_SYNTAX, "no XLSX, or damaged");
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(csv_is_read_as_people_write_it),
                                                     JW_CASE(blank_rows_count_as_excel_counts_them),
                                                     JW_CASE(gb18030_is_recognised),
                                                     JW_CASE(faults_name_the_cell),
                                                     JW_CASE(csv_keeps_its_bounds),
                                                     JW_CASE(addresses_are_those_of_excel),
                                                     JW_CASE(csv_is_read_as_it_was_written),
                                                     JW_CASE(no_cell_of_a_csv_is_a_formula),
                                                     JW_CASE(xlsx_is_read_as_it_was_written),
                                                     JW_CASE(cells_of_other_programs_are_read),
                                                     JW_CASE(a_sheet_is_found_by_its_name),
                                                     JW_CASE(documents_types_and_entities_are_refused),
                                                     JW_CASE(bombs_are_defused),
                                                     JW_CASE(a_zip_bomb_is_not_unfolded),
                                                     JW_CASE(a_cut_file_is_refused),
                                                     {0}});
}
