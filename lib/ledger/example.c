/* lib/ledger/example.c — a value that fits a field, as people write it. */
#include "characters.h"
#include "ledger.h"

#include <string.h>

/* The first choice, by its label. A declaration says `low: 低` or `high: {zh: 高, en: High}`. */
static const char *first_choice(const struct jw_ledger_field *field, bool english) {
    json_t *choices = json_object_get(field->options, "choices");
    json_t *first = json_object_iter_value(json_object_iter(choices));
    const char *label = json_string_value(first);
    if (!label)
        label = json_string_value(json_object_get(first, english ? "en" : "zh"));
    return label ? label : json_string_value(json_object_get(first, "zh"));
}

void jw_ledger_example(const struct jw_ledger_field *field, bool english, char out[JW_LEDGER_EXAMPLE]) {
    const char *choice = field->example ? NULL : first_choice(field, english);
    jw_text text = jw_text_from(field->example ? field->example : choice ? choice : field->type->sample);
    bool quoted = !field->example && !choice && text.len >= 2 && text.ptr[0] == '"';
    if (quoted)
        text = (jw_text){text.ptr + 1, text.len - 2};
    snprintf(out, JW_LEDGER_EXAMPLE, "%.*s", (int)text.len, text.ptr);
    jw_characters_mend(out);
}
