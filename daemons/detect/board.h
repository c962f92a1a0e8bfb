/* daemons/detect/board.h — the rules in force and what each has done, for others to see (sigma/published.h). */
#pragma once
#include "detect.h"

struct jw_board;
/* Counts go on from the board that is there, by rule id. */
JW_MUST_CHECK jw_status jw_board_open(const char *data, const struct jw_rules *rules, struct jw_board **out,
                                      struct jw_error *err);
void jw_board_close(struct jw_board *board);
JW_DEFINE_AUTO(jw_board, jw_board_close)
void jw_board_match(struct jw_board *board, uint32_t rule);
void jw_board_alert(struct jw_board *board, uint32_t rule, bool merged);
/* Takes over what the rules cost, as the worker knows it: now and then, and before it ends. */
void jw_board_costs(struct jw_board *board, const struct jw_rules *rules);
/* The newest attempt to load: what was refused, and why nothing of it is used (NULL: it is used). Any thread. */
JW_MUST_CHECK jw_status jw_board_loaded(const char *data, const struct jw_refusals *refusals, const char *why,
                                        struct jw_error *err);
