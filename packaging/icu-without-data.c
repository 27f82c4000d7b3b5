/* An ICU without data, in the place of the 34 MB that Foundation brings along: nothing here formats by locale, and what asks for
   data is told that there is none. The layout is that of ICU's own stubdata (icu4c/source/stubdata/stubdata.cpp);
   packaging/build-debs gives it the name of the real one, which is then left out as nobody's. */
#include <stdint.h>

const struct __attribute__((aligned(16))) {
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size, reserved;
    uint8_t big_endian, charset, unit_size, reserved_byte;
    uint8_t format[4], format_version[4], data_version[4];
    char padding[8];
    uint32_t count, count_reserved;
} skep_icu_without_data = {
    32, {0xda, 0x27}, 20, 0, 0, 0, 2, 0, {'T', 'o', 'C', 'P'}, {1, 0, 0, 0}, {0, 0, 0, 0}, {0}, 0, 0};
