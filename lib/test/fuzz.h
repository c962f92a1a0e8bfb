/* lib/test/fuzz.h — what every fuzzer includes. Under clang the fuzzer links libFuzzer; otherwise fuzz_seeds.c
 * gives it a main that runs each file it is given, so that kept seeds are ordinary tests. */
#pragma once
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
