/* Convolutions and matrix products on integers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "run/product.h"

/* A sum of k products of 8-bit codes stays below 2³⁰, and the bias does too; with zero points both
 * factors go up to 255. */
#define MAX_DEPTH 33000
#define MAX_DEPTH_AFFINE 16500

static gboolean
run_conv (const BsStep *step, BsRunner *runner, GError **error)
{
  const BsProduct *p = step->data;
  const void *a = bs_runner_value (runner, step->in[0])->data;
  void *c = bs_runner_output (runner, step->out[0], error);
  void *scratch = bs_runner_scratch (runner, p->scratch_bytes, error);

  return c != NULL && scratch != NULL &&
         bs_kernel_check (bsk_conv (p->packed, a, p->a_image, c, p->c_image, p->ldc,
                                    (gsize) p->images * bs_runner_n_samples (runner), 0, p->out_h,
                                    scratch),
                          step->node, error);
}

static gboolean
run_transposed (const BsStep *step, BsRunner *runner, GError **error)
{
  const BsProduct *p = step->data;
  const void *a = bs_runner_value (runner, step->in[0])->data;
  void *c = bs_runner_output (runner, step->out[0], error);
  void *scratch = bs_runner_scratch (runner, p->scratch_bytes, error);

  return c != NULL && scratch != NULL &&
         bs_kernel_check (bsk_deconv (p->packed, a, p->a_image, c, p->c_image, p->ldc,
                                      (gsize) p->images * bs_runner_n_samples (runner), scratch),
                          step->node, error);
}

static gboolean
run_gemm (const BsStep *step, BsRunner *runner, GError **error)
{
  const BsProduct *p = step->data;
  const void *a = bs_runner_value (runner, step->in[0])->data;
  void *c = bs_runner_output (runner, step->out[0], error);

  return c != NULL && bs_kernel_check (bsk_gemm (p->packed, a, p->k, c, p->ldc, 0,
                                                 p->rows * bs_runner_n_samples (runner)),
                                       step->node, error);
}

static gboolean
refuse (const BsLowering *l, guint node, const char *why)
{
  bs_lower_layer (l, node)->why_not = why;
  return FALSE;
}

/* Why sums of so many products could overflow; NULL: they cannot. */
static const char *
why_too_deep (const BsLowering *l, guint node, gsize depth)
{
  if (depth > MAX_DEPTH)
    return "sums of more than 33,000 products could overflow 32 bits";
  if (bs_lower_layer (l, node)->weights->affine && depth > MAX_DEPTH_AFFINE)
    return "sums of more than 16,500 products with zero points could overflow 32 bits";
  return NULL;
}

/* A bias the kernels can add: absent, a scalar, or one value per output channel. */
static gboolean
bias_fits (const BsLowering *l, const BsNode *node, gsize n_channels)
{
  gsize count;

  if (node->n_inputs < 3 || node->inputs[2] == BS_TENSOR_NONE)
    return TRUE;
  const BsTensor *t = &l->p->model->tensors[node->inputs[2]];
  return t->is_constant && t->dtype == BS_DTYPE_F32 && bs_dims_count (t->dims, t->n_dims, &count) &&
         (count == 1 || (count == n_channels && t->dims[t->n_dims - 1] == (gint64) n_channels));
}

static gboolean
float_input_known (const BsLowering *l, guint tensor)
{
  return l->p->model->tensors[tensor].dtype == BS_DTYPE_F32 && l->stats[tensor] != NULL &&
         l->p->shapes[tensor].n_dims != BS_DIMS_UNKNOWN;
}

/* Whether the kernels, asked with codes of 8 bits, can multiply with the groups of the weights.
 *   g  of a convolution; NULL: a matrix product */
static gboolean
groups_fit (const BsLowering *l, guint index, const BsGeometry *g)
{
  BsPlannedLayer *layer = bs_lower_layer (l, index);
  BsWeightOrder order = bs_operands_order (l->p->model, layer);
  const char *why;

  if (order.n_channels == 0 || order.cin == 0 || order.pixels == 0)
    return refuse (l, index, "the weight is empty");
  why = bs_operands_group (layer, &order);
  if (why != NULL)
    return refuse (l, index, why);
  if (layer->group == 0)
    return TRUE;
  if (g != NULL && g->transposed)
    return refuse (l, index, "the kernels take no groups of weights in transposed convolutions");
  BskGemmArgs args = { .n = (int) order.n_channels,
                       .k = (int) (order.cin * order.pixels),
                       .w_type = bs_product_weight_type (layer),
                       .group = (int) layer->group,
                       .w_scale = layer->quant[0]->scale,
                       .a_type = BSK_U8,
                       .a = { 1, 0, 0, 255 },
                       .out_type = BSK_F32 };
  if ((g != NULL ? bsk_conv_bytes (&g->shape, &args) : bsk_gemm_bytes (&args)) == 0)
    return refuse (l, index,
                   g != NULL
                     ? "the kernels take groups of 16, 32, … 256 weights inside a kernel's row"
                     : "the kernels take groups of 16, 32, … 256 weights");
  return TRUE;
}

static gboolean
conv_capable (const BsLowering *l, guint index)
{
  const BsNode *node = &l->p->model->nodes[index];
  const BsTensor *w = &l->p->model->tensors[node->inputs[1]];
  BsGeometry g;

  if (!float_input_known (l, node->inputs[0]))
    return refuse (l, index, "the input was not seen in calibration");
  if (w->n_dims < 3 || w->n_dims > 4)
    return refuse (l, index, "the kernels convolve in one or two dimensions");
  if (!bs_geometry_of (l, node, &g))
    return refuse (l, index, "the shape of the window is not known");
  if (g.transposed &&
      (bsk_deconv_out_h (&g.shape, g.extra_h) == 0 || bsk_deconv_out_w (&g.shape, g.extra_w) == 0))
    return refuse (l, index, "more is cut off the output than one input reaches");
  BsWeightOrder order = bs_operands_order (l->p->model, bs_lower_layer (l, index));
  const char *why = why_too_deep (l, index, order.cin * order.pixels);
  if (why != NULL)
    return refuse (l, index, why);
  if (!bias_fits (l, node, order.n_channels))
    return refuse (l, index, "the bias is not one constant per channel");
  return groups_fit (l, index, &g);
}

static gboolean
gemm_capable (const BsLowering *l, guint index)
{
  const BsNode *node = &l->p->model->nodes[index];
  const BsTensor *w = &l->p->model->tensors[node->inputs[1]];
  gboolean is_gemm = g_str_equal (node->op_type, "Gemm");
  gint64 trans_b = is_gemm ? bs_node_int (node, "transB", 0) : 0;
  gint64 k = w->n_dims == 2 ? w->dims[trans_b ? 1 : 0] : 0,
         n = w->n_dims == 2 ? w->dims[trans_b ? 0 : 1] : 0;
  const BsValue *a = &l->p->shapes[node->inputs[0]];

  if (w->n_dims != 2)
    return refuse (l, index, "the weight is not a matrix");
  if (!float_input_known (l, node->inputs[0]))
    return refuse (l, index, "the input was not seen in calibration");
  const char *why = why_too_deep (l, index, (gsize) k);
  if (why != NULL)
    return refuse (l, index, why);
  if (a->n_dims < 2 || a->dims[a->n_dims - 1] != k)
    return refuse (l, index,
                   "the input is not a matrix with as many columns as the weight has rows");
  if (is_gemm && (bs_node_int (node, "transA", 0) != 0 || !(bs_node_float (node, "alpha", 1) > 0)))
    return refuse (l, index,
                   "the kernels do not transpose the input or scale by a negative factor");
  if (is_gemm && !bias_fits (l, node, (gsize) n))
    return refuse (l, index, "the bias is not one constant per channel");
  return groups_fit (l, index, NULL);
}

static gboolean
lower (BsLowering *l,
       guint index,
       gboolean convolves,
       gboolean (*run) (const BsStep *, BsRunner *, GError **),
       GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  BsPlannedLayer *layer = bs_lower_layer (l, index);
  gboolean codes_out =
    l->p->tensors[layer->output].quantized && bs_lower_wants_codes (l, layer->output);
  BsForm codes = convolves ? BS_FORM_CODES_LAST : BS_FORM_CODES,
         floats = convolves ? BS_FORM_FLOAT_LAST : BS_FORM_FLOAT;
  BsWeightOrder order = bs_operands_order (l->p->model, layer);
  BsProduct *product = bs_product_get (l, index, &order, convolves, codes_out, error);

  if (product == NULL)
    return FALSE;
  guint in = bs_lower_need (l, node->inputs[0], codes);
  guint out = bs_lower_slot (l, layer->output, codes_out ? codes : floats, product->what, &in, 1);
  bs_lower_step (l, run, node, &in, 1, &out, 1, product, bs_product_unref);
  return TRUE;
}

static gboolean
conv_lower (BsLowering *l, guint index, GError **error)
{
  gboolean transposed = bs_operands_transposed (&l->p->model->nodes[index]);

  return lower (l, index, TRUE, transposed ? run_transposed : run_conv, error);
}

static gboolean
gemm_lower (BsLowering *l, guint index, GError **error)
{
  return lower (l, index, FALSE, run_gemm, error);
}

const BsIntOp bs_int_conv = { "Conv", FALSE, conv_capable, conv_lower };
const BsIntOp bs_int_conv_transpose = { "ConvTranspose", FALSE, conv_capable, conv_lower };
const BsIntOp bs_int_gemm = { "Gemm", FALSE, gemm_capable, gemm_lower };
const BsIntOp bs_int_matmul = { "MatMul", FALSE, gemm_capable, gemm_lower };
