/* Results of a float32 kernel against polynomials with a proved bound; see certified.py and exhaustive.py. */
#include "judge.h"

#define LANES 8

/* What a block says together: its flags, how many results are rounded correctly, how many are undecided, the bit pattern of
 * the largest error (patterns of positive doubles have their order), and the errors' sum. */
typedef struct {
    uint64_t flags, rounded, undecided, largest;
    double total;
} summary;

static summary summed(size_t n, const double *restrict error, const uint64_t *restrict said)
{
    summary s = {0, 0, 0, 0, 0};
    double part[LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = as_bits(error[i]);
        s.flags |= said[i];
        s.rounded += said[i] & ROUNDED;
        s.undecided += said[i] >> 1 & 1;
        s.largest = bits > s.largest ? bits : s.largest;
    }
    for (size_t i = 0; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            part[k] += error[i + (size_t)k];
    for (size_t i = n - n % LANES; i < n; i++)
        part[0] += error[i];
    for (int k = 0; k < LANES; k++)
        s.total += part[k];
    return s;
}

/* Judge the results at x, whose bit patterns are first, first + 1, ... first + n - 1, all of one sign and on `p`. Those that
 * are left open are listed, as far as there is room; the undecided too while fewer than `spare` are listed. */
void symact_judge(size_t n, uint32_t first, const float *x, const float *got, const piece *p, tally *t, uint32_t *open,
                  size_t room, size_t spare)
{
    double error[BLOCK];
    uint64_t said[BLOCK];
    for (size_t start = 0; start < n; start += BLOCK) {
        const size_t length = n - start < BLOCK ? n - start : BLOCK;
        const uint32_t bits = first + (uint32_t)start;
        if (p->zero != 0)
            judge_zero(length, got + start, p->zero, p->bound, error, said);
        else
            judge(length, x + start, got + start, p, error, said);
        summary s = summed(length, error, said);
        const uint64_t listed = OPEN | (t->open < spare ? UNDECIDED : 0);
        t->inputs += length;
        t->rounded += s.rounded;
        t->undecided += s.undecided;
        t->total += s.total;
        for (size_t i = 0; (s.flags & (listed | FAILURE)) && i < length; i++) {
            if ((said[i] & OPEN) || ((said[i] & UNDECIDED) && t->open < spare)) {
                if (t->open < room)
                    open[t->open] = bits + (uint32_t)i;
                t->open++;
                t->inputs--;
                t->undecided -= said[i] >> 1 & 1;
                t->total -= error[i];
                error[i] = 0;
            } else if ((said[i] & FAILURE) && t->failures++ == 0)
                t->failure = bits + (uint32_t)i;
        }
        for (size_t i = 0; as_double(s.largest) > t->largest && i < length; i++)
            if (error[i] > t->largest) {
                t->largest = error[i];
                t->worst = bits + (uint32_t)i;
            }
    }
}
