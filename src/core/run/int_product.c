/* Convolutions and matrix products on integers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/operands.h"
#include "run/step.h"

/* A sum of k products of 8-bit codes stays below 2³⁰, and the bias does too; with zero points both
 * factors go up to 255. */
#define MAX_DEPTH 33000
#define MAX_DEPTH_AFFINE 16500

typedef struct {
  void *packed;
  gsize scratch_bytes;
  gsize a_image, c_image, ldc; /* elements */
  guint images;                /* a sample */
  int out_h;                   /* of a plain convolution */
  gsize rows, k;               /* a sample */
} Product;

static void
free_product (gpointer data)
{
  free (((Product *) data)->packed);
  g_free (data);
}

static gboolean
run_conv (const BsStep *step, BsRunner *runner, GError **error)
{
  const Product *p = step->data;
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
  const Product *p = step->data;
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
  const Product *p = step->data;
  const void *a = bs_runner_value (runner, step->in[0])->data;
  void *c = bs_runner_output (runner, step->out[0], error);

  return c != NULL && bs_kernel_check (bsk_gemm (p->packed, a, p->k, c, p->ldc, 0,
                                                 p->rows * bs_runner_n_samples (runner)),
                                       step->node, error);
}

static BsPlannedLayer *
planned (const BsLowering *l, guint node)
{
  return &g_array_index (l->p->layers, BsPlannedLayer, l->layer_of[node]);
}

static gboolean
refuse (const BsLowering *l, guint node, const char *why)
{
  planned (l, node)->why_not = why;
  return FALSE;
}

/* Why sums of so many products could overflow; NULL: they cannot. */
static const char *
why_too_deep (const BsLowering *l, guint node, gsize depth)
{
  if (depth > MAX_DEPTH)
    return "sums of more than 33,000 products could overflow 32 bits";
  if (planned (l, node)->weights->affine && depth > MAX_DEPTH_AFFINE)
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

/* The geometry of a convolution; of a transposed one, as bsk_deconv describes it. */
typedef struct {
  BskConvShape shape;
  gboolean transposed;
  int extra_h, extra_w; /* transposed */
} Geometry;

/* Groups come as differences from their zero points, which are int8. */
static BskWeightType
weight_type (const BsPlannedLayer *layer)
{
  return layer->weights->is_signed || layer->group > 0 ? BSK_W_S8 : BSK_W_U8;
}

/* Whether the kernels, asked with codes of 8 bits, can multiply with the groups of the weights.
 *   g  of a convolution; NULL: a matrix product */
static gboolean
groups_fit (const BsLowering *l, guint index, const Geometry *g)
{
  BsPlannedLayer *layer = planned (l, index);
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
                       .w_type = weight_type (layer),
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

/* The shape of a convolution over images of a size. */
static BskConvShape
shape_of (const BsWindow *win, const gint64 *size, gint64 cin, gint64 cout)
{
  guint x = win->n_spatial - 1;
  gboolean flat = win->n_spatial == 1;

  return (BskConvShape){
    .h = flat ? 1 : (int) size[0],
    .w = (int) size[x],
    .cin = (int) cin,
    .cout = (int) cout,
    .kh = flat ? 1 : (int) win->kernel[0],
    .kw = (int) win->kernel[x],
    .stride_h = flat ? 1 : (int) win->stride[0],
    .stride_w = (int) win->stride[x],
    .dilation_h = flat ? 1 : (int) win->dilation[0],
    .dilation_w = (int) win->dilation[x],
    .pad_top = flat ? 0 : (int) win->pad_begin[0],
    .pad_left = (int) win->pad_begin[x],
    .pad_bottom = flat ? 0 : (int) win->pad_end[0],
    .pad_right = (int) win->pad_end[x],
    .groups = (int) win->group,
  };
}

gboolean
bs_lower_conv_shape (const BsLowering *l, const BsNode *node, BskConvShape *shape)
{
  const gint64 *dims = l->p->model->tensors[node->inputs[1]].dims;
  BsWindow win;
  BsCall call;

  bs_shapes_call (l->p->model, node, l->p->shapes, &call);
  if (!bs_window_resolve (&call, dims, &win, NULL) || win.n_spatial > 2)
    return FALSE;
  *shape = shape_of (&win, win.in, call.in[0]->dims[1], dims[0]);
  return TRUE;
}

/* How much longer an axis of a transposed convolution's output is than its kernels and pads make
 * it. */
static int
extra_of (const BsWindow *win, guint d)
{
  gint64 full = (win->out[d] - 1) * win->stride[d] + (win->kernel[d] - 1) * win->dilation[d] + 1;

  return (int) (win->in[d] + win->pad_begin[d] + win->pad_end[d] - full);
}

static gboolean
geometry_of (const BsLowering *l, const BsNode *node, Geometry *g)
{
  BsWindow win;
  BsCall call;

  *g = (Geometry){ .transposed = bs_operands_transposed (node) };
  if (!g->transposed)
    return bs_lower_conv_shape (l, node, &g->shape);
  bs_shapes_call (l->p->model, node, l->p->shapes, &call);
  if (!bs_window_resolve_transposed (&call, &win, NULL) || win.n_spatial > 2)
    return FALSE;
  g->shape = shape_of (&win, win.out, call.in[0]->dims[1],
                       l->p->model->tensors[node->inputs[1]].dims[1] * win.group);
  g->extra_h = win.n_spatial == 1 ? 0 : extra_of (&win, 0);
  g->extra_w = extra_of (&win, win.n_spatial - 1);
  return TRUE;
}

static gboolean
conv_capable (const BsLowering *l, guint index)
{
  const BsNode *node = &l->p->model->nodes[index];
  const BsTensor *w = &l->p->model->tensors[node->inputs[1]];
  Geometry g;

  if (!float_input_known (l, node->inputs[0]))
    return refuse (l, index, "the input was not seen in calibration");
  if (w->n_dims < 3 || w->n_dims > 4)
    return refuse (l, index, "the kernels convolve in one or two dimensions");
  if (!geometry_of (l, node, &g))
    return refuse (l, index, "the shape of the window is not known");
  if (g.transposed &&
      (bsk_deconv_out_h (&g.shape, g.extra_h) == 0 || bsk_deconv_out_w (&g.shape, g.extra_w) == 0))
    return refuse (l, index, "more is cut off the output than one input reaches");
  BsWeightOrder order = bs_operands_order (l->p->model, planned (l, index));
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

/* What the kernel is told of input, output and scales. Codes of fewer than eight bits are kept one
 * in a byte: results are the same, and the kernels multiply packed ones at nine tenths of that
 * speed. Sizes that are shown count true widths all the same. */
static BskGemmArgs
product_args (const BsLowering *l,
              const BsPlannedLayer *layer,
              const BsNode *node,
              gsize n,
              gsize k,
              gboolean codes_out)
{
  BskGemmArgs args = { .n = (int) n,
                       .k = (int) k,
                       .w_type = weight_type (layer),
                       .group = (int) layer->group,
                       .w_scale = layer->scale,
                       .w_zero_points = layer->zero,
                       .bias = layer->bias,
                       .bias_real = layer->bias_real };

  args.a_type = bs_lower_type (l, node->inputs[0]);
  args.a = bs_lower_params (l, node->inputs[0]);
  args.out_type = BSK_F32;
  if (codes_out) {
    args.out_type = bs_lower_type (l, layer->output);
    args.out = bs_lower_params (l, layer->output);
    bs_lower_clamp (l, layer->fused, &args.out);
  }
  return args;
}

static char *
describe (const BsPlannedLayer *layer, const BsNode *node)
{
  gsize n = layer->n_channels;
  guint64 codes = bs_lower_digest (layer->codes, layer->quant[0]->n * sizeof *layer->codes),
          scale = bs_lower_digest (layer->scale, layer->n_scales * sizeof *layer->scale),
          zero = layer->zero != NULL ? bs_lower_digest (layer->zero, n * sizeof *layer->zero) : 0,
          bias = layer->bias != NULL ? bs_lower_digest (layer->bias, n * sizeof *layer->bias)
                 : layer->bias_real != NULL
                   ? bs_lower_digest (layer->bias_real, n * sizeof *layer->bias_real)
                   : 0;

  return g_strdup_printf ("int %s %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
                          "x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x",
                          node->name, codes, scale, zero, bias);
}

static void *
new_packed (gsize bytes, GError **error)
{
  void *packed =
    aligned_alloc (BSK_ALIGN, (MAX (bytes, 1) + BSK_ALIGN - 1) / BSK_ALIGN * BSK_ALIGN);

  if (packed == NULL)
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                 "There is not enough memory for %" G_GSIZE_FORMAT " bytes", bytes);
  return packed;
}

/* What conv_lower asks the kernels, of a transposed convolution or a plain one. */
static gsize
conv_bytes (const Geometry *g, const BskGemmArgs *args)
{
  return g->transposed ? bsk_deconv_bytes (&g->shape, g->extra_h, g->extra_w, args)
                       : bsk_conv_bytes (&g->shape, args);
}

static BskStatus
conv_pack (const Geometry *g, const BskGemmArgs *args, const guint8 *codes, void *packed)
{
  return g->transposed ? bsk_deconv_pack (&g->shape, g->extra_h, g->extra_w, args, codes, packed)
                       : bsk_conv_pack (&g->shape, args, codes, packed);
}

static gboolean
conv_lower (BsLowering *l, guint index, GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  BsPlannedLayer *layer = planned (l, index);
  gboolean codes_out =
    l->p->tensors[layer->output].quantized && bs_lower_wants_codes (l, layer->output);
  BsWeightOrder order = bs_operands_order (l->p->model, layer);
  g_autofree Product *product = g_new0 (Product, 1);
  Geometry g;
  guint images, out_images;
  gsize channels, in_pixels, out_channels, out_pixels;

  bs_shape_image (&l->p->shapes[node->inputs[0]], &images, &channels, &in_pixels);
  bs_shape_image (&l->p->shapes[node->outputs[0]], &out_images, &out_channels, &out_pixels);
  bs_operands_fill (l, layer, &order);

  geometry_of (l, node, &g);
  BskGemmArgs args =
    product_args (l, layer, node, order.n_channels, order.cin * order.pixels, codes_out);
  g_autofree guint8 *codes = bs_operands_codes (layer, &order);

  product->packed = new_packed (conv_bytes (&g, &args), error);
  if (product->packed == NULL ||
      !bs_kernel_check (conv_pack (&g, &args, codes, product->packed), node, error)) {
    free (product->packed);
    g_prefix_error (error, "Packing the weights failed: ");
    return FALSE;
  }
  product->scratch_bytes = g.transposed ? bsk_deconv_scratch_bytes (product->packed)
                                        : bsk_conv_scratch_bytes (product->packed);
  product->a_image = channels * in_pixels;
  product->c_image = out_channels * out_pixels;
  product->ldc = out_channels;
  product->images = images;
  product->out_h = g.transposed ? 0 : bsk_conv_out_h (&g.shape);

  guint in = bs_lower_need (l, node->inputs[0], BS_FORM_CODES_LAST);
  g_autofree char *what = describe (layer, node);
  guint out = bs_lower_slot (l, layer->output, codes_out ? BS_FORM_CODES_LAST : BS_FORM_FLOAT_LAST,
                             what, &in, 1);
  bs_lower_step (l, g.transposed ? run_transposed : run_conv, node, &in, 1, &out, 1,
                 g_steal_pointer (&product), free_product);
  return TRUE;
}

static gboolean
gemm_lower (BsLowering *l, guint index, GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  BsPlannedLayer *layer = planned (l, index);
  gboolean codes_out =
    l->p->tensors[layer->output].quantized && bs_lower_wants_codes (l, layer->output);
  BsWeightOrder order = bs_operands_order (l->p->model, layer);
  gsize n = order.n_channels, k = order.cin;
  g_autofree Product *product = g_new0 (Product, 1);

  bs_operands_fill (l, layer, &order);
  BskGemmArgs args = product_args (l, layer, node, n, k, codes_out);
  g_autofree guint8 *codes = bs_operands_codes (layer, &order);

  product->packed = new_packed (bsk_gemm_bytes (&args), error);
  if (product->packed == NULL ||
      !bs_kernel_check (bsk_gemm_pack (&args, codes, k, product->packed), node, error)) {
    free (product->packed);
    g_prefix_error (error, "Packing the weights failed: ");
    return FALSE;
  }
  product->rows = bs_lower_elements (l, node->inputs[0]) / k;
  product->k = k;
  product->ldc = n;

  guint in = bs_lower_need (l, node->inputs[0], BS_FORM_CODES);
  g_autofree char *what = describe (layer, node);
  guint out =
    bs_lower_slot (l, layer->output, codes_out ? BS_FORM_CODES : BS_FORM_FLOAT, what, &in, 1);
  bs_lower_step (l, run_gemm, node, &in, 1, &out, 1, g_steal_pointer (&product), free_product);
  return TRUE;
}

const BsIntOp bs_int_conv = { "Conv", FALSE, conv_capable, conv_lower };
const BsIntOp bs_int_conv_transpose = { "ConvTranspose", FALSE, conv_capable, conv_lower };
const BsIntOp bs_int_gemm = { "Gemm", FALSE, gemm_capable, gemm_lower };
const BsIntOp bs_int_matmul = { "MatMul", FALSE, gemm_capable, gemm_lower };
