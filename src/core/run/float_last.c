/* Float steps on channels-last images: convolution with its activation, sums, functions of one
 * variable, the mean of an image. What they cannot do is left to the islands.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vectorize.h"
#include "run/step.h"

#define BLOCK 16 /* floats of one cache line */

void
bs_transpose_floats (const float *a, gsize n_images, gsize rows, gsize cols, float *c)
{
  for (gsize i = 0; i < n_images; i++, a += rows * cols, c += rows * cols)
    for (gsize r0 = 0; r0 < rows; r0 += BLOCK)
      for (gsize x0 = 0; x0 < cols; x0 += BLOCK)
        for (gsize x = x0; x < MIN (x0 + BLOCK, cols); x++)
          for (gsize r = r0; r < MIN (r0 + BLOCK, rows); r++)
            c[x * rows + r] = a[r * cols + x];
}

static gboolean
is_constant_float (const BsModel *model, guint tensor)
{
  return model->tensors[tensor].is_constant && model->tensors[tensor].dtype == BS_DTYPE_F32;
}

static gboolean
is_image (const BsLowering *l, guint tensor)
{
  const BsValue *shape = &l->p->shapes[tensor];

  return tensor != BS_TENSOR_NONE && !l->p->model->tensors[tensor].is_constant &&
         shape->dtype == BS_DTYPE_F32 && shape->n_dims != BS_DIMS_UNKNOWN && shape->n_dims >= 3;
}

typedef struct {
  void *packed;
  guint images; /* a sample */
  gsize channels;
} Conv;

static void
free_conv (gpointer data)
{
  free (((Conv *) data)->packed);
  g_free (data);
}

static gboolean
run_conv (const BsStep *step, BsRunner *runner, GError **error)
{
  const Conv *conv = step->data;
  const float *a = bs_runner_value (runner, step->in[0])->data;
  float *c = bs_runner_output (runner, step->out[0], error);

  return c != NULL &&
         bs_kernel_check (bsk_conv_f32 (conv->packed, a, c, conv->channels,
                                        (gsize) conv->images * bs_runner_n_samples (runner)),
                          step->node, error);
}

/* The weights that are in force: decoded, or the model's own. */
static const float *
weights_of (const BsPlannedLayer *layer, const BsModel *model, const BsNode *node)
{
  return layer != NULL && layer->quant[0] != NULL ? layer->quant[0]->values
                                                  : model->tensors[node->inputs[1]].data;
}

static const float *
bias_of (const BsPlannedLayer *layer, const BsModel *model, const BsNode *node)
{
  if (node->n_inputs < 3 || node->inputs[2] == BS_TENSOR_NONE)
    return NULL;
  return layer != NULL && layer->bias_values != NULL ? layer->bias_values
                                                     : model->tensors[node->inputs[2]].data;
}

/* The Relu or Clip that alone reads the node's output; −1: none, or every tensor is wanted. */
static gint
activation_behind (const BsLowering *l, guint index, double *lo, double *hi)
{
  const BsModel *model = l->p->model;
  guint out = model->nodes[index].outputs[0];

  if (l->whole || l->n_readers[out] != 1 || l->readers[out] == NULL)
    return -1;
  guint reader = g_array_index (l->readers[out], guint, 0);
  if (l->modes[reader] != BS_NODE_FLOAT || model->nodes[reader].inputs[0] != out ||
      !bs_clip_bounds (model, &model->nodes[reader], lo, hi) || !(*lo <= *hi))
    return -1;
  return (gint) reader;
}

/* All that decides the output besides the input. */
static char *
describe (const BsLowering *l,
          const BsNode *node,
          const BsPlannedLayer *layer,
          gint fused,
          gsize n_weights)
{
  GString *what = g_string_new ("float ");

  g_string_append (what, node->name);
  if (fused >= 0)
    g_string_append_printf (what, " %d", fused);
  if (l->p->config->corrections[0] != NULL)
    g_string_append_printf (what, " %s", l->p->config->key);
  if (layer != NULL && layer->quant[0] != NULL)
    g_string_append_printf (what, " %" G_GINT64_MODIFIER "x",
                            bs_lower_digest (layer->quant[0]->values, n_weights * sizeof (float)));
  return g_string_free (what, FALSE);
}

static Conv *
pack_conv (const BsLowering *l,
           const BsNode *node,
           const BsPlannedLayer *layer,
           const BskConvShape *shape,
           double lo,
           double hi)
{
  const BsModel *model = l->p->model;
  gsize bytes = bsk_conv_f32_bytes (shape), taps = (gsize) shape->kh * (gsize) shape->kw;
  gsize depth = (gsize) (shape->cin / shape->groups), n = (gsize) shape->cout * taps * depth;
  Conv *conv = g_new0 (Conv, 1);
  guint images;
  gsize pixels;

  bs_shape_image (&l->p->shapes[node->outputs[0]], &images, &conv->channels, &pixels);
  conv->images = images;
  conv->packed =
    bytes > 0 ? aligned_alloc (BSK_ALIGN, (bytes + BSK_ALIGN - 1) / BSK_ALIGN * BSK_ALIGN) : NULL;
  if (conv->packed != NULL) {
    g_autofree float *last = g_new (float, n);
    bs_transpose_floats (weights_of (layer, model, node), (gsize) shape->cout, depth, taps, last);
    if (bsk_conv_f32_pack (shape, last, bias_of (layer, model, node), (float) lo, (float) hi,
                           conv->packed) == BSK_OK)
      return conv;
  }
  free_conv (conv);
  return NULL;
}

static gboolean
lower_conv (BsLowering *l, guint index)
{
  const BsModel *model = l->p->model;
  const BsNode *node = &model->nodes[index];
  BsPlannedLayer *layer = l->layer_of[index] >= 0 ? bs_lower_layer (l, index) : NULL;
  double lo = -INFINITY, hi = INFINITY;
  BskConvShape shape;

  if (!is_image (l, node->inputs[0]) || !is_constant_float (model, node->inputs[1]) ||
      (node->n_inputs > 2 && node->inputs[2] != BS_TENSOR_NONE &&
       !is_constant_float (model, node->inputs[2])) ||
      !bs_lower_conv_shape (l, node, &shape))
    return FALSE;
  gboolean fake = layer != NULL && !bs_spec_is_float (layer->acts);
  if (fake && layer->acts->scope == BS_SCOPE_GROUP) /* groups run in the graph's order */
    return FALSE;
  gint fused = activation_behind (l, index, &lo, &hi);
  Conv *conv = pack_conv (l, node, layer, &shape, lo, hi);
  if (conv == NULL)
    return FALSE;
  if (fused >= 0) {
    l->fused[index] = fused;
    l->modes[fused] = BS_NODE_FUSED;
    l->outputs[index] = model->nodes[fused].outputs[0];
    if (layer != NULL) {
      layer->fused = fused;
      layer->output = l->outputs[index];
    }
  }
  gsize n_weights =
    (gsize) shape.cout * (gsize) (shape.cin / shape.groups) * (gsize) shape.kh * (gsize) shape.kw;
  g_autofree char *what = describe (l, node, layer, fused, n_weights);
  guint in = bs_lower_need (l, node->inputs[0], fake ? BS_FORM_FAKE_LAST : BS_FORM_FLOAT_LAST);
  guint out = bs_lower_slot (l, l->outputs[index], BS_FORM_FLOAT_LAST, what, &in, 1);
  bs_lower_step (l, run_conv, node, &in, 1, &out, 1, conv, free_conv);
  return TRUE;
}

/* n channels; a loop over BS_VECTOR of them where the compiler knows the number. */
BS_INLINE void
mean_of_channels (const float *a, gsize channels, gsize pixels, gsize n, float *c)
{
  double sum[BS_VECTOR] = { 0 };

  for (gsize p = 0; p < pixels; p++)
    for (gsize k = 0; k < n; k++)
      sum[k] += (double) a[p * channels + k];
  for (gsize k = 0; k < n; k++)
    c[k] = (float) (sum[k] / (double) pixels);
}

BS_VECTORIZED static void
mean_of_image (const float *a, gsize channels, gsize pixels, float *c)
{
  gsize whole = channels - channels % BS_VECTOR;

  for (gsize k = 0; k < whole; k += BS_VECTOR)
    mean_of_channels (a + k, channels, pixels, BS_VECTOR, c + k);
  mean_of_channels (a + whole, channels, pixels, channels - whole, c + whole);
}

/* The mean over the pixels of each image, summed in double. */
static gboolean
run_mean (const BsStep *step, BsRunner *runner, GError **error)
{
  const BsValue *in = bs_runner_value (runner, step->in[0]);
  const float *a = in->data;
  float *c = bs_runner_output (runner, step->out[0], error);
  guint images;
  gsize channels, pixels;

  if (c == NULL || !bs_shape_image (in, &images, &channels, &pixels))
    return FALSE;
  for (guint i = 0; i < images; i++, a += channels * pixels, c += channels)
    mean_of_image (a, channels, pixels, c);
  return TRUE;
}

/* Which inputs an operator of the graph reads channels last: none where 0. */
static guint
inputs_last (const BsLowering *l, const BsNode *node)
{
  gboolean last = FALSE;
  guint n = 1;

  if (l->layer_of[node - l->p->model->nodes] >= 0 || node->n_outputs != 1)
    return 0;
  if (g_str_equal (node->op_type, "Add") || g_str_equal (node->op_type, "Sub") ||
      g_str_equal (node->op_type, "Mul"))
    n = 2;
  else if ((node->op->flags & BS_OP_ELEMENTWISE) == 0)
    return 0;
  for (guint i = 0; i < n; i++) {
    guint t = node->inputs[i];
    if (!is_image (l, t) ||
        !bs_value_same_shape (&l->p->shapes[t], &l->p->shapes[node->outputs[0]]))
      return 0;
    last |= bs_lower_has (l, t, BS_FORM_FLOAT_LAST) && !bs_lower_has (l, t, BS_FORM_FLOAT);
  }
  return last ? n : 0;
}

gboolean
bs_lower_float_last (BsLowering *l, guint index)
{
  const BsNode *node = &l->p->model->nodes[index];

  if (g_str_equal (node->op_type, "Conv"))
    return lower_conv (l, index);
  if (inputs_last (l, node) > 0) {
    bs_lower_island (l, index, BS_FORM_FLOAT_LAST);
    return TRUE;
  }
  if (is_image (l, node->inputs[0]) && bs_lower_has (l, node->inputs[0], BS_FORM_FLOAT_LAST) &&
      bs_lower_is_global_mean (l, node)) {
    guint in = bs_lower_need (l, node->inputs[0], BS_FORM_FLOAT_LAST);
    g_autofree char *what = g_strconcat ("mean ", node->name, NULL);
    guint out = bs_lower_slot (l, node->outputs[0], BS_FORM_FLOAT, what, &in, 1);
    bs_lower_step (l, run_mean, node, &in, 1, &out, 1, NULL, NULL);
    return TRUE;
  }
  return FALSE;
}
