/* What is said of a float32 kernel's results at inputs that lie on one polynomial with a proved bound; see certified.py. */
#ifndef SYMACT_JUDGE_H
#define SYMACT_JUDGE_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "without NaN and infinity nothing can be judged"
#endif

#define TERMS 8
#define BLOCK 1024

typedef struct {
    uint32_t first, last;
    double centre, scale, terms[TERMS], bound, zero;
} piece;

typedef struct {
    double largest, total;        /* of the errors, in units in the last place; each is an upper bound */
    uint64_t inputs, rounded;     /* how many were decided here, how many of them are correctly rounded */
    uint64_t undecided;           /* of `inputs`: the bound leaves open to which neighbour the value rounds */
    uint64_t open, failures;      /* how many are for the oracle, how many are of the wrong class or sign of zero */
    uint32_t worst, failure;      /* the bit pattern with the largest error, and the first failure */
} tally;

static inline double as_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t as_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* A condition as a number that is as wide as a double. */
#define YES(condition) ((condition) ? (uint64_t)1 : (uint64_t)0)

enum { ROUNDED = 1, UNDECIDED = 2, OPEN = 4, FAILURE = 8 };

/* One block of inputs that lie on one piece: the error of each result and what is said of it. Everything is as wide as a
 * double and nothing branches, so that compilers make vector code of it. */
static void judge(size_t n, const float *restrict x, const float *restrict got, const piece *p, double *restrict error,
                  uint64_t *restrict said)
{
    const piece own = *p;
    const double bound = own.bound;
    for (size_t i = 0; i < n; i++) {
        const double u = ((double)x[i] - own.centre) * own.scale;
        double exact = own.terms[TERMS - 1];
        for (int k = TERMS - 2; k >= 0; k--)
            exact = exact * u + own.terms[k];
        const double value = (double)got[i];
        const double middle = fabs(exact), smallest = middle - bound, size = smallest > 0 ? smallest : 0;
        /* 2**-23 of the binade of the smallest size possible, and no less than the smallest subnormal number */
        const double binade = as_double(as_bits(size) & 0x7FF0000000000000u) * 0x1p-23;
        const double ulp = binade > 0x1p-149 ? binade : 0x1p-149;
        const double inverse = as_double(0x7FE0000000000000u - as_bits(ulp)); /* of a power of two: exact */
        const double e = (fabs(value - exact) + bound) * inverse;
        const double below = (double)(float)(exact - bound), above = (double)(float)(exact + bound);
        const uint64_t decided = YES(below == above), right = YES(value == below);
        const uint64_t infinite = YES(fabs(below) >= INFINITY) | YES(fabs(above) >= INFINITY);
        /* A size next to a power of two may have the next binade's spacing: a large error there is looked at again. */
        const uint64_t beside = (as_bits(size) ^ as_bits(middle + bound)) >> 52;
        const uint64_t next = YES(beside != 0) & YES(e > 0.25);
        const uint64_t signs = (as_bits(value) ^ as_bits(exact)) >> 63;
        const uint64_t wrong = (1 ^ YES(fabs(value) < INFINITY)) | (YES(value == 0) & signs);
        const uint64_t open = YES(size <= 0) | (infinite & (1 ^ decided)) | ((1 ^ infinite) & next);
        const uint64_t failure = (1 ^ open) & ((infinite & (1 ^ right)) | ((1 ^ infinite) & wrong));
        const uint64_t judged = 1 ^ (open | failure);
        said[i] = open * OPEN | failure * FAILURE | (judged & decided & right) * ROUNDED | (judged & (1 ^ decided)) * UNDECIDED;
        error[i] = judged & (1 ^ infinite) ? e : 0.0;
    }
}

/* The same where every value rounds to one zero. */
static void judge_zero(size_t n, const float *restrict got, double zero, double bound, double *restrict error,
                       uint64_t *restrict said)
{
    const uint64_t negative = as_bits(zero) >> 63;
    for (size_t i = 0; i < n; i++) {
        const double value = (double)got[i];
        const uint64_t failure = (1 ^ YES(fabs(value) < INFINITY)) | (YES(value == 0) & (as_bits(value) >> 63 ^ negative));
        said[i] = failure * FAILURE | ((1 ^ failure) & YES(value == 0)) * ROUNDED;
        error[i] = failure ? 0.0 : (fabs(value) + bound) * 0x1p149;
    }
}

#endif
