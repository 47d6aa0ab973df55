/* Loops that the compiler makes vectors of, compiled for several processors.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include <string.h>

/* BS_VECTORIZED: before a function whose loops are plain C over a fixed number of values. The
 * program takes the widest form that the processor has. As nothing is contracted or reordered, all
 * forms give the same bits, so that, unlike the kernels of libbitstair-kernels, none needs a test
 * of its own. Sanitizers start too late for the choice at load time; they get the plain form. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__OPTIMIZE__) &&                      \
  !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define BS_VECTORIZED __attribute__ ((target_clones ("default", "avx2", "arch=x86-64-v4")))
#else
#define BS_VECTORIZED
#endif

/* BS_VECTOR: values an inner loop handles, a number the compiler knows. BS_INLINE: for the pieces of
 * such a loop, which are compiled where they are used. */
#define BS_VECTOR 16
#define BS_INLINE static inline __attribute__ ((always_inline))

/* bs_select, bs_select_f64: condition ? a : b without a branch; condition is 0 or 1. The compiler
 * makes branches of some chains of ?:, and no vectors of those. */
BS_INLINE float
bs_select (gboolean condition, float a, float b)
{
  guint32 mask = 0 - (guint32) condition, if_true, if_false;
  float result;

  memcpy (&if_true, &a, sizeof a);
  memcpy (&if_false, &b, sizeof b);
  if_true = (if_true & mask) | (if_false & ~mask);
  memcpy (&result, &if_true, sizeof result);
  return result;
}

BS_INLINE double
bs_select_f64 (gboolean condition, double a, double b)
{
  guint64 mask = 0 - (guint64) condition, if_true, if_false;
  double result;

  memcpy (&if_true, &a, sizeof a);
  memcpy (&if_false, &b, sizeof b);
  if_true = (if_true & mask) | (if_false & ~mask);
  memcpy (&result, &if_true, sizeof result);
  return result;
}
