/* What the files of the reference level share.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "../table.h"

/* bsk_ref_finish: the output code of a scaled sum. */
uint8_t bsk_ref_finish (const BskFinish *finish, float value);

void bsk_ref_bits_init (BskTable *table);
void bsk_ref_elementwise_init (BskTable *table);
void bsk_ref_float_init (BskTable *table);
void bsk_ref_wide_init (BskTable *table);
void bsk_ref_stream_init (BskTable *table);
void bsk_ref_stats_init (BskTable *table);
void bsk_ref_sweep_init (BskTable *table);
void bsk_ref_levels_init (BskTable *table);
