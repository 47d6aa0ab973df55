/* Command: one forward pass, in float or as a configuration makes it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/config_options.h"
#include "cli/files.h"
#include "cli/json.h"
#include "cli/table.h"

#include "datasets/npy.h"
#include "loaders/loader.h"
#include "model/infer.h"
#include "model/simplify.h"
#include "run/runner.h"
#include "run/walk.h"

#include <stdio.h>
#include <string.h>

static char **inputs, *out_dir, *weights, *acts, *config_path;

static const GOptionEntry options[] = {
  { "input", 'i', 0, G_OPTION_ARG_STRING_ARRAY, &inputs, N_ ("What to feed; once for each input"),
    "NAME=X.npy" },
  { "out-dir", 'o', 0, G_OPTION_ARG_FILENAME, &out_dir,
    N_ ("Write output_0.npy and the others there"), "FOLDER" },
  { "weights", 'w', 0, G_OPTION_ARG_STRING, &weights, N_ ("What weights become; default float"),
    "SPEC" },
  { "acts", 'a', 0, G_OPTION_ARG_STRING, &acts, N_ ("What activations become; default float"),
    "SPEC" },
  { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, N_ ("A configuration file instead"),
    "FILE" },
  { NULL },
};

/* What came out: name and value of each output. */
typedef struct {
  guint n;
  char **names;
  BsValue *values;
  double integer_share;
} Outputs;

static void
outputs_clear (Outputs *outputs)
{
  for (guint i = 0; i < outputs->n; i++) {
    g_free (outputs->names[i]);
    bs_value_clear (&outputs->values[i]);
  }
  g_clear_pointer (&outputs->names, g_free);
  g_clear_pointer (&outputs->values, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outputs, outputs_clear)

static void
free_value_cb (gpointer data)
{
  BsValue *value = data;

  bs_value_clear (value);
  g_free (value);
}

#define CAST(from_type, to_type)                                                                   \
  for (gsize i = 0; i < array->count; i++)                                                         \
    ((to_type *) value->data)[i] = (to_type) ((const from_type *) array->data)[i];                 \
  return TRUE

/* The array as the model's input wants it; numbers of another type are cast. */
static gboolean
fit (const BsNpy *array, const BsTensor *tensor, const char *path, BsValue *value, GError **error)
{
  value->dtype = tensor->dtype != BS_DTYPE_NONE ? tensor->dtype : array->dtype;
  value->n_dims = array->n_dims;
  memcpy (value->dims, array->dims, sizeof array->dims);
  if (!bs_value_alloc (value)) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, _ ("“%s” does not fit into memory"), path);
    return FALSE;
  }
  if (value->dtype == array->dtype) {
    if (array->count > 0)
      memcpy (value->data, array->data, array->count * bs_dtype_bits (array->dtype) / 8);
    return TRUE;
  }
  if (value->dtype == BS_DTYPE_F32) {
    g_autofree float *floats = bs_npy_to_float (array);

    memcpy (value->data, floats, array->count * sizeof *floats);
    return TRUE;
  }
  if (value->dtype == BS_DTYPE_I64 && array->dtype == BS_DTYPE_I32) {
    CAST (gint32, gint64);
  }
  if (value->dtype == BS_DTYPE_I64 && array->dtype == BS_DTYPE_U8) {
    CAST (guint8, gint64);
  }
  if (value->dtype == BS_DTYPE_I32 && array->dtype == BS_DTYPE_I64) {
    CAST (gint64, gint32);
  }
  g_set_error (error, BS_ERROR, BS_ERROR_SHAPE, _ ("“%s” holds %s, but the input “%s” takes %s"),
               path, bs_dtype_name (array->dtype), tensor->name, bs_dtype_name (tensor->dtype));
  return FALSE;
}

static const BsTensor *
find_input (const BsModel *model, const char *name, gsize length)
{
  for (guint i = 0; i < model->n_inputs; i++) {
    const BsTensor *tensor = &model->tensors[model->inputs[i]];

    if (strlen (tensor->name) == length && strncmp (tensor->name, name, length) == 0)
      return tensor;
  }
  return NULL;
}

/* name → BsValue, from NAME=FILE; a model of one input takes a file alone. Names may hold "=". */
static GHashTable *
load_inputs (const BsModel *model, GError **error)
{
  g_autoptr (GHashTable) values =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_value_cb);

  for (guint i = 0; inputs != NULL && inputs[i] != NULL; i++) {
    const BsTensor *tensor = NULL;
    const char *path = inputs[i];
    g_auto (BsNpy) array = { 0 };
    BsValue *value;

    for (const char *sign = strchr (inputs[i], '='); tensor == NULL && sign != NULL;
         sign = strchr (sign + 1, '=')) {
      tensor = find_input (model, inputs[i], (gsize) (sign - inputs[i]));
      path = sign + 1;
    }
    if (tensor == NULL && strchr (inputs[i], '=') == NULL && model->n_inputs == 1)
      tensor = &model->tensors[model->inputs[0]];
    if (tensor == NULL) {
      bs_cli_usage (
        error,
        _ ("--input takes NAME=FILE.npy with the name of one of the model's inputs, not “%s”"),
        inputs[i]);
      return NULL;
    }
    value = g_new0 (BsValue, 1);
    g_hash_table_insert (values, g_strdup (tensor->name), value);
    if (!bs_npy_load (path, &array, error) || !fit (&array, tensor, path, value, error))
      return NULL;
  }
  return g_steal_pointer (&values);
}

/* The inputs in the model's order; borrowed. */
static BsValue *
order_inputs (const BsModel *model, GHashTable *values, GError **error)
{
  g_autofree BsValue *ordered = g_new0 (BsValue, MAX (model->n_inputs, 1));

  for (guint i = 0; i < model->n_inputs; i++) {
    const BsValue *value = g_hash_table_lookup (values, model->tensors[model->inputs[i]].name);

    if (value == NULL) {
      bs_cli_usage (error, _ ("The input “%s” is missing: --input %s=FILE.npy"),
                    model->tensors[model->inputs[i]].name, model->tensors[model->inputs[i]].name);
      return NULL;
    }
    ordered[i] = *value;
  }
  return g_steal_pointer (&ordered);
}

static void
start_outputs (Outputs *outputs, const BsModel *model)
{
  outputs->n = model->n_outputs;
  outputs->names = g_new0 (char *, MAX (outputs->n, 1));
  outputs->values = g_new0 (BsValue, MAX (outputs->n, 1));
  for (guint i = 0; i < outputs->n; i++)
    outputs->names[i] = g_strdup (model->tensors[model->outputs[i]].name);
}

static gboolean
run_float (const BsModel *model,
           GHashTable *values,
           const BsWalkOptions *walk,
           Outputs *outputs,
           GError **error)
{
  g_autofree BsValue *ordered = order_inputs (model, values, error);

  if (ordered == NULL)
    return FALSE;
  start_outputs (outputs, model);
  return bs_walk (model, ordered, outputs->values, walk, error);
}

static void
tap_stats (gpointer user, guint tensor, BsValue *value)
{
  BsStats **stats = user;

  if (value->dtype != BS_DTYPE_F32 || value->data == NULL)
    return;
  if (stats[tensor] == NULL) {
    stats[tensor] = g_new (BsStats, 1);
    bs_stats_init (stats[tensor]);
  }
  bs_stats_add (stats[tensor], value->data, bs_value_count (value));
}

static gboolean
copy_outputs (const BsRunner *runner, const BsModel *model, Outputs *outputs, GError **error)
{
  start_outputs (outputs, model);
  for (guint i = 0; i < outputs->n; i++) {
    const BsValue *from = bs_runner_output_value (runner, i);
    BsValue *to = &outputs->values[i];
    gsize bytes;

    to->dtype = from->dtype;
    to->n_dims = from->n_dims;
    memcpy (to->dims, from->dims, sizeof from->dims);
    if (!bs_value_alloc (to) || !bs_dims_bytes (from->dims, from->n_dims, from->dtype, &bytes)) {
      g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                   _ ("The output “%s” does not fit into memory"), outputs->names[i]);
      return FALSE;
    }
    if (bytes > 0)
      memcpy (to->data, from->data, bytes);
  }
  return TRUE;
}

/* How many samples the inputs hold for this graph: those along the first axis, or one go of a fixed
 * batch. */
static guint
count_samples (const BsModel *model, const BsValue *ordered, gint64 fixed_batch)
{
  if (fixed_batch > 0 || model->n_inputs == 0 || ordered[0].n_dims == 0)
    return 1;
  return (guint) CLAMP (ordered[0].dims[0], 0, G_MAXINT);
}

static gboolean
run_prepared (BsModel *model,
              BsConfig *config,
              BsStats *const *stats,
              GHashTable *values,
              gint64 fixed_batch,
              Outputs *outputs,
              GError **error)
{
  g_autofree BsValue *ordered = order_inputs (model, values, error);
  g_autoptr (BsPrepared) prepared =
    ordered != NULL ? bs_prepare (model, config, stats, NULL, NULL, error) : NULL;
  g_autoptr (BsRunner) runner = NULL;

  if (prepared == NULL)
    return FALSE;
  runner = bs_runner_new (prepared);
  outputs->integer_share = prepared->integer_share;
  return bs_runner_run (runner, ordered, count_samples (model, ordered, fixed_batch), 0, G_MAXUINT,
                        NULL, NULL, error) &&
         copy_outputs (runner, model, outputs, error);
}

/* Activation ranges come from the float run of the very inputs. */
static gboolean
run_quantized (const BsModel *loaded,
               BsConfig *config,
               GHashTable *values,
               const gint *cancelled,
               Outputs *outputs,
               GError **error)
{
  g_autofree BsValue *ordered = order_inputs (loaded, values, error);
  g_autoptr (BsModel) simplified = ordered != NULL ? bs_simplify (loaded, error) : NULL;
  g_autoptr (BsModel) bound =
    simplified != NULL ? bs_bind_inputs (simplified, ordered, error) : NULL;
  gint64 fixed_batch = 0;
  g_autoptr (BsModel) model = bound != NULL ? bs_infer (bound, &fixed_batch, error) : NULL;
  g_autofree BsStats **stats = NULL;
  g_auto (Outputs) ignored = { 0 };
  BsWalkOptions walk = { .tap = tap_stats, .cancelled = cancelled };
  gboolean done;

  if (model == NULL)
    return FALSE;
  walk.user = stats = g_new0 (BsStats *, MAX (model->n_tensors, 1));
  done = run_float (model, values, &walk, &ignored, error) &&
         run_prepared (model, config, stats, values, fixed_batch, outputs, error);
  for (guint i = 0; i < model->n_tensors; i++)
    g_free (stats[i]);
  return done;
}

static gboolean
save_outputs (const Outputs *outputs, GError **error)
{
  if (!bs_make_folder (out_dir, error))
    return FALSE;
  for (guint i = 0; i < outputs->n; i++) {
    const BsValue *value = &outputs->values[i];
    g_autofree char *name = g_strdup_printf ("output_%u.npy", i);
    g_autofree char *path = g_build_filename (out_dir, name, NULL);

    if (!bs_npy_save (path, value->dtype, value->dims, value->n_dims, value->data, error))
      return FALSE;
  }
  return TRUE;
}

static void
print_outputs (const BsCli *cli, const Outputs *outputs)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (BsTable) table = bs_table_new (_ ("Output|Type|Shape|File"));

  json_builder_begin_object (json);
  bs_json_begin_array (json, "outputs");
  for (guint i = 0; i < outputs->n; i++) {
    const BsValue *value = &outputs->values[i];
    g_autofree char *shape = bs_dims_to_string (value->dims, value->n_dims);
    g_autofree char *file = g_strdup_printf ("output_%u.npy", i);

    json_builder_begin_object (json);
    bs_json_text (json, "name", outputs->names[i]);
    bs_json_text (json, "file", file);
    bs_json_text (json, "type", bs_dtype_name (value->dtype));
    bs_json_dims (json, "shape", value->dims, value->n_dims);
    json_builder_end_object (json);
    bs_table_add (table, "%s", outputs->names[i]);
    bs_table_add (table, "%s", bs_dtype_name (value->dtype));
    bs_table_add (table, "%s", shape);
    bs_table_add (table, "%s", file);
  }
  json_builder_end_array (json);
  bs_json_number (json, "integer_share", outputs->integer_share);
  json_builder_end_object (json);
  if (cli->json)
    bs_json_print (json);
  else if (!cli->quiet) {
    bs_table_print (table);
    printf (_ ("%.1f %% of the multiply-adds ran on integers\n"), 100 * outputs->integer_share);
  }
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_autoptr (BsConfig) config = NULL;
  g_autoptr (BsModel) model = NULL;
  g_autoptr (GHashTable) values = NULL;
  g_auto (Outputs) outputs = { 0 };
  BsWalkOptions walk = { .cancelled = &cli->cancelled };
  gboolean done;

  if (out_dir == NULL)
    return bs_cli_usage (error, _ ("Please say where outputs go: --out-dir FOLDER"));
  config = bs_config_from_options (weights, acts, config_path, error);
  model = config != NULL ? bs_load_model (args[0], error) : NULL;
  values = model != NULL ? load_inputs (model, error) : NULL;
  if (values == NULL)
    return FALSE;
  if (weights == NULL && acts == NULL && config_path == NULL)
    done = run_float (model, values, &walk, &outputs, error);
  else
    done = run_quantized (model, config, values, &cli->cancelled, &outputs, error);
  if (!done || !save_outputs (&outputs, error))
    return FALSE;
  print_outputs (cli, &outputs);
  return TRUE;
}

const BsCommand bs_command_run = {
  .name = "run",
  .arguments = "MODEL --input NAME=X.npy --out-dir FOLDER",
  .summary = N_ ("One forward pass"),
  .description = N_ ("Without specs the float network runs as it is in the file. Activation ranges "
                     "come from the inputs given."),
  .example = "bitstair-cli run net.onnx --input input=x.npy --out-dir out --weights int8:channel "
             "--acts uint8",
  .options = options,
  .takes_specs = TRUE,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
