/* lib/yaml/yaml.h — the text of a YAML scalar as its author wrote it, where libfyaml's reader is wrong. */
#pragma once
#include <libfyaml.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/text.h"

/* What libfyaml must not be given, asked before every reading: bytes that are no UTF-8 (0.7.12 never returns from
 * one in a directive), NUL, which ends its input silently, and directives ("%YAML") themselves, which no file of
 * ours needs. NULL: nothing; else what it is, and in which line (1-based). */
const char *jw_yaml_unfit(jw_text source, uint32_t *out_line);

/* libfyaml 0.7.12 (Debian 12) reads '''' inside a single-quoted scalar as three quotes and loses a character behind
 * them. `source` is the whole document, whose bytes the token's marks count. A single-quoted scalar on one line is
 * unfolded from there; everything else is libfyaml's own text; borrowed from source or token. {NULL, 0} in `out`
 * for an empty one. False: no memory in `mem`. */
bool jw_yaml_text(struct fy_token *token, jw_text source, struct jw_arena *mem, jw_text *out);
