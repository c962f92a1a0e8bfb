/* lib/base/status.h — how every jinwu function says what happened. */
#pragma once

/* Above zero: an answer, handled on the spot. Below zero (JW_E_): a failure, passed up unchanged. */
typedef enum jw_status {
    JW_OK = 0,
    JW_AGAIN = 1,     /* nothing yet; wait for the event loop */
    JW_END = 2,       /* nothing more will come */
    JW_E_SYNTAX = -1, /* the input breaks its format */
    JW_E_LIMIT = -2,  /* a ceiling was reached: memory, size, rate */
    JW_E_DENIED = -3, /* policy said no */
    JW_E_SYSTEM = -4, /* the kernel or a peer failed; `text` says how */
} jw_status;

/* The story of one failure, on the caller's stack. NULL means "the code is enough": hot paths skip formatting. */
struct jw_error {
    char text[256];
};

#define JW_MUST_CHECK        __attribute__((warn_unused_result))
#define JW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Both return `code`, so failing is one line. `fail` starts the story; `wrap` puts the caller's view before it. */
JW_PRINTF(3, 4) jw_status jw_fail(struct jw_error *err, jw_status code, const char *fmt, ...);
JW_PRINTF(3, 4) jw_status jw_wrap(struct jw_error *err, jw_status code, const char *fmt, ...);
