/* Included before every source file of the mutation run: faults that a run of a test switches on. */
#ifndef TOOLS_MUTANTS_PLANT_H
#define TOOLS_MUTANTS_PLANT_H

#define PLANT_LIMIT 16384

extern int planted_fault;                         /* the number of the fault that is present; 0: none */
extern unsigned char reached_faults[PLANT_LIMIT]; /* the faults whose code has run */

/* Whether fault `number` is present. */
#define PLANTED(number) (reached_faults[number] = 1, planted_fault == (number))

#endif
