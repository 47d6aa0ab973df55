/* Runs the kernel checks at the level that BSK_CPU names: check_kernels [-s suite]; with -b
 * their speed instead.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_BUFFERS = 64, CANARY = 64, CANARY_BYTE = 0xa5, MAX_FAILURES = 20 };

static struct {
  char *map, *canary;
  size_t bytes;
} buffers[MAX_BUFFERS];
static int n_buffers, n_failures;
static long n_checks;
static uint64_t state = 1;
static char case_words[256];
static unsigned level_mask;

void
check_seed (uint64_t seed)
{
  state = seed * 0x9e3779b97f4a7c15u + 1;
  for (int i = 0; i < 4; i++)
    check_random ();
}

uint32_t
check_random (void)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t) (state >> 32);
}

int
check_between (int lo, int hi)
{
  return lo + (int) (check_random () % (uint32_t) (hi - lo + 1));
}

float
check_normal (void)
{
  float sum = 0;

  for (int i = 0; i < 4; i++)
    sum += (float) (check_random () >> 8) * 0x1p-24f - .5f;
  return sum * 1.7320508f;
}

void *
check_buffer (size_t bytes)
{
  size_t page = (size_t) sysconf (_SC_PAGESIZE), room = (bytes + CANARY + page - 1) / page * page;
  char *map = mmap (NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (map == MAP_FAILED || n_buffers == MAX_BUFFERS || mprotect (map + room, page, PROT_NONE)) {
    perror ("check_buffer");
    exit (1);
  }
  memset (map, CANARY_BYTE, room);
  buffers[n_buffers].map = map;
  buffers[n_buffers].canary = map + room - bytes - CANARY;
  buffers[n_buffers++].bytes = room + page;
  return map + room - bytes;
}

void *
check_buffer_behind_page (size_t bytes)
{
  size_t page = (size_t) sysconf (_SC_PAGESIZE);
  char *buffer = check_buffer ((bytes + page - 1) / page * page);

  buffers[n_buffers - 1].canary = NULL;
  if (mprotect (buffers[n_buffers - 1].map, page, PROT_NONE)) {
    perror ("check_buffer_behind_page");
    exit (1);
  }
  return buffer;
}

void
check_free_all (void)
{
  while (n_buffers > 0) {
    bool good = true;

    n_buffers--;
    for (int i = 0; i < CANARY && buffers[n_buffers].canary; i++)
      good = good && (unsigned char) buffers[n_buffers].canary[i] == CANARY_BYTE;
    check_that (good, "wrote before the start of buffer %d", n_buffers);
    munmap (buffers[n_buffers].map, buffers[n_buffers].bytes);
  }
}

bool
check_that (bool good, const char *words, ...)
{
  va_list list;

  n_checks++;
  if (good)
    return true;
  printf ("FAILED at %s: %s: ", bsk_level_name (), case_words);
  va_start (list, words);
  vprintf (words, list);
  va_end (list);
  printf ("\n");
  if (++n_failures == MAX_FAILURES) {
    printf ("too many failures, giving up\n");
    exit (1);
  }
  return false;
}

bool
check_same (const void *got, const void *want, size_t bytes, const char *what)
{
  const unsigned char *a = got, *b = want;
  size_t i = 0;

  if (memcmp (a, b, bytes) == 0)
    return check_that (true, "%s", what);
  while (a[i] == b[i])
    i++;
  return check_that (false, "%s: byte %zu of %zu is %u, not %u", what, i, bytes, a[i], b[i]);
}

void
check_case (const char *words, ...)
{
  va_list list;

  va_start (list, words);
  vsnprintf (case_words, sizeof case_words, words, list);
  va_end (list);
}

void
check_ref (void)
{
  bsk_cpu_mask (0);
}

void
check_level (void)
{
  bsk_cpu_mask (level_mask);
}

bool
check_is_ref (void)
{
  return level_mask == 0;
}

void
check_fill (void *codes, size_t n, BskType type, int qmin, int qmax, int kind)
{
  for (size_t i = 0; i < n; i++) {
    int code = kind == 1 || (kind == 3 && check_random () >> 31) ? qmax
               : kind                                            ? qmin
                                                                 : check_between (qmin, qmax);

    if (type == BSK_S16)
      ((int16_t *) codes)[i] = (int16_t) code;
    else
      ((uint8_t *) codes)[i] = (uint8_t) code;
  }
}

void *
check_weights (BskGemmArgs *args,
               size_t n,
               size_t count,
               CheckZeros zeros,
               int lo,
               int hi,
               int kind)
{
  int shift = zeros & CHECK_U8 ? 128 : 0;
  void *w = check_buffer (count);

  args->w_type = shift ? BSK_W_U8 : BSK_W_S8;
  check_fill (w, count, BSK_S8, lo + shift, hi + shift, kind);
  zeros &= ~CHECK_U8;
  if (zeros == CHECK_ONE_ZERO) {
    args->w_zero_point = check_between (-128, 127) + shift;
  } else if (zeros) {
    int32_t *points = check_buffer (n * sizeof *points);

    for (size_t i = 0; i < n; i++)
      points[i] = shift + (zeros == CHECK_ZEROS   ? check_between (-128, 127)
                           : check_between (0, 1) ? 127
                                                  : -128);
    args->w_zero_points = points;
  }
  return w;
}

int
check_number (const BskGemmArgs *args, const void *w, size_t n, size_t i)
{
  int code = args->w_type == BSK_W_U8 ? ((const uint8_t *) w)[i] : ((const int8_t *) w)[i];

  return code - (args->w_zero_points ? args->w_zero_points[n] : args->w_zero_point);
}

int
check_finish (int64_t sum, float m, const BskQParams *out)
{
  float r = rintf ((float) (int32_t) sum * m);
  double q = (double) r + out->zero_point;

  return q < out->qmin ? out->qmin : q > out->qmax ? out->qmax : (int) q;
}

static bool
print_row (const BskBenchRow *row, void *user)
{
  (void) user;
  printf ("%-12s %-36s %12.0f ns %9.2f %s", row->group, row->name, row->ns, row->rate, row->unit);
  if (row->peak > 0 && strcmp (row->unit, "GOPS") == 0)
    printf ("  %.0f %% of %.0f", 100 * row->rate / row->peak, row->peak);
  printf ("\n");
  fflush (stdout);
  return true;
}

int
main (int argc, char **argv)
{
  static const CheckSuite suites[] = { { "gemm", check_gemm },
                                       { "low", check_low },
                                       { "low-conv", check_low_conv },
                                       { "bits", check_bits },
                                       { "wide", check_wide },
                                       { "conv", check_conv },
                                       { "transposed", check_transposed },
                                       { "depthwise", check_depthwise },
                                       { "pool", check_pool },
                                       { "elementwise", check_elementwise },
                                       { "stream", check_stream },
                                       { "stats", check_stats },
                                       { "quantize-pack", check_quantize_pack },
                                       { "float", check_float },
                                       { "sweep", check_sweep },
                                       { "levels", check_levels },
                                       { "errors", check_errors } };
  const char *wanted = getenv ("BSK_CPU"), *only = NULL;
  bool bench = false;
  int option;

  while ((option = getopt (argc, argv, "s:b")) != -1) {
    if (option == '?')
      return 2;
    if (option == 's')
      only = optarg;
    else
      bench = true;
  }
  level_mask = bsk_cpu ();
  if (wanted && strcmp (wanted, bsk_level_name ())) {
    printf ("SKIPPED: this CPU or build has no level %s (best below it: %s)\n", wanted,
            bsk_level_name ());
    return 77;
  }
  printf ("level %s\n", bsk_level_name ());
  if (bench)
    return bsk_bench (only, 20, print_row, NULL) < 0;
  for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
    long before = n_checks;

    if (only && strcmp (only, suites[i].name))
      continue;
    suites[i].run ();
    check_level ();
    printf ("%-12s %ld checks\n", suites[i].name, n_checks - before);
    fflush (stdout);
  }
  printf ("%d failures\n", n_failures);
  return n_failures > 0;
}
