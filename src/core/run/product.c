/* What the kernels multiply with: a layer's weights, packed for the codes around it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/product.h"

#include <stdlib.h>

#include "base/error.h"

static void
clear_product (gpointer data)
{
  BsProduct *product = data;

  free (product->packed);
  g_free (product->what);
}

void
bs_product_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear_product);
}

/* Groups come as differences from their zero points, which are int8. */
BskWeightType
bs_product_weight_type (const BsPlannedLayer *layer)
{
  return layer->weights->is_signed || layer->group > 0 ? BSK_W_S8 : BSK_W_U8;
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

gboolean
bs_geometry_of (const BsLowering *l, const BsNode *node, BsGeometry *g)
{
  BsWindow win;
  BsCall call;

  *g = (BsGeometry){ .transposed = bs_operands_transposed (node) };
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

/* What the kernel is told of input, output and scales. Codes of fewer than eight bits are kept one
 * in a byte: results are the same, and the kernels multiply packed ones at nine tenths of that
 * speed. Sizes that are shown count true widths all the same. */
static BskGemmArgs
product_args (const BsLowering *l, guint index, const BsWeightOrder *order, gboolean codes_out)
{
  const BsNode *node = &l->p->model->nodes[index];
  const BsPlannedLayer *layer = bs_lower_layer (l, index);
  BskGemmArgs args = { .n = (int) order->n_channels,
                       .k = (int) (order->cin * order->pixels),
                       .w_type = bs_product_weight_type (layer),
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

/* What the kernels are asked, of a transposed convolution, a plain one or, g NULL, a matrix product.
 */
static gsize
packed_bytes (const BsGeometry *g, const BskGemmArgs *args)
{
  return g == NULL       ? bsk_gemm_bytes (args)
         : g->transposed ? bsk_deconv_bytes (&g->shape, g->extra_h, g->extra_w, args)
                         : bsk_conv_bytes (&g->shape, args);
}

static BskStatus
pack_codes (const BsGeometry *g, const BskGemmArgs *args, const guint8 *codes, void *packed)
{
  return g == NULL       ? bsk_gemm_pack (args, codes, (gsize) args->k, packed)
         : g->transposed ? bsk_deconv_pack (&g->shape, g->extra_h, g->extra_w, args, codes, packed)
                         : bsk_conv_pack (&g->shape, args, codes, packed);
}

static gboolean
same_params (const BskQParams *a, const BskQParams *b)
{
  return a->scale == b->scale && a->zero_point == b->zero_point && a->qmin == b->qmin &&
         a->qmax == b->qmax;
}

/* What the like plan packed of the node's weights, where it would come out the same; the layer's
 * operands are then shared, too. NULL: it is to be packed.
 *   args  its operands not filled yet */
static BsProduct *
find_packed (BsLowering *l, guint index, const BskGemmArgs *args)
{
  gint i = l->layer_of[index];
  BsPlannedLayer *layer = bs_lower_layer (l, index);
  const BsPlannedLayer *other =
    l->like != NULL ? &g_array_index (l->like->layers, BsPlannedLayer, i) : NULL;

  if (other == NULL || other->quant[0] != layer->quant[0])
    return NULL;
  for (guint s = 0; s < l->like->n_steps; s++) {
    const BsStep *step = &l->like->steps[s];
    if (step->layer != i || step->free_data != bs_product_unref)
      continue;
    const BskGemmArgs *packed = &((const BsProduct *) step->data)->args;
    if (args->a_type != packed->a_type || !same_params (&args->a, &packed->a) ||
        args->out_type != packed->out_type || !same_params (&args->out, &packed->out))
      continue;
    bs_operands_share (layer, other);
    return g_atomic_rc_box_acquire (step->data);
  }
  return NULL;
}

/* How a convolution finds its images. */
static void
set_images (const BsLowering *l, const BsNode *node, const BsGeometry *g, BsProduct *product)
{
  gsize channels, in_pixels, out_channels, out_pixels;
  guint out_images;

  bs_shape_image (&l->p->shapes[node->inputs[0]], &product->images, &channels, &in_pixels);
  bs_shape_image (&l->p->shapes[node->outputs[0]], &out_images, &out_channels, &out_pixels);
  product->scratch_bytes = g->transposed ? bsk_deconv_scratch_bytes (product->packed)
                                         : bsk_conv_scratch_bytes (product->packed);
  product->a_image = channels * in_pixels;
  product->c_image = out_channels * out_pixels;
  product->out_h = g->transposed ? 0 : bsk_conv_out_h (&g->shape);
}

BsProduct *
bs_product_get (BsLowering *l,
                guint index,
                const BsWeightOrder *order,
                gboolean convolves,
                gboolean codes_out,
                GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  BsPlannedLayer *layer = bs_lower_layer (l, index);
  BskGemmArgs args = product_args (l, index, order, codes_out);
  g_autoptr (BsProduct) product = find_packed (l, index, &args);
  BsGeometry geometry, *g = convolves ? &geometry : NULL;

  if (product != NULL)
    return g_steal_pointer (&product);
  bs_operands_fill (l, layer, order);
  args = product_args (l, index, order, codes_out);
  if (convolves)
    bs_geometry_of (l, node, g);
  g_autofree guint8 *codes = bs_operands_codes (layer, order);

  product = g_atomic_rc_box_new0 (BsProduct);
  product->packed = new_packed (packed_bytes (g, &args), error);
  if (product->packed == NULL)
    return NULL;
  if (!bs_kernel_check (pack_codes (g, &args, codes, product->packed), node, error)) {
    g_prefix_error (error, "Packing the weights failed: ");
    return NULL;
  }
  args.w_scale = args.bias_real = NULL;
  args.w_zero_points = args.bias = NULL;
  product->args = args;
  product->what = describe (layer, node);
  product->ldc = order->n_channels;
  product->k = order->cin;
  if (convolves)
    set_images (l, node, g, product);
  else
    product->rows = bs_lower_elements (l, node->inputs[0]) / product->k;
  return g_steal_pointer (&product);
}
