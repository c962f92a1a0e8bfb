/* lib/intake/normalise.h — what every event must have, whoever parsed it (DESIGN section 5). */
#pragma once
#include "intake.h"

/* What the reading found out. */
struct jw_normalise_facts {
    jw_text line;    /* as it came, in UTF-8 where it came in GB 18030 */
    jw_text parser;  /* gov.parser; empty: nobody */
    jw_text dataset; /* event.dataset unless the event has one */
    bool parsed;
    bool gb18030; /* gov.charset says so */
};
/* Completes `rec`: event.original, event.kind, event.dataset, host.name, addresses and URLs in their parts,
 * gov.source, gov.parser, gov.parsed, gov.charset, and the time of arrival for an event that names none. */
void jw_normalise_record(struct jw_record *rec, const struct jw_intake_from *from,
                         const struct jw_normalise_facts *facts);
