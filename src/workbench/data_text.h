/* Data as one line of text, path and options as on the command line: what a study remembers of its
 * data. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset.h"

G_BEGIN_DECLS

/* bs_data_text: "digits.npz --scale 0.0625"; paths are made absolute and quoted where needed.
 * (transfer full) */
char *bs_data_text (const char *spec, const BsDatasetOptions *options);

/* What a text says; plain paths are texts too. */
typedef struct {
  char *spec;
  char *layout, *input; /* NULL: not given; options points to them */
  BsDatasetOptions options;
} BsDataText;

void bs_data_text_clear (BsDataText *data);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BsDataText, bs_data_text_clear)

/* Errors  BS_ERROR_INVALID naming the option. */
gboolean bs_data_text_parse (const char *text, BsDataText *data, GError **error);

/* bs_data_number: "0.5" or "1/16". FALSE: it is neither, or not finite. */
gboolean bs_data_number (const char *text, double *value);

/* bs_data_option: sets one option by its name without dashes, e.g. "scale" and "1/16".
 * Errors  BS_ERROR_INVALID saying what the option takes. */
gboolean bs_data_option (BsDataText *data, const char *name, const char *value, GError **error);

G_END_DECLS
