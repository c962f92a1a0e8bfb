/* lib/sigma/files.h — the YAML files below a folder, sorted, and their texts. Private to lib/sigma. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

#define JW_RULE_FILE_MOST (4u << 20)

/* Every *.yml and *.yaml at or below `path`, in byte order of their paths. `each` stops the walk when not JW_OK. */
typedef jw_status (*jw_rule_file_each)(void *context, const char *path, struct jw_error *err);
JW_MUST_CHECK jw_status jw_rule_files(const char *path, jw_rule_file_each each, void *context,
                                      struct jw_error *err);
/* The whole file in `mem`. JW_E_LIMIT past JW_RULE_FILE_MOST. */
JW_MUST_CHECK jw_status jw_rule_file_read(const char *path, struct jw_arena *mem, jw_text *out,
                                          struct jw_error *err);
