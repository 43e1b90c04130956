/* Functions of the C math library, computed with + - * / and integer operations only, so that every host gives the same
 * bits. Errors are in units in the last place (ulp) of a double. */
#ifndef PLATFORM_MATH_H
#define PLATFORM_MATH_H

double math_exp(double x);           /* <= 1 ulp; 0 below -745, infinity above 709.78 */
double math_log(double x);           /* <= 1 ulp, x > 0 */
double math_pow(double x, double y); /* x > 0; exp(y log x), relative error about |y log x| * 2^-52 */
void math_sincos(double x, double *sine, double *cosine); /* |x| <= 2^30, absolute error <= 1e-12 */

#endif
