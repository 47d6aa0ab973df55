/* BLAS on one thread: samples run in parallel, a matrix product does not.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/blas.h"

#include <cblas.h>
#include <glib.h>

/* Ends OpenBLAS's threads, as it does itself before a fork; its build without threads has no such
 * function. They start when the program is loaded, and then each keeps a processor busy for a tenth
 * of a second, waiting for work. */
extern int blas_thread_shutdown_ (void) __attribute__ ((weak));

void
bs_blas_init (void)
{
  static gsize done;

  if (g_once_init_enter (&done)) {
    openblas_set_num_threads (1);
    if (blas_thread_shutdown_ != NULL)
      blas_thread_shutdown_ ();
    g_once_init_leave (&done, 1);
  }
}
