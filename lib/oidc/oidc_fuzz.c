/* lib/oidc/oidc_fuzz.c — tokens as a stranger writes them: whatever they are, nobody's key signed them. */
#include "oidc.h"

#include "test/fuzz.h"

/* The first line is the set of keys, the rest the token. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_oidc_want want = {"https://id.example", "jinwu", "nonce", "preferred_username", 1800000000};
    struct jw_oidc_person person = {.subject = ""};
    jw_text token = {(const char *)data, size}, keys = {NULL, 0};
    if (size > 1 << 16)
        return 0;
    if (!jw_text_cut(&token, '\n', &keys))
        keys = (jw_text){NULL, 0};
    if (jw_oidc_token_check(token, keys, &want, &person, NULL) == JW_OK)
        assert(person.subject[0] && keys.len); /* signed by a key of its own set: then it says who */
    return 0;
}
