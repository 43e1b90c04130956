/* log(1 + exp(x)), and x itself where that is the same to a float's precision: how recurrent layers make a time step of
 * a product. */
#ifndef ENGINE_SOFTPLUS_H
#define ENGINE_SOFTPLUS_H

#include "platform/math.h"

static inline float softplus(float x) { return x > 20.0f ? x : (float)math_log(1.0 + math_exp((double)x)); }

#endif
