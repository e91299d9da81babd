/* Results of a float32 kernel against polynomials with a proved bound; see certified.py and exhaustive.py. */
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

enum { ROUNDED = 1, UNDECIDED = 2, OPEN = 4, FAILURE = 8 };

/* One block of inputs `bits + i` that lie on one piece: the error of each result and what is said of it. */
static void judge(size_t n, const float *restrict x, const float *restrict got, const piece *p, double *restrict error,
                  uint8_t *restrict said)
{
    const piece own = *p;
    const double bound = own.bound;
    for (size_t i = 0; i < n; i++) {
        const double u = ((double)x[i] - own.centre) * own.scale;
        double exact = own.terms[TERMS - 1];
        for (int k = TERMS - 2; k >= 0; k--)
            exact = exact * u + own.terms[k];
        const double smallest = fabs(exact) - bound, size = smallest > 0 ? smallest : 0;
        /* 2**-23 of the binade of the smallest size possible, and no less than the smallest subnormal number */
        const double binade = as_double(as_bits(size) & 0x7FF0000000000000u) * 0x1p-23;
        const double ulp = binade > 0x1p-149 ? binade : 0x1p-149;
        const float below = (float)(exact - bound), above = (float)(exact + bound);
        const double value = (double)got[i];
        const double e = (fabs(value - exact) + bound) / ulp;
        const int decided = below == above, right = (double)got[i] == (double)below;
        const int infinite = fabs((double)below) >= INFINITY || fabs((double)above) >= INFINITY;
        /* A size next to a power of two may have the next binade's spacing: a large error there is looked at again. */
        const int next = (as_bits(size) ^ as_bits(fabs(exact) + bound)) >> 52 != 0 && e > 0.25;
        const int signs = (as_bits(value) ^ as_bits(exact)) >> 63 != 0;
        const int wrong = !(fabs(value) < INFINITY) || (value == 0 && signs);
        const int open = size <= 0 || (infinite ? !decided : next);
        const int failure = infinite ? !right : wrong;
        said[i] = (uint8_t)(open ? OPEN : failure ? FAILURE : decided ? right : UNDECIDED);
        error[i] = open || failure || infinite ? 0.0 : e;
    }
}

/* The same where every value rounds to one zero. */
static void judge_zero(size_t n, const float *got, double zero, double bound, double *error, uint8_t *said)
{
    for (size_t i = 0; i < n; i++) {
        const double value = (double)got[i];
        const int failure = !(fabs(value) < INFINITY) || (value == 0 && signbit(value) != signbit(zero));
        said[i] = (uint8_t)(failure ? FAILURE : value == 0 ? ROUNDED : 0);
        error[i] = failure ? 0.0 : value == 0 ? bound * 0x1p149 : (fabs(value) + bound) * 0x1p149;
    }
}

/* Judge the results at x, whose bit patterns are first, first + 1, ... first + n - 1, all of one sign and on `p`. Those that
 * are left open are listed, as far as there is room; the undecided too while fewer than `spare` are listed. */
void symact_judge(size_t n, uint32_t first, const float *x, const float *got, const piece *p, tally *t, uint32_t *open,
                  size_t room, size_t spare)
{
    double error[BLOCK];
    uint8_t said[BLOCK];
    for (size_t start = 0; start < n; start += BLOCK) {
        const size_t length = n - start < BLOCK ? n - start : BLOCK;
        const uint32_t bits = first + (uint32_t)start;
        if (p->zero != 0)
            judge_zero(length, got + start, p->zero, p->bound, error, said);
        else
            judge(length, x + start, got + start, p, error, said);
        for (size_t i = 0; i < length; i++) {
            if ((said[i] & OPEN) || ((said[i] & UNDECIDED) && t->open < spare)) {
                if (t->open < room)
                    open[t->open] = bits + (uint32_t)i;
                t->open++;
                continue;
            }
            t->inputs++;
            if (said[i] & FAILURE) {
                if (t->failures++ == 0)
                    t->failure = bits + (uint32_t)i;
                continue;
            }
            t->rounded += said[i] & ROUNDED;
            t->undecided += said[i] == UNDECIDED;
            t->total += error[i];
            if (error[i] > t->largest) {
                t->largest = error[i];
                t->worst = bits + (uint32_t)i;
            }
        }
    }
}
