/* lib/base/address.c — text to 16 bytes and back. */
#include "address.h"

#include <arpa/inet.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool jw_address_is_v4(const jw_address *address) { return memcmp(address->bytes, mapped, sizeof mapped) == 0; }

/* By hand because it runs for every event: inet_pton needs a NUL-terminated copy. */
static bool parse_v4(jw_text s, uint8_t out[4]) {
    size_t at = 0;
    for (int part = 0; part < 4; part++) {
        unsigned value = 0, count = 0;
        if (part && (at == s.len || s.ptr[at++] != '.'))
            return false;
        for (; at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9'; at++, count++) {
            if (count && value == 0) /* 010 is 8 to some and 10 to others: refused */
                return false;
            value = value * 10 + (unsigned)(s.ptr[at] - '0');
            if (value > 255)
                return false;
        }
        if (!count)
            return false;
        out[part] = (uint8_t)value;
    }
    return at == s.len;
}

bool jw_address_parse(jw_text s, jw_address *out) {
    jw_address address;
    if (s.len < 2 || s.len > 64)
        return false;
    if (memchr(s.ptr, ':', s.len)) {
        char text[INET6_ADDRSTRLEN];
        const char *zone = memchr(s.ptr, '%', s.len);
        size_t len = zone ? (size_t)(zone - s.ptr) : s.len;
        if (len >= sizeof text)
            return false;
        memcpy(text, s.ptr, len);
        text[len] = '\0';
        if (memchr(text, '\0', len) || inet_pton(AF_INET6, text, address.bytes) != 1)
            return false;
    } else {
        memcpy(address.bytes, mapped, sizeof mapped);
        if (!parse_v4(s, address.bytes + 12))
            return false;
    }
    *out = address;
    return true;
}

size_t jw_address_print(const jw_address *address, char out[JW_ADDRESS_TEXT]) {
    bool v4 = jw_address_is_v4(address);
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address->bytes + 12 : address->bytes, out, JW_ADDRESS_TEXT);
    return strlen(out);
}

bool jw_address_is_private(const jw_address *address) {
    static const struct {
        uint8_t bytes[16];
        uint8_t bits;
    } nets[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10}, 104},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127}, 104},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 172, 16}, 108},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168}, 112},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254}, 112},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 100, 64}, 106},
        {{0xfc}, 7},
        {{0xfe, 0x80}, 10},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128},
    };
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        jw_network net = {.bits = nets[i].bits};
        memcpy(net.address.bytes, nets[i].bytes, 16);
        if (jw_network_has(&net, address))
            return true;
    }
    return false;
}

/* The bits of byte `i` that lie outside the network. */
static uint8_t host_bits(const jw_network *network, size_t i) {
    size_t first = i * 8;
    if (network->bits >= first + 8)
        return 0;
    return network->bits <= first ? 0xff : (uint8_t)(0xff >> (network->bits - first));
}

bool jw_network_parse(jw_text s, jw_network *out) {
    jw_network network = {.bits = 128};
    jw_text address = s;
    uint64_t bits;
    bool sized = jw_text_cut(&s, '/', &address);
    if (!jw_address_parse(address, &network.address))
        return false;
    if (sized) {
        uint64_t widest = memchr(address.ptr, ':', address.len) ? 128 : 32;
        if (!jw_text_u64(s, &bits) || bits > widest)
            return false;
        network.bits = (uint8_t)(128 - widest + bits);
    }
    for (size_t i = 0; i < 16; i++)
        if (network.address.bytes[i] & host_bits(&network, i))
            return false;
    *out = network;
    return true;
}

bool jw_network_has(const jw_network *network, const jw_address *address) {
    for (size_t i = 0; i < 16; i++)
        if ((network->address.bytes[i] ^ address->bytes[i]) & (uint8_t)~host_bits(network, i))
            return false;
    return true;
}

void jw_network_last(const jw_network *network, jw_address *out_last) {
    for (size_t i = 0; i < 16; i++)
        out_last->bytes[i] = network->address.bytes[i] | host_bits(network, i);
}
