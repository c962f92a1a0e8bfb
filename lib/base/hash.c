/* lib/base/hash.c — SipHash-1-3, FNV-1a, CRC-32C. */
#include "hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

void jw_random(void *out, size_t size) {
    for (unsigned char *at = out; size;) {
        ssize_t got = getrandom(at, size < 256 ? size : 256, 0); /* up to 256 bytes come whole, see getrandom(2) */
        if (got < 0)
            continue; /* EINTR before the pool is ready is the only documented case */
        at += got;
        size -= (size_t)got;
    }
}

static uint64_t key[2];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static void key_draw(void) { jw_random(key, sizeof key); }

static inline uint64_t rotl(uint64_t x, int by) { return x << by | x >> (64 - by); }

static inline void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

uint64_t jw_hash(jw_text s) {
    pthread_once(&key_once, key_draw);
    return jw_hash_keyed(key, s);
}

uint64_t jw_hash_keyed(const uint64_t secret[2], jw_text s) {
    if (!s.len)
        s.ptr = ""; /* C allows no arithmetic on NULL, not even + 0 */
    uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575u, secret[1] ^ 0x646f72616e646f6du,
                     secret[0] ^ 0x6c7967656e657261u, secret[1] ^ 0x7465646279746573u};
    uint64_t word, last = (uint64_t)s.len << 56;
    const char *p = s.ptr, *end = s.ptr + (s.len & ~(size_t)7);
    for (; p != end; p += 8) {
        memcpy(&word, p, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (unsigned i = 0; i < (s.len & 7); i++)
        last |= (uint64_t)(unsigned char)p[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v), sip_round(v), sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline uint64_t product(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    wide both = (wide)a * b;
    return (uint64_t)both ^ (uint64_t)(both >> 64);
}

static inline uint64_t load8(const char *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

uint64_t jw_hash_quick(const uint64_t secret[4], jw_text s) {
    uint64_t one = secret[0] ^ s.len, two = secret[1], head = 0, tail = 0;
    const char *p = s.ptr;
    size_t left = s.len;
    for (; left > 32; p += 32, left -= 32) { /* two chains, so that the multiplier is never waited for */
        one = product(load8(p) ^ secret[2], load8(p + 8) ^ one);
        two = product(load8(p + 16) ^ secret[3], load8(p + 24) ^ two);
    }
    if (left > 16) {
        one = product(load8(p) ^ secret[2], load8(p + 8) ^ one);
        p += 16;
        left -= 16;
    }
    if (left >= 8) {
        head = load8(p);
        tail = load8(p + left - 8);
    } else if (left >= 4) {
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + left - 4, 4);
        head = low, tail = high;
    } else
        for (size_t i = 0; i < left; i++)
            head = head << 8 | (unsigned char)p[i];
    one = product(head ^ secret[2], tail ^ one);
    return product(one ^ secret[3], two ^ secret[0]);
}

uint64_t jw_hash_stable(jw_text s) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

static uint32_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void) {
    for (unsigned i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
        table[0][i] = crc;
    }
    for (unsigned i = 0; i < 256; i++)
        for (int k = 1; k < 8; k++)
            table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 255];
}

static uint32_t crc_portable(uint32_t crc, const unsigned char *p, size_t size) {
    pthread_once(&table_once, table_fill);
    for (; size >= 8; size -= 8, p += 8) {
        uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24] ^
              table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; size; size--, p++)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
    return crc;
}

#ifdef __x86_64__
/* Every x86-64 since 2008 has the instruction; asked once all the same, because a wrong guess is a crash. */
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const unsigned char *p, size_t size) {
    uint64_t wide = crc, word;
    for (; size >= 8; size -= 8, p += 8) {
        memcpy(&word, p, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; size; size--, p++)
        crc = __builtin_ia32_crc32qi(crc, *p);
    return crc;
}
#endif

uint32_t jw_crc32c(uint32_t crc, const void *data, size_t size) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_sse42(~crc, data, size);
#endif
    return ~crc_portable(~crc, data, size);
}
