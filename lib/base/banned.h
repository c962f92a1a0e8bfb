/* lib/base/banned.h — calls that do not compile in jinwu; Meson forces this header into every C file.
 * Each has killed somebody's parser: unbounded copies, hidden state, locale-dependent numbers, shells. */
#pragma once
#include <stdio.h> /* before poisoning, so that system headers may still declare them */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#ifdef JW_BEFORE_BAN /* a library's header whose macros name some of them: for the one file that needs it */
#include JW_BEFORE_BAN
#endif

/* some of them are macros under _FORTIFY_SOURCE, and clang refuses to poison a macro */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef gets
#undef strtok
#undef atoi
#undef atol
#undef atoll
#undef atof
#undef gmtime
#undef localtime
#undef ctime
#undef asctime
#undef system
#undef popen
#undef tmpnam
#undef tempnam
#undef mktemp
#undef setjmp
#undef longjmp
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison gmtime localtime ctime asctime
#pragma GCC poison system popen tmpnam tempnam mktemp
#pragma GCC poison setjmp longjmp
