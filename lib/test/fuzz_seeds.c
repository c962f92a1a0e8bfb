/* lib/test/fuzz_seeds.c — runs a fuzzer over saved inputs: arguments are files or folders of them. Each input is
 * also run cut short and with single bytes changed, so that a seed guards its neighbourhood and not only itself. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static size_t inputs;

/* In a heap block of exactly its size: AddressSanitizer sees the first byte read past the end. */
static void feed(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

static void neighbours(uint8_t *data, size_t size) {
    size_t step = size / 64 + 1;
    for (size_t at = 0; at < size; at += step) {
        static const uint8_t odd[] = {0x00, 0xff, 0x80, '"', '\n'};
        uint8_t was = data[at];
        feed(data, at);
        data[at] = odd[at / step % sizeof odd];
        feed(data, size);
        data[at] = was;
    }
}

static void run_file(const char *path) {
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &st) != 0) {
        perror(path);
        exit(1);
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size + 1);
    if (!data || fread(data, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    feed(data, size);
    neighbours(data, size);
    free(data);
}

static void run_path(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(1);
    }
    if (!S_ISDIR(st.st_mode)) {
        run_file(path);
        return;
    }
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.') {
            char inner[4096];
            snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
            run_path(inner);
        }
    if (folder)
        closedir(folder);
}

int main(int argc, char **argv) {
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("ok %zu inputs\n", inputs);
    return inputs || argc == 1 ? 0 : 1;
}
