/* lib/lake/native.h — records into one ClickHouse Native block: columns, dictionaries, arrays.
 *
 * The format: ClickHouse documentation "Native"; LowCardinality as its SerializationLowCardinality writes it (one
 * additional dictionary per block, indexes of 1, 2 or 4 bytes). Two passes: adding appends to per-column buffers,
 * finishing lays them end to end. One thread at a time. */
#pragma once
#include "schema.h"

#include "record/record.h"

struct jw_lake_block;
/* `ceiling`: bytes of the finished block. NULL without memory. */
struct jw_lake_block *jw_lake_block_new(jw_lake_level level, size_t ceiling);
void jw_lake_block_free(struct jw_lake_block *block);
JW_DEFINE_AUTO(jw_lake_block, jw_lake_block_free)
/* `ingested` in nanoseconds. Copies. JW_E_LIMIT: the block is full (unchanged: finish it first), or this record
 * alone is larger than the ceiling. */
JW_MUST_CHECK jw_status jw_lake_block_add(struct jw_lake_block *block, const struct jw_record *rec, uint32_t spool,
                                          uint64_t number, int64_t ingested);
uint32_t jw_lake_block_rows(const struct jw_lake_block *block);
size_t jw_lake_block_size(const struct jw_lake_block *block); /* bytes so far, about */
/* The block, valid until the next call; then it is empty again. {NULL, 0} without memory. */
jw_text jw_lake_block_finish(struct jw_lake_block *block);
void jw_lake_block_clear(struct jw_lake_block *block);
