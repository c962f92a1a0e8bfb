/* lib/yaml/yaml.h — the text of a YAML scalar as its author wrote it, where libfyaml's reader is wrong. */
#pragma once
#include <libfyaml.h>

#include "base/memory.h"
#include "base/text.h"

/* libfyaml 0.7.12 (Debian 12) reads '''' inside a single-quoted scalar as three quotes and loses a character behind
 * them. `source` is the whole document, whose bytes the token's marks count. A single-quoted scalar on one line is
 * unfolded from there; everything else is libfyaml's own text, borrowed from the token. {NULL, 0} in `out` for an
 * empty one. False: no memory in `mem`. */
bool jw_yaml_text(struct fy_token *token, jw_text source, struct jw_arena *mem, jw_text *out);
