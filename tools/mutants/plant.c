/* The switch of planted faults, which every suite of the mutation run is linked with. It reads the environment:
 * PLANT_FAULT is the number of the fault, PLANT_TEST the one test of a cmocka suite to run, and PLANT_REACHED a file to
 * which the numbers of reached faults are added. */
#include "tools/mutants/plant.h"

#include <stdio.h>
#include <stdlib.h>

int planted_fault;
unsigned char reached_faults[PLANT_LIMIT];

void cmocka_set_test_filter(const char *pattern) __attribute__((weak));

__attribute__((constructor)) static void start(void) {
    const char *fault = getenv("PLANT_FAULT");
    const char *test = getenv("PLANT_TEST");
    planted_fault = fault ? atoi(fault) : 0;
    if (test && cmocka_set_test_filter) {
        cmocka_set_test_filter(test);
    }
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("PLANT_REACHED");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        for (int i = 0; i < PLANT_LIMIT; i++) {
            if (reached_faults[i]) {
                fprintf(file, "%d\n", i);
            }
        }
        fclose(file);
    }
}
