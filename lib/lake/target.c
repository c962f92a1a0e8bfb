/* lib/lake/target.c — percent-encoding, escaping of bound parameters, and parameters as hexadecimal digits. */
#include "target.h"

#define PARAMETERS_MOST 32

static void add_encoded(jw_buffer *out, jw_text s) {
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c && strchr("-_.~", c))) {
            jw_buffer_byte(out, (char)c);
            continue;
        }
        jw_buffer_byte(out, '%');
        jw_buffer_byte(out, hex[c >> 4]);
        jw_buffer_byte(out, hex[c & 15]);
    }
}

/* A bound value is read as one field of tab-separated text. */
static void add_parameter(jw_buffer *out, const struct jw_lake_parameter *parameter) {
    jw_buffer_add(out, JW_TEXT("&param_"));
    add_encoded(out, jw_text_from(parameter->name));
    jw_buffer_byte(out, '=');
    for (size_t i = 0; i < parameter->value.len; i++) {
        char c = parameter->value.ptr[i];
        if (c == '\\' || c == '\t' || c == '\n' || c == '\r' || c == '\0') {
            jw_buffer_add(out, JW_TEXT("%5C"));
            c = (char)(c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\0' ? '0' : '\\');
        }
        add_encoded(out, (jw_text){&c, 1});
    }
}

static void add_hex(jw_buffer *out, jw_text value) {
    static const char hex[] = "0123456789abcdef";
    jw_buffer_add(out, JW_TEXT("unhex('"));
    for (size_t i = 0; i < value.len; i++) {
        jw_buffer_byte(out, hex[(unsigned char)value.ptr[i] >> 4]);
        jw_buffer_byte(out, hex[value.ptr[i] & 15]);
    }
    jw_buffer_add(out, JW_TEXT("')"));
}

/* "{name:String}" becomes the value's digits. Other types are numbers and the like: CAST turns the text into them.
 */
static jw_status inline_parameters(const struct jw_lake_request *request, jw_buffer *out, struct jw_error *err) {
    jw_text rest = request->sql, before, name, type;
    while (jw_text_cut(&rest, '{', &before)) {
        jw_buffer_add(out, before);
        if (!jw_text_cut(&rest, ':', &name) || !jw_text_cut(&rest, '}', &type))
            return jw_fail(err, JW_E_SYNTAX, "lake: a parameter is {name:Type}");
        size_t i = 0;
        while (i < request->parameter_count && !jw_text_is(jw_text_from(request->parameters[i].name), name))
            i++;
        if (i == request->parameter_count)
            return jw_fail(err, JW_E_SYNTAX, "lake: parameter " JW_FMT " has no value", JW_ARG(name));
        bool is_text = jw_text_is(type, JW_TEXT("String"));
        jw_buffer_add(out, is_text ? JW_TEXT("") : JW_TEXT("CAST("));
        add_hex(out, request->parameters[i].value);
        if (!is_text)
            jw_buffer_print(out, " AS %.*s)", (int)type.len, type.ptr);
    }
    jw_buffer_add(out, rest);
    return JW_OK;
}

bool jw_lake_is_id(const char *id) {
    size_t len = strlen(id);
    return len > 0 && len <= 64 &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

static void add_settings(const struct jw_lake_request *request, jw_buffer *target) {
    jw_buffer_print(target, "/?default_format=%s", request->format ? request->format : "TabSeparated");
    if (request->id)
        jw_buffer_print(target, "&query_id=%s", request->id);
    for (size_t i = 0; i < request->setting_count; i++) {
        jw_buffer_print(target, "&%s=", request->settings[i].name);
        add_encoded(target, jw_text_from(request->settings[i].value));
    }
}

jw_status jw_lake_target(const struct jw_lake_request *request, jw_lake_level level, jw_buffer *target,
                         jw_buffer *body, struct jw_error *err) {
    if (request->id && !jw_lake_is_id(request->id))
        return jw_fail(err, JW_E_SYNTAX, "not the id of a statement");
    add_settings(request, target);
    if (request->body.len) {
        jw_buffer_add(target, JW_TEXT("&query="));
        add_encoded(target, request->sql);
    }
    size_t start = target->len;
    bool bound = level == JW_LAKE_FULL && request->parameter_count <= PARAMETERS_MOST;
    for (size_t i = 0; bound && i < request->parameter_count; i++)
        add_parameter(target, &request->parameters[i]);
    bound = bound && !target->failed && target->len < JW_LAKE_TARGET;
    if (!bound) {
        target->len = start;
        target->failed = false;
    }
    jw_buffer_byte(target, '\0');
    if (!request->body.len && bound)
        jw_buffer_add(body, request->sql);
    else if (!request->body.len) {
        jw_status st = inline_parameters(request, body, err);
        if (st != JW_OK)
            return st;
    }
    return target->failed || body->failed ? jw_fail(err, JW_E_LIMIT, "lake: the statement is too long") : JW_OK;
}
