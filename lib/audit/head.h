/* lib/audit/head.h — the head of the audit chain, signed with SM2 and SM3 (GB/T 32918), so that it can be published
 * where whoever rules the database cannot reach: a chain that was rewritten whole does not lead to it.
 *
 * As text it is one JSON object: {"at": microseconds since 1970, "hash": 64 hex digits, "key": SM3 of the public
 * key, "seq": number, "signature": hex}; what is signed are the netstrings of "jinwu head", seq, hash and at. Keys
 * are PEM files. A head without "key" and "signature" is not signed. */
#pragma once
#include "audit.h"

#define JW_HEAD_TEXT 1024

/* A new SM2 key at `path`, readable by its owner alone, and its public half at `path`.pub. JW_E_DENIED: there is
 * one. */
JW_MUST_CHECK jw_status jw_head_make_key(const char *path, struct jw_error *err);
/* The text of `head`; signed with the private key at `key` (NULL: not signed). */
JW_MUST_CHECK jw_status jw_head_print(const struct jw_audit_head *head, int64_t at, const char *key,
                                      char out[JW_HEAD_TEXT], struct jw_error *err);
/* `public_key` NULL: the signature is not looked at. JW_E_SYNTAX: no such text; JW_E_DENIED: it is not signed with
 * that key, or not this. */
JW_MUST_CHECK jw_status jw_head_read(jw_text text, const char *public_key, struct jw_audit_head *out,
                                     struct jw_error *err);
