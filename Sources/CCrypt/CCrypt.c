#define _GNU_SOURCE
#include "CCrypt.h"
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

int ccrypt_bcrypt(const char *password, const unsigned char *random, char *out) {
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!crypt_gensalt_rn("$2b$", 10, (const char *)random, 16, setting, sizeof setting)) return -1;
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data) return -1;
    const char *hash = crypt_r(password, setting, data);
    int good = hash && hash[0] == '$' && strlen(hash) < 64;
    if (good) strcpy(out, hash);
    explicit_bzero(data, sizeof *data);
    free(data);
    return good ? 0 : -1;
}
