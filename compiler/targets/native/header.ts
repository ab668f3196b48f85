/** `lanes.h`: what the kernels are written with, and what is no operator of C. */
export const header = String.raw`// What the kernels are written with: numbers in lanes, and what is no operator of C on them. A register holds LANES numbers of 32
// bits: as many as the processor has that the compiler was told to write for, unless LANES is defined.
#ifndef PCREC_LANES_H
#define PCREC_LANES_H

#ifndef LANES
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define LANES 16
#elif defined(__AVX2__) && defined(__FMA__)
#define LANES 8
#else
#define LANES 4
#endif
#endif

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define WIDE __attribute__((vector_size(4 * LANES)))
#define HALF __attribute__((vector_size(2 * LANES)))
typedef float f32s WIDE;
typedef int i32s WIDE;
typedef unsigned u32s WIDE;
typedef double f64s WIDE;
typedef long long i64s WIDE;
typedef unsigned long long u64s WIDE;
typedef float f32h HALF;
typedef int i32h HALF;

// Memory at any multiple of four bytes, whatever was stored there.
#define ANYWHERE __attribute__((aligned(4), may_alias))
typedef float f32_at ANYWHERE;
typedef int i32_at ANYWHERE;
typedef f32s f32s_at ANYWHERE;
typedef i32s i32s_at ANYWHERE;
#define F32(at) (*(f32_at *)(at))
#define I32(at) (*(i32_at *)(at))
#define F32S(at) (*(f32s_at *)(at))
#define I32S(at) (*(i32s_at *)(at))

#define FUNCTION static inline __attribute__((unused))
#define WRITTEN_OUT static inline __attribute__((always_inline, unused))

#if LANES == 16
#define ALL_LANES(x) { x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7), x(8), x(9), x(10), x(11), x(12), x(13), x(14), x(15) }
#define HALF_LANES(x) { x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7) }
#elif LANES == 8
#define ALL_LANES(x) { x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7) }
#define HALF_LANES(x) { x(0), x(1), x(2), x(3) }
#else
#define ALL_LANES(x) { x(0), x(1), x(2), x(3) }
#define HALF_LANES(x) { x(0), x(1) }
#endif

#define SAME(l) x
WRITTEN_OUT f32s splat_f32s(float x) { return (f32s)ALL_LANES(SAME); }
WRITTEN_OUT i32s splat_i32s(int x) { return (i32s)ALL_LANES(SAME); }
WRITTEN_OUT f64s splat_f64s(double x) { return (f64s)HALF_LANES(SAME); }
WRITTEN_OUT i64s splat_i64s(long long x) { return (i64s)HALF_LANES(SAME); }
#undef SAME
#define NEXT(l) from + l
WRITTEN_OUT i32s ramp(int from) { return (i32s)ALL_LANES(NEXT); }
#undef NEXT
#define FROM(l) F32(base + (unsigned)at[l])
WRITTEN_OUT f32s gather_f32s(const char *base, i32s at) { return (f32s)ALL_LANES(FROM); }
#undef FROM
#define FROM(l) I32(base + (unsigned)at[l])
WRITTEN_OUT i32s gather_i32s(const char *base, i32s at) { return (i32s)ALL_LANES(FROM); }
#undef FROM
#define FROM(l) F32(at + l * apart)
WRITTEN_OUT f32s strided_f32s(const char *at, int apart) { return (f32s)ALL_LANES(FROM); }
#undef FROM
#define FROM(l) I32(at + l * apart)
WRITTEN_OUT i32s strided_i32s(const char *at, int apart) { return (i32s)ALL_LANES(FROM); }
#undef FROM
// The first lanes alone: the others are 0, or left as they are. Where a mask costs more than a line, all of them are a register as any other.
#define FIRST(type, x, load) type x = {}; for (int l = 0; l < first; l++) x[l] = load; return x
WRITTEN_OUT f32s firstGather_f32s(int first, const char *base, i32s at) { FIRST(f32s, x, F32(base + (unsigned)at[l])); }
WRITTEN_OUT i32s firstGather_i32s(int first, const char *base, i32s at) { FIRST(i32s, x, I32(base + (unsigned)at[l])); }
WRITTEN_OUT f32s firstStrided_f32s(int first, const char *at, int apart) { FIRST(f32s, x, F32(at + l * apart)); }
WRITTEN_OUT i32s firstStrided_i32s(int first, const char *at, int apart) { FIRST(i32s, x, I32(at + l * apart)); }
#if LANES == 16 && defined(__AVX512F__)
#define OF_FIRST ((__mmask16)((1u << first) - 1))
WRITTEN_OUT f32s first_f32s(int first, const char *at) { return _mm512_maskz_loadu_ps(OF_FIRST, at); }
WRITTEN_OUT i32s first_i32s(int first, const char *at) { return (i32s)_mm512_maskz_loadu_epi32(OF_FIRST, at); }
WRITTEN_OUT void storeFirst_f32s(int first, char *at, f32s x) { _mm512_mask_storeu_ps(at, OF_FIRST, x); }
WRITTEN_OUT void storeFirst_i32s(int first, char *at, i32s x) { _mm512_mask_storeu_epi32(at, OF_FIRST, (__m512i)x); }
#undef OF_FIRST
#elif LANES == 8 && defined(__AVX2__)
#define OF_FIRST ((__m256i)(ramp(0) < splat_i32s(first)))
WRITTEN_OUT f32s first_f32s(int first, const char *at) { if (first >= LANES) return F32S(at); return _mm256_maskload_ps((const float *)at, OF_FIRST); }
WRITTEN_OUT i32s first_i32s(int first, const char *at) { if (first >= LANES) return I32S(at); return (i32s)_mm256_maskload_epi32((const int *)at, OF_FIRST); }
WRITTEN_OUT void storeFirst_f32s(int first, char *at, f32s x) { if (first >= LANES) F32S(at) = x; else _mm256_maskstore_ps((float *)at, OF_FIRST, x); }
WRITTEN_OUT void storeFirst_i32s(int first, char *at, i32s x) { if (first >= LANES) I32S(at) = x; else _mm256_maskstore_epi32((int *)at, OF_FIRST, (__m256i)x); }
#undef OF_FIRST
#else
WRITTEN_OUT f32s first_f32s(int first, const char *at) { if (first >= LANES) return F32S(at); FIRST(f32s, x, F32(at + 4 * l)); }
WRITTEN_OUT i32s first_i32s(int first, const char *at) { if (first >= LANES) return I32S(at); FIRST(i32s, x, I32(at + 4 * l)); }
WRITTEN_OUT void storeFirst_f32s(int first, char *at, f32s x) { if (first >= LANES) F32S(at) = x; else for (int l = 0; l < first; l++) F32(at + 4 * l) = x[l]; }
WRITTEN_OUT void storeFirst_i32s(int first, char *at, i32s x) { if (first >= LANES) I32S(at) = x; else for (int l = 0; l < first; l++) I32(at + 4 * l) = x[l]; }
#endif
#undef FIRST
WRITTEN_OUT void clear(char *from, char *to) { __builtin_memset(from, 0, to - from); }

WRITTEN_OUT i32s select_i32s(i32s where, i32s a, i32s b) { return (where & a) | (~where & b); }
WRITTEN_OUT f64s select_f64s(i64s where, f64s a, f64s b) { return (f64s)((where & (i64s)a) | (~where & (i64s)b)); }

// One number.
WRITTEN_OUT float abs_f32(float x) { return __builtin_fabsf(x); }
WRITTEN_OUT float sqrt_f32(float x) { return __builtin_sqrtf(x); }
WRITTEN_OUT float floor_f32(float x) { return __builtin_floorf(x); }
WRITTEN_OUT float nearest_f32(float x) { return __builtin_rintf(x); }
WRITTEN_OUT float min_f32(float a, float b) { return a < b || a != a ? a : b; }
WRITTEN_OUT float max_f32(float a, float b) { return a > b || a != a ? a : b; }
WRITTEN_OUT float lesser_f32(float a, float b) { return b < a ? b : a; }
WRITTEN_OUT float greater_f32(float a, float b) { return a < b ? b : a; }
WRITTEN_OUT int toI32_f32(float x) { return x != x ? 0 : x >= 0x1p31f ? 0x7fffffff : x < -0x1p31f ? (int)0x80000000 : (int)x; }
WRITTEN_OUT int min_i32(int a, int b) { return a < b ? a : b; }
WRITTEN_OUT int max_i32(int a, int b) { return a > b ? a : b; }
WRITTEN_OUT int shiftRightUnsigned_i32(int x, int by) { return (int)((unsigned)x >> by); }
WRITTEN_OUT int ltUnsigned_i32(int a, int b) { return (unsigned)a < (unsigned)b; }
WRITTEN_OUT int ltUnsigned_at(const char *a, const char *b) { return a < b; }

// Lanes, as any processor does them.
WRITTEN_OUT f32s abs_f32s(f32s x) { return (f32s)((i32s)x & 0x7fffffff); }
WRITTEN_OUT f32s toF32_i32s(i32s x) { return __builtin_convertvector(x, f32s); }
WRITTEN_OUT i32s shiftRightUnsigned_i32s(i32s x, int by) { return (i32s)((u32s)x >> by); }
WRITTEN_OUT i64s shiftRightUnsigned_i64s(i64s x, int by) { return (i64s)((u64s)x >> by); }
WRITTEN_OUT i32s min_i32s(i32s a, i32s b) { return select_i32s(a < b, a, b); }
WRITTEN_OUT i32s max_i32s(i32s a, i32s b) { return select_i32s(a > b, a, b); }
WRITTEN_OUT i32s leastUnsigned_i32s(i32s a, i32s b) { return select_i32s((i32s)((u32s)a < (u32s)b), a, b); }
WRITTEN_OUT f64s lesser_f64s(f64s a, f64s b) { return select_f64s(b < a, b, a); }
WRITTEN_OUT f64s greater_f64s(f64s a, f64s b) { return select_f64s(a < b, b, a); }
#define NEAREST(l) __builtin_rint(x[l])
WRITTEN_OUT f64s nearest_f64s(f64s x) { return (f64s)HALF_LANES(NEAREST); }
#undef NEAREST
// Half of a register's lanes, with twice the bits.
typedef union { f32s all; f32h half[2]; } f32_halves;
typedef union { i32s all; i32h half[2]; } i32_halves;
WRITTEN_OUT f64s lowerHalf_f32s(f32s x) { return __builtin_convertvector(((f32_halves){ x }).half[0], f64s); }
WRITTEN_OUT f64s upperHalf_f32s(f32s x) { return __builtin_convertvector(((f32_halves){ x }).half[1], f64s); }
WRITTEN_OUT f32s narrow_f64s(f64s x) { return ((f32_halves){ .half = { __builtin_convertvector(x, f32h) } }).all; }
WRITTEN_OUT i32s narrowI32_f64s(f64s x) { return ((i32_halves){ .half = { __builtin_convertvector(x, i32h) } }).all; }
WRITTEN_OUT f32s join_f32s(f32s low, f32s high) { return ((f32_halves){ .half = { ((f32_halves){ low }).half[0], ((f32_halves){ high }).half[0] } }).all; }
WRITTEN_OUT i32s join_i32s(i32s low, i32s high) { return ((i32_halves){ .half = { ((i32_halves){ low }).half[0], ((i32_halves){ high }).half[0] } }).all; }

// Fours of lanes and then the four: one lane after the other, each sum would wait for the one before.
typedef float f32q __attribute__((vector_size(16)));
typedef union { f32s all; f32q four[LANES / 4]; } f32_fours;
WRITTEN_OUT float sumLanes_f32s(f32s x) {
  f32_fours of = { x };
#if LANES == 16
  f32q sum = (of.four[0] + of.four[2]) + (of.four[1] + of.four[3]);
#elif LANES == 8
  f32q sum = of.four[0] + of.four[1];
#else
  f32q sum = of.four[0];
#endif
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}
WRITTEN_OUT float maxLanes_f32s(f32s x) { float max = x[0]; for (int l = 1; l < LANES; l++) max = max_f32(max, x[l]); return max; }
WRITTEN_OUT int sumLanes_i32s(i32s x) { int sum = x[0]; for (int l = 1; l < LANES; l++) sum += x[l]; return sum; }
WRITTEN_OUT int maxLanes_i32s(i32s x) { int max = x[0]; for (int l = 1; l < LANES; l++) max = max_i32(max, x[l]); return max; }

// Lanes, as each processor does them at once. Of lesser and greater the first counts where the second is no number; min and
// max pass on what is no number.
#if LANES == 16 && defined(__AVX512F__) && defined(__AVX512DQ__)
#define X86(name) _mm512_##name
#elif LANES == 8 && defined(__AVX2__) && defined(__FMA__)
#define X86(name) _mm256_##name
#elif LANES == 4 && defined(__SSE4_1__)
#define X86(name) _mm_##name
#endif
#ifdef X86
#if LANES == 16
WRITTEN_OUT f32s select_f32s(i32s where, f32s a, f32s b) { return _mm512_mask_blend_ps(_mm512_movepi32_mask((__m512i)where), b, a); }
WRITTEN_OUT f32s floor_f32s(f32s x) { return _mm512_roundscale_ps(x, 0x09); }
WRITTEN_OUT f32s nearest_f32s(f32s x) { return _mm512_roundscale_ps(x, 0x08); }
#else
WRITTEN_OUT f32s select_f32s(i32s where, f32s a, f32s b) { return X86(blendv_ps)(b, a, (f32s)where); }
WRITTEN_OUT f32s floor_f32s(f32s x) { return X86(floor_ps)(x); }
WRITTEN_OUT f32s nearest_f32s(f32s x) { return X86(round_ps)(x, 0x08); }
#endif
WRITTEN_OUT f32s sqrt_f32s(f32s x) { return X86(sqrt_ps)(x); }
WRITTEN_OUT f32s lesser_f32s(f32s a, f32s b) { return X86(min_ps)(b, a); }
WRITTEN_OUT f32s greater_f32s(f32s a, f32s b) { return X86(max_ps)(b, a); }
WRITTEN_OUT f32s min_f32s(f32s a, f32s b) { return select_f32s(a != a, a, X86(min_ps)(a, b)); }
WRITTEN_OUT f32s max_f32s(f32s a, f32s b) { return select_f32s(a != a, a, X86(max_ps)(a, b)); }
// The processor gives the least number for all that it cannot hold.
WRITTEN_OUT i32s toI32_f32s(f32s x) { return ((i32s)X86(cvttps_epi32)(x) ^ (x >= 0x1p31f)) & (x == x); }
#if defined(__FMA__)
WRITTEN_OUT f32s fma_f32s(f32s sum, f32s a, f32s b) { return X86(fmadd_ps)(a, b, sum); }
#else
WRITTEN_OUT f32s fma_f32s(f32s sum, f32s a, f32s b) { return sum + a * b; }
#endif
#elif LANES == 4 && defined(__aarch64__)
WRITTEN_OUT f32s select_f32s(i32s where, f32s a, f32s b) { return (f32s)vbslq_f32((uint32x4_t)where, (float32x4_t)a, (float32x4_t)b); }
WRITTEN_OUT f32s floor_f32s(f32s x) { return (f32s)vrndmq_f32((float32x4_t)x); }
WRITTEN_OUT f32s nearest_f32s(f32s x) { return (f32s)vrndnq_f32((float32x4_t)x); }
WRITTEN_OUT f32s sqrt_f32s(f32s x) { return (f32s)vsqrtq_f32((float32x4_t)x); }
WRITTEN_OUT f32s lesser_f32s(f32s a, f32s b) { return select_f32s(b < a, b, a); }
WRITTEN_OUT f32s greater_f32s(f32s a, f32s b) { return select_f32s(a < b, b, a); }
WRITTEN_OUT f32s min_f32s(f32s a, f32s b) { return (f32s)vminq_f32((float32x4_t)a, (float32x4_t)b); }
WRITTEN_OUT f32s max_f32s(f32s a, f32s b) { return (f32s)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
WRITTEN_OUT i32s toI32_f32s(f32s x) { return (i32s)vcvtq_s32_f32((float32x4_t)x); }
WRITTEN_OUT f32s fma_f32s(f32s sum, f32s a, f32s b) { return (f32s)vfmaq_f32((float32x4_t)sum, (float32x4_t)a, (float32x4_t)b); }
#else
#define EACH(f) ALL_LANES(f)
#define SQRT(l) __builtin_sqrtf(x[l])
#define FLOOR(l) __builtin_floorf(x[l])
#define NEAREST(l) __builtin_rintf(x[l])
#define TO_I32(l) toI32_f32(x[l])
WRITTEN_OUT f32s select_f32s(i32s where, f32s a, f32s b) { return (f32s)select_i32s(where, (i32s)a, (i32s)b); }
WRITTEN_OUT f32s floor_f32s(f32s x) { return (f32s)EACH(FLOOR); }
WRITTEN_OUT f32s nearest_f32s(f32s x) { return (f32s)EACH(NEAREST); }
WRITTEN_OUT f32s sqrt_f32s(f32s x) { return (f32s)EACH(SQRT); }
WRITTEN_OUT f32s lesser_f32s(f32s a, f32s b) { return select_f32s(b < a, b, a); }
WRITTEN_OUT f32s greater_f32s(f32s a, f32s b) { return select_f32s(a < b, b, a); }
WRITTEN_OUT f32s min_f32s(f32s a, f32s b) { return select_f32s((a < b) | (a != a), a, b); }
WRITTEN_OUT f32s max_f32s(f32s a, f32s b) { return select_f32s((a > b) | (a != a), a, b); }
WRITTEN_OUT i32s toI32_f32s(f32s x) { return (i32s)EACH(TO_I32); }
#define FMA(l) FMA_OF(sum[l], a[l], b[l])
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FMA_OF(sum, a, b) __builtin_fmaf(a, b, sum)
#else
#define FMA_OF(sum, a, b) (sum + a * b)
#endif
WRITTEN_OUT f32s fma_f32s(f32s sum, f32s a, f32s b) { return (f32s)EACH(FMA); }
#endif
WRITTEN_OUT f32s mulAdd_f32s(f32s sum, f32s a, f32s b) { return fma_f32s(sum, a, b); }

// What was for this header alone: names of models are free to be these.
#undef WIDE
#undef HALF
#undef ANYWHERE
#undef ALL_LANES
#undef HALF_LANES
#undef WRITTEN_OUT
#undef X86
#undef EACH
#undef SQRT
#undef FLOOR
#undef NEAREST
#undef TO_I32
#undef FMA
#undef FMA_OF

#endif
`;
