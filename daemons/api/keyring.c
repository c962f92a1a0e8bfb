/* daemons/api/keyring.c — the same as `jinwu keys`, for the console. */
#include "keyring.h"
#include "login.h"

static void add_key(jw_buffer *out, const jw_key *key) {
    jw_buffer_add(out, JW_TEXT("{\"name\":"));
    jw_buffer_json(out, jw_text_from(key->name));
    jw_buffer_add(out, JW_TEXT(",\"id\":"));
    jw_buffer_json(out, jw_text_from(key->id));
    if (key->secret[0]) {
        jw_buffer_add(out, JW_TEXT(",\"secret\":"));
        jw_buffer_json(out, jw_text_from(key->secret));
    }
    jw_buffer_add(out, JW_TEXT(",\"created\":"));
    jw_buffer_json(out, jw_text_from(key->created));
    jw_buffer_byte(out, '}');
}

static void add_to_list(void *context, const jw_key *key) {
    jw_buffer *out = context;
    if (out->ptr[out->len - 1] == '}')
        jw_buffer_add(out, JW_TEXT(",\n"));
    add_key(out, key);
}

void jw_keyring_list(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    (void)request;
    jw_buffer_add(&out->body, JW_TEXT("{\"keys\":["));
    jw_keys_list(api->keys, add_to_list, &out->body);
    jw_buffer_add(&out->body, JW_TEXT("]}\n"));
}

void jw_keyring_add(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    jw_key key;
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    jw_text name = jw_login_member(body, "name");
    jw_status st = jw_keys_add(api->keys, name, &key, &err);
    if (st == JW_OK) {
        out->status = 201;
        add_key(&out->body, &key);
        jw_buffer_byte(&out->body, '\n');
    } else {
        jw_http_response_error(out,
                               st == JW_E_SYNTAX   ? 400
                               : st == JW_E_SYSTEM ? 500
                                                   : 409,
                               st == JW_E_SYNTAX   ? "bad_name"
                               : st == JW_E_SYSTEM ? "internal"
                                                   : "conflict",
                               -1, "%s", err.text);
    }
    json_decref(body);
}

void jw_keyring_revoke(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    jw_status st = jw_keys_revoke(api->keys, jw_http_request_value(request, "name"), &err);
    if (st == JW_OK)
        jw_buffer_add(&out->body, JW_TEXT("{}\n"));
    else if (st == JW_AGAIN)
        jw_http_response_error(out, 404, "not_found", -1, "there is no key of that name");
    else
        jw_http_response_error(out, 500, "internal", -1, "%s", err.text);
}
