/* lib/parser/ecs.h — the values that ECS 8.11 allows for its four categorisation fields. */
#pragma once
#include "record/fields.h"

/* True for every other field. */
bool jw_ecs_allows(jw_field_id id, jw_text value);
