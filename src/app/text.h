/* Numbers with units, as texts for labels and columns. All are (transfer full).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

G_BEGIN_DECLS

char *bs_text_count (double n);                 /* "85,918" */
char *bs_text_bytes (double bytes);             /* "51.2 KiB" */
char *bs_text_percent (double share);           /* "98.40 %"; "–" for NaN */
char *bs_text_db (double db);                   /* "17.3 dB"; "∞ dB"; "–" for NaN */
char *bs_text_seconds (double seconds);         /* "12 s", "3 min" */
char *bs_text_samples (const BsResult *result); /* "512, stopped early" */
char *bs_text_quality (const BsResult *result); /* "98.40 %", "4.420" */
const char *
bs_text_quality_title (const BsResult *result); /* "Accuracy", "Perplexity", … translated */

G_END_DECLS
