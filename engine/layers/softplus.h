/* softplus(x) = log(1 + exp(x)): how state space mixers compute a time step. Above 20 a float cannot tell it from x. */
#ifndef ENGINE_LAYERS_SOFTPLUS_H
#define ENGINE_LAYERS_SOFTPLUS_H

#include "platform/math.h"

static inline float softplus(float x) { return x > 20.0f ? x : (float)math_log(1.0 + math_exp((double)x)); }

#endif
