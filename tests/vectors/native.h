/* What the native programs of this folder share. */
#ifndef TESTS_VECTORS_NATIVE_H
#define TESTS_VECTORS_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "quern.h"

#define MAX_IDS 4096

/* Says what the engine said; returns 1. */
int fail(const char *what);
/* The model of that file, loaded; null after a failure. */
qn_model *load(const char *path);
/* Ids with commas between them. Returns how many. */
size_t parse(const char *text, int32_t ids[MAX_IDS]);

#endif
