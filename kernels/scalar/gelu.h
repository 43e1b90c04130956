/* gelu(x) = x / (1 + exp(x (linear + cubic x^2))): the constants of its tanh form. */
#ifndef KERNELS_SCALAR_GELU_H
#define KERNELS_SCALAR_GELU_H

#define GELU_LINEAR (-1.5957691216f)  /* -2 sqrt(2 / pi) */
#define GELU_CUBIC  (-0.07135481628f) /* 0.044715 times that */
#define GELU_BOUND  10.0f             /* from here on it is x, or 0 */

#endif
