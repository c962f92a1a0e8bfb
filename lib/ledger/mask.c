/* lib/ledger/mask.c — what is left of a sensitive value: enough to tell two records apart, too little to use. */
#include "characters.h"
#include "ledger.h"

#include <string.h>

/* How many characters stay at the beginning and at the end. */
static void kept(const struct jw_ledger_field *field, size_t count, size_t *head, size_t *tail) {
    static const struct {
        const char *type;
        size_t head, tail;
    } habits[] = {{"phone", 3, 4}, {"resident_id", 6, 2}, {"credit_code", 4, 4}, {"email", 1, 0},
                  {"ip", 0, 0},    {"cidr", 0, 0},        {"mac", 8, 0}};
    *head = count < 2 ? 0 : count < 8 ? 1 : 2;
    *tail = count < 4 ? 0 : 1;
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
        if (strcmp(field->type->name, habits[i].type) == 0)
            *head = habits[i].head, *tail = habits[i].tail;
    if (count < 4 && *head > 1) /* a hot line */
        *head = 0;
    if (*head + *tail + 2 > count && count > 3)
        *head = 1, *tail = 0;
    else if (count <= 3)
        *tail = 0;
}

static json_t *mask_text(const struct jw_ledger_field *field, jw_text text) {
    jw_buffer out = JW_BUFFER(256);
    size_t count = 0, head, tail;
    uint32_t character;
    jw_characters_count(text, &count);
    if (strcmp(field->type->name, "long_text") == 0)
        count = 0; /* nothing of it */
    kept(field, count, &head, &tail);
    jw_text rest = text;
    for (size_t i = 0; i < count; i++) {
        jw_text before = rest;
        jw_characters_next(&rest, &character);
        if (i < head || i >= count - tail)
            jw_buffer_add(&out, (jw_text){before.ptr, before.len - rest.len});
        else if (i < head + 4 || count - tail <= head + 4) /* its length shows only when it is short */
            jw_buffer_byte(&out, '*');
    }
    if (count == 0)
        jw_buffer_add(&out, JW_TEXT("****"));
    json_t *masked = out.failed ? json_string("****") : json_stringn(out.ptr, out.len);
    jw_buffer_free(&out);
    return masked;
}

void jw_ledger_mask(const struct jw_ledger_field *field, const json_t *value, json_t **out) {
    bool words = field->type->stored == JW_STORED_TEXT && *field->type->sample == '"';
    if (!value || json_is_null(value))
        *out = json_null();
    else if (json_is_string(value) && words && strcmp(field->type->name, "choice") != 0 &&
             strcmp(field->type->name, "tree") != 0 && strcmp(field->type->name, "date") != 0)
        *out = mask_text(field, (jw_text){json_string_value(value), json_string_length(value)});
    else
        *out = json_string("****"); /* numbers, lists, days, choices: any part of them would be an answer */
}
