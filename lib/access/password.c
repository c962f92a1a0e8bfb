/* lib/access/password.c — argon2id through libargon2, with bounded memory. */
#include "password.h"

#include <pthread.h>

#include <argon2.h>

#include "base/hash.h"

#define MEMORY_KIB 65536
#define PASSES     3
#define SALT       16
#define HASH       32

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

jw_status jw_password_hash(jw_text password, char out[JW_PASSWORD_HASH], struct jw_error *err) {
    unsigned char salt[SALT];
    jw_random(salt, sizeof salt);
    pthread_mutex_lock(&one_at_a_time);
    int result = argon2id_hash_encoded(PASSES, MEMORY_KIB, 1, password.ptr, password.len, salt, sizeof salt, HASH,
                                       out, JW_PASSWORD_HASH);
    pthread_mutex_unlock(&one_at_a_time);
    return result == ARGON2_OK ? JW_OK : jw_fail(err, JW_E_LIMIT, "argon2id: %s", argon2_error_message(result));
}

bool jw_password_is(const char *hash, jw_text password) {
    /* of a password that nobody knows: random bytes, thrown away; the parameters are the real ones */
    static const char *const nobody = "$argon2id$v=19$m=65536,t=3,p=1$bm9ib2R5bm9ib2R5bm9ibw$"
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    pthread_mutex_lock(&one_at_a_time);
    int result = argon2id_verify(hash ? hash : nobody, password.ptr, password.len);
    pthread_mutex_unlock(&one_at_a_time);
    return hash && result == ARGON2_OK;
}

jw_status jw_password_check(jw_text password, struct jw_error *err) {
    size_t characters = 0, same = 1;
    if (!jw_text_is_utf8(password))
        return jw_fail(err, JW_E_DENIED, "密码不是UTF-8文字 · the password is not UTF-8 text");
    if (password.len > JW_PASSWORD_MOST)
        return jw_fail(err, JW_E_DENIED, "密码超过 %d 字节 · the password has more than %d bytes", JW_PASSWORD_MOST,
                       JW_PASSWORD_MOST);
    for (size_t i = 0; i < password.len; i++) {
        characters += ((unsigned char)password.ptr[i] & 0xc0) != 0x80;
        same += i && password.ptr[i] == password.ptr[0];
    }
    if (characters < JW_PASSWORD_LEAST)
        return jw_fail(err, JW_E_DENIED, "密码至少 %d 个字符 · the password needs at least %d characters",
                       JW_PASSWORD_LEAST, JW_PASSWORD_LEAST);
    return same == password.len
               ? jw_fail(err, JW_E_DENIED, "密码只是一个字符的重复 · the password is one character repeated")
               : JW_OK;
}

void jw_password_random(char *out, size_t len) {
    static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    const unsigned letters = sizeof alphabet - 1;
    for (size_t i = 0; i < len;) {
        unsigned char byte;
        jw_random(&byte, 1);
        if (byte < 256 / letters * letters) /* else some letters would come more often */
            out[i++] = alphabet[byte % letters];
    }
    out[len] = '\0';
}

bool jw_password_same(const void *a, const void *b, size_t size) {
    const volatile unsigned char *x = a, *y = b;
    unsigned char differ = 0;
    for (size_t i = 0; i < size; i++)
        differ |= x[i] ^ y[i];
    return differ == 0;
}
