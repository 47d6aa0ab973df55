/* Two errors for each layer: local (it alone quantized, fed with float) and accumulated (what
 * really arrives). SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/vectorize.h"
#include "run/buffers.h"
#include "run/step.h"
#include "study/study_private.h"

#define PROBE_BATCH (BS_BATCH / 2u) /* samples whose floats stay in the second-level cache, too */
#define BLOCK 2048u                 /* values whose errors stay in the first-level cache */
#define MAX_KNOWN 16384u            /* measurements kept of each kind: some 10 MB */

/* What arrives at a layer's output. */
typedef struct {
  BsErrorSums errors;
  guint64 saturated;
  guint64 bins[BS_ERROR_BINS];
} Accumulated;

typedef struct {
  BsErrorSums local;
  Accumulated accumulated;
} LayerSums;

typedef struct {
  BsStudy *study;
  const BsPrepared *plan;
  LayerSums *sums;           /* [n_batches · n_layers] */
  gint *step_of;             /* [n_layers] */
  gboolean *local_known;     /* [n_layers] */
  const Accumulated **known; /* [n_layers] measured before, on the same bytes; NULL: to measure */
  double *spans;             /* [n_layers] half width of the error histogram */
  BsStart start;             /* where to run on from */
} Job;

/* The tensor a layer's step gives: after the fused activation on integers. */
static guint
output_slot (const BsPrepared *plan, gint step)
{
  return plan->steps[step].out[0];
}

/* As the probe lies. NULL: there is none to compare with, or it cannot be decoded. */
static BsBuffer *
decoded (const Job *job, BsRunner *runner, guint slot, gsize *n)
{
  guint tensor = job->plan->slots[slot].tensor;
  BsBuffer *buffer = NULL;

  *n = bs_value_count (&job->plan->shapes[tensor]) * bs_runner_n_samples (runner);
  if (job->study->probes[tensor] != NULL)
    buffer = bs_buffer_get (*n * sizeof (float));
  if (buffer != NULL && !bs_runner_decode_last (runner, slot, buffer->data, *n))
    g_clear_pointer (&buffer, bs_buffer_unref);
  return buffer;
}

typedef struct {
  const Job *job;
  guint first, batch_index;
} Tap;

/* errors = values − probe. Returns how many probes are outside of [lo, hi]. */
BS_VECTORIZED static guint
subtract (const float *probe, const float *values, guint n, float lo, float hi, float *errors)
{
  guint outside = 0;

  for (guint i = 0; i < n; i++) {
    outside += (guint) ((probe[i] < lo) | (probe[i] > hi));
    errors[i] = values[i] - probe[i];
  }
  return outside;
}

/* How far values are from their probes.
 *   lo, hi  what the codes can say
 *   span    half width of the histogram; 0: one bin */
static void
add_block (Accumulated *sums,
           const float *probe,
           const float *values,
           guint n,
           float lo,
           float hi,
           float span)
{
  float errors[BLOCK];

  bs_error_sums_compare (&sums->errors, probe, values, n);
  sums->saturated += subtract (probe, values, n, lo, hi, errors);
  if (span > 0)
    bsk_histogram (errors, n, -span, span, BS_ERROR_BINS, sums->bins);
  else
    sums->bins[BS_ERROR_BINS / 2] += n;
}

static void
compare_accumulated (gpointer user, BsRunner *runner, guint step)
{
  const Tap *tap = user;
  const Job *job = tap->job;
  gint index = job->plan->steps[step].layer;
  gsize n;

  if (index < 0 || job->known[index] != NULL)
    return;
  guint slot = output_slot (job->plan, (gint) step), tensor = job->plan->slots[slot].tensor;
  const float *probe = job->study->probes[tensor];
  Accumulated *sums =
    &job->sums[tap->batch_index * job->plan->layers->len + (guint) index].accumulated;
  BsBuffer *buffer = decoded (job, runner, slot, &n);
  if (buffer == NULL)
    return;
  probe += tap->first * bs_value_count (&job->plan->shapes[tensor]);

  const BsPlannedTensor *t = &job->plan->tensors[tensor];
  float lo = -INFINITY, hi = INFINITY;
  if (t->quantized) {
    lo = ((float) (t->params.qmin - t->params.zero_point) - 0.5f) * t->params.scale;
    hi = ((float) (t->params.qmax - t->params.zero_point) + 0.5f) * t->params.scale;
  }
  for (gsize i = 0; i < n; i += BLOCK)
    add_block (sums, probe + i, (const float *) buffer->data + i, (guint) MIN (n - i, BLOCK), lo,
               hi, (float) job->spans[index]);
  bs_buffer_unref (buffer);
}

/* The float probe of an input in the form that the step reads. */
static gboolean
feed_probe (const Job *job, BsRunner *runner, guint slot, guint first)
{
  const BsSlot *s = &job->plan->slots[slot];
  const BsPlannedTensor *t = &job->plan->tensors[s->tensor];
  gsize per_sample = bs_value_count (&job->plan->shapes[s->tensor]),
        n = per_sample * bs_runner_n_samples (runner);
  const float *probe = job->study->probes[s->tensor];
  BsBuffer *other = NULL;
  gboolean ok = FALSE;
  guint images;
  gsize channels, pixels;

  if (probe == NULL)
    return FALSE;
  probe += first * per_sample;
  void *data = bs_runner_output (runner, slot, NULL);
  if (data == NULL)
    return FALSE;
  if ((s->form == BS_FORM_FLOAT || s->form == BS_FORM_FAKE || s->form == BS_FORM_CODES) &&
      bs_shape_image (bs_runner_value (runner, slot), &images, &channels, &pixels)) {
    other = bs_buffer_get (n * sizeof *probe);
    if (other == NULL)
      return FALSE;
    bs_transpose_floats (probe, images, pixels, channels, other->data);
    probe = other->data;
  }
  switch (s->form) {
  case BS_FORM_CODES:
  case BS_FORM_CODES_LAST:
    ok = bsk_quantize (probe, n, &t->params, t->is_signed ? BSK_S8 : BSK_U8, data) == BSK_OK;
    break;
  case BS_FORM_FAKE:
  case BS_FORM_FAKE_LAST:
    memcpy (data, probe, n * sizeof *probe);
    ok = bs_quant_apply (job->study->current_acts[s->tensor], &t->interval, data,
                         bs_runner_n_samples (runner), per_sample, NULL);
    break;
  case BS_FORM_FLOAT:
  case BS_FORM_FLOAT_LAST:
    memcpy (data, probe, n * sizeof *probe);
    ok = TRUE;
    break;
  case BS_N_FORMS:
    break;
  }
  g_clear_pointer (&other, bs_buffer_unref);
  return ok;
}

static void
compare_local (const Job *job,
               BsRunner *runner,
               guint index,
               guint first,
               guint count,
               LayerSums *sums)
{
  const BsStep *step = &job->plan->steps[job->step_of[index]];
  guint slot = output_slot (job->plan, job->step_of[index]);
  const float *probe = job->study->probes[job->plan->slots[slot].tensor];
  gsize n;

  if (probe == NULL || !bs_runner_begin (runner, count, NULL))
    return;
  for (guint k = 0; k < step->n_in; k++)
    if (step->in[k] != BS_SLOT_NONE && !feed_probe (job, runner, step->in[k], first))
      return;
  if (!step->run (step, runner, NULL))
    return;
  BsBuffer *buffer = decoded (job, runner, slot, &n);
  if (buffer == NULL)
    return;
  probe += first * (n / count);
  for (gsize i = 0; i < n; i += BLOCK)
    bs_error_sums_compare (&sums->local, probe + i, (const float *) buffer->data + i,
                           MIN (n - i, BLOCK));
  bs_buffer_unref (buffer);
}

static gboolean
run_probe_batch (gpointer data, guint batch_index, guint worker, GError **error)
{
  Job *job = data;
  BsRunner *runner = bs_study_runner (job->study, worker);
  guint size = job->study->fixed_batch == 1 ? 1 : PROBE_BATCH;
  guint first = batch_index * size, count = MIN (size, job->study->n_probes - first);
  Tap tap = { job, first, batch_index };
  BsValue inputs[BS_CALL_MAX];

  bs_study_inputs (job->study, first, count, inputs);
  if (!bs_start_feed (&job->start, runner, first, count, error) ||
      !bs_runner_run (runner, inputs, count, job->start.step, G_MAXUINT, compare_accumulated, &tap,
                      error))
    return FALSE;
  for (guint i = 0; i < job->plan->layers->len; i++)
    if (job->step_of[i] >= 0 && !job->local_known[i])
      compare_local (job, runner, i, first, count,
                     &job->sums[batch_index * job->plan->layers->len + i]);
  return TRUE;
}

/* All that decides a layer's local error. */
static char *
describe_treatment (const BsPrepared *plan, const BsPlannedLayer *layer)
{
  const BsNode *node = &plan->model->nodes[layer->layer.node];
  g_autofree char *weights = bs_spec_to_string (layer->weights),
                  *acts = bs_spec_to_string (layer->acts);
  const BsPlannedTensor *in =
    &plan->tensors[node->inputs[layer->layer.inputs[0] == 0 ? 1 % node->n_inputs : 0]];
  const BsPlannedTensor *out = &plan->tensors[layer->output];

  return g_strdup_printf (
    "%s %s %s %d %a %d %d %a %d %d %d %a %s", node->name, weights, acts, layer->on_integers,
    (double) in->params.scale, in->params.zero_point, out->quantized, (double) out->params.scale,
    out->params.zero_point, out->params.qmax, layer->fused,
    layer->quant[0] != NULL && layer->quant[0]->scale != NULL ? (double) layer->quant[0]->scale[0]
                                                              : 0.0,
    g_strv_length (plan->config->corrections) > 0 ? plan->config->key : "");
}

static void
fill_layer (BsLayerResult *out, const Accumulated *sums, double span, const BsErrorSums *local)
{
  out->local_sqnr_db = local->count > 0 ? bs_error_sqnr_db (local) : NAN;
  out->accumulated_sqnr_db = sums->errors.count > 0 ? bs_error_sqnr_db (&sums->errors) : NAN;
  out->cosine = sums->errors.count > 0 ? bs_error_cosine (&sums->errors) : NAN;
  out->max_abs = sums->errors.max_abs;
  out->saturated_share =
    sums->errors.count > 0 ? (double) sums->saturated / (double) sums->errors.count : 0;
  out->error_span = span;
  memcpy (out->error_bins, sums->bins, sizeof out->error_bins);
}

static void
keep_accumulated (BsStudy *study, guint64 key, const Accumulated *sums)
{
  gint64 *copy = g_new (gint64, 1);

  *copy = (gint64) key;
  g_hash_table_insert (study->accumulated, copy, g_memdup2 (sums, sizeof *sums));
}

gboolean
bs_study_measure_layers (BsStudy *study,
                         const BsPrepared *plan,
                         BsResult *result,
                         const gint *cancelled,
                         GError **error)
{
  guint n_layers = plan->layers->len, size = study->fixed_batch == 1 ? 1 : PROBE_BATCH;
  guint n_batches = (study->n_probes + size - 1) / size;
  g_autofree LayerSums *sums = g_new0 (LayerSums, (gsize) n_batches * n_layers + 1);
  g_autofree gint *step_of = g_new (gint, n_layers + 1);
  g_autofree gboolean *known = g_new0 (gboolean, n_layers + 1);
  g_autofree const Accumulated **accumulated = g_new0 (const Accumulated *, n_layers + 1);
  g_autofree double *spans = g_new0 (double, n_layers + 1);
  g_autofree const BsSpec **acts = g_new0 (const BsSpec *, study->model->n_tensors);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  Job job = { study, plan, sums, step_of, known, accumulated, spans, { 0 } };

  if (g_hash_table_size (study->accumulated) > MAX_KNOWN)
    g_hash_table_remove_all (study->accumulated);
  if (g_hash_table_size (study->local) > MAX_KNOWN)
    g_hash_table_remove_all (study->local);
  for (guint i = 0; i < n_layers; i++) {
    const BsPlannedLayer *layer = &g_array_index (plan->layers, BsPlannedLayer, i);
    const BsNode *node = &study->model->nodes[layer->layer.node];
    const BsPlannedTensor *out = &plan->tensors[layer->output];
    step_of[i] = -1;
    for (guint s = 0; s < plan->n_steps; s++)
      if (plan->steps[s].layer == (gint) i)
        step_of[i] = (gint) s;
    for (guint k = 0; k < node->n_inputs; k++)
      if (node->inputs[k] != BS_TENSOR_NONE)
        acts[node->inputs[k]] = layer->acts;
    if (step_of[i] >= 0)
      accumulated[i] =
        g_hash_table_lookup (study->accumulated, &plan->slots[output_slot (plan, step_of[i])].key);
    g_ptr_array_add (keys, describe_treatment (plan, layer));
    known[i] = g_hash_table_contains (study->local, keys->pdata[i]);
    /* wide enough for the rounding of many layers: an eighth of the output's range, or 16 steps of
     * its codes */
    const BsStats *stats = study->stats[layer->output];
    spans[i] = stats != NULL && stats->count > 0 ? MAX (stats->max - stats->min, 0) / 8 : 0;
    if (out->quantized)
      spans[i] = MAX (spans[i], 16 * (double) out->params.scale);
  }
  bs_study_find_start (study, plan, &job.start);
  for (guint i = 0; i < n_layers; i++)
    if (accumulated[i] == NULL && step_of[i] < (gint) job.start.step)
      job.start = (BsStart){ 0 };
  study->current_acts = acts;
  bs_study_begin_runs (study, plan);
  gboolean ok = bs_parallel_try (n_batches, run_probe_batch, &job, cancelled, error);
  bs_study_end_runs (study);
  study->current_acts = NULL;
  if (!ok)
    return FALSE;
  for (guint i = 0; i < n_layers; i++) {
    LayerSums total = { 0 };
    for (guint b = 0; b < n_batches; b++) {
      const LayerSums *part = &sums[b * n_layers + i];
      bs_error_sums_merge (&total.local, &part->local);
      bs_error_sums_merge (&total.accumulated.errors, &part->accumulated.errors);
      total.accumulated.saturated += part->accumulated.saturated;
      for (guint k = 0; k < BS_ERROR_BINS; k++)
        total.accumulated.bins[k] += part->accumulated.bins[k];
    }
    if (!known[i])
      g_hash_table_insert (study->local, g_strdup (keys->pdata[i]),
                           g_memdup2 (&total.local, sizeof total.local));
    fill_layer (&result->layers[i], accumulated[i] != NULL ? accumulated[i] : &total.accumulated,
                spans[i], g_hash_table_lookup (study->local, keys->pdata[i]));
    if (accumulated[i] == NULL && step_of[i] >= 0)
      keep_accumulated (study, plan->slots[output_slot (plan, step_of[i])].key, &total.accumulated);
  }
  return TRUE;
}
