/* A small random network with one of each operator that runs on integers, and data for it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "net.h"

#include "base/error.h"
#include "model/builder.h"

#include <math.h>
#include <string.h>

static float
noise (GRand *rand)
{
  double sum = 0;

  for (guint i = 0; i < 6; i++)
    sum += g_rand_double_range (rand, -1, 1);
  return (float) sum;
}

static guint
weight (BsModelBuilder *b, GRand *rand, const char *name, const gint64 *dims, guint n_dims)
{
  gsize n = 1, depth = 1;

  for (guint i = 0; i < n_dims; i++)
    n *= (gsize) dims[i];
  for (guint i = 1; i < n_dims; i++)
    depth *= (gsize) dims[i];
  g_autofree float *data = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    data[i] = noise (rand) / (float) sqrt ((double) depth);
  return bs_model_builder_constant (b, name, BS_DTYPE_F32, dims, n_dims, data, NULL);
}

static void
set_ints (BsNode *node, const char *name, const gint64 *values, guint n)
{
  BsAttr *attr = bs_node_add_attr (node, name, BS_ATTR_INTS);

  attr->n = n;
  attr->ints = g_memdup2 (values, n * sizeof *values);
}

static void
set_int (BsNode *node, const char *name, gint64 value)
{
  bs_node_add_attr (node, name, BS_ATTR_INT)->i = value;
}

static void
conv (BsModelBuilder *b,
      GRand *rand,
      const char *name,
      const char *in,
      const char *out,
      gint64 cin,
      gint64 cout,
      gint64 groups,
      gint64 kernel,
      gint64 stride)
{
  g_autofree char *w = g_strconcat (name, "_w", NULL), *bias = g_strconcat (name, "_b", NULL);
  guint inputs[3] = { bs_model_builder_tensor (b, in),
                      weight (b, rand, w, (gint64[]){ cout, cin / groups, kernel, kernel }, 4),
                      weight (b, rand, bias, &cout, 1) };
  guint output = bs_model_builder_tensor (b, out);
  BsNode *node = bs_model_builder_node (b, "Conv", "", name, inputs, 3, &output, 1);
  gint64 pad = kernel / 2;

  set_ints (node, "pads", (gint64[]){ pad, pad, pad, pad }, 4);
  set_ints (node, "strides", (gint64[]){ stride, stride }, 2);
  set_ints (node, "kernel_shape", (gint64[]){ kernel, kernel }, 2);
  set_int (node, "group", groups);
}

static BsNode *
simple (BsModelBuilder *b, const char *type, const char *name, const char *in, const char *out)
{
  guint input = bs_model_builder_tensor (b, in), output = bs_model_builder_tensor (b, out);

  return bs_model_builder_node (b, type, "", name, &input, 1, &output, 1);
}

static void
pair (BsModelBuilder *b,
      const char *type,
      const char *name,
      const char *one,
      const char *two,
      const char *out)
{
  guint inputs[2] = { bs_model_builder_tensor (b, one), bs_model_builder_tensor (b, two) };
  guint output = bs_model_builder_tensor (b, out);
  BsNode *node = bs_model_builder_node (b, type, "", name, inputs, 2, &output, 1);

  if (g_str_equal (type, "Concat"))
    set_int (node, "axis", 1);
}

static void
pool (BsModelBuilder *b, const char *type, const char *name, const char *in, const char *out)
{
  BsNode *node = simple (b, type, name, in, out);

  set_ints (node, "kernel_shape", (gint64[]){ 2, 2 }, 2);
  set_ints (node, "strides", (gint64[]){ 2, 2 }, 2);
}

static void
gemm (BsModelBuilder *b,
      GRand *rand,
      const char *name,
      const char *in,
      const char *out,
      gint64 n,
      gint64 k)
{
  g_autofree char *w = g_strconcat (name, "_w", NULL), *bias = g_strconcat (name, "_b", NULL);
  guint inputs[3] = { bs_model_builder_tensor (b, in), weight (b, rand, w, (gint64[]){ n, k }, 2),
                      weight (b, rand, bias, &n, 1) };
  guint output = bs_model_builder_tensor (b, out);

  set_int (bs_model_builder_node (b, "Gemm", "", name, inputs, 3, &output, 1), "transB", 1);
}

static void
clip (BsModelBuilder *b, const char *name, const char *in, const char *out)
{
  float lo = 0, hi = 6;
  guint inputs[3] = { bs_model_builder_tensor (b, in),
                      bs_model_builder_constant (b, "clip_lo", BS_DTYPE_F32, NULL, 0, &lo, NULL),
                      bs_model_builder_constant (b, "clip_hi", BS_DTYPE_F32, NULL, 0, &hi, NULL) };
  guint output = bs_model_builder_tensor (b, out);

  bs_model_builder_node (b, "Clip", "", name, inputs, 3, &output, 1);
}

static void
declare (BsModelBuilder *b, const char *name, const gint64 *dims, guint n_dims, gboolean input)
{
  guint index = bs_model_builder_tensor (b, name);
  BsTensor *t = &bs_model_builder_edit (b)->tensors[index];

  t->dtype = BS_DTYPE_F32;
  t->n_dims = (guint8) n_dims;
  memcpy (t->dims, dims, n_dims * sizeof *dims);
  if (input)
    bs_model_builder_input (b, index);
  else
    bs_model_builder_output (b, index);
}

static BsModel *
finish (BsModelBuilder *b)
{
  g_autoptr (GError) error = NULL;
  BsModel *model;

  bs_model_builder_edit (b)->opset = 13;
  model = bs_model_builder_finish (b, &error);
  g_assert_no_error (error);
  return model;
}

BsModel *
net_new (guint32 seed)
{
  g_autoptr (BsModelBuilder) b = bs_model_builder_new ("net", "ONNX");
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  const gint64 c = NET_CHANNELS;

  declare (b, "x", (gint64[]){ BS_DIM_FREE, 3, NET_SIDE, NET_SIDE }, 4, TRUE);
  conv (b, rand, "conv1", "x", "conv1_y", 3, c, 1, 3, 1);
  simple (b, "Relu", "relu1", "conv1_y", "r1");
  conv (b, rand, "depthwise", "r1", "depthwise_y", c, c, c, 3, 2);
  clip (b, "clip", "depthwise_y", "r2");
  conv (b, rand, "left", "r2", "left_y", c, c, 1, 1, 1);
  conv (b, rand, "right", "r2", "right_y", c, c, 1, 3, 1);
  pair (b, "Add", "add", "left_y", "right_y", "sum");
  simple (b, "Relu", "relu2", "sum", "r3");
  pool (b, "MaxPool", "largest", "r3", "m");
  pool (b, "AveragePool", "mean", "r3", "p");
  pair (b, "Concat", "both", "m", "p", "mp");
  simple (b, "GlobalAveragePool", "all", "mp", "g");
  simple (b, "Flatten", "flat", "g", "f");
  gemm (b, rand, "fc", "f", "y", NET_CLASSES, 2 * c);
  declare (b, "y", (gint64[]){ BS_DIM_FREE, NET_CLASSES }, 2, FALSE);
  return finish (b);
}

BsModel *
net_groups_new (guint32 seed)
{
  g_autoptr (BsModelBuilder) b = bs_model_builder_new ("groups", "ONNX");
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  declare (b, "x", (gint64[]){ BS_DIM_FREE, 32, 3, 3 }, 4, TRUE);
  conv (b, rand, "wide", "x", "wide_y", 32, 40, 1, 3, 1);
  simple (b, "Relu", "relu1", "wide_y", "r1");
  conv (b, rand, "point", "r1", "point_y", 40, 48, 1, 1, 1);
  simple (b, "Relu", "relu2", "point_y", "r2");
  simple (b, "Flatten", "flat", "r2", "f");
  gemm (b, rand, "fc", "f", "y", NET_CLASSES, 48 * 9);
  declare (b, "y", (gint64[]){ BS_DIM_FREE, NET_CLASSES }, 2, FALSE);
  return finish (b);
}

/* Returns the size of the output in a direction d, of one in. */
static gint64
transposed_size (const NetTransposed *t, guint d, gint64 in)
{
  return (in - 1) * t->stride[d] + (t->kernel[d] - 1) * t->dilation[d] + 1 + t->extra[d] -
         t->pads[d] - t->pads[d + 2];
}

static void
transposed (BsModelBuilder *b,
            GRand *rand,
            const NetTransposed *t,
            gboolean flat,
            const char *in,
            const char *out)
{
  g_autofree char *w = g_strconcat (t->name, "_w", NULL), *bias = g_strconcat (t->name, "_b", NULL);
  guint from = flat ? 1 : 0, n = 2 - from;
  gint64 dims[4] = { t->cin, t->cout / t->groups, t->kernel[from], t->kernel[1] },
         pads[4] = { t->pads[from], flat ? t->pads[3] : t->pads[1], t->pads[2], t->pads[3] };
  guint inputs[3] = { bs_model_builder_tensor (b, in), weight (b, rand, w, dims, 2 + n),
                      weight (b, rand, bias, &t->cout, 1) };
  guint output = bs_model_builder_tensor (b, out);
  BsNode *node = bs_model_builder_node (b, "ConvTranspose", "", t->name, inputs, 3, &output, 1);

  set_ints (node, "pads", pads, 2 * n);
  set_ints (node, "strides", t->stride + from, n);
  set_ints (node, "dilations", t->dilation + from, n);
  set_ints (node, "output_padding", t->extra + from, n);
  set_int (node, "group", t->groups);
}

BsModel *
net_transposed_new (const NetTransposed *layers, guint n, gboolean flat, guint32 seed)
{
  g_autoptr (BsModelBuilder) b = bs_model_builder_new ("transposed", "ONNX");
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree char *in = g_strdup ("x");
  gint64 h = flat ? 1 : NET_HEIGHT, w = NET_WIDTH;

  declare (b, "x", (gint64[]){ BS_DIM_FREE, layers[0].cin, flat ? w : h, w }, flat ? 3 : 4, TRUE);
  for (guint i = 0; i < n; i++) {
    g_autofree char *relu = g_strconcat (layers[i].name, "_relu", NULL),
                    *sum = g_strconcat (layers[i].name, "_sum", NULL),
                    *out = g_strconcat (layers[i].name, "_y", NULL);
    transposed (b, rand, &layers[i], flat, in, sum);
    simple (b, "Relu", relu, sum, out);
    h = flat ? 1 : transposed_size (&layers[i], 0, h);
    w = transposed_size (&layers[i], 1, w);
    g_free (in);
    in = g_steal_pointer (&out);
  }
  simple (b, "Flatten", "flat", in, "f");
  gemm (b, rand, "fc", "f", "y", NET_CLASSES, layers[n - 1].cout * h * w);
  declare (b, "y", (gint64[]){ BS_DIM_FREE, NET_CLASSES }, 2, FALSE);
  return finish (b);
}

BsModel *
net_product_new (gint64 group, guint32 seed)
{
  g_autoptr (BsModelBuilder) b = bs_model_builder_new ("product", "ONNX");
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint inputs[2] = { bs_model_builder_tensor (b, "x"),
                      weight (b, rand, "fc_w", (gint64[]){ NET_WIDTH, NET_CLASSES }, 2) };
  guint output = bs_model_builder_tensor (b, "y");

  declare (b, "x", (gint64[]){ BS_DIM_FREE, NET_WIDTH }, 2, TRUE);
  set_int (bs_model_builder_node (b, "MatMul", "", "fc", inputs, 2, &output, 1), "group", group);
  declare (b, "y", (gint64[]){ BS_DIM_FREE, NET_CLASSES }, 2, FALSE);
  return finish (b);
}

static void
reshape (BsModelBuilder *b,
         const char *name,
         const char *in,
         const char *out,
         const gint64 *dims,
         gint64 n)
{
  g_autofree char *shape = g_strconcat (name, "_shape", NULL);
  guint inputs[2] = { bs_model_builder_tensor (b, in),
                      bs_model_builder_constant (b, shape, BS_DTYPE_I64, &n, 1, dims, NULL) };
  guint output = bs_model_builder_tensor (b, out);

  bs_model_builder_node (b, "Reshape", "", name, inputs, 2, &output, 1);
}

BsModel *
net_fixed_new (guint32 seed)
{
  g_autoptr (BsModelBuilder) b = bs_model_builder_new ("fixed", "ONNX");
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  declare (b, "x", (gint64[]){ 1, 8 }, 2, TRUE);
  gemm (b, rand, "first", "x", "a", 8, 8);
  reshape (b, "halves", "a", "h", (gint64[]){ 2, 4 }, 2);
  gemm (b, rand, "second", "h", "s", 3, 4);
  reshape (b, "whole", "s", "y", (gint64[]){ 1, 6 }, 2);
  declare (b, "y", (gint64[]){ 1, 6 }, 2, FALSE);
  return finish (b);
}

BsDataset *
net_data (const BsModel *model, guint n, guint32 seed)
{
  g_autofree char *spec = g_strdup_printf ("synthetic:%u", n);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (GError) error = NULL;
  BsDatasetOptions options = { .calibration = 40, .seed = seed };
  BsDataset *dataset = bs_dataset_open (spec, model, &options, &error);

  g_assert_no_error (error);
  g_assert_null (dataset->labels);
  dataset->labels = g_new (gint64, n);
  dataset->labels_per_sample = 1;
  for (guint i = 0; i < n; i++)
    dataset->labels[i] = g_rand_int_range (rand, 0, NET_CLASSES);
  return dataset;
}

BsStudy *
net_study (guint n)
{
  g_autoptr (BsModel) model = net_new (1);

  return net_study_of (model, n);
}

BsStudy *
net_study_of (BsModel *model, guint n)
{
  g_autoptr (BsDataset) dataset = net_data (model, n, 2);
  g_autoptr (GError) error = NULL;
  BsStudy *study = bs_study_new (model, dataset, NULL, &error);

  g_assert_no_error (error);
  return study;
}

static BsSpec
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  BsSpec spec;

  bs_spec_parse (text, &spec, &error);
  g_assert_no_error (error);
  return spec;
}

BsConfig *
net_config (const char *weights, const char *acts)
{
  BsSpec w = parse (weights), a = parse (acts);

  return bs_config_new (&w, &a, NULL, NULL);
}

BsConfig *
net_layer_config (const char *base_weights,
                  const char *base_acts,
                  const char *layer,
                  const char *weights,
                  const char *acts)
{
  BsSpec w = parse (base_weights), a = parse (base_acts);
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *w_text = bs_spec_to_string (&w), *a_text = bs_spec_to_string (&a);
  BsConfig *config;

  g_string_printf (json, "{\"bitstair\":1,\"weights\":\"%s\",\"acts\":\"%s\",\"layers\":{\"%s\":{",
                   w_text, a_text, layer);
  if (weights != NULL)
    g_string_append_printf (json, "\"weights\":\"%s\"", weights);
  if (acts != NULL)
    g_string_append_printf (json, "%s\"acts\":\"%s\"", weights != NULL ? "," : "", acts);
  g_string_append (json, "}}}");
  config = bs_config_parse (json->str, &error);
  g_assert_no_error (error);
  return config;
}
