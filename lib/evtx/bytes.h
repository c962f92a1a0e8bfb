/* lib/evtx/bytes.h — a sticky little-endian reader: past its end it gives zeros and says so. Internal to lib/evtx.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *base;
    size_t at, end; /* of base */
    bool bad;
};

static inline bool bytes_have(struct bytes *in, size_t n) {
    if (in->bad || in->end - in->at < n)
        in->bad = true;
    return !in->bad;
}

static inline const uint8_t *bytes_take(struct bytes *in, size_t n) {
    static const uint8_t nothing[1] = {0};
    if (!bytes_have(in, n))
        return nothing;
    in->at += n;
    return in->base + in->at - n;
}

static inline uint8_t bytes_u8(struct bytes *in) { return *bytes_take(in, 1); }
static inline uint16_t load_u16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t load_u32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t load_u64(const uint8_t *p) { return load_u32(p) | (uint64_t)load_u32(p + 4) << 32; }

static inline uint16_t bytes_u16(struct bytes *in) { return bytes_have(in, 2) ? load_u16(bytes_take(in, 2)) : 0; }
static inline uint32_t bytes_u32(struct bytes *in) { return bytes_have(in, 4) ? load_u32(bytes_take(in, 4)) : 0; }
static inline uint64_t bytes_u64(struct bytes *in) { return bytes_have(in, 8) ? load_u64(bytes_take(in, 8)) : 0; }
