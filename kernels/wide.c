/* Weights and activations of up to 16 bits: checks, start values, packing of pairs.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>
#include <string.h>

BskStatus
bsk_wide_check (const BskPacked *header, const BskGemmArgs *args, const int16_t *w, size_t ldw)
{
  size_t channels = (size_t) header->n * (size_t) header->groups;

  for (size_t n = 0; n < channels; n++) {
    float m = bsk_multiplier (args, n);

    if (!(args->w_scale[n] > 0 && isfinite (args->w_scale[n]) && isfinite (m)))
      return BSK_ERANGE;
    /* With −32768 on both sides a pair sum would be 2³¹. */
    for (int i = 0; i < header->k; i++)
      if (w[n * ldw + (size_t) i] == INT16_MIN)
        return BSK_ERANGE;
  }
  return BSK_OK;
}

/* Largest absolute code that an activation or padding can be. */
static int64_t
largest_code (const BskQParams *a)
{
  int64_t lo = a->qmin < a->zero_point ? a->qmin : a->zero_point;
  int64_t hi = a->qmax > a->zero_point ? a->qmax : a->zero_point;

  return -lo > hi ? -lo : hi;
}

void
bsk_wide_fill (BskPacked *header, const BskGemmArgs *args, const int16_t *w, size_t ldw)
{
  int64_t *start = bsk_at (header, header->start64), top = 1;
  float *m = bsk_at (header, header->m);

  memset (start, 0, header->group_n * (size_t) header->groups * sizeof *start);
  memset (m, 0, header->group_n * (size_t) header->groups * sizeof *m);
  for (int g = 0; g < header->groups; g++)
    for (int i = 0; i < header->n; i++) {
      size_t at = (size_t) g * header->group_n + (size_t) i,
             n = (size_t) g * (size_t) header->n + (size_t) i;
      int64_t sum = 0;

      for (int j = 0; j < header->k; j++) {
        int64_t size = w[n * ldw + (size_t) j];

        sum += size;
        size = size < 0 ? -size : size;
        top = size > top ? size : top;
      }
      start[at] = (args->bias ? args->bias[n] : 0) - args->a.zero_point * sum;
      m[at] = bsk_multiplier (args, n);
    }
  top *= 2 * largest_code (&args->a);
  header->chunk = (int) (top ? INT32_MAX / top : INT32_MAX);
}

void
bsk_put_pair (uint8_t *panel, int panel_n, int pair, int column, const int16_t w[2])
{
  memcpy (panel + ((size_t) pair * (size_t) panel_n + (size_t) column) * 4, w, 4);
}
