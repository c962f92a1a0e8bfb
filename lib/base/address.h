/* lib/base/address.h — IP addresses and networks. An address is 16 bytes in network order; IPv4 is mapped
 * (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2), so that one comparison serves both families. */
#pragma once
#include "text.h"

typedef struct jw_address {
    uint8_t bytes[16];
} jw_address;

typedef struct jw_network {
    jw_address address; /* host bits are zero */
    uint8_t bits;       /* 0..128, of the mapped form: an IPv4 /8 is 104 */
} jw_network;

#define JW_ADDRESS_TEXT 46
/* Dotted quad (four decimal parts, no leading zeros) or RFC 4291 text; an IPv6 zone (%eth0) is accepted and
 * dropped. */
bool jw_address_parse(jw_text s, jw_address *out);
size_t jw_address_print(const jw_address *address, char out[JW_ADDRESS_TEXT]); /* RFC 5952; returns the length */
bool jw_address_is_v4(const jw_address *address);
/* RFC 1918, loopback, link local, unique local, CGNAT (RFC 6598): not routed on the internet. */
bool jw_address_is_private(const jw_address *address);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone for a network of one. Host bits must be zero. */
bool jw_network_parse(jw_text s, jw_network *out);
bool jw_network_has(const jw_network *network, const jw_address *address);
void jw_network_last(const jw_network *network, jw_address *out_last); /* the highest address in it */
