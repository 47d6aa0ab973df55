/* BLAS on one thread: samples run in parallel, a matrix product does not.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/blas.h"

#include <cblas.h>
#include <glib.h>

void
bs_blas_init (void)
{
  static gsize done;

  if (g_once_init_enter (&done)) {
    openblas_set_num_threads (1);
    g_once_init_leave (&done, 1);
  }
}
