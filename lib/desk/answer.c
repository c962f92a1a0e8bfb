/* lib/desk/answer.c — answers and refusals. What the libraries below say of a value is in English; Chinese is made
 * here from the rule that was broken and the field's own title and example. */
#include "answer.h"

#include <stdarg.h>
#include <string.h>

static const struct {
    unsigned status;
    const char *code, *zh, *en;
} refusals[] = {
    [JW_NO_QUERY] = {400, "bad_query", "查询写得不对", "the query is not understood"},
    [JW_NO_BODY] = {400, "bad_body", "提交的内容写得不对", "the body is not understood"},
    [JW_NO_RIGHT] = {403, "forbidden", "您没有权限这样做", "you may not do this"},
    [JW_NO_RECORD] = {404, "not_found", "没有找到", "there is no such thing"},
    [JW_NO_VERSION] = {409, "conflict", "别人刚刚改过这条记录，请核对后重新提交",
                       "somebody else changed this record; look at it and send again"},
    [JW_NO_VALUES] = {422, "invalid", "有内容填写不正确，未保存", "some values are not right; nothing was written"},
    [JW_NO_SERVICE] = {500, "failed", "系统出错，未保存；请联系系统管理员",
                       "this failed and nothing was written; tell the administrator"},
    [JW_NO_ROOM] = {503, "busy", "系统忙，请稍后再试", "busy; try again in a moment"},
};

void jw_answer_free(struct jw_answer *answer) {
    json_decref(answer->body);
    answer->body = NULL;
}

bool jw_answer_refuse(struct jw_answer *answer, const struct jw_asker *asker, enum jw_no why) {
    json_decref(answer->body);
    answer->status = refusals[why].status;
    answer->body = json_pack("{s{ss ss s[]}}", "error", "code", refusals[why].code, "message",
                             asker->english ? refusals[why].en : refusals[why].zh, "faults");
    return false;
}

bool jw_answer_give(struct jw_answer *answer, const struct jw_asker *asker, unsigned status, json_t *body) {
    if (!body)
        return jw_answer_refuse(answer, asker, JW_NO_ROOM);
    json_decref(answer->body);
    answer->status = status;
    answer->body = body;
    return true;
}

bool jw_answer_status(struct jw_answer *answer, const struct jw_asker *asker, jw_status st) {
    return jw_answer_refuse(answer, asker,
                            st == JW_END        ? JW_NO_RECORD
                            : st == JW_AGAIN    ? JW_NO_VERSION
                            : st == JW_E_SYNTAX ? JW_NO_VALUES
                            : st == JW_E_DENIED ? JW_NO_RIGHT
                            : st == JW_E_LIMIT  ? JW_NO_ROOM
                                                : JW_NO_SERVICE);
}

static void add_fault(struct jw_answer *answer, const char *field, const char *rule, const char *text) {
    json_t *faults = json_object_get(json_object_get(answer->body, "error"), "faults");
    json_array_append_new(faults, json_pack("{ss ss ss}", "field", field, "rule", rule, "text", text));
}

void jw_answer_fault(struct jw_answer *answer, const struct jw_asker *asker, const char *field, const char *rule,
                     const char *zh, const char *en, ...) {
    char text[512];
    va_list args;
    va_start(args, en);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof text, asker->english ? en : zh, args);
#pragma GCC diagnostic pop
    va_end(args);
    while (*text && !jw_text_is_utf8(jw_text_from(text))) /* cut within a character */
        text[strlen(text) - 1] = '\0';
    add_fault(answer, field, rule, text);
}

/* --- what the libraries say, in Chinese
 * --------------------------------------------------------------------------- */
void jw_answer_zh(const struct jw_ledger_field *field, const struct jw_ledger_fault *fault, char *out,
                  size_t room) {
    const char *title = field ? field->title.zh : fault->field;
    char example[JW_LEDGER_EXAMPLE] = "";
    if (field)
        jw_ledger_example(field, false, example);
    if (strcmp(fault->rule, "required") == 0)
        snprintf(out, room, "“%s”必填，例如 %s", title, example);
    else if (strcmp(fault->rule, "type") == 0)
        snprintf(out, room, "“%s”的内容不符合要求，例如 %s（%s）", title, example, fault->text);
    else if (strcmp(fault->rule, "pattern") == 0)
        snprintf(out, room, "“%s”的格式不对，例如 %s", title, example);
    else if (strcmp(fault->rule, "unique") == 0)
        snprintf(out, room, "“%s”已被另一条记录使用，不能重复", title);
    else if (strcmp(fault->rule, "computed") == 0)
        snprintf(out, room, "“%s”是自动计算的，不能填写", title);
    else if (strcmp(fault->rule, "unknown") == 0)
        snprintf(out, room, "没有字段“%.60s”", title);
    else if (strcmp(fault->rule, "reference") == 0 && field)
        snprintf(out, room, "“%s”指向的记录不存在（%s）", title, fault->text);
    else if (strcmp(fault->rule, "reference") == 0)
        snprintf(out, room, "还有别的记录指向它，不能删除（%s）", fault->text);
    else
        snprintf(out, room, "“%s”：%s", title, fault->text);
}

void jw_answer_faults(struct jw_answer *answer, const struct jw_asker *asker, const struct jw_ledger *ledger,
                      const struct jw_ledger_fault *faults, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int at = jw_ledger_field_find(ledger, jw_text_from(faults[i].field));
        char text[640];
        jw_answer_zh(at < 0 ? NULL : &ledger->fields[at], &faults[i], text, sizeof text);
        jw_answer_fault(answer, asker, faults[i].field, faults[i].rule, "%s", "%s",
                        asker->english ? faults[i].text : text);
    }
}
