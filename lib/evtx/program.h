/* lib/evtx/program.h — a BinXml template, read once per chunk and turned into the list of fields it fills.
 * Internal to lib/evtx. */
#pragma once
#include "bytes.h"

#include "record/record.h"

/* Where in the event's XML an element stands; it decides what its text and attributes are called. */
enum where {
    AT_DOCUMENT,
    AT_EVENT,
    AT_SYSTEM,
    AT_SYSTEM_LEAF,
    AT_EVENT_DATA,
    AT_DATA,
    AT_USER_DATA,
    AT_USER_ROOT,
    AT_OTHER
};

struct place {
    enum where where;
    jw_text name; /* the field its text would be; elements inside append ".NAME" */
};

enum role { ROLE_FIELD, ROLE_NUMBER, ROLE_TIME, ROLE_CODE, ROLE_PROVIDER, ROLE_DATA, ROLE_INNER };

struct part {
    jw_text literal;
    int32_t index; /* of the substitution; -1: literal */
};

struct leaf {
    enum role role;
    jw_field_id id;
    jw_text name;       /* empty in ROLE_DATA: by position, or by name_index */
    int32_t name_index; /* Data whose Name attribute is a substitution; -1: none */
    struct part *parts;
    uint32_t count;
    struct place inner; /* for a substitution that is BinXml itself */
};

struct program {
    struct program *next;
    uint32_t offset;
    enum where where;
    struct leaf *leaves;
    uint32_t count;
};

struct chunk {
    const uint8_t *bytes; /* offsets in BinXml count from here */
    size_t size;
    struct jw_arena *mem; /* names and programs; emptied with the chunk */
    struct program *programs[64];
    uint32_t budget; /* steps left for this record: nothing hostile multiplies */
};
#define RECORD_BUDGET 200000

/* The template whose definition stands at `offset` of the chunk, from the cache if it can. NULL: broken. */
const struct program *jw_program_of_template(struct chunk *chunk, uint32_t offset, struct place place);
/* An element written out at `in` (token included), which moves behind it. NULL: broken. */
const struct program *jw_program_of_element(struct chunk *chunk, struct bytes *in, struct place place);
