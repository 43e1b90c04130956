/* The values of IQ4_NL and IQ4_XS. */
#ifndef QUANT_IQ4_H
#define QUANT_IQ4_H

#include <stdint.h>

extern const int8_t iq4_values[16]; /* the value of each code */

#endif
