/* lib/yaml/yaml_test.c — quotes as YAML has them, whatever the reader makes of them. */
#include "yaml.h"

#include "test/test.h"

static void quotes_are_read_right_where_the_reader_is_wrong(struct jw_test *t) {
    const struct {
        const char *yaml, *text;
    } cases[] = {
        {"'x''''y'", "x''y"},
        {"'x''''y'')z'", "x''y')z"},
        {"''''''''", "'''"},
        {"'it''s'", "it's"},
        {"''", ""},
        {"\"a''b\"", "a''b"},
        {"a''''b", "a''''b"},
        {"'中文''''字'", "中文''字"},
        {"# 中\n'a''''b'", "a''b"},
        {"'a''''\n b'", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jw_text source = jw_text_from(cases[i].yaml), text;
        struct fy_document *doc = fy_document_build_from_string(NULL, source.ptr, source.len);
        JW_CHECK(t, doc);
        struct fy_node *root = doc ? fy_document_root(doc) : NULL;
        JW_CHECK(t, root && jw_yaml_text(fy_node_get_scalar_token(root), source, t->mem, &text));
        if (root && cases[i].text) /* over several lines it is the reader's own */
            JW_CHECK_TEXT(t, text, jw_text_from(cases[i].text));
        fy_document_destroy(doc);
    }
}

static void what_the_reader_never_returns_from_is_told_with_its_line(struct jw_test *t) {
    uint32_t line;
    JW_CHECK(t, !jw_yaml_unfit(JW_TEXT("a: 中\nb: 50%\n c: %x\n"), &line));
    JW_CHECK(t, !jw_yaml_unfit(JW_TEXT(""), &line));
    JW_CHECK(t, jw_yaml_unfit(JW_TEXT("a: 1\n%a\xa8\xa8\xa8"), &line) && line == 2);
    JW_CHECK(t, jw_yaml_unfit(JW_TEXT("%YAML 1.1\n---\na: 1"), &line) && line == 1);
    JW_CHECK(t, jw_yaml_unfit(JW_TEXT("a: 1\nb: \0"), &line) && line == 2);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(quotes_are_read_right_where_the_reader_is_wrong),
                                      JW_CASE(what_the_reader_never_returns_from_is_told_with_its_line),
                                      {0}});
}
