/* Pooling on integers: maximum, average, global average, and the mean over all positions.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "run/step.h"

typedef struct {
  BskPoolShape shape;
  gboolean include_pad;
  BskQParams qa, qc;
  BskType a_type, c_type;
  guint images; /* a sample */
} Pool;

static gboolean
run_max (const BsStep *step, BsRunner *runner, GError **error)
{
  const Pool *p = step->data;
  const void *a = bs_runner_value (runner, step->in[0])->data;
  void *c = bs_runner_output (runner, step->out[0], error);

  return c != NULL &&
         bs_kernel_check (bsk_max_pool (&p->shape, p->a_type, a, c,
                                        (gsize) p->images * bs_runner_n_samples (runner)),
                          step->node, error);
}

static gboolean
run_average (const BsStep *step, BsRunner *runner, GError **error)
{
  const Pool *p = step->data;
  const void *a = bs_runner_value (runner, step->in[0])->data;
  void *c = bs_runner_output (runner, step->out[0], error);

  return c != NULL &&
         bs_kernel_check (bsk_average_pool (&p->shape, p->include_pad, p->a_type, &p->qa, a,
                                            p->c_type, &p->qc, c,
                                            (gsize) p->images * bs_runner_n_samples (runner)),
                          step->node, error);
}

static gboolean
image_known (const BsLowering *l, const BsNode *node)
{
  const BsValue *in = &l->p->shapes[node->inputs[0]];

  return l->stats[node->inputs[0]] != NULL && l->stats[node->outputs[0]] != NULL &&
         in->n_dims != BS_DIMS_UNKNOWN && in->n_dims >= 3 && in->n_dims <= 4 &&
         l->p->shapes[node->outputs[0]].n_dims != BS_DIMS_UNKNOWN;
}

static gboolean
window_of (const BsLowering *l, const BsNode *node, BsWindow *window)
{
  BsCall call;

  bs_shapes_call (l->p->model, node, l->p->shapes, &call);
  return bs_window_resolve (&call, NULL, window, NULL);
}

static gboolean
window_capable (const BsLowering *l, guint index)
{
  const BsNode *node = &l->p->model->nodes[index];
  BsWindow window;

  return image_known (l, node) && window_of (l, node, &window);
}

static gboolean
global_capable (const BsLowering *l, guint index)
{
  return image_known (l, &l->p->model->nodes[index]);
}

/* Axes of ReduceMean are an attribute or, from opset 18, a constant input. */
gboolean
bs_lower_is_global_mean (const BsLowering *l, const BsNode *node)
{
  const BsModel *model = l->p->model;
  guint n = 0, seen = 0;
  const gint64 *axes = bs_node_ints (node, "axes", &n);
  gint64 rank;

  if (g_str_equal (node->op_type, "GlobalAveragePool"))
    return TRUE;
  if (!g_str_equal (node->op_type, "ReduceMean"))
    return FALSE;
  if (axes == NULL && node->n_inputs > 1 && node->inputs[1] != BS_TENSOR_NONE) {
    const BsTensor *t = &model->tensors[node->inputs[1]];
    if (!t->is_constant || t->dtype != BS_DTYPE_I64 || t->n_dims != 1)
      return FALSE;
    axes = t->data;
    n = (guint) t->dims[0];
  }
  rank = l->p->shapes[node->inputs[0]].n_dims;
  for (guint i = 0; i < n; i++)
    seen |= 1u << ((axes[i] + rank) % rank);
  return n > 0 && seen == (1u << rank) - 1 - 3; /* all but the first two */
}

static gboolean
reduce_capable (const BsLowering *l, guint index)
{
  const BsNode *node = &l->p->model->nodes[index];

  return image_known (l, node) && bs_lower_is_global_mean (l, node);
}

static void
fill_pool (const BsLowering *l, guint index, const BsWindow *window, Pool *pool)
{
  const BsNode *node = &l->p->model->nodes[index];
  const BsValue *in = &l->p->shapes[node->inputs[0]];
  guint x = in->n_dims - 3;
  gboolean flat = in->n_dims == 3;
  BskPoolShape *s = &pool->shape;

  pool->images = (guint) in->dims[0];
  pool->a_type = bs_lower_type (l, node->inputs[0]);
  pool->c_type = bs_lower_type (l, l->outputs[index]);
  pool->qa = bs_lower_params (l, node->inputs[0]);
  pool->qc = bs_lower_params (l, l->outputs[index]);
  bs_lower_clamp (l, l->fused[index], &pool->qc);
  *s = (BskPoolShape){ .h = 1,
                       .channels = (int) in->dims[1],
                       .kh = 1,
                       .stride_h = 1,
                       .stride_w = 1,
                       .dilation_h = 1,
                       .dilation_w = 1,
                       .out_h = 1,
                       .out_w = 1 };
  s->w = (int) in->dims[in->n_dims - 1];
  if (!flat)
    s->h = (int) in->dims[2];
  if (window == NULL) {
    s->kh = s->h;
    s->kw = s->w;
    return;
  }
  s->kw = (int) window->kernel[x];
  s->stride_w = (int) window->stride[x];
  s->dilation_w = (int) window->dilation[x];
  s->pad_left = (int) window->pad_begin[x];
  s->pad_right = (int) window->pad_end[x];
  s->out_w = (int) window->out[x];
  if (flat)
    return;
  s->kh = (int) window->kernel[0];
  s->stride_h = (int) window->stride[0];
  s->dilation_h = (int) window->dilation[0];
  s->pad_top = (int) window->pad_begin[0];
  s->pad_bottom = (int) window->pad_end[0];
  s->out_h = (int) window->out[0];
}

static gboolean
lower_pool (BsLowering *l,
            guint index,
            const BsWindow *window,
            gboolean (*run) (const BsStep *, BsRunner *, GError **))
{
  const BsNode *node = &l->p->model->nodes[index];
  Pool *pool = g_new0 (Pool, 1);
  guint in = bs_lower_need (l, node->inputs[0], BS_FORM_CODES_LAST);
  gboolean keeps_rank = l->p->shapes[l->outputs[index]].n_dims >= 3;
  guint out = bs_lower_slot (l, l->outputs[index], keeps_rank ? BS_FORM_CODES_LAST : BS_FORM_CODES,
                             node->name, &in, 1);

  fill_pool (l, index, window, pool);
  pool->include_pad = bs_node_int (node, "count_include_pad", 0) != 0;
  bs_lower_step (l, run, node, &in, 1, &out, 1, pool, g_free);
  return TRUE;
}

static gboolean
max_lower (BsLowering *l, guint index, GError **error)
{
  BsWindow window;

  window_of (l, &l->p->model->nodes[index], &window);
  return lower_pool (l, index, &window, run_max);
}

static gboolean
average_lower (BsLowering *l, guint index, GError **error)
{
  BsWindow window;

  window_of (l, &l->p->model->nodes[index], &window);
  return lower_pool (l, index, &window, run_average);
}

static gboolean
global_lower (BsLowering *l, guint index, GError **error)
{
  return lower_pool (l, index, NULL, run_average);
}

const BsIntOp bs_int_max_pool = { "MaxPool", TRUE, window_capable, max_lower };
const BsIntOp bs_int_average_pool = { "AveragePool", FALSE, window_capable, average_lower };
const BsIntOp bs_int_global_average_pool = { "GlobalAveragePool", FALSE, global_capable,
                                             global_lower };
const BsIntOp bs_int_reduce_mean = { "ReduceMean", FALSE, reduce_capable, global_lower };
