/* If and Loop: bodies are models of their own, fed by name with what they read from outside.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"
#include "run/walk.h"

#include <stdlib.h>
#include <string.h>

static gboolean
infer_unknown (BsCall *call, GError **error)
{
  for (guint i = 0; i < call->n_out; i++)
    bs_out_dims (call, i, BS_DTYPE_NONE, NULL, BS_DIMS_UNKNOWN);
  return TRUE;
}

static const BsModel *
body_of (const BsCall *call, const char *name, GError **error)
{
  const BsAttr *attr = bs_node_attr (call->node, name);

  if (attr != NULL && attr->kind == BS_ATTR_GRAPH && attr->graph != NULL)
    return attr->graph;
  bs_call_error (call, error, BS_ERROR_FORMAT, "it has no “%s”", name);
  return NULL;
}

/* The body's inputs from first on are what it reads from outside: the node has them, by name,
 * behind its own. */
static gboolean
capture (const BsCall *call, const BsModel *body, guint first, BsValue *inputs, GError **error)
{
  guint own = (guint) bs_node_int (call->node, "explicit_inputs", call->node->n_inputs);

  for (guint i = first; i < body->n_inputs; i++) {
    const char *name = body->tensors[body->inputs[i]].name;
    gboolean found = FALSE;
    for (guint k = own; k < call->n_in && !found; k++)
      if (call->in[k] != NULL &&
          strcmp (call->model->tensors[call->node->inputs[k]].name, name) == 0) {
        inputs[i] = *call->in[k];
        found = TRUE;
      }
    if (!found)
      return bs_call_error (call, error, BS_ERROR_FORMAT, "its body reads “%s”, which is not there",
                            name);
  }
  return TRUE;
}

/* An output of the node gets a copy of value. */
static gboolean
give (BsCall *call, guint output, const BsValue *value, GError **error)
{
  gsize bytes;

  bs_out_like (call, output, value);
  if (!bs_dims_bytes (value->dims, value->n_dims, value->dtype, &bytes) ||
      !call->alloc (call, output))
    return bs_no_memory (call, error);
  if (bytes > 0)
    memcpy (call->out[output]->data, value->data, bytes);
  return TRUE;
}

static gboolean
truth (const BsValue *value)
{
  gint64 number = 0;

  return bs_value_int (value, 0, &number) && number != 0;
}

static void
clear_values (BsValue *values, guint n)
{
  for (guint i = 0; i < n; i++)
    bs_value_clear (&values[i]);
}

static gboolean
run_if (BsCall *call, GError **error)
{
  const BsModel *body = body_of (call, truth (call->in[0]) ? "then_branch" : "else_branch", error);
  g_autofree BsValue *inputs = NULL;
  g_autofree BsValue *outputs = NULL;
  gboolean ok;

  if (body == NULL)
    return FALSE;
  if (body->n_outputs < call->n_out)
    return bs_call_error (call, error, BS_ERROR_FORMAT, "its branches have too few outputs");
  inputs = g_new0 (BsValue, body->n_inputs + 1);
  outputs = g_new0 (BsValue, body->n_outputs + 1);
  if (!capture (call, body, 0, inputs, error) || !bs_walk_body (body, inputs, outputs, NULL, error))
    return FALSE;
  ok = TRUE;
  for (guint i = 0; ok && i < call->n_out; i++)
    ok = give (call, i, &outputs[i], error);
  clear_values (outputs, body->n_outputs);
  return ok;
}

/* Scan outputs: one slice an iteration, joined along a new first dimension. */
typedef struct {
  BsValue shape; /* of a slice */
  GByteArray *bytes;
  gint64 n;
} Scan;

static gboolean
add_slice (const BsCall *call, Scan *scan, const BsValue *value, GError **error)
{
  gsize bytes;

  if (scan->n > 0 &&
      (value->dtype != scan->shape.dtype || !bs_value_same_shape (value, &scan->shape)))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "a scanned output changes its shape");
  if (value->n_dims >= BS_MAX_DIMS ||
      !bs_dims_bytes (value->dims, value->n_dims, value->dtype, &bytes) ||
      bytes > (gsize) G_MAXINT32 - scan->bytes->len)
    return bs_no_memory (call, error);
  scan->shape = *value;
  scan->n++;
  if (bytes > 0)
    g_byte_array_append (scan->bytes, value->data, (guint) bytes);
  return TRUE;
}

typedef struct {
  const BsModel *body;
  guint n_state, n_scans;
  BsValue *state; /* [n_state]; owned once an iteration has made them */
  gboolean owned;
  Scan *scans;
} LoopState;

static gboolean
iterate (BsCall *call, LoopState *loop, gint64 iteration, gboolean *go_on, GError **error)
{
  const BsModel *body = loop->body;
  g_autofree BsValue *inputs = g_new0 (BsValue, body->n_inputs + 1);
  g_autofree BsValue *outputs = g_new0 (BsValue, body->n_outputs + 1);
  guint8 condition = *go_on != FALSE;
  gboolean ok;

  inputs[0] = (BsValue){ .dtype = BS_DTYPE_I64, .data = &iteration };
  inputs[1] = (BsValue){ .dtype = BS_DTYPE_BOOL, .data = &condition };
  for (guint i = 0; i < loop->n_state; i++)
    inputs[i + 2] = loop->state[i];
  if (!capture (call, body, loop->n_state + 2, inputs, error) ||
      !bs_walk_body (body, inputs, outputs, NULL, error))
    return FALSE;
  *go_on = truth (&outputs[0]);
  bs_value_clear (&outputs[0]);
  if (loop->owned)
    clear_values (loop->state, loop->n_state);
  loop->owned = TRUE;
  for (guint i = 0; i < loop->n_state; i++)
    loop->state[i] = outputs[i + 1];
  ok = TRUE;
  for (guint i = 0; i < loop->n_scans; i++) {
    ok = ok && add_slice (call, &loop->scans[i], &outputs[1 + loop->n_state + i], error);
    bs_value_clear (&outputs[1 + loop->n_state + i]);
  }
  return ok;
}

static gboolean
finish_loop (BsCall *call, LoopState *loop, GError **error)
{
  for (guint i = 0; i < loop->n_state; i++)
    if (!give (call, i, &loop->state[i], error))
      return FALSE;
  for (guint i = 0; i < loop->n_scans; i++) {
    const Scan *scan = &loop->scans[i];
    const BsTensor *declared = &loop->body->tensors[loop->body->outputs[1 + loop->n_state + i]];
    BsValue all = scan->shape;
    all.data = scan->bytes->data;
    if (scan->n == 0) { /* nothing ran: as declared, as far as that is known */
      all = (BsValue){ .dtype = declared->dtype, .n_dims = declared->n_dims };
      if (all.n_dims == BS_DIMS_UNKNOWN || all.n_dims >= BS_MAX_DIMS || all.dtype == BS_DTYPE_NONE)
        all = (BsValue){ .dtype = BS_DTYPE_F32 };
      for (guint d = 0; d < all.n_dims; d++)
        all.dims[d] = MAX (declared->dims[d], 0);
    }
    memmove (all.dims + 1, all.dims, all.n_dims * sizeof *all.dims);
    all.dims[0] = scan->n;
    all.n_dims++;
    if (!give (call, loop->n_state + i, &all, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
run_loop (BsCall *call, GError **error)
{
  const BsModel *body = body_of (call, "body", error);
  guint own = (guint) bs_node_int (call->node, "explicit_inputs", call->node->n_inputs);
  gint64 limit = G_MAXINT64;
  gboolean go_on = bs_in (call, 1) == NULL || truth (call->in[1]), ok = TRUE;
  LoopState loop = { .body = body };

  if (body == NULL)
    return FALSE;
  loop.n_state = own > 2 ? own - 2 : 0;
  if (own > call->n_in || body->n_inputs < loop.n_state + 2 || body->n_outputs < loop.n_state + 1 ||
      call->n_out != body->n_outputs - 1)
    return bs_call_error (call, error, BS_ERROR_FORMAT,
                          "its body does not fit its inputs and outputs");
  loop.n_scans = body->n_outputs - 1 - loop.n_state;
  bs_value_int (bs_in (call, 0), 0, &limit);
  loop.state = g_new0 (BsValue, loop.n_state + 1);
  loop.scans = g_new0 (Scan, loop.n_scans + 1);
  for (guint i = 0; i < loop.n_scans; i++)
    loop.scans[i].bytes = g_byte_array_new ();
  for (guint i = 0; ok && i < loop.n_state; i++) {
    ok = call->in[i + 2] != NULL;
    if (ok)
      loop.state[i] = *call->in[i + 2];
    else
      bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "it begins with an absent value");
  }
  for (gint64 i = 0; ok && go_on && i < limit; i++)
    ok = iterate (call, &loop, i, &go_on, error);
  ok = ok && finish_loop (call, &loop, error);
  if (loop.owned)
    clear_values (loop.state, loop.n_state);
  for (guint i = 0; i < loop.n_scans; i++)
    g_byte_array_unref (loop.scans[i].bytes);
  g_free (loop.state);
  g_free (loop.scans);
  return ok;
}

const BsOp bs_op_if = {
  .type = "If",
  .domain = "",
  .min_in = 1,
  .max_in = BS_CALL_MAX,
  .weight_input = -1,
  .infer = infer_unknown,
  .run = run_if,
};

const BsOp bs_op_loop = {
  .type = "Loop",
  .domain = "",
  .min_in = 0,
  .max_in = BS_CALL_MAX,
  .weight_input = -1,
  .infer = infer_unknown,
  .run = run_loop,
};
