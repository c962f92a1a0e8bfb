/* lib/store/words.h — how Chinese and other text is found: Chinese characters and pairs of neighbours, and words
 * of letters and digits in lower case. A pair is enough for Chinese, whose words are mostly two characters long,
 * and needs no dictionary. */
#pragma once
#include "base/buffer.h"

void jw_words_add(jw_buffer *out, jw_text text); /* appends the words to store, a blank behind each */
/* The words that a record must have to answer `question`, in the same form; false: none (only punctuation), or more
 * than `most`. */
bool jw_words_ask(jw_text question, jw_buffer *out, size_t most, size_t *count);
