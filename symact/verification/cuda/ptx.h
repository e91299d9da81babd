/* What PTX instructions compute, for the C that symact/verification/cuda/translate.py writes.

   A function is called as the instruction, with _ for each dot; .rn is always written out. The semantics are those of
   NVIDIA's PTX ISA 9.1, section 9.7:

   - .ftz takes subnormal operands and results for zeros of their sign. Whether a result is subnormal is decided after
     rounding.
   - A NaN that a float32 instruction returns is 0x7fffffff.
   - An approximation (approx) takes a direction -1, 0 or 1: 0 gives the correctly rounded value (by way of a float64
     function of the C library), the others move that by the largest error that the PTX ISA allows. Results that the
     ISA states exactly (at zeros and infinities) are not moved, nor are powers of 2 with whole exponents: libdevice's
     float64 tanh and erf, whose bounds CUDA publishes, could not keep them otherwise. */

#ifdef __FAST_MATH__
#error "the semantics of PTX cannot be kept with -ffast-math"
#endif

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define LOAD(type, address)                                                  \
    ({                                                                       \
        type value_;                                                         \
        memcpy(&value_, (const void *)(uintptr_t)(address), sizeof value_);  \
        value_;                                                              \
    })
#define STORE(type, address, value)                                          \
    do {                                                                     \
        type value_ = (value);                                               \
        memcpy((void *)(uintptr_t)(address), &value_, sizeof value_);        \
    } while (0)

static inline float f32_of(uint32_t a) { float b; memcpy(&b, &a, sizeof b); return b; }
static inline uint32_t bits_f32(float a) { uint32_t b; memcpy(&b, &a, sizeof b); return b; }
static inline double f64_of(uint64_t a) { double b; memcpy(&b, &a, sizeof b); return b; }
static inline uint64_t bits_f64(double a) { uint64_t b; memcpy(&b, &a, sizeof b); return b; }

static inline float plain(float a) { return a; }
static inline float flush(float a) { return fabsf(a) < FLT_MIN ? copysignf(0.0f, a) : a; }
static inline double flush_f64(double a) { return fabs(a) < DBL_MIN ? copysign(0.0, a) : a; }
static inline float canonical(float a) { return a != a ? f32_of(0x7fffffffu) : a; }

/* Directed rounding. */

enum rounding { TO_ZERO, DOWN, UP };

/* a + b with 53 bits, rounded to the odd neighbour where it is not exact: rounding that once more is one rounding. */
static inline double odd_sum(double a, double b)
{
    double s = a + b;
    double t = s - a;
    double error = (a - (s - t)) + (b - t);
    if (isfinite(s) && error != 0 && !(bits_f64(s) & 1))
        s = f64_of(bits_f64(s) + ((error > 0) == (s > 0) ? 1 : -1));
    return s;
}

static inline float directed(double a, enum rounding way)
{
    float r = (float)a;
    if (way == TO_ZERO && fabs((double)r) > fabs(a))
        return nextafterf(r, 0.0f);
    if (way == DOWN && (double)r > a)
        return nextafterf(r, -INFINITY);
    if (way == UP && (double)r < a)
        return nextafterf(r, INFINITY);
    return r;
}

static inline float directed_sum(double a, double b, enum rounding way)
{
    if (way == DOWN && a + b == 0 && signbit(a) != signbit(b))
        return -0.0f;
    return directed(odd_sum(a, b), way);
}

/* float32: F is flush or plain. */

#define DIRECTED(name, way, ftz, F)                                                                                  \
    static inline float add_##name##ftz##f32(float a, float b)                                                       \
    {                                                                                                                \
        return canonical(F(directed_sum(F(a), F(b), way)));                                                          \
    }                                                                                                                \
    static inline float sub_##name##ftz##f32(float a, float b)                                                       \
    {                                                                                                                \
        return canonical(F(directed_sum(F(a), -F(b), way)));                                                         \
    }                                                                                                                \
    static inline float mul_##name##ftz##f32(float a, float b)                                                       \
    {                                                                                                                \
        return canonical(F(directed((double)F(a) * F(b), way)));                                                     \
    }                                                                                                                \
    static inline float fma_##name##ftz##f32(float a, float b, float c)                                              \
    {                                                                                                                \
        return canonical(F(directed_sum((double)F(a) * F(b), F(c), way)));                                           \
    }

#define NEAREST(ftz, F)                                                                                               \
    static inline float add_rn##ftz##f32(float a, float b) { return canonical(F(F(a) + F(b))); }                      \
    static inline float sub_rn##ftz##f32(float a, float b) { return canonical(F(F(a) - F(b))); }                      \
    static inline float mul_rn##ftz##f32(float a, float b) { return canonical(F(F(a) * F(b))); }                      \
    static inline float fma_rn##ftz##f32(float a, float b, float c) { return canonical(F(fmaf(F(a), F(b), F(c)))); }  \
    static inline float div_rn##ftz##f32(float a, float b) { return canonical(F(F(a) / F(b))); }                      \
    static inline float rcp_rn##ftz##f32(float a) { return canonical(F(1.0f / F(a))); }                               \
    static inline float sqrt_rn##ftz##f32(float a) { return canonical(F(sqrtf(F(a)))); }                              \
    static inline float abs##ftz##f32(float a) { return canonical(fabsf(F(a))); }                                     \
    static inline float neg##ftz##f32(float a) { return canonical(-F(a)); }                                           \
    static inline float min##ftz##f32(float a, float b) { return canonical(smaller(F(a), F(b))); }                    \
    static inline float max##ftz##f32(float a, float b) { return canonical(-smaller(-F(a), -F(b))); }                 \
    static inline float min##ftz##NaN_f32(float a, float b)                                                           \
    {                                                                                                                 \
        return a != a || b != b ? canonical(NAN) : smaller(F(a), F(b));                                               \
    }                                                                                                                 \
    static inline float max##ftz##NaN_f32(float a, float b)                                                           \
    {                                                                                                                 \
        return a != a || b != b ? canonical(NAN) : -smaller(-F(a), -F(b));                                            \
    }                                                                                                                 \
    static inline float cvt##ftz##sat_f32_f32(float a) { a = F(a); return !(a > 0) ? 0.0f : a > 1 ? 1.0f : a; }        \
    static inline float cvt_rni##ftz##f32_f32(float a) { return canonical(rintf(F(a))); }                             \
    static inline float cvt_rzi##ftz##f32_f32(float a) { return canonical(truncf(F(a))); }                            \
    static inline float cvt_rmi##ftz##f32_f32(float a) { return canonical(floorf(F(a))); }                            \
    static inline float cvt_rpi##ftz##f32_f32(float a) { return canonical(ceilf(F(a))); }                             \
    static inline double cvt##ftz##f64_f32(float a) { return F(a); }                                                  \
    static inline float cvt_rn##ftz##f32_f64(double a) { return canonical(F((float)a)); }                             \
    TO_INTEGERS(ftz##s32_f32, int32_t, INT32_MIN, INT32_MAX, 0, F)                                                    \
    TO_INTEGERS(ftz##u32_f32, uint32_t, 0, UINT32_MAX, 0, F)                                                          \
    TO_INTEGERS(ftz##s64_f32, int64_t, INT64_MIN, INT64_MAX, INT64_MIN, F)

/* The number where one of both is none; -0 is smaller than +0. */
static inline float smaller(float a, float b)
{
    if (a != a || b != b)
        return a != a ? b : a;
    return a < b || (a == b && signbit(a)) ? a : b;
}

/* A rounded number as an integer of a type, the nearest there is. Both ends are floats of the type, or just beyond. */
#define SATURATED(type, a, low, high, nan) \
    ((a) != (a) ? (type)(nan) : (a) <= (double)(low) ? (type)(low) : (a) >= (double)(high) ? (type)(high) : (type)(a))

#define TO_INTEGERS(suffix, type, low, high, nan, F)                                                            \
    static inline type cvt_rni##suffix(double a) { a = rint(F(a)); return SATURATED(type, a, low, high, nan); }  \
    static inline type cvt_rzi##suffix(double a) { a = trunc(F(a)); return SATURATED(type, a, low, high, nan); } \
    static inline type cvt_rmi##suffix(double a) { a = floor(F(a)); return SATURATED(type, a, low, high, nan); } \
    static inline type cvt_rpi##suffix(double a) { a = ceil(F(a)); return SATURATED(type, a, low, high, nan); }

NEAREST(_, plain)
NEAREST(_ftz_, flush)
DIRECTED(rz, TO_ZERO, _, plain)
DIRECTED(rz, TO_ZERO, _ftz_, flush)
DIRECTED(rm, DOWN, _, plain)
DIRECTED(rm, DOWN, _ftz_, flush)
DIRECTED(rp, UP, _, plain)
DIRECTED(rp, UP, _ftz_, flush)

static inline float copysign_f32(float a, float b) { return copysignf(b, a); }
static inline float cvt_rn_f32_s32(int32_t a) { return (float)a; }
static inline float cvt_rn_f32_u32(uint32_t a) { return (float)a; }
static inline float cvt_rn_f32_s64(int64_t a) { return (float)a; }
static inline float cvt_rn_f32_u64(uint64_t a) { return (float)a; }

/* float64 */

static inline double smaller_f64(double a, double b)
{
    if (a != a || b != b)
        return a != a ? b : a;
    return a < b || (a == b && signbit(a)) ? a : b;
}

#define same_f64(a) (a)
TO_INTEGERS(_s32_f64, int32_t, INT32_MIN, INT32_MAX, 0, same_f64)
TO_INTEGERS(_u32_f64, uint32_t, 0, UINT32_MAX, 0, same_f64)
TO_INTEGERS(_s64_f64, int64_t, INT64_MIN, INT64_MAX, INT64_MIN, same_f64)

static inline double add_rn_f64(double a, double b) { return a + b; }
static inline double sub_rn_f64(double a, double b) { return a - b; }
static inline double mul_rn_f64(double a, double b) { return a * b; }
static inline double fma_rn_f64(double a, double b, double c) { return fma(a, b, c); }
static inline double div_rn_f64(double a, double b) { return a / b; }
static inline double rcp_rn_f64(double a) { return 1.0 / a; }
static inline double sqrt_rn_f64(double a) { return sqrt(a); }
static inline double abs_f64(double a) { return fabs(a); }
static inline double neg_f64(double a) { return -a; }
static inline double min_f64(double a, double b) { return smaller_f64(a, b); }
static inline double max_f64(double a, double b) { return -smaller_f64(-a, -b); }
static inline double copysign_f64(double a, double b) { return copysign(b, a); }
static inline double cvt_rni_f64_f64(double a) { return rint(a); }
static inline double cvt_rzi_f64_f64(double a) { return trunc(a); }
static inline double cvt_rmi_f64_f64(double a) { return floor(a); }
static inline double cvt_rpi_f64_f64(double a) { return ceil(a); }
static inline double cvt_rn_f64_s32(int32_t a) { return a; }
static inline double cvt_rn_f64_u32(uint32_t a) { return a; }
static inline double cvt_rn_f64_s64(int64_t a) { return (double)a; }
static inline double cvt_rn_f64_u64(uint64_t a) { return (double)a; }

/* 16 bits: as their bit patterns. */

static inline float cvt_f32_f16(uint16_t a)
{
    uint32_t exponent = a >> 10 & 31, rest = a & 1023;
    float size = exponent == 0    ? (float)rest * 0x1p-24f
                 : exponent == 31 ? (rest ? NAN : INFINITY)
                                  : f32_of((exponent + 112) << 23 | rest << 13);
    return canonical(a & 0x8000 ? -size : size);
}

static inline double cvt_f64_f16(uint16_t a) { return cvt_f32_f16(a); }

static inline uint16_t cvt_rn_f16_f32(float a)
{
    uint32_t bits = bits_f32(a), size = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u;
    if (size > 0x7f800000u)
        return 0x7fff;
    if (size < 0x38800000u) /* subnormal: in units of the smallest one */
        return (uint16_t)(sign | (uint32_t)rint(fabs((double)a) * 0x1p24));
    size = (size - 0x38000000u + 0xfffu + (size >> 13 & 1)) >> 13;
    return (uint16_t)(sign | (size > 0x7c00u ? 0x7c00u : size));
}

static inline float cvt_f32_bf16(uint16_t a) { return canonical(f32_of((uint32_t)a << 16)); }

static inline uint16_t cvt_rn_bf16_f32(float a)
{
    uint32_t bits = bits_f32(a);
    return a != a ? 0x7fff : (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

/* Approximations. */

/* The float so many floats farther from zero (or nearer), which neither passes zero nor gets infinite. */
static inline float moved(float a, int by)
{
    if (a == 0 || !isfinite(a))
        return a;
    int32_t size = (int32_t)(bits_f32(a) & 0x7fffffffu) + by;
    size = size < 0 ? 0 : size > 0x7f7fffff ? 0x7f7fffff : size;
    return copysignf(f32_of((uint32_t)size), a);
}

#define APPROXIMATE(ftz, F)                                                                                         \
    /* 2 ULP, but for whole numbers */                                                                              \
    static inline float ex2_approx##ftz##f32(float a, int direction)                                                \
    {                                                                                                               \
        a = F(a);                                                                                                   \
        return canonical(F(moved((float)exp2(a), a == rintf(a) ? 0 : 2 * direction)));                              \
    }                                                                                                               \
    /* 1 ULP */                                                                                                     \
    static inline float rcp_approx##ftz##f32(float a, int direction)                                                \
    {                                                                                                               \
        return canonical(F(moved((float)(1.0 / F(a)), direction)));                                                 \
    }                                                                                                               \
    /* 2 ULP where |b| is at most 2^126; beyond, the reciprocal is taken for 0 */                                   \
    static inline float div_approx##ftz##f32(float a, float b, int direction)                                       \
    {                                                                                                               \
        a = F(a), b = F(b);                                                                                         \
        if (fabsf(b) > 0x1p126f)                                                                                    \
            return canonical(a * copysignf(0.0f, b));                                                               \
        return canonical(F(moved((float)((double)a / b), 2 * direction)));                                          \
    }                                                                                                               \
    /* 2^-23 of the result */                                                                                       \
    static inline float sqrt_approx##ftz##f32(float a, int direction)                                               \
    {                                                                                                               \
        return canonical(F((float)(sqrt(F(a)) * (1 + direction * 0x1p-23))));                                       \
    }                                                                                                               \
    /* 2^-22.9 of the result */                                                                                     \
    static inline float rsqrt_approx##ftz##f32(float a, int direction)                                              \
    {                                                                                                               \
        return canonical(F((float)(1.0 / sqrt(F(a)) * (1 + direction * 0x1.125fbee250664p-23))));                   \
    }                                                                                                               \
    /* 2^-22 for 0.5 < a < 2, else 2^-22 of the result */                                                           \
    static inline float lg2_approx##ftz##f32(float a, int direction)                                                \
    {                                                                                                               \
        double r = log2(F(a));                                                                                      \
        double size = isfinite(r) ? direction * 0x1p-22 * (a > 0.5f && a < 2.0f ? 1.0 : fabs(r)) : 0.0;             \
        return canonical(F((float)(r + size)));                                                                     \
    }

APPROXIMATE(_, plain)
APPROXIMATE(_ftz_, flush)

/* 2^-11 of the result */
static inline float tanh_approx_f32(float a, int direction)
{
    return canonical(isinf(a) ? copysignf(1.0f, a) : (float)(tanh(a) * (1 + direction * 0x1p-11)));
}

/* float64 approximations see and give the upper 32 bits of a number. The ISA states no error for them; they are moved
   by 2 of the 20 bits that their mantissa has. */

static inline double upper(double a) { return f64_of(bits_f64(a) & 0xffffffff00000000u); }

static inline double upper_rounded(double a, int direction)
{
    if (a != a)
        return f64_of(0x7fffffff00000000u);
    if (a == 0 || isinf(a))
        return a;
    uint64_t bits = (bits_f64(a) + 0x80000000u) & 0xffffffff00000000u;
    return flush_f64(f64_of(bits + (uint64_t)(int64_t)(2 * direction) * 0x100000000u));
}

static inline double rcp_approx_ftz_f64(double a, int direction)
{
    return upper_rounded(1.0 / flush_f64(upper(a)), direction);
}

static inline double rsqrt_approx_ftz_f64(double a, int direction)
{
    return upper_rounded(1.0 / sqrt(flush_f64(upper(a))), direction);
}

/* Integers. */

#define SHIFTS(bits)                                                                \
    static inline uint##bits##_t shl_b##bits(uint##bits##_t a, uint32_t n)           \
    {                                                                               \
        return n < bits ? (uint##bits##_t)(a << n) : 0;                             \
    }                                                                               \
    static inline uint##bits##_t shr_u##bits(uint##bits##_t a, uint32_t n)           \
    {                                                                               \
        return n < bits ? (uint##bits##_t)(a >> n) : 0;                             \
    }                                                                               \
    static inline int##bits##_t shr_s##bits(int##bits##_t a, uint32_t n)             \
    {                                                                               \
        return (int##bits##_t)(a >> (n < bits ? n : bits - 1));                     \
    }

SHIFTS(16)
SHIFTS(32)
SHIFTS(64)

static inline uint32_t shf_l_wrap_b32(uint32_t low, uint32_t high, uint32_t n)
{
    return (uint32_t)(((uint64_t)high << 32 | low) << (n & 31) >> 32);
}

static inline uint32_t shf_r_wrap_b32(uint32_t low, uint32_t high, uint32_t n)
{
    return (uint32_t)(((uint64_t)high << 32 | low) >> (n & 31));
}

#define BIT_FIELDS(bits)                                                                                              \
    static inline uint##bits##_t bfi_b##bits(uint##bits##_t a, uint##bits##_t b, uint32_t from, uint32_t length)      \
    {                                                                                                                 \
        from &= 255, length &= 255;                                                                                   \
        uint##bits##_t mask = length < bits ? (uint##bits##_t)((uint##bits##_t)1 << length) - 1 : ~(uint##bits##_t)0; \
        return from < bits ? (uint##bits##_t)((b & ~(mask << from)) | (a & mask) << from) : b;                        \
    }                                                                                                                 \
    static inline uint32_t clz_b##bits(uint##bits##_t a)                                                              \
    {                                                                                                                 \
        uint32_t n = 0;                                                                                               \
        while (n < bits && !(a >> (bits - 1 - n) & 1))                                                                \
            ++n;                                                                                                      \
        return n;                                                                                                     \
    }

BIT_FIELDS(32)
BIT_FIELDS(64)

static inline uint64_t mul_hi_u64(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)a * b >> 64); }
static inline int64_t mul_hi_s64(int64_t a, int64_t b) { return (int64_t)((__int128)a * b >> 64); }

/* A sum of three numbers with its carry; the difference of a and b + c with its borrow. */
static inline uint32_t with_carry(uint32_t a, uint32_t b, uint32_t c, uint32_t *carry)
{
    uint64_t sum = (uint64_t)a + b + c;
    *carry = (uint32_t)(sum >> 32);
    return (uint32_t)sum;
}

static inline uint32_t with_borrow(uint32_t a, uint32_t b, uint32_t c, uint32_t *carry)
{
    uint64_t difference = (uint64_t)a - b - c;
    *carry = (uint32_t)(difference >> 32 & 1);
    return (uint32_t)difference;
}
