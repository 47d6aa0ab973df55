/* The yardstick of the benchmark.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* bsk_peak: GOPS of the level's 8-bit dot products in registers alone, measured now in about a
 * millisecond of processor time; 0 where the level has no such loop (plain C). */
double bsk_peak (void);
