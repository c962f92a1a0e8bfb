/* lib/workflow/notice.c — messages in the product: to a role at a place, a person or an account; who has read them.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

jw_status jw_notice_add(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_notice *notice,
                        const struct jw_audience *audience, struct jw_error *err) {
    char *detail = notice->detail ? json_dumps(notice->detail, JSON_COMPACT) : NULL;
    jw_status st =
        notice->detail && !detail
            ? jw_fail(err, JW_E_LIMIT, "no memory")
            : jw_flow_sql(sql, err,
                          "INSERT INTO flow_notices SELECT (SELECT coalesce(max(id), 0) + 1 FROM flow_notices), "
                          "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10",
                          10, JW_SQL_INT(jw_flow_now(workflow)), JW_S(notice->kind), JW_S(notice->ledger),
                          JW_SQL_INT(notice->record), JW_S(audience->role), JW_S(audience->place),
                          JW_SQL_INT(audience->reach), JW_SQL_INT(audience->person), JW_S(audience->account),
                          JW_S(detail ? detail : "{}"));
    free(detail);
    json_decref(notice->detail);
    return st;
}
