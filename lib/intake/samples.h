/* lib/intake/samples.h — the samples of content/parsers are its tests: each line must give exactly the fields under
 * `expect`, all of them and nothing more. The test and `jinwu parse --samples` run the same code.
 *
 * What every event has need not be written: event.original (the line), event.kind (event), event.dataset and
 * gov.parser (the parser's own), gov.parsed (true). When written, it is compared as well. */
#pragma once
#include "intake.h"

struct jw_sample_result {
    const char *file; /* of its declaration, without the folder */
    unsigned number;  /* 1 for the first sample of a file */
    bool good;
    jw_text line;
    jw_text story;  /* what differs; empty when good */
    jw_text expect; /* what the line gives, ready to be read and put under `expect:` */
};
/* Borrowed for the call; its status stops the walk when it is not JW_OK. */
typedef jw_status (*jw_samples_each)(void *context, const struct jw_sample_result *result);

/* Every sample of every declaration in `folder`. A declaration that was refused, or has no samples, is a result of
 * its own that is not good. JW_OK when the walk came to its end, whatever the results. */
JW_MUST_CHECK jw_status jw_samples_run(const struct jw_intake *intake, const char *folder, jw_samples_each each,
                                       void *context, struct jw_error *err);
