/* lib/base/hash.h — hashes for tables and checks. None of these is cryptographic. */
#pragma once
#include "text.h"

/* SipHash-1-3 (Aumasson, Bernstein 2012) under a key drawn at process start: for tables whose keys a peer chooses.
 */
uint64_t jw_hash(jw_text s);
/* FNV-1a 64 with a final mix: the same in every process and version; for names and identities that we choose. */
uint64_t jw_hash_stable(jw_text s);
/* CRC-32C (RFC 3720 appendix B.4); pass 0 first, then the last result to continue. */
uint32_t jw_crc32c(uint32_t crc, const void *data, size_t size);
/* Bytes from the kernel's generator; never fails on Linux >= 3.17. */
void jw_random(void *out, size_t size);
