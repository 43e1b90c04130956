/* The exports of the kernel check as a Wasm module, which imports nothing:
 *   check_run(seed)    runs all checks; returns the number of variants that failed
 *   check_count()      variants checked by the last run
 *   check_text()       address of the report, check_text_bytes() long
 *   check_plant(fault) chooses the fault (enum fault), in a build with QUERN_PLANTED_FAULT */
#include "check_all.h"
#include "fault.h"
#include "platform/memory.h"
#include "report.h"

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("check_run") uint32_t run(uint32_t seed);
EXPORT("check_count") uint32_t count(void);
EXPORT("check_text") const char *text(void);
EXPORT("check_text_bytes") size_t text_bytes(void);

#ifdef QUERN_PLANTED_FAULT
static const char *const only = "scale"; /* the kernel with the fault */
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
