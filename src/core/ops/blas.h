/* BLAS on one thread: samples run in parallel, a matrix product does not.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* bs_blas_init: tells OpenBLAS to use the calling thread only; call before the first product, as
 * often as you like, and best when the program starts.
 * Threads  any. */
void bs_blas_init (void);
