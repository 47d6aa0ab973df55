/* Finds the CPU's levels once, at load, and hands out the table of the best one allowed.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#ifdef BSK_X86
#include <cpuid.h>
#endif
#ifdef BSK_ARM
#include <sys/auxv.h>
#endif

#define BSK_TEXT_(x) #x
#define BSK_TEXT(x) BSK_TEXT_ (x)

#ifdef BSK_X86
/* Either encoding of the same 256-bit instruction will do. */
static void
init_avxvnni (BskTable *table)
{
  unsigned a, b, c, d;

  if (__get_cpuid_count (7, 1, &a, &b, &c, &d) && (a & bit_AVXVNNI))
    bsk_avxvnni_init (table);
  else
    bsk_avxvnni_evex_init (table);
}
#endif

/* Levels in rising order; each starts as a copy of the one before that the CPU has, and overlays
 * its entries. */
static const struct {
  const char *name;
  unsigned bit;
  void (*init) (BskTable *table);
} levels[] = {
  { "ref", 0, bsk_ref_init },
#ifdef BSK_X86
  { "sse41", BSK_CPU_SSE41, bsk_sse41_init },
  { "avx2", BSK_CPU_AVX2, bsk_avx2_init },
  { "avxvnni", BSK_CPU_AVXVNNI, init_avxvnni },
  { "avx512vnni", BSK_CPU_AVX512VNNI, bsk_avx512_init },
#endif
#ifdef BSK_ARM
  { "neon", BSK_CPU_NEON, bsk_neon_init },
  { "dotprod", BSK_CPU_DOTPROD, bsk_dotprod_init },
  { "i8mm", BSK_CPU_I8MM, bsk_i8mm_init },
#endif
};
enum { N_LEVELS = sizeof levels / sizeof *levels };

/* Written by the constructor below; afterwards only `allowed` and `current` change, by
 * bsk_cpu_mask. */
static BskTable tables[N_LEVELS];
static unsigned detected, allowed = ~0u;
static int current;

static unsigned
detect (void)
{
  unsigned cpu = 0;

#if defined(BSK_X86)
  unsigned a, b, c, d;

  /* gcc's runtime asks CPUID and, for AVX and up, XGETBV whether the system saves the registers. */
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("sse4.1") && __builtin_cpu_supports ("ssse3"))
    cpu |= BSK_CPU_SSE41;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    cpu |= BSK_CPU_AVX2;
  if ((cpu & BSK_CPU_AVX2) && __builtin_cpu_supports ("avx512f") &&
      __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("avx512dq") &&
      __builtin_cpu_supports ("avx512vl") && __builtin_cpu_supports ("avx512vnni"))
    cpu |= BSK_CPU_AVX512VNNI;
  if ((cpu & BSK_CPU_AVX512VNNI) ||
      ((cpu & BSK_CPU_AVX2) && __get_cpuid_count (7, 1, &a, &b, &c, &d) && (a & bit_AVXVNNI)))
    cpu |= BSK_CPU_AVXVNNI;
  if ((cpu & BSK_CPU_AVX512VNNI) && __builtin_cpu_supports ("avx512vpopcntdq"))
    cpu |= BSK_CPU_POPCNT512;
#elif defined(BSK_ARM)
  unsigned long caps = getauxval (AT_HWCAP), caps2 = getauxval (AT_HWCAP2);

  if (caps & (1ul << 1)) /* HWCAP_ASIMD */
    cpu |= BSK_CPU_NEON;
  if (caps & (1ul << 20)) /* HWCAP_ASIMDDP */
    cpu |= BSK_CPU_DOTPROD;
  if (caps2 & (1ul << 13)) /* HWCAP2_I8MM */
    cpu |= BSK_CPU_I8MM;
#endif
  return cpu;
}

static void
choose (void)
{
  unsigned cpu = detected & allowed;

  current = 0;
  for (int i = 1; i < N_LEVELS; i++)
    if (cpu & levels[i].bit)
      current = i;
}

__attribute__ ((constructor)) static void
init (void)
{
  const char *cap = getenv ("BSK_CPU");
  int last = 0;

  detected = detect ();
  for (int i = 0; i < N_LEVELS; i++) {
    if (i > 0 && !(detected & levels[i].bit))
      continue;
    tables[i] = tables[last];
    tables[i].name = levels[i].name;
    tables[i].cpu = levels[i].bit;
    levels[i].init (&tables[i]);
    last = i;
  }
  if (cap)
    for (int i = 0; i < N_LEVELS; i++)
      if (strcmp (cap, levels[i].name) == 0) {
        unsigned bits = 0;

        for (int j = 0; j <= i; j++)
          bits |= levels[j].bit;
        if (bits & BSK_CPU_AVX512VNNI)
          bits |= BSK_CPU_POPCNT512;
        detected &= bits;
      }
  choose ();
}

const BskTable *
bsk_table (void)
{
  return &tables[current];
}

unsigned
bsk_cpu (void)
{
  return detected & allowed;
}

unsigned
bsk_cpu_mask (unsigned allow)
{
  allowed = allow;
  choose ();
  return bsk_cpu ();
}

const char *
bsk_level_name (void)
{
  return tables[current].name;
}

const char *
bsk_version (void)
{
  return BSK_TEXT (BSK_VERSION_MAJOR) "." BSK_TEXT (BSK_VERSION_MINOR) "." BSK_TEXT (
    BSK_VERSION_MICRO);
}

const char *
bsk_strerror (BskStatus status)
{
  switch (status) {
  case BSK_OK:
    return "Success";
  case BSK_EINVAL:
    return "An argument is invalid";
  case BSK_ERANGE:
    return "A sum, a scale or a size is out of range";
  case BSK_EALIGN:
    return "Packed memory or scratch is not aligned to 64 bytes";
  case BSK_ENOTSUP:
    return "The operation is not supported";
  }
  return "Unknown status";
}
