/* daemons/loader/reject.c — rows the lake refuses are kept in a spool of their own, where they can be looked at. */
#include "loader.h"

#include "base/log.h"
#include "record/codec.h"

#define REASON_WAIT (10 * JW_SECOND)
#define FRAME_MOST  (63u << 20)

static jw_status open_spool(struct jw_loader *loader, struct jw_error *err) {
    char path[JW_PATH];
    struct jw_spool_options options = {.segment_bytes = 64u << 20, .most_bytes = 1u << 30};
    if (loader->rejected)
        return JW_OK;
    return jw_spool_open(jw_daemon_path(loader->run, "spool-rejected", path), &options, &loader->rejected, NULL,
                         err);
}

static jw_status append(struct jw_loader *loader, const struct jw_record *rec, struct jw_error *err) {
    JW_AUTO(jw_batch_writer_free_p) struct jw_batch_writer *batch = jw_batch_writer_new(FRAME_MOST);
    if (!batch || jw_batch_writer_add(batch, rec) != JW_OK)
        return jw_fail(err, JW_E_LIMIT, "spool-rejected: the row is too large");
    struct jw_spool_frame frame = {.events = 1, .body = jw_batch_writer_finish(batch)};
    uint64_t position;
    jw_status st = jw_spool_append(loader->rejected, &frame, &position, err);
    return st == JW_OK ? jw_spool_wait(loader->rejected, position, REASON_WAIT, err) : st;
}

jw_status jw_reject_keep(struct jw_loader *loader, struct jw_record *rec, const char *reason,
                         struct jw_error *err) {
    jw_record_add(rec, JW_TEXT("error.message"), jw_text_from(reason));
    pthread_mutex_lock(&loader->lock);
    jw_status st = open_spool(loader, err);
    if (st == JW_OK)
        st = append(loader, rec, err);
    pthread_mutex_unlock(&loader->lock);
    if (st == JW_AGAIN || st == JW_E_LIMIT) {
        /* its ceiling: the newest refusals are the ones that are lost, and the log says so */
        jw_log(JW_LOG_ERROR, "a refused row could not be kept: %s", err->text);
        return JW_OK;
    }
    return st;
}
