/* daemons/detect/attack.h — what a rule's tags say in terms of MITRE ATT&CK. */
#pragma once
#include "record/record.h"

/* threat.* of one tag: "attack.t1110.001", "attack.credential-access". Other tags add nothing. */
void jw_attack_add(struct jw_record *out, jw_text tag);
