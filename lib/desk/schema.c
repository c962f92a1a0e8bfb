/* lib/desk/schema.c — types of fields as JSON Schema. What people may send is more than this: dates as they write
 * them, choices by label; the schema speaks of the canonical forms, which programs send. */
#include "schema.h"

#include <string.h>

#define PATTERN_SAFE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:/ {},[]()|*+?.^$"

static const struct {
    const char *type, *schema;
} schemas[] = {
    {"text", "{\"type\": \"string\"}"},
    {"long_text", "{\"type\": \"string\"}"},
    {"number", "{\"type\": \"integer\"}"},
    {"decimal", "{\"type\": \"number\"}"},
    {"date", "{\"type\": \"string\", \"format\": \"date\"}"},
    {"datetime", "{\"type\": \"string\", \"format\": \"date-time\"}"},
    {"time", "{\"type\": \"string\", \"pattern\": \"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$\"}"},
    {"duration", "{\"type\": \"integer\", \"description\": \"seconds\"}"},
    {"boolean", "{\"type\": \"boolean\"}"},
    {"choice", "{\"type\": \"string\"}"},
    {"tree", "{\"type\": \"string\"}"},
    {"choices", "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}"},
    {"url", "{\"type\": \"string\", \"format\": \"uri\"}"},
    {"email", "{\"type\": \"string\", \"format\": \"email\"}"},
    {"reference", "{\"type\": \"integer\", \"minimum\": 1}"},
    {"person", "{\"type\": \"integer\", \"minimum\": 1}"},
    {"unit", "{\"type\": \"integer\", \"minimum\": 1}"},
    {"references", "{\"type\": \"array\", \"items\": {\"type\": \"integer\", \"minimum\": 1}}"},
    {"attachment", "{\"type\": \"array\", \"items\": {\"$ref\": \"#/components/schemas/attachment\"}}"},
    {"geo",
     "{\"type\": \"object\", \"properties\": {\"lat\": {\"type\": \"number\"}, \"lon\": {\"type\": \"number\"}}, "
     "\"required\": [\"lat\", \"lon\"]}"},
    {"computed", "{\"type\": [\"number\", \"string\", \"boolean\", \"null\"], \"readOnly\": true}"},
};

static json_t *base_of(const char *type) {
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
        if (strcmp(schemas[i].type, type) == 0)
            return json_loads(schemas[i].schema, 0, NULL);
    return json_pack("{ss}", "type", "string"); /* addresses, numbers of people and companies: texts with rules */
}

/* Choices of a tree by their whole path. */
static void add_choices(json_t *words, const json_t *choices, const char *above) {
    const char *word;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)choices, word, value) {
        char path[512];
        snprintf(path, sizeof path, "%s%s%s", above, *above ? "/" : "", word);
        json_array_append_new(words, json_string(path));
        add_choices(words, json_object_get(value, "under"), path);
    }
}

static void add_bounds(json_t *schema, const struct jw_ledger_field *field) {
    const json_t *least = json_object_get(field->options, "least"), *most = json_object_get(field->options, "most");
    const char *type = field->type->name;
    bool is_text = strcmp(type, "text") == 0 || strcmp(type, "long_text") == 0;
    bool is_number = strcmp(type, "number") == 0 || strcmp(type, "decimal") == 0;
    if (is_text || is_number) {
        if (json_is_number(least))
            json_object_set(schema, is_text ? "minLength" : "minimum", (json_t *)(uintptr_t)least);
        if (json_is_number(most))
            json_object_set(schema, is_text ? "maxLength" : "maximum", (json_t *)(uintptr_t)most);
    }
    if (strcmp(type, "attachment") == 0 && json_is_integer(most))
        json_object_set(schema, "maxItems", (json_t *)(uintptr_t)most);
}

/* Only patterns that mean the same in every dialect: others would refuse what jinwu takes. */
static void add_pattern(json_t *schema, const struct jw_ledger_field *field) {
    const char *text = field->pattern_text;
    if (!text || text[strspn(text, PATTERN_SAFE)] || strstr(text, "(?"))
        return;
    json_object_set_new(schema, "pattern", json_sprintf("^(?:%s)$", text));
}

static void add_null(json_t *schema, bool text_too) {
    json_t *type = json_object_get(schema, "type");
    json_t *types = json_is_array(type) ? json_incref(type) : json_pack("[O]", type);
    json_array_append_new(types, json_string("null"));
    if (text_too && strcmp(json_string_value(json_array_get(types, 0)), "string") != 0)
        json_array_append_new(types, json_string("string"));
    json_object_set_new(schema, "type", types);
    json_t *words = json_object_get(schema, "enum");
    if (words)
        json_array_append_new(words, json_null());
}

json_t *jw_schema_of(const struct jw_ledger_field *field, bool reading) {
    json_t *schema = base_of(field->type->name), *choices = json_object_get(field->options, "choices");
    bool masked = reading && field->sensitivity != JW_OPEN;
    if (!schema)
        return NULL;
    json_object_set_new(schema, "title", json_string(field->title.zh));
    if (*field->help.zh)
        json_object_set_new(schema, "description", json_string(field->help.zh));
    if (json_is_object(choices) && !masked) {
        json_t *words = json_array(), *items = json_object_get(schema, "items");
        add_choices(words, choices, "");
        json_object_set_new(items ? items : schema, "enum", words);
    }
    if (!masked) {
        add_bounds(schema, field);
        add_pattern(schema, field);
    } else { /* a mask is no date and no address */
        json_object_del(schema, "format");
        json_object_del(schema, "pattern");
    }
    if (field->type->stored != JW_STORED_NOTHING && (reading || !field->required))
        add_null(schema, masked);
    return schema;
}
