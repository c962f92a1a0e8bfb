/* daemons/api/page.c — pages with a nonce of their own, under a strict content security policy. */
#include "page.h"
#include "forward.h"
#include "pages.h"

#include "base/hash.h"

#define MARK "@NONCE@"

static void make_nonce(char out[33]) {
    unsigned char random[16];
    jw_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
}

/* Every script and style of a page carries the nonce; whatever an event might smuggle into it does not. */
static void send_page(jw_text page, struct jw_http_response *out) {
    char nonce[33], policy[256];
    size_t at;
    make_nonce(nonce);
    out->type = "text/html; charset=utf-8";
    while (jw_text_find(page, JW_TEXT(MARK), &at)) {
        jw_buffer_add(&out->body, (jw_text){page.ptr, at});
        jw_buffer_add(&out->body, jw_text_from(nonce));
        page = (jw_text){page.ptr + at + sizeof MARK - 1, page.len - at - (sizeof MARK - 1)};
    }
    jw_buffer_add(&out->body, page);
    snprintf(policy, sizeof policy,
             "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src 'self'; "
             "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
             nonce, nonce);
    jw_http_response_header(out, "Content-Security-Policy", jw_text_from(policy));
}

void jw_page_root(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_api_caller *caller = request->user;
    if (caller->is == JW_API_SENDER)
        jw_forward_elastic(context, request, out);
    else if (caller->is == JW_API_PERSON)
        send_page((jw_text){(const char *)page_search_html, sizeof page_search_html}, out);
    else
        send_page((jw_text){(const char *)page_login_html, sizeof page_login_html}, out);
}
