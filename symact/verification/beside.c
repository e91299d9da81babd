/* Results of a float32 kernel beside those of one whose largest error is proved; see beside.py. */
#include "judge.h"

/* Inputs whose results may be the worst so far, until they are enough to be judged at once. */
typedef struct {
    float x[2 * BLOCK], got[2 * BLOCK];
    uint32_t bits[2 * BLOCK];
    size_t count;
} queue;

static uint32_t pattern(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* How many results have the same bits, or are both NaN. */
static size_t equal(size_t n, const float *restrict reference, const float *restrict got)
{
    uint32_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t a = pattern(reference[i]), b = pattern(got[i]);
        found += (a == b) | (((a & 0x7FFFFFFFu) > 0x7F800000u) & ((b & 0x7FFFFFFFu) > 0x7F800000u));
    }
    return found;
}

/* By how many units in the last place of the exact value a result may at most differ from the reference: -1 where they are
 * equal, infinite where one of them is a NaN, an infinity or a zero of the other's opposite sign. The reference is less than
 * one unit off, so that the exact value has its sign; its binade is the reference's, or the one below beside a power of two.
 * (It may be in the binade above where the reference is the last number of one; then units are larger and fewer.) */
static void distances(size_t n, const float *restrict reference, const float *restrict got, double *restrict distance)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t a = pattern(reference[i]), b = pattern(got[i]);
        const uint64_t size = a & 0x7FFFFFFFu, other = b & 0x7FFFFFFFu;
        const uint64_t same = YES(a == b) | (YES(size > 0x7F800000u) & YES(other > 0x7F800000u));
        const uint64_t apart = YES(size >= 0x7F800000u) | YES(other >= 0x7F800000u) | (YES(other == 0) & ((a ^ b) >> 31));
        const uint64_t exponent = size >> 23, power = YES((size & 0x7FFFFFu) == 0) & YES(exponent > 1);
        const uint64_t binade = (exponent > 1 ? exponent : 1) - power;
        const double units = as_double((1023 + 150 - binade) << 52); /* 1 over the smaller spacing */
        const double d = fabs((double)got[i] - (double)reference[i]) * units;
        distance[i] = same ? -1.0 : apart ? (double)INFINITY : d;
    }
}

/* The largest of some distances, or 0: bit patterns of positive doubles have their order, and those of negative ones are
 * negative. */
static double farthest(size_t n, const double *distance)
{
    int64_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t bits = (int64_t)as_bits(distance[i]);
        largest = bits > largest ? bits : largest;
    }
    return as_double((uint64_t)largest);
}

/* Judge what has been queued; what is left open is listed as far as there is room. */
static void settle(queue *q, const piece *p, tally *t, uint32_t *open, size_t room)
{
    double error[2 * BLOCK];
    uint64_t said[2 * BLOCK];
    if (p == NULL)
        for (size_t i = 0; i < q->count; i++)
            said[i] = OPEN;
    else if (p->zero != 0)
        judge_zero(q->count, q->got, p->zero, p->bound, error, said);
    else
        judge(q->count, q->x, q->got, p, error, said);
    for (size_t i = 0; i < q->count; i++) {
        if (said[i] & OPEN) {
            if (t->open < room)
                open[t->open] = q->bits[i];
            t->open++;
            t->inputs--;
        } else if (said[i] & FAILURE) {
            if (t->failures++ == 0)
                t->failure = q->bits[i];
        } else if (error[i] > t->largest) {
            t->largest = error[i];
            t->worst = q->bits[i];
        }
    }
    q->count = 0;
}

/* The results at x, whose bit patterns are first, first + 1, ... first + n - 1, all of one sign and on `p`, or where that is
 * NULL on none. `bound` is more than any error of the reference. Those whose error may be larger than the largest so far are
 * judged; `rounded` counts the results that are the reference's. */
void symact_beside(size_t n, uint32_t first, const float *x, const float *reference, const float *got, const piece *p,
                   double bound, tally *t, uint32_t *open, size_t room)
{
    double distance[BLOCK];
    queue q;
    q.count = 0;
    t->inputs += n;
    for (size_t start = 0; start < n; start += BLOCK) {
        const size_t length = n - start < BLOCK ? n - start : BLOCK;
        const size_t same = equal(length, reference + start, got + start);
        t->rounded += same;
        if (same == length)
            continue;
        distances(length, reference + start, got + start, distance);
        if (farthest(length, distance) + bound <= t->largest)
            continue;
        for (size_t i = 0; i < length; i++) {
            const size_t place = start + i;
            if (distance[i] == (double)INFINITY) {
                if (t->failures++ == 0)
                    t->failure = first + (uint32_t)place;
                continue;
            }
            /* Without a branch: about as many are queued as not. */
            q.x[q.count] = x[place];
            q.got[q.count] = got[place];
            q.bits[q.count] = first + (uint32_t)place;
            q.count += distance[i] >= 0 && distance[i] + bound > t->largest;
        }
        if (q.count >= BLOCK)
            settle(&q, p, t, open, room);
    }
    settle(&q, p, t, open, room);
}
