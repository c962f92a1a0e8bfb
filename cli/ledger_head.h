/* cli/ledger_head.h — `jinwu ledger head` and `verify --head`: the end of the audit chain, to be kept elsewhere. */
#pragma once
#include "audit/head.h"
#include "store/store.h"

/* The head on stdout, signed with the key at `sign` (NULL: not signed). As the command's exit. */
int jw_ledger_head_show(struct jw_store *store, const char *sign);
int jw_ledger_head_make_key(const char *path);
/* The head in a file; its signature counts when `public_key` is not NULL. */
JW_MUST_CHECK jw_status jw_ledger_head_load(const char *path, const char *public_key, struct jw_audit_head *out,
                                            struct jw_error *err);
