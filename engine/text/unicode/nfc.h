/* Unicode's normalization form C: https://www.unicode.org/reports/tr15/ */
#ifndef ENGINE_TEXT_UNICODE_NFC_H
#define ENGINE_TEXT_UNICODE_NFC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/memory.h"

/* Normalizes (*text)[0..*bytes), as in Unicode 15.1. Bytes that are not valid UTF-8 stay as they are. *text is
 * unchanged, or becomes the result in the arena, which takes at most 24 bytes for each byte of text. False if memory is
 * refused. */
bool nfc_normalize(const uint8_t **text, size_t *bytes, struct arena *scratch);

#endif
