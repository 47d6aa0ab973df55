/* The runner: one thread's buffers, and the loop over the steps of a prepared run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/runner.h"

#include "base/error.h"
#include "model/infer.h"
#include "run/step.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  void *data;
  gsize bytes;
} Block;

struct _BsRunner {
  const BsPrepared *plan;
  guint n_samples;
  BsValue *values; /* [n_slots] */
  gsize *capacity; /* [n_slots] of the block behind data; 0: none */
  BsValue *shapes; /* [n_tensors] with n_shapes samples bound */
  guint n_shapes;
  GArray *recycled; /* Block, newest last: still in cache */
  void *scratch;
  gsize scratch_bytes;
};

static void *
aligned_block (gsize bytes)
{
  return bytes > G_MAXSSIZE / 2
           ? NULL
           : aligned_alloc (BSK_ALIGN, (bytes + BSK_ALIGN - 1) / BSK_ALIGN * BSK_ALIGN);
}

static void
clear_block (gpointer block)
{
  free (((Block *) block)->data);
}

BsRunner *
bs_runner_new (const BsPrepared *prepared)
{
  BsRunner *runner = g_new0 (BsRunner, 1);

  runner->recycled = g_array_new (FALSE, FALSE, sizeof (Block));
  g_array_set_clear_func (runner->recycled, clear_block);
  bs_runner_set_plan (runner, prepared);
  return runner;
}

static void
release (BsRunner *runner, guint slot)
{
  if (runner->capacity[slot] > 0) {
    Block block = { runner->values[slot].data, runner->capacity[slot] };
    g_array_append_val (runner->recycled, block);
  }
  runner->capacity[slot] = 0;
  runner->values[slot].data = NULL;
}

static void
release_all (BsRunner *runner)
{
  for (guint i = 0; runner->plan != NULL && i < runner->plan->n_slots; i++)
    release (runner, i);
}

void
bs_runner_set_plan (BsRunner *runner, const BsPrepared *prepared)
{
  release_all (runner);
  if (runner->plan == NULL || runner->plan->model != prepared->model)
    runner->n_shapes = 0;
  runner->plan = prepared;
  runner->values = g_renew (BsValue, runner->values, prepared->n_slots);
  runner->capacity = g_renew (gsize, runner->capacity, prepared->n_slots);
  memset (runner->values, 0, prepared->n_slots * sizeof *runner->values);
  memset (runner->capacity, 0, prepared->n_slots * sizeof *runner->capacity);
}

void
bs_runner_free (BsRunner *runner)
{
  release_all (runner);
  g_array_unref (runner->recycled);
  free (runner->scratch);
  g_free (runner->values);
  g_free (runner->capacity);
  g_free (runner->shapes);
  g_free (runner);
}

/* Newest recycled block that is large enough and not wastefully so, else a fresh one. */
static gboolean
take_block (BsRunner *runner, gsize bytes, void **data, gsize *capacity, GError **error)
{
  for (guint i = runner->recycled->len; i-- > 0;) {
    Block block = g_array_index (runner->recycled, Block, i);
    if (block.bytes >= bytes && block.bytes / 4 <= bytes) {
      *data = block.data;
      *capacity = block.bytes;
      g_array_index (runner->recycled, Block, i).data = NULL;
      g_array_remove_index (runner->recycled, i);
      return TRUE;
    }
  }
  *data = aligned_block (bytes);
  *capacity = bytes;
  if (*data == NULL)
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                 "There is not enough memory for a buffer of %" G_GSIZE_FORMAT " bytes", bytes);
  return *data != NULL;
}

gboolean
bs_runner_begin (BsRunner *runner, guint n_samples, GError **error)
{
  const BsModel *model = runner->plan->model;

  release_all (runner);
  runner->n_samples = n_samples;
  if (runner->n_shapes == n_samples)
    return TRUE;
  runner->n_shapes = 0;
  runner->shapes = g_renew (BsValue, runner->shapes, model->n_tensors);
  memset (runner->shapes, 0, model->n_tensors * sizeof *runner->shapes);
  if (!bs_infer_bound (model, n_samples, runner->shapes, error))
    return FALSE;
  runner->n_shapes = n_samples;
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
  return take_block (runner, bytes + BSK_SLACK, &value->data, &runner->capacity[slot], error);
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
  if (bytes > runner->scratch_bytes || runner->scratch == NULL) {
    free (runner->scratch);
    runner->scratch_bytes = MAX (bytes, 64);
    runner->scratch = aligned_block (runner->scratch_bytes);
    if (runner->scratch == NULL) {
      runner->scratch_bytes = 0;
      g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                   "There is not enough memory for %" G_GSIZE_FORMAT " bytes of scratch", bytes);
    }
  }
  return runner->scratch;
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
    if (!bs_runner_begin (runner, n_samples, error))
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
  BskQParams params = bs_kernel_params (&runner->plan->tensors[s->tensor].params);
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
    if (!bs_shape_image (value, &images, &channels, &pixels))
      return FALSE;
    for (guint i = 0; i < images; i++)
      for (gsize c = 0; c < channels; c++)
        for (gsize p = 0; p < pixels; p++)
          out[(i * channels + c) * pixels + p] =
            ((const float *) value->data)[(i * pixels + p) * channels + c];
    return TRUE;
  case BS_N_FORMS:
    break;
  }
  return FALSE;
}
