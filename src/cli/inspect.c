/* Command: what is in a model file.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/config_options.h"
#include "cli/data_options.h"
#include "cli/findings.h"
#include "cli/json.h"
#include "cli/open_study.h"
#include "cli/progress.h"
#include "cli/table.h"

#include "loaders/loader.h"
#include "model/infer.h"
#include "model/layers.h"
#include "model/simplify.h"
#include "study/advise.h"

#include <stdio.h>

static char *weights, *acts, *config_path;

static const GOptionEntry options[] = {
  { "weights", 'w', 0, G_OPTION_ARG_STRING, &weights,
    N_ ("What weights become, for the findings; default int8"), "SPEC" },
  { "acts", 'a', 0, G_OPTION_ARG_STRING, &acts,
    N_ ("What activations become, for the findings; default uint8"), "SPEC" },
  { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, N_ ("A configuration file instead"),
    "FILE" },
  { NULL },
};

/* Above it weights are read only when asked for: a file of 1 GiB opens in some milliseconds. */
#define MANY_PARAMETERS 64000000

/* The file as it is, and as it is measured: simplified, with shapes. */
typedef struct {
  BsModel *loaded, *model;
  BsValue *shapes;     /* batch 1; NULL where they cannot be inferred */
  char *shape_problem; /* why; or NULL */
  gint64 fixed_batch;
  GArray *layers;          /* BsLayer, of model */
  GHashTable *unsupported; /* operator → count */
  GPtrArray *findings;     /* BsFinding, worst first */
  gboolean not_looked_at;  /* the weights: too many to be read unasked */
  BsConfig *config;        /* the configuration they are about */
  char *under;             /* in words: "int8 · uint8" */
} Inspection;

static void
inspection_clear (Inspection *inspection)
{
  g_clear_pointer (&inspection->loaded, bs_model_unref);
  g_clear_pointer (&inspection->model, bs_model_unref);
  g_clear_pointer (&inspection->shapes, g_free);
  g_clear_pointer (&inspection->shape_problem, g_free);
  g_clear_pointer (&inspection->layers, g_array_unref);
  g_clear_pointer (&inspection->unsupported, g_hash_table_unref);
  g_clear_pointer (&inspection->findings, g_ptr_array_unref);
  g_clear_pointer (&inspection->config, bs_config_unref);
  g_clear_pointer (&inspection->under, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Inspection, inspection_clear)

static void
count_unsupported (Inspection *inspection)
{
  const BsModel *model = inspection->loaded;

  inspection->unsupported = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < model->n_nodes; i++) {
    const BsNode *node = &model->nodes[i];
    char *op;
    guint count;

    if (node->op != NULL)
      continue;
    op = *node->domain != '\0' ? g_strdup_printf ("%s.%s", node->domain, node->op_type)
                               : g_strdup (node->op_type);
    count = GPOINTER_TO_UINT (g_hash_table_lookup (inspection->unsupported, op));
    g_hash_table_insert (inspection->unsupported, op, GUINT_TO_POINTER (count + 1));
  }
}

/* A file that cannot be simplified or whose shapes do not fit still opens; the reason is told. */
static gboolean
inspect (Inspection *inspection, const char *path, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (BsModel) inferred = NULL;

  *inspection = (Inspection){ .loaded = bs_load_model (path, error) };
  if (inspection->loaded == NULL)
    return FALSE;
  count_unsupported (inspection);
  inspection->model = bs_simplify (inspection->loaded, &problem);
  if (inspection->model == NULL)
    inspection->model = bs_model_ref (inspection->loaded);
  inferred =
    problem == NULL ? bs_infer (inspection->model, &inspection->fixed_batch, &problem) : NULL;
  if (inferred != NULL) {
    bs_model_unref (inspection->model);
    inspection->model = g_steal_pointer (&inferred);
    inspection->shapes = bs_model_shapes (inspection->model, &problem);
  }
  if (problem != NULL)
    inspection->shape_problem = g_strdup (problem->message);
  inspection->layers = bs_model_layers (inspection->model, inspection->shapes);
  return TRUE;
}

/* Weights alone, or with --data activations and biases too. */
static gboolean
advise (Inspection *inspection, BsCli *cli, const char *path, GError **error)
{
  g_autoptr (BsConfig) config = weights == NULL && acts == NULL && config_path == NULL
                                  ? bs_advise_default ()
                                  : bs_config_from_options (weights, acts, config_path, error);
  g_auto (BsProgress) progress = { 0 };
  g_auto (BsDataText) data = { 0 };
  g_auto (BsOpened) opened = { 0 };

  if (config == NULL)
    return FALSE;
  g_autofree char *weights_text = bs_spec_to_string (&config->weights);
  g_autofree char *acts_text = bs_spec_to_string (&config->acts);
  inspection->config = bs_config_ref (config);
  inspection->under = g_strdup_printf ("%s · %s", weights_text, acts_text);
  if (!bs_data_is_given ()) {
    inspection->not_looked_at = weights == NULL && acts == NULL && config_path == NULL &&
                                bs_model_parameters (inspection->model) > MANY_PARAMETERS;
    inspection->findings = inspection->not_looked_at
                             ? bs_findings_new ()
                             : bs_advise_model (inspection->model, config, NULL);
    return TRUE;
  }
  if (!bs_data_from_options (&data, error))
    return FALSE;
  bs_progress_start (&progress, cli);
  if (!bs_open_study (&opened, cli, path, &data, &progress.observer, error))
    return FALSE;
  inspection->findings = bs_advise_model (bs_study_model (opened.study), config, opened.study);
  return TRUE;
}

static void
json_tensors (JsonBuilder *json,
              const char *member,
              const BsModel *model,
              const guint *tensors,
              guint n)
{
  bs_json_begin_array (json, member);
  for (guint i = 0; i < n; i++) {
    const BsTensor *tensor = &model->tensors[tensors[i]];

    json_builder_begin_object (json);
    bs_json_text (json, "name", tensor->name);
    bs_json_text (json, "type", bs_dtype_name (tensor->dtype));
    if (tensor->n_dims != BS_DIMS_UNKNOWN)
      bs_json_dims (json, "shape", tensor->dims, tensor->n_dims);
    else
      bs_json_text (json, "shape", NULL);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

static guint
width (const BsSpec *spec)
{
  return bs_spec_is_float (spec) ? 32 : spec->bits;
}

/* Of one sample, under the configuration that the findings are about. */
static guint64
bit_ops (const Inspection *inspection, const BsLayer *layer)
{
  const char *name = inspection->model->nodes[layer->node].name;

  return layer->macs * width (bs_config_weights (inspection->config, name)) *
         width (bs_config_acts (inspection->config, name));
}

/* Likewise: weights with their scales read once, activations read and written. */
static guint64
traffic_bytes (const Inspection *inspection, const BsLayer *layer)
{
  const BsModel *model = inspection->model;
  const char *name = model->nodes[layer->node].name;
  guint64 bits =
    (layer->n_read + layer->n_written) * width (bs_config_acts (inspection->config, name));

  for (guint k = 0; k < layer->n_weights; k++) {
    const BsTensor *t = &model->tensors[layer->tensors[k]];
    bits += bs_quant_size_bits (bs_config_weights (inspection->config, name), t->dims, t->n_dims,
                                layer->channel_axis);
  }
  return (bits + 7) / 8;
}

static void
json_layers (JsonBuilder *json, const Inspection *inspection)
{
  const BsModel *model = inspection->model;

  bs_json_begin_array (json, "layers");
  for (guint i = 0; i < inspection->layers->len; i++) {
    const BsLayer *layer = &g_array_index (inspection->layers, BsLayer, i);
    const BsTensor *weight = &model->tensors[layer->tensors[0]];

    json_builder_begin_object (json);
    bs_json_text (json, "name", model->nodes[layer->node].name);
    bs_json_text (json, "op", model->nodes[layer->node].op_type);
    bs_json_text (json, "weight", weight->name);
    bs_json_dims (json, "shape", weight->dims, weight->n_dims);
    bs_json_integer (json, "channel_axis", layer->channel_axis);
    bs_json_integer (json, "parameters", (gint64) layer->parameters);
    bs_json_integer (json, "macs", (gint64) layer->macs);
    bs_json_integer (json, "bit_ops", (gint64) bit_ops (inspection, layer));
    bs_json_integer (json, "traffic_bytes", (gint64) traffic_bytes (inspection, layer));
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

static guint64
total_macs (const Inspection *inspection)
{
  guint64 macs = 0;

  for (guint i = 0; inspection->shapes != NULL && i < inspection->model->n_nodes; i++)
    macs += bs_node_macs (inspection->model, &inspection->model->nodes[i], inspection->shapes);
  return macs;
}

static void
print_json (const Inspection *inspection)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  const BsModel *loaded = inspection->loaded, *model = inspection->model;
  guint64 parameters = bs_model_parameters (loaded);
  g_autoptr (GList) ops =
    g_list_sort (g_hash_table_get_keys (inspection->unsupported), (GCompareFunc) g_strcmp0);

  json_builder_begin_object (json);
  bs_json_text (json, "name", loaded->name);
  bs_json_text (json, "format", loaded->format);
  bs_json_text (json, "producer", loaded->producer);
  bs_json_integer (json, "opset", loaded->opset);
  bs_json_text (json, "digest", bs_model_digest (loaded));
  bs_json_integer (json, "file_bytes", (gint64) loaded->file_bytes);
  json_tensors (json, "inputs", model, model->inputs, model->n_inputs);
  json_tensors (json, "outputs", model, model->outputs, model->n_outputs);
  bs_json_integer (json, "nodes", loaded->n_nodes);
  bs_json_integer (json, "parameters", (gint64) parameters);
  bs_json_integer (json, "float_bytes", (gint64) (parameters * sizeof (float)));
  bs_json_integer (json, "macs", (gint64) total_macs (inspection));
  bs_json_integer (json, "fixed_batch", inspection->fixed_batch);
  json_layers (json, inspection);
  bs_json_begin_array (json, "unsupported");
  for (GList *op = ops; op != NULL; op = op->next) {
    json_builder_begin_object (json);
    bs_json_text (json, "op", op->data);
    bs_json_integer (json, "count",
                     GPOINTER_TO_UINT (g_hash_table_lookup (inspection->unsupported, op->data)));
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  bs_json_begin_array (json, "notes");
  for (guint i = 0; model->notes != NULL && model->notes[i] != NULL; i++)
    json_builder_add_string_value (json, model->notes[i]);
  if (inspection->shape_problem != NULL)
    json_builder_add_string_value (json, inspection->shape_problem);
  json_builder_end_array (json);
  bs_json_findings (json, inspection->findings);
  json_builder_end_object (json);
  bs_json_print (json);
}

static void
print_tensors (const char *title, const BsModel *model, const guint *tensors, guint n)
{
  for (guint i = 0; i < n; i++) {
    const BsTensor *tensor = &model->tensors[tensors[i]];
    g_autofree char *shape = tensor->n_dims != BS_DIMS_UNKNOWN
                               ? bs_dims_to_string (tensor->dims, tensor->n_dims)
                               : g_strdup ("?");

    printf ("%s %s: %s %s\n", title, tensor->name, bs_dtype_name (tensor->dtype), shape);
  }
}

static void
print_layers (const Inspection *inspection)
{
  const BsModel *model = inspection->model;
  g_autoptr (BsTable) table = bs_table_new (
    _ ("Layer|Operator|Weight|Shape|>Parameters|>Multiply-adds|>Bit operations|>Traffic"));

  for (guint i = 0; i < inspection->layers->len; i++) {
    const BsLayer *layer = &g_array_index (inspection->layers, BsLayer, i);
    const BsTensor *weight = &model->tensors[layer->tensors[0]];
    g_autofree char *shape = bs_dims_to_string (weight->dims, weight->n_dims),
                    *traffic = bs_bytes_to_string (traffic_bytes (inspection, layer));

    bs_table_add (table, "%s", model->nodes[layer->node].name);
    bs_table_add (table, "%s", model->nodes[layer->node].op_type);
    bs_table_add (table, "%s", weight->name);
    bs_table_add (table, "%s", shape);
    bs_table_add (table, "%" G_GUINT64_FORMAT, layer->parameters);
    bs_table_add (table, "%" G_GUINT64_FORMAT, layer->macs);
    bs_table_add (table, "%" G_GUINT64_FORMAT, bit_ops (inspection, layer));
    bs_table_add (table, "%s", traffic);
  }
  bs_table_print (table);
}

static void
print_text (const Inspection *inspection)
{
  const BsModel *loaded = inspection->loaded, *model = inspection->model;
  guint64 parameters = bs_model_parameters (loaded);
  g_autofree char *bytes = bs_bytes_to_string (parameters * sizeof (float));
  g_autoptr (GList) ops =
    g_list_sort (g_hash_table_get_keys (inspection->unsupported), (GCompareFunc) g_strcmp0);

  printf (_ ("%s: %s, %u nodes, %llu parameters, %s in float, %llu multiply-adds a sample\n"),
          loaded->name, loaded->format, loaded->n_nodes, (unsigned long long) parameters, bytes,
          (unsigned long long) total_macs (inspection));
  print_tensors (_ ("Input"), model, model->inputs, model->n_inputs);
  print_tensors (_ ("Output"), model, model->outputs, model->n_outputs);
  puts ("");
  print_layers (inspection);
  if (model->notes != NULL && model->notes[0] != NULL)
    puts (_ ("\nSimplified before it is measured:"));
  for (guint i = 0; model->notes != NULL && model->notes[i] != NULL; i++)
    printf ("  %s\n", model->notes[i]);
  if (inspection->shape_problem != NULL)
    printf (_ ("\nShapes are not known: %s\n"), inspection->shape_problem);
  if (ops != NULL)
    puts (
      _ ("\nOperators that cannot run; weights can be looked at, accuracy cannot be measured:"));
  for (GList *op = ops; op != NULL; op = op->next)
    printf ("  %s × %u\n", (const char *) op->data,
            GPOINTER_TO_UINT (g_hash_table_lookup (inspection->unsupported, op->data)));
  if (inspection->not_looked_at)
    puts (
      _ ("\nSo many weights are only looked at when asked for: with --weights, --acts or --data "
         "their findings follow."));
  else
    bs_print_findings (inspection->findings, inspection->under);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_auto (Inspection) inspection = { 0 };

  if (!inspect (&inspection, args[0], error) || !advise (&inspection, cli, args[0], error))
    return FALSE;
  if (cli->json)
    print_json (&inspection);
  else if (!cli->quiet)
    print_text (&inspection);
  return TRUE;
}

const BsCommand bs_command_inspect = {
  .name = "inspect",
  .arguments = "MODEL",
  .summary = N_ ("Show what is in a model file, and what will hurt when it is quantized"),
  .description =
    N_ ("Layers are listed as they are measured: batch normalization folded, constants computed. "
        "The findings are about weights; with --data about activations and biases, too. Models of "
        "more than 64 million parameters open without a look at their weights unless one of "
        "--weights, --acts, --config and --data asks for it."),
  .example = "bitstair-cli inspect net.onnx --data test.npz --weights int4",
  .options = options,
  .takes_data = TRUE,
  .takes_specs = TRUE,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
