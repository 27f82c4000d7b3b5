/* An ICU without data, in the place of the 34 MB that Foundation brings along: nothing here formats by locale, and what asks for
   data is told that there is none. The layout is that of ICU's own stubdata (icu4c/source/stubdata/stubdata.cpp); the symbol's
   number is that of the ICU in Swift's toolchain, and packaging/build-debs reads it from there. */
#include <stdint.h>

#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_(a, b, c)

const struct __attribute__((aligned(16))) {
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size, reserved;
    uint8_t big_endian, charset, unit_size, reserved_byte;
    uint8_t format[4], format_version[4], data_version[4];
    char padding[8];
    uint32_t count, count_reserved;
} JOIN(icudt, ICU_VERSION, _dat) = {
    32, {0xda, 0x27}, 20, 0, 0, 0, 2, 0, {'T', 'o', 'C', 'P'}, {1, 0, 0, 0}, {0, 0, 0, 0}, {0}, 0, 0};
