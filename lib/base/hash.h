/* lib/base/hash.h — hashes for tables and checks. None of these is cryptographic. */
#pragma once
#include "text.h"

/* SipHash-1-3 (Aumasson, Bernstein 2012) under a key drawn at process start: for tables whose keys a peer chooses.
 */
uint64_t jw_hash(jw_text s);
/* The same under the caller's key: for hashes that outlive the process. */
uint64_t jw_hash_keyed(const uint64_t secret[2], jw_text s);
/* FNV-1a 64 with a final mix: the same in every process and version; for names and identities that we choose. */
uint64_t jw_hash_stable(jw_text s);
/* Folded 128-bit products under the caller's secret key: several bytes a cycle where SipHash takes one, without its
 * proofs. For tables whose keys a peer chooses, which compare what they find and bound their probes. */
uint64_t jw_hash_quick(const uint64_t key[4], jw_text s);
/* Both ends and the length: tells short names that we choose apart, in a few cycles. */
static inline uint64_t jw_hash_ends(jw_text s) {
    uint64_t head = 0, tail = 0;
    uint32_t low, high;
    if (s.len >= 8) { /* loads of a fixed size */
        memcpy(&head, s.ptr, 8);
        memcpy(&tail, s.ptr + s.len - 8, 8);
    } else if (s.len >= 4) {
        memcpy(&low, s.ptr, 4);
        memcpy(&high, s.ptr + s.len - 4, 4);
        head = low, tail = high;
    } else
        for (size_t i = 0; i < s.len; i++)
            head = head << 8 | (unsigned char)s.ptr[i];
    uint64_t mixed = (head ^ s.len) * 0x9E3779B97F4A7C15u ^ tail * 0xD6E8FEB86659FD93u;
    return (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9u;
}
/* CRC-32C (RFC 3720 appendix B.4); pass 0 first, then the last result to continue. */
uint32_t jw_crc32c(uint32_t crc, const void *data, size_t size);
/* Bytes from the kernel's generator; never fails on Linux >= 3.17. */
void jw_random(void *out, size_t size);
