/* The order in which the reference adds up partial sums. A sum over a vector is split into partial sums: element i is
 * added to sum i % 4 (or i % 8), in ascending order, as the lanes of a vector register do it. */
#ifndef KERNELS_SCALAR_SUMS_H
#define KERNELS_SCALAR_SUMS_H

static inline float sum_of_4(const float sums[4]) { return (sums[0] + sums[1]) + (sums[2] + sums[3]); }

static inline double sum_of_4_double(const double sums[4]) { return (sums[0] + sums[1]) + (sums[2] + sums[3]); }

static inline double sum_of_8_double(const double sums[8]) { return sum_of_4_double(sums) + sum_of_4_double(sums + 4); }

#endif
