/* Dot product loops without memory: what the arithmetic units of this processor can do at this
 * moment.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "peak.h"

#include "bsk.h"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* Twelve independent accumulators, twice: more than latency times pipes. */
#define TWELVE(X) X (0) X (1) X (2) X (3) X (4) X (5) X (6) X (7) X (8) X (9) X (10) X (11)
#define VNNI_512(i) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define VNNI_256_EVEX(i) "%{evex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" #i "\n\t"
#define VNNI_256(i) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" #i "\n\t"
#define EXACT_256(i)                                                                               \
  "vpmaddwd %%ymm14, %%ymm15, %%ymm13\n\tvpaddd %%ymm13, %%ymm" #i ", %%ymm" #i "\n\t"
#define CLOBBERS                                                                                   \
  "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",   \
    "xmm11", "xmm12", "xmm13"
#define LOOP(X)                                                                                    \
  __asm__ volatile("1:\n\t" TWELVE (X) TWELVE (X) "dec %0\n\tjnz 1b\n\tvzeroupper"                 \
                   : "+r"(count)::CLOBBERS)

double
bsk_peak (void)
{
  const long n = 100000;
  unsigned cpu = bsk_cpu (), a, b, c, d;
  long count = n;
  double ops, start = now ();

  if (cpu & BSK_CPU_AVX512VNNI) {
    LOOP (VNNI_512);
    ops = 128;
  } else if (cpu & BSK_CPU_AVXVNNI) {
    if (__get_cpuid_count (7, 1, &a, &b, &c, &d) && (a & bit_AVXVNNI))
      LOOP (VNNI_256);
    else
      LOOP (VNNI_256_EVEX);
    ops = 64;
  } else if (cpu & BSK_CPU_AVX2) {
    LOOP (EXACT_256);
    ops = 32;
  } else {
    return 0;
  }
  return (double) n * 24 * ops / (now () - start) * 1e-9;
}
#else
double
bsk_peak (void)
{
  return 0;
}
#endif
