/* Functions that the native programs of this folder share. */
#ifndef TESTS_VECTORS_NATIVE_H
#define TESTS_VECTORS_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "quern.h"

#define MAX_IDS 4096

/* Prints the engine's last error, after `subject`. Returns 1. */
int fail(const char *subject);
/* Loads a model file. Returns null after a failure. */
qn_model *load(const char *path);
/* Parses comma-separated ids. Returns their number. */
size_t parse(const char *text, int32_t ids[MAX_IDS]);

#endif
