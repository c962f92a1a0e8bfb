/* lib/intake/samples_test.c — the knowledge in content/parsers does what it says. */
#include "samples.h"

#include <limits.h>

#include "parser/parsers.h"
#include "test/test.h"

static jw_status check(void *context, const struct jw_sample_result *result) {
    struct jw_test *t = context;
    if (result->good)
        return JW_OK;
    jw_test_failed(t, result->file, (int)result->number, "sample");
    printf("    " JW_FMT "\n%.*s    it gives:\n%.*s\n", JW_ARG(result->line), (int)result->story.len,
           result->story.ptr, (int)result->expect.len, result->expect.ptr);
    return JW_OK;
}

static void every_sample_gives_exactly_its_fields(struct jw_test *t) {
    char content[PATH_MAX], folder[PATH_MAX];
    snprintf(content, sizeof content, "%s/content", jw_test_source());
    snprintf(folder, sizeof folder, "%s/content/parsers", jw_test_source());
    JW_AUTO(jw_intake_free_p) struct jw_intake *intake = NULL;
    struct jw_intake_options options = {.content = content};
    JW_CHECK_OK(t, jw_intake_load(&options, &intake, &t->err));
    if (!intake)
        return;
    jw_text story;
    for (size_t i = 0; (story = jw_parsers_refused(jw_intake_parsers(intake), i)).ptr; i++)
        JW_CHECK_TEXT(t, story, JW_TEXT(""));
    JW_CHECK(t, jw_parsers_count(jw_intake_parsers(intake)) > 0);
    JW_CHECK_OK(t, jw_samples_run(intake, folder, check, t, &t->err));
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(every_sample_gives_exactly_its_fields), {0}});
}
