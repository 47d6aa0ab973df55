/* Codes of level tables against a count of the thresholds.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
by_value (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x > y) - (x < y);
}

/* Thresholds of every kind: even, all in a corner, doubled, over all of float. */
static void
choose_thresholds (float *threshold, int n, int kind)
{
  for (int i = 0; i < n; i++) {
    float v = check_normal ();

    threshold[i] = kind == 0   ? (float) i / 3
                   : kind == 1 ? v * 1e-4f
                   : kind == 2 ? rintf (v * 3)
                   : kind == 3 ? v * 1e38f
                               : v;
  }
  if (kind == 1 && n > 1)
    threshold[0] = -100;
  qsort (threshold, (size_t) n, sizeof *threshold, by_value);
}

static void
levels (int seed)
{
  static const int counts[] = { 1, 2, 3, 15, 16, 17, 32, 50, 100, 255, 256 };
  static const size_t lengths[] = { 0, 1, 7, 8, 15, 16, 17, 64, 100, 1000 };
  int n_levels = counts[seed % 11], nan_code, magnitudes = seed % 2;
  size_t n = lengths[seed / 10 % 10];
  float level[BSK_LEVELS_MAX], threshold[BSK_LEVELS_MAX], scale;
  BskLevels *table = check_buffer (sizeof *table);
  float *x = check_buffer (n * 4), *y = check_buffer (n * 4);
  int32_t *codes = check_buffer (n * 4);

  check_seed ((uint64_t) seed);
  check_case ("levels %d of %zu seed %d", n_levels, n, seed);
  scale = seed % 7 ? 1.7f : 0x1p-126f;
  nan_code = check_between (0, n_levels - 1);
  choose_thresholds (threshold, n_levels - 1, seed % 5);
  for (int i = 0; i < n_levels; i++)
    level[i] = check_normal ();
  for (size_t i = 0; i < n; i++) {
    x[i] = check_normal () * 2 * scale;
    if (n_levels > 1 && check_between (0, 2)) { /* at a threshold, and next to it */
      x[i] = threshold[check_between (0, n_levels - 2)] * scale;
      x[i] = check_between (0, 2) ? x[i] : nextafterf (x[i], 1e30f);
    }
    if (check_between (0, 20) == 0)
      x[i] = (const float[]){ NAN, INFINITY, -INFINITY, 0, -0.0f, FLT_MAX }[check_between (0, 5)];
  }
  CHECK_OK (bsk_levels_init (table, n_levels, level, threshold, nan_code));
  CHECK_OK (bsk_quantize_levels (table, x, n, scale, magnitudes, codes, y));
  for (size_t i = 0; i < n; i++) {
    float v = (magnitudes ? fabsf (x[i]) : x[i]) / scale, value;
    int code = 0;

    for (int t = 0; t + 1 < n_levels; t++)
      code += v > threshold[t];
    code = isnan (v) ? nan_code : code;
    value = level[code] * scale;
    if (magnitudes && x[i] < 0 && code) {
      code = -code;
      value = -value;
    }
    if (!check_that (codes[i] == code && memcmp (&y[i], &value, sizeof value) == 0,
                     "%g: code %d, not %d", (double) x[i], codes[i], code))
      break;
  }
  check_free_all ();
}

void
check_levels (void)
{
  static BskLevels table;
  const float level[] = { 1, 2, 3 }, bad[] = { 1, 0 }, good[] = { 0, 0 }, x = 1;
  int32_t code;
  float y;

  for (int seed = 1; seed <= 400; seed++)
    levels (seed);
  check_case ("levels, arguments");
  check_that (bsk_levels_init (&table, 3, level, bad, 0) == BSK_EINVAL, "falling");
  check_that (bsk_levels_init (&table, 0, level, good, 0) == BSK_EINVAL, "none");
  check_that (bsk_levels_init (&table, 257, level, good, 0) == BSK_EINVAL, "too many");
  check_that (bsk_levels_init (&table, 3, level, good, 3) == BSK_EINVAL, "code of NaN");
  CHECK_OK (bsk_levels_init (&table, 3, level, good, 0));
  check_that (bsk_quantize_levels (&table, &x, 1, 0, 0, &code, &y) == BSK_ERANGE, "scale");
  check_that (bsk_quantize_levels (&table, NULL, 1, 1, 0, &code, &y) == BSK_EINVAL, "no values");
}
