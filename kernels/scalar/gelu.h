/* Constants of the tanh form of gelu: gelu(x) = x / (1 + exp(x (GELU_LINEAR + GELU_CUBIC x^2))). */
#ifndef KERNELS_SCALAR_GELU_H
#define KERNELS_SCALAR_GELU_H

#define GELU_LINEAR (-1.5957691216f)  /* -2 sqrt(2 / pi) */
#define GELU_CUBIC  (-0.07135481628f) /* 0.044715 * GELU_LINEAR */
#define GELU_BOUND  10.0f             /* gelu(x) = x if x >= 10, and 0 if x <= -10 */

#endif
