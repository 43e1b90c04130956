/* The check as a Wasm module that imports nothing: check_run(seed) returns how many variants failed; check_count says
 * how many were checked, and the report is text at check_text, check_text_bytes long. check_plant chooses the fault of
 * a build that has one. */
#include "check.h"
#include "fault.h"
#include "platform/memory.h"

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("check_run") uint32_t run(uint32_t seed);
EXPORT("check_count") uint32_t count(void);
EXPORT("check_text") const char *text(void);
EXPORT("check_text_bytes") size_t text_bytes(void);

#ifdef QUERN_PLANTED_FAULT
static const char *const only = "scale"; /* the faulty one */
#else
static const char *const only = NULL;
#endif

uint32_t run(uint32_t seed) { return check_all(seed, only); }

uint32_t count(void) { return check_count; }

const char *text(void) { return check_report; }

size_t text_bytes(void) { return strlen(check_report); }

#ifdef QUERN_PLANTED_FAULT
EXPORT("check_plant") void plant(uint32_t fault);

void plant(uint32_t fault) { planted_fault = (enum fault)fault; }
#endif
