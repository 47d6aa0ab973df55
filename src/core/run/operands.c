/* Operands of integer products: codes, zero points, scales and bias as the kernels take them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/operands.h"

#include <math.h>

#include "quant/groups.h"

#define MAX_REAL_BIAS 1e30 /* of a bias in units of the input's scale: far from the end of float */

gboolean
bs_operands_transposed (const BsNode *node)
{
  return g_str_equal (node->op_type, "ConvTranspose");
}

BsWeightOrder
bs_operands_order (const BsModel *model, const BsPlannedLayer *layer)
{
  const BsNode *node = &model->nodes[layer->layer.node];
  const BsTensor *w = &model->tensors[layer->layer.tensors[0]];
  BsWeightOrder order = { .n_channels = (gsize) w->dims[0], .cin = (gsize) w->dims[1] };

  if (layer->layer.channel_axis == 1) {
    /* An attribute of that name says nothing at others. */
    order.columns = bs_operands_transposed (node) ? (gsize) bs_node_int (node, "group", 1) : 1;
    order.n_channels = (gsize) w->dims[1] * order.columns;
    order.cin = (gsize) w->dims[0] / order.columns;
  }
  bs_dims_count (w->dims + 2, w->n_dims - 2, &order.pixels);
  return order;
}

/* Where the weight of a channel's input i at a pixel lies in the tensor. */
static inline gsize
place_at (const BsWeightOrder *order, gsize channel, gsize pixel, gsize i)
{
  gsize row = channel * order->cin + i;

  if (order->columns > 0) {
    gsize width = order->n_channels / order->columns;
    row = (channel / width * order->cin + i) * width + channel % width;
  }
  return row * order->pixels + pixel;
}

/* Of weight k of a channel, in the kernels' order. */
static gsize
place (const BsWeightOrder *order, gsize channel, gsize k)
{
  return place_at (order, channel, k / order->cin, k % order->cin);
}

/* Which of the scales each weight has, in the tensor's order. */
static gsize *
scales_of (const BsQuant *quant)
{
  gsize *which = g_new0 (gsize, MAX (quant->n, 1));

  for (gsize s = 0; s < quant->n_scales; s++) {
    BsGroup group = bs_groups_get (quant, s);
    for (gsize r = 0; r < group.n_runs; r++)
      for (gsize i = 0; i < group.run; i++)
        which[group.first + r * group.stride + i] = s;
  }
  return which;
}

const char *
bs_operands_group (BsPlannedLayer *layer, const BsWeightOrder *order)
{
  const BsSpec *spec = layer->weights;
  gsize depth = order->cin * order->pixels;

  layer->group = 0;
  if (spec->scope != BS_SCOPE_GROUP)
    return NULL;
  g_autofree gsize *which = scales_of (layer->quant[0]);
  for (gsize c = 0; c < order->n_channels; c++)
    for (gsize k = 0; k < depth; k++)
      if (which[place (order, c, k)] != which[place (order, c, k - k % spec->group)])
        return "the groups do not run along the sums of the kernels";
  if (spec->group >= depth) /* a scale for each channel */
    return NULL;
  if (spec->affine && spec->bits > 7)
    return "8-bit weights with a zero point for each group are simulated";
  layer->group = spec->group;
  return NULL;
}

/* An array that plans can share. */
static gpointer
new_array (gsize n, gsize size)
{
  return g_atomic_rc_box_alloc (MAX (n, 1) * size);
}

static gpointer
share_array (gpointer array)
{
  return array != NULL ? g_atomic_rc_box_acquire (array) : NULL;
}

void
bs_operands_share (BsPlannedLayer *layer, const BsPlannedLayer *like)
{
  layer->group = like->group;
  layer->n_channels = like->n_channels;
  layer->n_scales = like->n_scales;
  layer->n_rescaled = like->n_rescaled;
  layer->scale = share_array (like->scale);
  layer->zero = share_array (like->zero);
  layer->codes = share_array (like->codes);
  layer->bias = share_array (like->bias);
  layer->bias_real = share_array (like->bias_real);
}

static void
fill_weights (BsPlannedLayer *layer, const BsWeightOrder *order, float alpha)
{
  const BsQuant *quant = layer->quant[0];
  gsize depth = order->cin * order->pixels, step = layer->group > 0 ? layer->group : depth,
        n_groups = (depth + step - 1) / step;
  g_autofree gsize *which = scales_of (quant);

  layer->n_channels = (guint) order->n_channels;
  layer->n_scales = order->n_channels * n_groups;
  layer->scale = new_array (layer->n_scales, sizeof *layer->scale);
  layer->zero = quant->zero != NULL && layer->group == 0
                  ? new_array (order->n_channels, sizeof *layer->zero)
                  : NULL;
  layer->codes = new_array (quant->n, sizeof *layer->codes);
  for (gsize c = 0; c < order->n_channels; c++) {
    for (gsize g = 0; g < n_groups; g++)
      layer->scale[c * n_groups + g] = quant->scale[which[place (order, c, g * step)]] * alpha;
    if (layer->zero != NULL)
      layer->zero[c] = quant->zero[which[place (order, c, 0)]];
  }
  for (gsize i = 0; i < quant->n; i++) {
    gboolean less_zero = quant->zero != NULL && layer->group > 0;
    layer->codes[i] = (gint16) (quant->codes[i] - (less_zero ? quant->zero[which[i]] : 0));
  }
}

/* A channel of almost nothing but bias: a larger scale keeps the bias exact and its tiny weights
 * small. */
static void
raise_scale (BsPlannedLayer *layer, const BsWeightOrder *order, gsize channel, float larger)
{
  double shrink = (double) layer->scale[channel] / (double) larger;
  gint zero = layer->zero != NULL ? layer->zero[channel] : 0;

  for (gsize k = 0; k < order->cin * order->pixels; k++) {
    gint16 *code = &layer->codes[place (order, channel, k)];
    *code = (gint16) (zero + rint ((*code - zero) * shrink));
  }
  layer->scale[channel] = larger;
  layer->n_rescaled++;
}

void
bs_operands_fill (const BsLowering *l, BsPlannedLayer *layer, const BsWeightOrder *order)
{
  const BsNode *node = &l->p->model->nodes[layer->layer.node];
  gboolean is_gemm = g_str_equal (node->op_type, "Gemm");
  float alpha = is_gemm ? bs_node_float (node, "alpha", 1) : 1;
  float beta = is_gemm ? bs_node_float (node, "beta", 1) : 1;
  float a_scale = bs_lower_params (l, node->inputs[0]).scale;

  fill_weights (layer, order, alpha);
  if (node->n_inputs < 3 || node->inputs[2] == BS_TENSOR_NONE ||
      g_str_equal (node->op_type, "MatMul"))
    return;

  const BsTensor *b = &l->p->model->tensors[node->inputs[2]];
  gsize n_bias = 1;
  bs_dims_count (b->dims, b->n_dims, &n_bias);
  if (layer->group > 0)
    layer->bias_real = new_array (order->n_channels, sizeof *layer->bias_real);
  else
    layer->bias = new_array (order->n_channels, sizeof *layer->bias);
  for (gsize c = 0; c < order->n_channels; c++) {
    double bias =
      (double) (layer->bias_values != NULL ? layer->bias_values[c]
                                           : ((const float *) b->data)[n_bias == 1 ? 0 : c]) *
      (double) beta;
    double limit = 1 << 30, most = MAX_REAL_BIAS * (double) a_scale;
    if (!isfinite (bias))
      bias = 0;
    if (layer->group > 0) {
      layer->bias_real[c] = (float) CLAMP (bias, -most, most);
      continue;
    }
    if (fabs (bias) > limit * (double) (a_scale * layer->scale[c]))
      raise_scale (layer, order, c, (float) (fabs (bias) / limit / (double) a_scale * 1.0001));
    layer->bias[c] =
      (gint32) CLAMP (rint (bias / (double) (a_scale * layer->scale[c])), -limit, limit);
  }
}

guint8 *
bs_operands_codes (const BsPlannedLayer *layer, const BsWeightOrder *order)
{
  gsize depth = order->cin * order->pixels;
  guint8 *codes = g_new (guint8, MAX (order->n_channels * depth, 1)), *next = codes;

  for (gsize c = 0; c < order->n_channels; c++)
    for (gsize pixel = 0; pixel < order->pixels; pixel++)
      for (gsize i = 0; i < order->cin; i++)
        *next++ = (guint8) layer->codes[place_at (order, c, pixel, i)];
  return codes;
}
