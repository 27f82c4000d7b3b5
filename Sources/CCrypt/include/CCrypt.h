#pragma once

/* The bcrypt hash of a password, such as `$2b$10$…`, by libcrypt; 0, or -1 when there is none. `random` has 16 bytes, `out` room for 64. */
int ccrypt_bcrypt(const char *password, const unsigned char *random, char *out);
