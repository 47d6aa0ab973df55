/* The runner: one thread's buffers, and the loop over the steps of a prepared run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/runner.h"

#include "base/error.h"
#include "model/infer.h"
#include "ops/blas.h"
#include "run/buffers.h"
#include "run/step.h"

#include <string.h>

/* Dimensions of all tensors for a number of samples: inferred once, since a loop over samples asks
 * for few numbers, but for each again and again. */
typedef struct {
  guint n_samples;
  BsValue *values; /* [n_tensors] */
} Shapes;

struct _BsRunner {
  const BsPrepared *plan; /* NULL: none */
  BsModel *model;         /* the one that shapes are of */
  guint n_samples, n_slots;
  BsValue *values;       /* [n_slots] */
  BsBuffer **buffers;    /* [n_slots] behind values' data; NULL: not alive, or borrowed */
  GArray *all_shapes;    /* Shapes */
  const BsValue *shapes; /* [n_tensors] those of n_samples */
  BsBuffer *scratch;
};

static void
clear_shapes (gpointer data)
{
  g_free (((Shapes *) data)->values);
}

BsRunner *
bs_runner_new (const BsPrepared *prepared)
{
  BsRunner *runner = g_new0 (BsRunner, 1);

  runner->all_shapes = g_array_new (FALSE, FALSE, sizeof (Shapes));
  g_array_set_clear_func (runner->all_shapes, clear_shapes);
  bs_blas_init ();
  bs_runner_set_plan (runner, prepared);
  return runner;
}

static void
release (BsRunner *runner, guint slot)
{
  g_clear_pointer (&runner->buffers[slot], bs_buffer_unref);
  runner->values[slot].data = NULL;
}

static void
release_all (BsRunner *runner)
{
  for (guint i = 0; i < runner->n_slots; i++)
    release (runner, i);
}

void
bs_runner_set_plan (BsRunner *runner, const BsPrepared *prepared)
{
  release_all (runner);
  runner->plan = prepared;
  runner->n_slots = prepared != NULL ? prepared->n_slots : 0;
  if (prepared == NULL)
    return;
  if (runner->model != prepared->model) {
    g_array_set_size (runner->all_shapes, 0);
    g_clear_pointer (&runner->model, bs_model_unref);
    runner->model = bs_model_ref (prepared->model);
  }
  runner->values = g_renew (BsValue, runner->values, runner->n_slots);
  runner->buffers = g_renew (BsBuffer *, runner->buffers, runner->n_slots);
  memset (runner->values, 0, runner->n_slots * sizeof *runner->values);
  memset (runner->buffers, 0, runner->n_slots * sizeof *runner->buffers);
}

void
bs_runner_free (BsRunner *runner)
{
  release_all (runner);
  g_clear_pointer (&runner->scratch, bs_buffer_unref);
  g_free (runner->values);
  g_free (runner->buffers);
  g_array_unref (runner->all_shapes);
  g_clear_pointer (&runner->model, bs_model_unref);
  g_free (runner);
}

/* A buffer of bytes and what the kernels may read behind it. */
static BsBuffer *
get_buffer (gsize bytes, GError **error)
{
  BsBuffer *buffer = bs_buffer_get (bytes + BSK_SLACK);

  if (buffer == NULL)
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                 "There is not enough memory for a buffer of %" G_GSIZE_FORMAT " bytes", bytes);
  return buffer;
}

gboolean
bs_runner_begin (BsRunner *runner, guint n_samples, GError **error)
{
  const BsModel *model = runner->model;
  Shapes shapes = { n_samples, NULL };

  release_all (runner);
  runner->n_samples = n_samples;
  for (guint i = 0; i < runner->all_shapes->len; i++) {
    const Shapes *known = &g_array_index (runner->all_shapes, Shapes, i);
    runner->shapes = known->values;
    if (known->n_samples == n_samples)
      return TRUE;
  }
  shapes.values = g_new0 (BsValue, model->n_tensors);
  if (!bs_infer_bound (model, n_samples, shapes.values, error)) {
    g_free (shapes.values);
    return FALSE;
  }
  runner->shapes = shapes.values;
  g_array_append_val (runner->all_shapes, shapes);
  return TRUE;
}

static void
set_dims (BsRunner *runner, guint slot)
{
  const BsSlot *s = &runner->plan->slots[slot];
  BsValue *value = &runner->values[slot];
  void *data = value->data;

  *value = runner->shapes[s->tensor];
  value->data = data;
  if (s->form == BS_FORM_CODES || s->form == BS_FORM_CODES_LAST)
    value->dtype = runner->plan->tensors[s->tensor].is_signed ? BS_DTYPE_I8 : BS_DTYPE_U8;
}

gboolean
bs_runner_allocate (BsRunner *runner, BsValue *value, GError **error)
{
  guint slot = (guint) (value - runner->values);
  gsize bytes;

  if (!bs_dims_bytes (value->dims, value->n_dims, value->dtype, &bytes)) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "Tensor “%s” is too large",
                 runner->plan->model->tensors[runner->plan->slots[slot].tensor].name);
    return FALSE;
  }
  release (runner, slot);
  runner->buffers[slot] = get_buffer (bytes, error);
  value->data = runner->buffers[slot] != NULL ? runner->buffers[slot]->data : NULL;
  return value->data != NULL;
}

gboolean
bs_runner_share (BsRunner *runner, guint from, guint to)
{
  if (runner->buffers[from] == NULL)
    return FALSE;
  release (runner, to);
  runner->buffers[to] = bs_buffer_ref (runner->buffers[from]);
  runner->values[to].data = runner->values[from].data;
  return TRUE;
}

void *
bs_runner_output (BsRunner *runner, guint slot, GError **error)
{
  set_dims (runner, slot);
  return bs_runner_allocate (runner, &runner->values[slot], error) ? runner->values[slot].data
                                                                   : NULL;
}

void *
bs_runner_scratch (BsRunner *runner, gsize bytes, GError **error)
{
  if (runner->scratch == NULL || runner->scratch->capacity < bytes) {
    g_clear_pointer (&runner->scratch, bs_buffer_unref);
    runner->scratch = get_buffer (bytes, error);
  }
  return runner->scratch != NULL ? runner->scratch->data : NULL;
}

gboolean
bs_runner_feed (BsRunner *runner, guint slot, const void *data, gsize bytes, GError **error)
{
  void *to = bs_runner_output (runner, slot, error);
  gsize expected;

  if (to == NULL)
    return FALSE;
  g_assert (bs_dims_bytes (runner->values[slot].dims, runner->values[slot].n_dims,
                           runner->values[slot].dtype, &expected) &&
            expected == bytes);
  memcpy (to, data, bytes);
  return TRUE;
}

const void *
bs_runner_slot_data (const BsRunner *runner, guint slot, gsize *bytes)
{
  const BsValue *value = &runner->values[slot];

  if (value->data == NULL || !bs_dims_bytes (value->dims, value->n_dims, value->dtype, bytes))
    return NULL;
  return value->data;
}

/* Kernels are packed for one size of the inputs: another one would run beyond their buffers. */
static gboolean
check_inputs (const BsPrepared *plan, const BsValue *inputs, GError **error)
{
  for (guint i = 0; i < plan->model->n_inputs; i++) {
    const BsValue *made = &plan->shapes[plan->model->inputs[i]];
    if (made->n_dims == BS_DIMS_UNKNOWN || made->n_dims == 0 ||
        (inputs[i].n_dims == made->n_dims &&
         memcmp (inputs[i].dims + 1, made->dims + 1, (made->n_dims - 1) * sizeof *made->dims) == 0))
      continue;
    g_autofree char *have = bs_dims_to_string (inputs[i].dims, inputs[i].n_dims);
    g_autofree char *want = bs_dims_to_string (made->dims, made->n_dims);
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE,
                 "Input “%s” is %s, but the run was prepared for %s",
                 plan->model->tensors[plan->model->inputs[i]].name, have, want);
    return FALSE;
  }
  return TRUE;
}

gboolean
bs_runner_run (BsRunner *runner,
               const BsValue *inputs,
               guint n_samples,
               guint first_step,
               guint end_step,
               BsRunnerTap tap,
               gpointer user,
               GError **error)
{
  const BsPrepared *plan = runner->plan;

  if (first_step == 0) {
    if (!check_inputs (plan, inputs, error) || !bs_runner_begin (runner, n_samples, error))
      return FALSE;
    for (guint i = 0; i < plan->n_slots; i++) /* the model's inputs are its first slots, borrowed */
      for (guint k = 0; k < plan->model->n_inputs; k++)
        if (plan->slots[i].tensor == plan->model->inputs[k] && plan->slots[i].form == BS_FORM_FLOAT)
          runner->values[i] = inputs[k];
  }
  for (guint i = first_step; i < MIN (end_step, plan->n_steps); i++) {
    const BsStep *step = &plan->steps[i];
    if (!step->run (step, runner, error))
      return FALSE;
    if (tap != NULL)
      tap (user, runner, i);
    for (guint k = 0; k < step->n_in; k++)
      if (step->in[k] != BS_SLOT_NONE && plan->slots[step->in[k]].last_use == i)
        release (runner, step->in[k]);
    for (guint k = 0; k < step->n_out; k++)
      if (step->out[k] != BS_SLOT_NONE && plan->slots[step->out[k]].last_use <= i)
        release (runner, step->out[k]);
  }
  return TRUE;
}

BsValue *
bs_runner_value (BsRunner *runner, guint slot)
{
  return &runner->values[slot];
}

guint
bs_runner_n_samples (const BsRunner *runner)
{
  return runner->n_samples;
}

const BsPrepared *
bs_runner_plan (const BsRunner *runner)
{
  return runner->plan;
}

const BsValue *
bs_runner_output_value (const BsRunner *runner, guint output)
{
  return &runner->values[runner->plan->output_slots[output]];
}

gboolean
bs_runner_decode (const BsRunner *runner, guint slot, float *out, gsize n)
{
  const BsSlot *s = &runner->plan->slots[slot];
  const BsValue *value = &runner->values[slot];
  BskQParams params = runner->plan->tensors[s->tensor].params;
  BskType type = runner->plan->tensors[s->tensor].is_signed ? BSK_S8 : BSK_U8;
  guint images;
  gsize channels, pixels, count;

  if (value->data == NULL || !bs_dims_count (value->dims, value->n_dims, &count) || count != n)
    return FALSE;
  switch (s->form) {
  case BS_FORM_FLOAT:
  case BS_FORM_FAKE:
    if (value->dtype != BS_DTYPE_F32)
      return FALSE;
    memcpy (out, value->data, n * sizeof *out);
    return TRUE;
  case BS_FORM_CODES:
    return bsk_dequantize (value->data, n, &params, type, out) == BSK_OK;
  case BS_FORM_CODES_LAST:
    return bs_shape_image (value, &images, &channels, &pixels) &&
           bsk_dequantize_nchw (value->data, images, channels, pixels, &params, type, out) ==
             BSK_OK;
  case BS_FORM_FLOAT_LAST:
  case BS_FORM_FAKE_LAST:
    if (!bs_shape_image (value, &images, &channels, &pixels))
      return FALSE;
    bs_transpose_floats (value->data, images, pixels, channels, out);
    return TRUE;
  case BS_N_FORMS:
    break;
  }
  return FALSE;
}

gboolean
bs_runner_decode_last (const BsRunner *runner, guint slot, float *out, gsize n)
{
  const BsSlot *s = &runner->plan->slots[slot];
  const BsValue *value = &runner->values[slot];
  const BsPlannedTensor *t = &runner->plan->tensors[s->tensor];
  guint images;
  gsize channels, pixels, count;

  if (value->data == NULL || !bs_dims_count (value->dims, value->n_dims, &count) || count != n)
    return FALSE;
  if (s->form == BS_FORM_CODES_LAST)
    return bsk_dequantize (value->data, n, &t->params, t->is_signed ? BSK_S8 : BSK_U8, out) ==
           BSK_OK;
  if (s->form == BS_FORM_FLOAT_LAST || s->form == BS_FORM_FAKE_LAST) {
    memcpy (out, value->data, n * sizeof *out);
    return TRUE;
  }
  if (!bs_shape_image (value, &images, &channels, &pixels))
    return bs_runner_decode (runner, slot, out, n);
  BsBuffer *buffer = bs_buffer_get (n * sizeof *out);
  gboolean ok = buffer != NULL && bs_runner_decode (runner, slot, buffer->data, n);
  if (ok)
    bs_transpose_floats (buffer->data, images, channels, pixels, out);
  g_clear_pointer (&buffer, bs_buffer_unref);
  return ok;
}
