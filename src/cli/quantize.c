/* Command: quantize one tensor.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/files.h"
#include "cli/json.h"
#include "cli/table.h"

#include "datasets/npy.h"
#include "quant/encoding.h"
#include "quant/measure.h"

#include <stdio.h>

static char *out_dir;

static const GOptionEntry options[] = {
  { "out-dir", 'o', 0, G_OPTION_ARG_FILENAME, &out_dir,
    N_ ("Write codes.npy, scale.npy, zero_point.npy, dequantized.npy there"), "FOLDER" },
  { NULL },
};

static gboolean
save (const char *name,
      BsDtype dtype,
      const gint64 *dims,
      guint n_dims,
      const void *data,
      GError **error)
{
  g_autofree char *path = g_build_filename (out_dir, name, NULL);

  return bs_npy_save (path, dtype, dims, n_dims, data, error);
}

/* What an encoding does not have is not written. */
static gboolean
save_all (const BsQuant *quant, GError **error)
{
  g_autofree gint32 *zeros = NULL;
  const gint32 *zero = quant->zero;

  if (!bs_make_folder (out_dir, error))
    return FALSE;
  if (quant->codes != NULL &&
      !save ("codes.npy", BS_DTYPE_I32, quant->dims, quant->n_dims, quant->codes, error))
    return FALSE;
  if (quant->scale != NULL) {
    if (zero == NULL)
      zero = zeros = g_new0 (gint32, MAX (quant->n_scales, 1));
    if (!save ("scale.npy", BS_DTYPE_F32, quant->scale_dims, quant->scale_n_dims, quant->scale,
               error) ||
        !save ("zero_point.npy", BS_DTYPE_I32, quant->scale_dims, quant->scale_n_dims, zero, error))
      return FALSE;
  }
  return save ("dequantized.npy", BS_DTYPE_F32, quant->dims, quant->n_dims, quant->values, error);
}

static void
print_json (const BsQuant *quant, const char *spec, const BsErrorSums *sums, double bits)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_text (json, "spec", spec);
  bs_json_dims (json, "shape", quant->dims, quant->n_dims);
  bs_json_number (json, "mse", bs_error_mse (sums));
  bs_json_number (json, "sqnr_db", bs_error_sqnr_db (sums));
  bs_json_number (json, "max_abs", sums->max_abs);
  bs_json_number (json, "cosine", bs_error_cosine (sums));
  bs_json_number (json, "bias", bs_error_mean (sums));
  bs_json_number (json, "bits_per_weight", bits);
  bs_json_integer (json, "size_bits", (gint64) quant->size_bits);
  bs_json_integer (json, "scales", (gint64) quant->n_scales);
  bs_json_integer (json, "not_finite", (gint64) quant->n_not_finite);
  json_builder_end_object (json);
  bs_json_print (json);
}

static void
print_table (const BsQuant *quant, const char *spec, const BsErrorSums *sums, double bits)
{
  g_autoptr (BsTable) table =
    bs_table_new (_ ("Spec|Shape|>SQNR|>MSE|>Max error|>Cosine|>Bits each|>Scales"));
  g_autofree char *shape = bs_dims_to_string (quant->dims, quant->n_dims);

  bs_table_add (table, "%s", spec);
  bs_table_add (table, "%s", shape);
  bs_table_add_number (table, bs_error_sqnr_db (sums), 2, " dB");
  bs_table_add (table, "%.4g", bs_error_mse (sums));
  bs_table_add (table, "%.4g", sums->max_abs);
  bs_table_add_number (table, bs_error_cosine (sums), 6, "");
  bs_table_add_number (table, bits, 3, "");
  bs_table_add (table, "%" G_GSIZE_FORMAT, quant->n_scales);
  bs_table_print (table);
  if (quant->n_not_finite > 0)
    printf (_ ("%llu values were not finite.\n"), (unsigned long long) quant->n_not_finite);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_auto (BsNpy) array = { 0 };
  g_autofree float *x = NULL;
  g_autofree char *text = NULL;
  g_autoptr (BsQuant) quant = NULL;
  BsErrorSums sums = { 0 };
  BsSpec spec;
  double bits;

  if (!bs_spec_parse (args[1], &spec, error))
    return bs_cli_as_usage (error);
  if (!bs_npy_load (args[0], &array, error))
    return FALSE;
  x = bs_npy_to_float (&array);
  quant = bs_quantize (&spec, x, array.dims, array.n_dims, BS_AXIS_AUTO, NULL, args[0], error);
  if (quant == NULL || (out_dir != NULL && !save_all (quant, error)))
    return FALSE;
  bs_error_sums_add (&sums, x, quant->values, quant->n);
  bits = quant->n > 0 ? (double) quant->size_bits / (double) quant->n : 0;
  text = bs_spec_to_string (&spec);
  if (cli->json)
    print_json (quant, text, &sums, bits);
  else if (!cli->quiet)
    print_table (quant, text, &sums, bits);
  return TRUE;
}

const BsCommand bs_command_quantize = {
  .name = "quantize",
  .arguments = "X.npy SPEC",
  .summary = N_ ("Quantize one tensor"),
  .description = N_ ("The channel axis is 0; axis=N in the spec says otherwise."),
  .example = "bitstair-cli quantize weights.npy int4:group=32:mse --out-dir out",
  .options = options,
  .takes_specs = TRUE,
  .min_args = 2,
  .max_args = 2,
  .run = run,
};
