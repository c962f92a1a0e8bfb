/* daemons/collect/inputs.c — the table of inputs; the one list of names is in meson.build. */
#include "input.h"
#include "input_list.h"

#define DECLARE(name) extern const struct jw_input jw_input_##name;
#define ENTRY(name)   &jw_input_##name,
JW_INPUTS(DECLARE)
const struct jw_input *const jw_inputs[] = {JW_INPUTS(ENTRY) NULL};
