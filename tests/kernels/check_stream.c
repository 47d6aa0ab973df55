/* Quantize and dequantize streams, statistics and histogram against their definitions and
 * plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const size_t lengths[] = { 1,   2,   15,  16,  17,   31,   63,   64,   65,  100,
                                  127, 128, 129, 200, 1000, 4095, 4096, 4097, 9000 };
enum { N_LENGTHS = sizeof lengths / sizeof *lengths };

/* Values that find the mistakes: near-ties, ties, saturation, not a number, infinities, denormals,
 * both zeros. */
static void
fill (float *x, size_t n, float scale, bool specials)
{
  for (size_t i = 0; i < n; i++) {
    int kind = check_between (0, 9);
    float tie = ((float) check_between (-140, 140) + .5f) * scale;

    x[i] = check_normal () * 40 * scale;
    if (kind == 0)
      x[i] = tie;
    else if (kind == 1)
      x[i] = nextafterf (tie, check_between (0, 1) ? 1e30f : -1e30f);
    else if (kind == 2 && specials) {
      const float list[] = { NAN,         -NAN,         INFINITY, -INFINITY, 0,    -0.0f,
                             FLT_MIN / 8, -FLT_MIN / 3, FLT_MAX,  -FLT_MAX,  1e10f };

      x[i] = list[check_between (0, 10)];
    }
  }
}

static int
code_by_definition (float x, const BskQParams *p)
{
  float t = x / p->scale;
  double q;

  if (isnan (t))
    t = 0;
  q = (double) rintf (t) + p->zero_point;
  return q < p->qmin ? p->qmin : q > p->qmax ? p->qmax : (int) q;
}

static void
quantize (int seed)
{
  static const BskType types[] = { BSK_U8, BSK_S8, BSK_S16 };
  static const float scales[] = { 0.03f,  1.0f / 3, 1,    0x1p-32f,       255,           1e-30f,
                                  1e-42f, 1e30f,    0.1f, 0x1.fffffep-4f, 0x1.fffffcp-7f };
  size_t n = lengths[seed % N_LENGTHS], bytes;
  BskType type = types[seed % 3];
  BskQParams p;
  float *x, *fake[2], *back[2];
  void *q[2];

  check_seed ((uint64_t) seed);
  check_case ("quantize %zu type %d seed %d", n, (int) type, seed);
  bytes = type == BSK_S16 ? 2 : 1;
  p.scale = seed % 2 ? scales[check_between (0, 10)]
                     : 0.01f * (1 + (float) (check_random () >> 8) * 0x1p-22f);
  p.qmin = type == BSK_S16 ? -32768 : type == BSK_S8 ? -128 : 0;
  p.qmax = type == BSK_S16 ? 32767 : p.qmin + 255;
  if (seed % 4 == 0) {
    p.qmin += check_between (0, 10);
    p.qmax = p.qmin + check_between (0, 15);
  }
  p.zero_point = type == BSK_S16 ? check_between (-32768, 32767)
                                 : (type == BSK_S8 ? -128 : 0) + check_between (0, 255);
  x = check_buffer (n * 4);
  fill (x, n, p.scale, true);
  for (int ref = 0; ref < 2; ref++) {
    q[ref] = check_buffer (n * bytes);
    fake[ref] = check_buffer (n * 4);
    back[ref] = check_buffer (n * 4);
    if (ref)
      check_ref ();
    else
      check_level ();
    CHECK_OK (bsk_quantize (x, n, &p, type, q[ref]));
    CHECK_OK (bsk_dequantize (q[ref], n, &p, type, back[ref]));
    if (p.scale >= FLT_MIN)
      CHECK_OK (bsk_fake_quantize (x, n, &p, fake[ref]));
  }
  check_level ();
  check_same (q[0], q[1], n * bytes, "quantize: level against ref");
  check_same (back[0], back[1], n * 4, "dequantize: level against ref");
  if (p.scale >= FLT_MIN) {
    check_same (fake[0], fake[1], n * 4, "fake quantize: level against ref");
    check_same (fake[1], back[1], n * 4, "fake quantize against dequantize");
  }
  for (size_t i = 0; i < n; i++) {
    int got = type == BSK_S16  ? ((int16_t *) q[1])[i]
              : type == BSK_S8 ? ((int8_t *) q[1])[i]
                               : ((uint8_t *) q[1])[i];
    int want = code_by_definition (x[i], &p);

    if (!check_that (got == want, "%a / %a is %d, not %d", (double) x[i], (double) p.scale, got,
                     want) ||
        !check_that (back[1][i] == (float) (got - p.zero_point) * p.scale, "back"))
      break;
  }
  check_free_all ();
}

/* The quotient is made from a reciprocal and two fused steps. It can be wrong only where x / s lies
 * within 2⁻⁴⁶ of the middle between two floats next to a tie: with M = (2 k + 1) 2ʲ ± 1 and 24-bit
 * integers S, X these are the solutions of S · M − X · 2ᶠ = c for small |c|. There is one S for
 * every k, f and c: try them all. */
static void
quotients (void)
{
  enum { BATCH = 4096 };
  float *x = check_buffer (64 * 4);
  int8_t *q = check_buffer (64);
  BskQParams p = { .qmin = -128, .qmax = 127 };
  long tried = 0;

  check_case ("quotients next to ties");
  for (int k = 0; k < 128; k++)
    for (int side = -1; side <= 1; side += 2)
      for (int f = 24; f <= 26; f++)
        for (int c = -9; c <= 9; c++) {
          uint64_t odd = 2 * (uint64_t) k + 1, m, inverse = 1, s, value, x_int,
                   top = (uint64_t) 1 << f;
          int shift = 25, width = 0;

          while (odd >> width)
            width++;
          shift -= width;
          m = (odd << shift) + (uint64_t) (int64_t) side;
          for (int i = 0; i < 6; i++) /* Newton: m · inverse = 1 mod 2⁶⁴ */
            inverse *= 2 - m * inverse;
          s = inverse * (uint64_t) (int64_t) c & (top - 1);
          for (; s < 1 << 24; s += top) {
            if (s < 1 << 23)
              continue;
            value = s * m - (uint64_t) (int64_t) c;
            x_int = value >> f;
            if (x_int < 1 << 23 || x_int >= 1 << 24 || value & (top - 1))
              continue;
            /* x / s ≈ k + 1/2 needs x = X 2ᶠ⁻ˢʰⁱᶠᵗ⁻¹ / …: scale x so that the quotient is M /
             * 2^(shift + 1). */
            p.scale = (float) s;
            for (int i = 0; i < 64; i++)
              x[i] = (i & 1 ? -1.f : 1.f) * ldexpf ((float) x_int, f - shift - 1);
            CHECK_OK (bsk_quantize (x, 64, &p, BSK_S8, q));
            for (int i = 0; i < 2; i++)
              check_that (q[i] == code_by_definition (x[i], &p), "%a / %a", (double) x[i],
                          (double) p.scale);
            tried++;
          }
        }
  check_that (tried > 500, "only %ld quotients tried", tried);
  check_free_all ();
}

static void
layouts (int seed)
{
  size_t channels, pixels, images = 2, n;
  BskQParams p = { .scale = 0.05f, .zero_point = 7, .qmin = -100, .qmax = 90 };
  BskType type = seed % 2 ? BSK_S8 : BSK_S16;
  float *x, *back;
  void *rows, *q;

  check_seed ((uint64_t) seed);
  channels = (size_t) check_between (1, 9);
  pixels = (size_t) check_between (1, seed % 4 ? 60 : 2500);
  n = images * channels * pixels;
  check_case ("layouts %zu channels %zu pixels seed %d", channels, pixels, seed);
  x = check_buffer (n * 4);
  back = check_buffer (n * 4);
  rows = check_buffer (n * 2);
  q = check_buffer (n * (type == BSK_S16 ? 2 : 1));
  fill (x, n, p.scale, false);
  CHECK_OK (bsk_quantize (x, n, &p, type, rows));
  CHECK_OK (bsk_quantize_nchw (x, images, channels, pixels, &p, type, q));
  CHECK_OK (bsk_dequantize_nchw (q, images, channels, pixels, &p, type, back));
  for (size_t i = 0; i < images; i++)
    for (size_t c = 0; c < channels; c++)
      for (size_t j = 0; j < pixels; j++) {
        size_t from = (i * channels + c) * pixels + j, to = (i * pixels + j) * channels + c;
        int want = type == BSK_S16 ? ((int16_t *) rows)[from] : ((int8_t *) rows)[from];
        int got = type == BSK_S16 ? ((int16_t *) q)[to] : ((int8_t *) q)[to];

        if (!check_that (got == want && back[from] == (float) (want - 7) * p.scale, "code %zu",
                         from))
          i = images, c = channels, j = pixels;
      }
  check_free_all ();
}

void
check_stream (void)
{
  for (int seed = 1; seed <= 300; seed++)
    quantize (seed);
  quotients ();
  for (int seed = 1; seed <= 20; seed++)
    layouts (seed);
}

static void
statistics (int seed)
{
  enum { N_BINS = 37 };
  size_t n = lengths[seed % N_LENGTHS];
  const int ends[] = { 32, 250, 600 }; /* many values are clipped, few, none */
  const int end = ends[seed / 3 % 3];
  const BskQParams p = { .scale = 0.015f, .zero_point = 2, .qmin = -end, .qmax = end - 1 };
  BskStats stats[2], compared[2], merged;
  double err_sq = 0, sum = 0, worst = 0, xy = 0, y_sq = 0;
  float min[2], max[2];
  size_t bad[2];
  uint64_t bins[2][N_BINS] = { { 0 } }, in_bins = 0, nans = 0, clipped = 0;
  float *x = check_buffer (n * 4), *y = check_buffer (n * 4);

  check_seed ((uint64_t) seed);
  check_case ("statistics %zu seed %d", n, seed);
  fill (x, n, 0.03f, false);
  fill (y, n, 0.03f, false);
  if (seed % 3 == 0)
    for (size_t i = 0; i < n; i += (size_t) check_between (1, 50))
      x[i] = check_between (0, 1) ? NAN : i % 3 ? INFINITY : -INFINITY;
  for (int ref = 0; ref < 2; ref++) {
    if (ref)
      check_ref ();
    else
      check_level ();
    memset (&stats[ref], 0, sizeof *stats);
    memset (&compared[ref], 0, sizeof *compared);
    bsk_stats_init (&stats[ref]);
    bsk_stats_init (&compared[ref]);
    CHECK_OK (bsk_error (x, n, &p, &stats[ref]));
    CHECK_OK (bsk_compare (x, y, n, &compared[ref]));
    CHECK_OK (bsk_minmax (x, n, &min[ref], &max[ref], &bad[ref]));
    CHECK_OK (bsk_histogram (x, n, -1, 1.5f, N_BINS, bins[ref]));
  }
  check_level ();
  check_same (&stats[0], &stats[1], sizeof *stats, "error: level against ref");
  check_same (&compared[0], &compared[1], sizeof *compared, "compare: level against ref");
  check_same (bins[0], bins[1], sizeof *bins, "histogram: level against ref");
  check_that (min[0] == min[1] && max[0] == max[1] && bad[0] == bad[1],
              "minmax: level against ref");

  for (size_t i = 0; i < n; i++) {
    double code, e;

    nans += isnan (x[i]);
    if (!isfinite (x[i]))
      continue;
    code = code_by_definition (x[i], &p) - p.zero_point;
    clipped += rint ((double) (x[i] / p.scale)) != code;
    e = (double) x[i] - code * (double) p.scale;
    err_sq += e * e;
    sum += (double) x[i];
    y_sq += ((double) x[i] - e) * ((double) x[i] - e);
    xy += (double) x[i] * ((double) x[i] - e);
    worst = fabs (e) > worst ? fabs (e) : worst;
  }
  for (int i = 0; i < N_BINS; i++)
    in_bins += bins[1][i];
  check_that (in_bins == n - nans, "histogram holds %llu of %zu", (unsigned long long) in_bins, n);
  check_that (stats[1].count + stats[1].n_not_finite == n && stats[1].n_not_finite == bad[1],
              "counts");
  check_that (stats[1].clipped_low + stats[1].clipped_high == clipped, "clipped");
  check_that (stats[1].min == min[1] && stats[1].max == max[1], "min, max");
  check_that (fabs (stats[1].err_sq - err_sq) <= 1e-5 * err_sq, "err_sq %g, not %g",
              stats[1].err_sq, err_sq);
  check_that (fabs (stats[1].xy - xy) <= 1e-5 * fabs (xy) &&
                fabs (stats[1].y_sq - y_sq) <= 1e-5 * y_sq,
              "products %g, %g, not %g, %g", stats[1].xy, stats[1].y_sq, xy, y_sq);
  check_that (fabs (stats[1].sum - sum) <= 1e-5 * (fabs (sum) + (double) n * .03), "sum");
  check_that (fabs ((double) stats[1].err_max - worst) <= 1e-5 * worst, "err_max");
  merged = stats[1];
  bsk_stats_merge (&merged, &stats[0]);
  check_that (merged.count == 2 * stats[1].count && merged.err_sq == 2 * stats[1].err_sq &&
                merged.min == stats[1].min,
              "merge");
  check_free_all ();
}

/* Rows, each with its own parameters: a level against plain C, and against row after row. */
static void
rows (int seed)
{
  static const size_t inners[] = { 1, 5, 16, 32, 48, 100, 128, 512, 1024, 4096, 5000 };
  size_t inner = inners[seed % 11],
         n_rows = (inner > 500 ? 1 : 100) + (size_t) seed % (inner > 500 ? 6 : 100);
  size_t n = n_rows * inner, bad[2], bad_alone = 0;
  float *x = check_buffer (n * 4), *min[2], *max[2], low, high;
  BskQParams *p = check_buffer (n_rows * sizeof *p);
  BskStats stats[2], alone;

  check_seed ((uint64_t) seed);
  check_case ("%zu rows of %zu seed %d", n_rows, inner, seed);
  fill (x, n, 0.03f, seed % 4 == 0);
  for (size_t row = 0; row < n_rows; row++)
    p[row] =
      (BskQParams){ .scale = (seed % 5 == 1 && row == 2 ? 1e-30f : 1e-3f) * (float) (row + 1),
                    .zero_point = (int) row % 5,
                    .qmin = -(8 << (seed % 3 ? (int) row % 12 : 12)),
                    .qmax = (8 << (seed % 3 ? (int) row % 12 : 12)) - 1 };
  bsk_stats_init (&alone);
  for (int ref = 0; ref < 2; ref++) {
    if (ref)
      check_ref ();
    else
      check_level ();
    min[ref] = check_buffer (n_rows * 4);
    max[ref] = check_buffer (n_rows * 4);
    memset (&stats[ref], 0, sizeof *stats);
    bsk_stats_init (&stats[ref]);
    CHECK_OK (bsk_error_rows (x, n_rows, inner, p, &stats[ref]));
    CHECK_OK (bsk_minmax_rows (x, n_rows, inner, min[ref], max[ref], &bad[ref]));
  }
  check_level ();
  check_same (&stats[0], &stats[1], sizeof *stats, "error: level against ref");
  check_same (min[0], min[1], n_rows * 4, "min: level against ref");
  check_same (max[0], max[1], n_rows * 4, "max: level against ref");
  for (size_t row = 0; row < n_rows; row++) {
    size_t here;

    CHECK_OK (bsk_error (x + row * inner, inner, &p[row], &alone));
    CHECK_OK (bsk_minmax (x + row * inner, inner, &low, &high, &here));
    check_that (low == min[1][row] && high == max[1][row], "row %zu: extrema", row);
    bad_alone += here;
  }
  check_that (bad[0] == bad_alone && bad[1] == bad_alone, "not finite");
  check_that (stats[1].count == alone.count && stats[1].n_not_finite == alone.n_not_finite &&
                stats[1].clipped_low == alone.clipped_low &&
                stats[1].clipped_high == alone.clipped_high && stats[1].min == alone.min &&
                stats[1].max == alone.max && stats[1].err_max == alone.err_max,
              "counts and extrema");
  check_that (fabs (stats[1].err_sq - alone.err_sq) <= 1e-5 * alone.err_sq ||
                !isfinite (alone.err_sq),
              "err_sq %g, not %g", stats[1].err_sq, alone.err_sq);
  check_free_all ();
}

/* One value a few units in the last place from where clipping begins: a level may take no such row
 * for one that lies inside. */
static void
clip_edges (void)
{
  enum { INNER = 16, N = 20000 };

  check_seed (1);
  for (int i = 0; i < N; i++) {
    int half = 1 << check_between (0, 20), zero = check_between (-2 * half, 2 * half);
    BskQParams p = { .scale = ldexpf ((float) check_between (1 << 23, 1 << 24), -30),
                     .zero_point = i % 4 ? zero / 4 : zero,
                     .qmin = -half,
                     .qmax = half - 1 };
    float end =
      i % 2 ? (float) (p.qmax - p.zero_point) + 0.5f : (float) (p.qmin - p.zero_point) - 0.5f;
    float x[INNER] = { 0 }, edge = end * p.scale;
    BskStats stats[2];

    check_case ("clip edge %d", i);
    for (int k = check_between (0, 3); k > 0; k--)
      edge = nextafterf (edge, i % 3 ? INFINITY : -INFINITY);
    x[i % INNER] = edge;
    if (i % 4 == 0) /* 0 may lie outside */
      for (int k = 0; k < INNER; k++)
        x[k] = edge;
    for (int ref = 0; ref < 2; ref++) {
      if (ref)
        check_ref ();
      else
        check_level ();
      memset (&stats[ref], 0, sizeof *stats);
      bsk_stats_init (&stats[ref]);
      CHECK_OK (bsk_error (x, INNER, &p, &stats[ref]));
    }
    check_level ();
    check_same (&stats[0], &stats[1], sizeof *stats, "level against ref");
  }
}

/* Every edge of the histogram, and constant data. */
static void
edges (void)
{
  float x[] = { -1, nextafterf (-1, -2), 0, 1, nextafterf (1, 0), 2, -INFINITY, INFINITY, NAN };
  uint64_t bins[4] = { 0 }, want[4] = { 3, 0, 1, 4 };
  float same[300];
  uint64_t many[40000] = { 0 };

  check_case ("histogram edges");
  CHECK_OK (bsk_histogram (x, 9, -1, 1, 4, bins));
  check_same (bins, want, sizeof bins, "edges");
  for (int i = 0; i < 300; i++)
    same[i] = 0.25f;
  CHECK_OK (bsk_histogram (same, 300, 0, 1, 32768, many));
  check_that (many[8192] == 300, "constant");
}

void
check_stats (void)
{
  for (int seed = 1; seed <= 120; seed++)
    statistics (seed);
  for (int seed = 1; seed <= 66; seed++)
    rows (seed);
  clip_edges ();
  edges ();
}
