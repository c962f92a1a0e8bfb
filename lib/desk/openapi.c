/* lib/desk/openapi.c — OpenAPI 3.1 of what one person may ask of the ledgers, made from the declarations in force.
 */
#include "schema.h"
#include "visit.h"

#include <string.h>

#include "base/buffer.h"

/* What all ledgers share. */
static const char common[] =
    "{\"attachment\": {\"type\": \"object\", \"properties\": {"
    "\"sm3\": {\"type\": \"string\", \"pattern\": \"^[0-9a-f]{64}$\"}, \"name\": {\"type\": \"string\"}, "
    "\"size\": {\"type\": \"integer\", \"minimum\": 0}, \"media\": {\"type\": \"string\"}}, "
    "\"required\": [\"sm3\", \"name\", \"size\", \"media\"], \"additionalProperties\": false},"
    "\"error\": {\"type\": \"object\", \"properties\": {\"error\": {\"type\": \"object\", \"properties\": {"
    "\"code\": {\"type\": \"string\"}, \"message\": {\"type\": \"string\"}, "
    "\"item\": {\"type\": \"integer\"}, \"faults\": {\"type\": \"array\", \"items\": {\"type\": \"object\", "
    "\"properties\": {\"field\": {\"type\": \"string\"}, \"rule\": {\"type\": \"string\"}, \"text\": {\"type\": "
    "\"string\"}}, \"required\": [\"field\", \"rule\", \"text\"]}}}, \"required\": [\"code\", \"message\", "
    "\"faults\"]}}, \"required\": [\"error\"]},"
    "\"record\": {\"type\": \"object\", \"properties\": {\"id\": {\"type\": \"integer\"}, "
    "\"version\": {\"type\": \"integer\"}, \"removed\": {\"type\": \"boolean\"}, \"state\": {\"type\": "
    "\"string\"}, "
    "\"made_at\": {\"type\": \"integer\", \"description\": \"microseconds since 1970\"}, "
    "\"made_by\": {\"type\": \"string\"}, \"changed_at\": {\"type\": \"integer\"}, "
    "\"changed_by\": {\"type\": \"string\"}, \"may\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}}}, "
    "\"required\": [\"id\", \"version\"]}}";

static const struct {
    const char *name, *schema, *about;
    bool in_path;
} parameters[] = {
    {"id", "{\"type\": \"integer\", \"minimum\": 1}", "number of the record", true},
    {"filter", "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}", "FIELD:OPERATOR:VALUE; all must hold",
     false},
    {"sort", "{\"type\": \"string\"}", "FIELD or -FIELD", false},
    {"q", "{\"type\": \"string\"}", "full text", false},
    {"fields", "{\"type\": \"string\"}", "names with commas; * for all", false},
    {"limit", "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000}", "records of a page; 50", false},
    {"offset", "{\"type\": \"integer\", \"minimum\": 0}", "records to pass over", false},
    {"after", "{\"type\": \"integer\", \"minimum\": 0}", "`next` of the page before", false},
    {"count", "{\"type\": \"boolean\"}", "also the total", false},
    {"removed", "{\"type\": \"boolean\"}", "removed records instead", false},
    {"unmask", "{\"type\": \"boolean\"}", "sensitive values as they are, where there is the right; goes on record",
     false},
    {"by", "{\"type\": \"string\"}", "a field, or state: makes groups", false},
    {"figures", "{\"type\": \"string\"}", "count,sum:FIELD,min:FIELD,max:FIELD", false},
    {"before", "{\"type\": \"integer\", \"minimum\": 0}", "versions below it", false},
    {"format", "{\"enum\": [\"csv\", \"xlsx\", \"json\"]}", "csv with BOM, xlsx, or a record a line", false},
    {"name", "{\"type\": \"string\"}", "of the file; its ending says what it is", false},
    {"sheet", "{\"type\": \"string\"}", "of an XLSX; the first", false},
    {"import", "{\"type\": \"string\"}", "id of the preview", true},
};

static json_t *make_parameters(void) {
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        json_object_set_new(all, parameters[i].name,
                            json_pack("{ss ss ss sb so}", "name", parameters[i].name, "in",
                                      parameters[i].in_path ? "path" : "query", "description", parameters[i].about,
                                      "required", (int)parameters[i].in_path, "schema",
                                      json_loads(parameters[i].schema, 0, NULL)));
    return all;
}

/* "id filter sort" as references. */
static json_t *use_parameters(const char *names) {
    json_t *list = json_array();
    jw_text rest = jw_text_from(names), name;
    while (jw_text_next(&rest, ' ', &name))
        json_array_append_new(
            list, json_pack("{so}", "$ref", json_sprintf("#/components/parameters/%.*s", (int)name.len, name.ptr)));
    return list;
}

static json_t *content_of(json_t *schema) {
    return json_pack("{s{s{so}}}", "content", "application/json", "schema", schema);
}

static json_t *reference(const char *name, const char *suffix) {
    return json_pack("{so}", "$ref", json_sprintf("#/components/schemas/%s%s", name, suffix));
}

/* --- one ledger
 * --------------------------------------------------------------------------------------------------- */
struct operation {
    const char *path, *method, *id, *parameters;
    const char *zh, *en;
    unsigned may;
    const char *status;
    enum { GIVES_RECORD, GIVES_LIST, GIVES_VERSIONS, GIVES_GROUPS, GIVES_RESULTS, GIVES_OBJECT, GIVES_FILE } gives;
    enum { TAKES_NOTHING, TAKES_NEW, TAKES_CHANGE, TAKES_VERSION, TAKES_ITEMS, TAKES_WORDS, TAKES_FILE } takes;
    const char *words; /* TAKES_WORDS: "name:type …"; those before "|" are required */
    bool flow;         /* of ledgers with a workflow alone */
};
static const struct operation operations[] = {
    {"", "get", "list", "filter sort q fields limit offset after count removed unmask", "列表", "list", JW_MAY_READ,
     "200", GIVES_LIST, TAKES_NOTHING},
    {"", "post", "create", "", "新建", "create", JW_MAY_CREATE, "201", GIVES_RECORD, TAKES_NEW},
    {"/declaration", "get", "declaration", "", "字段说明", "declaration", JW_MAY_READ, "200", GIVES_OBJECT,
     TAKES_NOTHING},
    {"/aggregate", "get", "aggregate", "filter q removed by figures", "统计", "aggregate", JW_MAY_READ, "200",
     GIVES_GROUPS, TAKES_NOTHING},
    {"/bulk", "post", "bulk", "", "批量", "bulk", JW_MAY_CREATE | JW_MAY_CHANGE | JW_MAY_DELETE, "200",
     GIVES_RESULTS, TAKES_ITEMS},
    {"/{id}", "get", "get", "id unmask", "查看", "get", JW_MAY_READ, "200", GIVES_RECORD, TAKES_NOTHING},
    {"/{id}", "patch", "change", "id", "修改", "change", JW_MAY_CHANGE, "200", GIVES_RECORD, TAKES_CHANGE},
    {"/{id}", "delete", "remove", "id", "删除", "remove", JW_MAY_DELETE, "200", GIVES_RECORD, TAKES_VERSION},
    {"/{id}/restore", "post", "restore", "id", "恢复", "restore", JW_MAY_DELETE, "200", GIVES_RECORD,
     TAKES_VERSION},
    {"/{id}/history", "get", "history", "id before limit unmask", "历史", "history", JW_MAY_READ, "200",
     GIVES_VERSIONS, TAKES_NOTHING},
    {"/template.xlsx", "get", "template", "", "导入模板", "template", JW_MAY_IMPORT, "200", GIVES_FILE,
     TAKES_NOTHING},
    {"/export", "get", "export", "format filter sort q removed unmask", "导出", "export", JW_MAY_EXPORT, "200",
     GIVES_FILE, TAKES_NOTHING},
    {"/import", "post", "preview", "name sheet", "导入预览", "preview of an import", JW_MAY_IMPORT, "200",
     GIVES_OBJECT, TAKES_FILE},
    {"/import/{import}/accept", "post", "accept", "import", "确认导入", "accept an import", JW_MAY_IMPORT, "200",
     GIVES_OBJECT, TAKES_WORDS, "|good_only:boolean why:string"},
    {"/{id}/flow", "get", "flow", "id", "流程", "workflow", JW_MAY_READ, "200", GIVES_OBJECT, TAKES_NOTHING, NULL,
     true},
    {"/{id}/transitions", "post", "step", "id", "办理", "take a step", JW_MAY_READ, "200", GIVES_RECORD,
     TAKES_WORDS, "transition:string|version:integer fields:object reason:string", true},
    {"/{id}/withdraw", "post", "withdraw", "id", "撤回", "withdraw", JW_MAY_READ, "200", GIVES_RECORD, TAKES_WORDS,
     "|version:integer reason:string", true},
    {"/{id}/urge", "post", "urge", "id", "催办", "urge", JW_MAY_READ, "200", GIVES_OBJECT, TAKES_WORDS,
     "|reason:string", true},
    {"/{id}/delegate", "post", "delegate", "id", "委托", "delegate", JW_MAY_READ, "200", GIVES_OBJECT, TAKES_WORDS,
     "person:integer|reason:string", true},
    {"/{id}/extend", "post", "extend", "id", "延期", "more time", JW_MAY_READ, "200", GIVES_OBJECT, TAKES_WORDS,
     "|until:string decision:string reason:string", true},
};

static json_t *list_of(const char *name, json_t *items) {
    return json_pack("{ss s{s{ss so} s{s[ss]} s{ss}} s[s]}", "type", "object", "properties", name, "type", "array",
                     "items", items, "next", "type", "integer", "null", "total", "type", "integer", "required",
                     name);
}

static json_t *gives(const struct operation *operation, const char *ledger) {
    switch (operation->gives) {
    case GIVES_RECORD:
        return reference(ledger, "");
    case GIVES_LIST:
        return list_of("records", reference(ledger, ""));
    case GIVES_VERSIONS:
        return list_of("versions", json_pack("{ss}", "type", "object"));
    case GIVES_GROUPS:
        return list_of("groups", json_pack("{ss}", "type", "object"));
    case GIVES_RESULTS:
        return list_of("results", json_pack("{ss}", "type", "object"));
    case GIVES_OBJECT:
    case GIVES_FILE:
        break;
    }
    return json_pack("{ss}", "type", "object");
}

/* A file as it is: JSON Schema has nothing to say about it. */
static json_t *file_content(void) { return json_pack("{s{s{}}}", "content", "application/octet-stream"); }

static json_t *takes_words(const char *words) {
    json_t *properties = json_object(), *required = json_array();
    jw_text optional = jw_text_from(words), wanted = {0}, word, name;
    jw_text_cut(&optional, '|', &wanted);
    for (int i = 0; i < 2; i++) {
        jw_text rest = i ? optional : wanted;
        while (rest.len && jw_text_next(&rest, ' ', &word)) {
            jw_text_cut(&word, ':', &name);
            json_object_setn_new(properties, name.ptr, name.len, json_pack("{ss%}", "type", word.ptr, word.len));
            if (!i)
                json_array_append_new(required, json_stringn(name.ptr, name.len));
        }
    }
    return json_pack("{ss so so sb}", "type", "object", "properties", properties, "required", required,
                     "additionalProperties", 0);
}

static json_t *takes(const struct operation *operation, const char *ledger) {
    json_t *text = json_pack("{ss}", "type", "string"), *number = json_pack("{ss}", "type", "integer"), *out = NULL;
    if (operation->takes == TAKES_NEW || operation->takes == TAKES_CHANGE)
        out = json_pack("{ss s{so sO sO} s[s] sb}", "type", "object", "properties", "fields",
                        reference(ledger, operation->takes == TAKES_NEW ? ".new" : ".change"), "why", text,
                        "version", number, "required", "fields", "additionalProperties", 0);
    else if (operation->takes == TAKES_VERSION)
        out = json_pack("{ss s{sO sO} sb}", "type", "object", "properties", "why", text, "version", number,
                        "additionalProperties", 0);
    else if (operation->takes == TAKES_ITEMS)
        out = json_pack("{ss s{s{ss s{ss} si si} sO s{ss}} s[s] sb}", "type", "object", "properties", "items",
                        "type", "array", "items", "type", "object", "minItems", 1, "maxItems", JW_DESK_BULK, "why",
                        text, "atomic", "type", "boolean", "required", "items", "additionalProperties", 0);
    if (operation->takes == TAKES_NEW)
        json_object_del(json_object_get(out, "properties"), "version");
    json_decref(text);
    json_decref(number);
    return out;
}

static json_t *responses(const struct operation *operation, const char *ledger) {
    static const char *const failures[] = {"400", "401", "403", "404", "409", "422"};
    json_t *all = json_object(),
           *good = operation->gives == GIVES_FILE ? file_content() : content_of(gives(operation, ledger));
    json_object_set_new(good, "description", json_string("done"));
    json_object_set_new(all, operation->status, good);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        json_object_set_new(all, failures[i], json_pack("{ss}", "$ref", "#/components/responses/error"));
    return all;
}

static void add_operation(const struct jw_visit *visit, const struct operation *operation, json_t *paths) {
    const char *ledger = visit->ledger->name;
    char path[JW_LEDGER_NAME + 64];
    snprintf(path, sizeof path, "/api/v1/ledgers/%s%s", ledger, operation->path);
    json_t *at = json_object_get(paths, path);
    if (!at)
        json_object_set_new(paths, path, at = json_object());
    bool english = visit->asker->english;
    json_t *one =
        json_pack("{so so s[s] so so}", "operationId", json_sprintf("%s.%s", ledger, operation->id), "summary",
                  json_sprintf("%s: %s", english ? visit->ledger->title.en : visit->ledger->title.zh,
                               english ? operation->en : operation->zh),
                  "tags", ledger, "parameters", use_parameters(operation->parameters), "responses",
                  responses(operation, ledger));
    json_t *body = operation->takes == TAKES_WORDS ? takes_words(operation->words) : takes(operation, ledger);
    json_t *content = operation->takes == TAKES_FILE ? file_content() : body ? content_of(body) : NULL;
    if (content) {
        json_object_set_new(content, "required", json_boolean(operation->takes != TAKES_VERSION));
        json_object_set_new(one, "requestBody", content);
    }
    json_object_set_new(at, operation->method, one);
}

/* What is shown, what a new record has, what a change may have. */
static void add_schemas(const struct jw_visit *visit, json_t *schemas) {
    const struct jw_ledger *ledger = visit->ledger;
    json_t *shown = json_object(), *new = json_object(), *change = json_object(), *required = json_array();
    char name[JW_LEDGER_NAME + 16];
    for (int i = 0; i < (int)ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        bool stored = field->type->stored != JW_STORED_NOTHING;
        if (jw_rights_may_some(visit->rights, JW_MAY_READ, i))
            json_object_set_new(shown, field->name, jw_schema_of(field, true));
        if (stored && jw_rights_may_some(visit->rights, JW_MAY_CHANGE, i))
            json_object_set_new(change, field->name, jw_schema_of(field, false));
        if (!stored || !jw_rights_may_some(visit->rights, JW_MAY_CREATE, i))
            continue;
        json_object_set_new(new, field->name, jw_schema_of(field, false));
        if (field->required && !field->preset)
            json_array_append_new(required, json_string(field->name));
    }
    json_object_set_new(schemas, ledger->name,
                        json_pack("{s[{ss} {s{s{ss so sb}}}]}", "allOf", "$ref", "#/components/schemas/record",
                                  "properties", "fields", "type", "object", "properties", shown,
                                  "additionalProperties", 0));
    snprintf(name, sizeof name, "%s.new", ledger->name);
    json_object_set_new(schemas, name,
                        json_pack("{ss so so sb}", "type", "object", "properties", new, "required", required,
                                  "additionalProperties", 0));
    snprintf(name, sizeof name, "%s.change", ledger->name);
    json_object_set_new(schemas, name,
                        json_pack("{ss so sb}", "type", "object", "properties", change, "additionalProperties", 0));
}

static void add_ledger(const struct jw_visit *visit, json_t *paths, json_t *schemas, json_t *tags) {
    const struct jw_ledger *ledger = visit->ledger;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        bool may = false;
        if (operations[i].flow && !*ledger->workflow)
            continue;
        for (unsigned bit = 1; bit <= operations[i].may; bit <<= 1)
            may |= (operations[i].may & bit) && jw_rights_may(visit->rights, bit);
        if (may)
            add_operation(visit, &operations[i], paths);
    }
    add_schemas(visit, schemas);
    json_array_append_new(tags, json_pack("{ss ss}", "name", ledger->name, "description",
                                          visit->asker->english ? ledger->title.en : ledger->title.zh));
}

/* --- the document
 * ------------------------------------------------------------------------------------------------- */
void jw_desk_openapi(struct jw_desk *desk, const struct jw_asker *asker, struct jw_answer *out) {
    const struct jw_generation *now = jw_desk_hold(desk);
    json_t *paths = json_object(), *schemas = json_loads(common, 0, NULL), *tags = json_array();
    for (size_t i = 0; i < jw_ledgers_count(now->ledgers); i++) {
        struct jw_visit visit;
        struct jw_answer ignored = {0};
        if (jw_desk_enter(desk, asker, jw_text_from(jw_ledgers_get(now->ledgers, i)->name), &visit, &ignored)) {
            add_ledger(&visit, paths, schemas, tags);
            jw_desk_leave(&visit);
        }
        jw_answer_free(&ignored);
    }
    json_t *error = content_of(reference("error", ""));
    json_object_set_new(error, "description", json_string("refused; the body says why"));
    json_t *document = json_pack(
        "{ss s{ss ss ss} s[{ss}] so so s{so so s{so} s{s{ss ss} s{ss ss}}} s[{s[]} {s[]}]}", "openapi", "3.1.0",
        "info", "title", asker->english ? "jinwu: the ledgers" : "金吾：台账接口", "version", "1", "description",
        "docs/api.md", "servers", "url", "/", "tags", tags, "paths", paths, "components", "schemas", schemas,
        "parameters", make_parameters(), "responses", "error", error, "securitySchemes", "basic", "type", "http",
        "scheme", "basic", "bearer", "type", "http", "scheme", "bearer", "security", "basic", "bearer");
    jw_desk_release(desk, now);
    jw_answer_give(out, asker, 200, document);
}
