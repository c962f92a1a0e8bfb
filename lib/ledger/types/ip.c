/* lib/ledger/types/ip.c — addresses and networks. Their columns hold the 16 bytes as hexadecimal digits, so that
 * 9.0.0.1 stands before 10.0.0.1 and a network is a range of texts. */
#include "kit.h"

#include "base/address.h"

static jw_status check_ip(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                          struct jw_error *err) {
    jw_address address;
    char text[JW_ADDRESS_TEXT];
    (void)field;
    if (!json_is_string(in) || !jw_address_parse(jw_characters_trim(jw_type_text_of(in)), &address))
        return jw_fail(err, JW_E_SYNTAX, "is no IPv4 or IPv6 address; example: 10.1.2.3");
    return jw_type_give_text(text, jw_address_print(&address, text), out, err);
}

static void add_hex(const jw_address *address, jw_buffer *out) {
    for (size_t i = 0; i < sizeof address->bytes; i++)
        jw_buffer_print(out, "%02x", address->bytes[i]);
}

static int nibble(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static bool take_hex(jw_text *rest, uint8_t *out, size_t count) {
    if (rest->len < 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        int high = nibble(rest->ptr[2 * i]), low = nibble(rest->ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    rest->ptr += 2 * count;
    rest->len -= 2 * count;
    return true;
}

static bool pack_ip(jw_text canonical, jw_buffer *out) {
    jw_address address;
    if (!jw_address_parse(canonical, &address))
        return false;
    add_hex(&address, out);
    return !out->failed;
}

static bool unpack_ip(jw_text column, jw_buffer *out) {
    jw_address address;
    char text[JW_ADDRESS_TEXT];
    if (!take_hex(&column, address.bytes, sizeof address.bytes) || column.len)
        return false;
    size_t len = jw_address_print(&address, text);
    jw_buffer_add(out, (jw_text){text, len});
    return !out->failed;
}

static void print_network(const jw_network *network, jw_buffer *out) {
    char text[JW_ADDRESS_TEXT];
    size_t len = jw_address_print(&network->address, text);
    bool v4 = jw_address_is_v4(&network->address) && network->bits >= 96;
    jw_buffer_print(out, "%.*s/%d", (int)len, text, network->bits - (v4 ? 96 : 0));
}

static jw_status check_cidr(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                            struct jw_error *err) {
    jw_network network;
    (void)field;
    if (!json_is_string(in) || !jw_network_parse(jw_characters_trim(jw_type_text_of(in)), &network))
        return jw_fail(err, JW_E_SYNTAX,
                       "is no network, or its address is not the first one in it; example: 10.1.2.0/24");
    jw_buffer text = JW_BUFFER(100);
    print_network(&network, &text);
    jw_status st =
        text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_type_give_text(text.ptr, text.len, out, err);
    jw_buffer_free(&text);
    return st;
}

static bool pack_cidr(jw_text canonical, jw_buffer *out) {
    jw_network network;
    if (!jw_network_parse(canonical, &network))
        return false;
    add_hex(&network.address, out);
    jw_buffer_print(out, "%02x", network.bits);
    return !out->failed;
}

static bool unpack_cidr(jw_text column, jw_buffer *out) {
    jw_network network;
    if (!take_hex(&column, network.address.bytes, sizeof network.address.bytes) ||
        !take_hex(&column, &network.bits, 1) || column.len || network.bits > 128)
        return false;
    print_network(&network, out);
    return !out->failed;
}

const struct jw_ledger_type jw_type_ip = {
    .name = "ip",
    .about = "an IPv4 or IPv6 address",
    .sample = "\"10.1.2.3\"",
    .stored = JW_STORED_TEXT,
    .check = check_ip,
    .pack = pack_ip,
    .unpack = unpack_ip,
};

const struct jw_ledger_type jw_type_cidr = {
    .name = "cidr",
    .about = "a network: 10.1.2.0/24",
    .sample = "\"10.1.2.0/24\"",
    .stored = JW_STORED_TEXT,
    .check = check_cidr,
    .pack = pack_cidr,
    .unpack = unpack_cidr,
};
