/* The reference: the float run, made once: calibration statistics, outputs, and the probes that
 * layers are compared with. SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "run/step.h"
#include "study/study_private.h"

#define CALIBRATION_SHARDS                                                                         \
  8u /* fixed, so that memory does not grow with the samples and numbers not with the threads */
#define MAX_PROBE_BYTES ((gsize) 256 << 20)

void
bs_study_inputs (const BsStudy *study, gboolean calibration, guint index, guint n, BsValue *inputs)
{
  const BsDataset *data = study->dataset;
  const guint8 *x = calibration ? data->calibration : data->x;

  memset (inputs, 0, study->model->n_inputs * sizeof *inputs);
  inputs[0].dtype = data->dtype;
  inputs[0].n_dims = data->n_dims + 1;
  inputs[0].dims[0] = n;
  memcpy (inputs[0].dims + 1, data->dims, data->n_dims * sizeof *data->dims);
  inputs[0].data = (guint8 *) x + index * data->sample_bytes;
}

typedef struct {
  BsStudy *study;
  const BsPrepared *plan;
  BsStats **stats; /* [shards · n_tensors] */
  guint n, batch, per_shard;
  GMutex lock; /* guards error */
  GError *error;
  const gint *cancelled;
} Calibration;

typedef struct {
  const Calibration *c;
  guint shard;
} CalibrationTap;

static void
add_stats (const CalibrationTap *tap, guint tensor, const BsValue *value)
{
  BsStats **stats = &tap->c->stats[tap->shard * tap->c->study->model->n_tensors + tensor];

  if (value->dtype != BS_DTYPE_F32 || value->data == NULL)
    return;
  if (*stats == NULL) {
    *stats = g_new (BsStats, 1);
    bs_stats_init (*stats);
  }
  bs_stats_add (*stats, value->data, bs_value_count (value));
}

static void
tap_stats (gpointer user, BsRunner *runner, guint step)
{
  const CalibrationTap *tap = user;
  const BsStep *s = &tap->c->plan->steps[step];

  for (guint k = 0; k < s->n_out && s->node != NULL; k++) /* a conversion gives nothing new */
    if (s->out[k] != BS_SLOT_NONE)
      add_stats (tap, tap->c->plan->slots[s->out[k]].tensor, bs_runner_value (runner, s->out[k]));
}

static void
calibrate_shard (gpointer data, guint index, guint worker)
{
  Calibration *c = data;
  CalibrationTap tap = { c, index };
  g_autoptr (BsRunner) runner = bs_runner_new (c->plan);
  g_autoptr (GError) error = NULL;
  guint end = MIN ((index + 1) * c->per_shard, c->n);

  for (guint i = index * c->per_shard; i < end; i += c->batch) {
    BsValue inputs[BS_CALL_MAX];
    guint count = MIN (c->batch, end - i);
    if (c->cancelled != NULL && g_atomic_int_get (c->cancelled) != 0)
      return;
    bs_study_inputs (c->study, TRUE, i, count, inputs);
    add_stats (&tap, c->study->model->inputs[0], &inputs[0]);
    if (!bs_runner_run (runner, inputs, c->study->fixed_batch > 1 ? 1 : count, 0, G_MAXUINT,
                        tap_stats, &tap, &error)) {
      g_mutex_lock (&c->lock);
      if (c->error == NULL)
        c->error = g_steal_pointer (&error);
      g_mutex_unlock (&c->lock);
      return;
    }
  }
}

static gboolean
calibrate (BsStudy *study, const BsPrepared *plan, const gint *cancelled, GError **error)
{
  guint n_tensors = study->model->n_tensors;
  guint group = (guint) MAX (study->fixed_batch, 1),
        n = study->dataset->n_calibration / group * group;
  guint per_shard = (n / group + CALIBRATION_SHARDS - 1) / CALIBRATION_SHARDS * group;
  Calibration c = { .study = study,
                    .plan = plan,
                    .n = n,
                    .batch = study->fixed_batch > 0 ? group : BS_BATCH,
                    .per_shard = per_shard,
                    .cancelled = cancelled };

  if (n == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 "The data set “%s” has no samples to calibrate with.", study->dataset->name);
    return FALSE;
  }
  c.stats = g_new0 (BsStats *, (gsize) CALIBRATION_SHARDS * n_tensors);
  g_mutex_init (&c.lock);
  bs_parallel_for ((n + per_shard - 1) / per_shard, calibrate_shard, &c, cancelled);
  g_mutex_clear (&c.lock);
  for (guint i = 0; i < CALIBRATION_SHARDS * n_tensors; i++) {
    BsStats **into = &study->stats[i % n_tensors];
    if (c.stats[i] == NULL)
      continue;
    if (*into == NULL) {
      *into = c.stats[i];
      continue;
    }
    bs_stats_merge (*into, c.stats[i]);
    g_free (c.stats[i]);
  }
  g_free (c.stats);
  if (c.error != NULL) {
    g_propagate_error (error, c.error);
    return FALSE;
  }
  return TRUE;
}

/* Which tensors layers read and write: those are probed. */
static void
choose_probes (BsStudy *study, const BsPrepared *plan, gboolean *wanted)
{
  const BsModel *model = study->model;

  for (guint i = 0; i < plan->layers->len; i++) {
    const BsNode *node = &model->nodes[g_array_index (plan->layers, BsPlannedLayer, i).layer.node];
    for (guint k = 0; k < node->n_inputs; k++)
      if (node->inputs[k] != BS_TENSOR_NONE && !model->tensors[node->inputs[k]].is_constant)
        wanted[node->inputs[k]] = TRUE;
    if (node->outputs[0] == BS_TENSOR_NONE)
      continue;
    wanted[node->outputs[0]] = TRUE;
    for (guint n = 0; n < model->n_nodes; n++) { /* the activation that an integer kernel fuses */
      double lo, hi;
      if (model->nodes[n].n_inputs > 0 && model->nodes[n].inputs[0] == node->outputs[0] &&
          bs_clip_bounds (model, &model->nodes[n], &lo, &hi))
        wanted[model->nodes[n].outputs[0]] = TRUE;
    }
  }
}

typedef struct {
  BsStudy *study;
  const BsPrepared *plan;
  guint first;
} ProbeTap;

static void
keep_probe (const ProbeTap *tap, BsRunner *runner, guint slot)
{
  guint tensor = tap->plan->slots[slot].tensor;
  float *probe = tap->study->probes[tensor];
  gsize per_sample = bs_value_count (&tap->plan->shapes[tensor]);

  if (probe != NULL)
    bs_runner_decode (runner, slot, probe + tap->first * per_sample,
                      per_sample * bs_runner_n_samples (runner));
}

static void
tap_probes (gpointer user, BsRunner *runner, guint step)
{
  const ProbeTap *tap = user;
  const BsStep *s = &tap->plan->steps[step];

  for (guint k = 0; k < s->n_out && s->node != NULL; k++)
    if (s->out[k] != BS_SLOT_NONE)
      keep_probe (tap, runner, s->out[k]);
}

static gboolean
make_probes (BsStudy *study, const BsPrepared *plan, GError **error)
{
  const BsModel *model = study->model;
  g_autofree gboolean *wanted = g_new0 (gboolean, model->n_tensors);
  g_autoptr (BsRunner) runner = bs_runner_new (plan);
  gsize bytes = 0;

  if (study->fixed_batch > 1) /* samples cannot be told apart inside a group */
    return TRUE;
  choose_probes (study, plan, wanted);
  for (guint t = 0; t < model->n_tensors; t++) {
    if (plan->shapes[t].n_dims == BS_DIMS_UNKNOWN || plan->shapes[t].dtype != BS_DTYPE_F32 ||
        study->stats[t] == NULL)
      wanted[t] = FALSE;
    if (wanted[t])
      bytes += bs_value_count (&plan->shapes[t]) * sizeof (float);
  }
  study->n_probes = (guint) MIN (MIN (BS_LAYER_SAMPLES, study->dataset->n),
                                 bytes > 0 ? MAX_PROBE_BYTES / bytes : 0);
  for (guint t = 0; t < model->n_tensors; t++)
    if (wanted[t] && study->n_probes > 0)
      study->probes[t] = g_new0 (float, bs_value_count (&plan->shapes[t]) * study->n_probes);
  guint batch = study->fixed_batch == 1 ? 1 : BS_BATCH;
  for (guint i = 0; i < study->n_probes; i += batch) {
    BsValue inputs[BS_CALL_MAX];
    guint count = MIN (batch, study->n_probes - i);
    ProbeTap tap = { study, plan, i };
    bs_study_inputs (study, FALSE, i, count, inputs);
    if (study->probes[model->inputs[0]] != NULL && inputs[0].dtype == BS_DTYPE_F32)
      memcpy (study->probes[model->inputs[0]] +
                i * bs_value_count (&plan->shapes[model->inputs[0]]),
              inputs[0].data, bs_value_count (&inputs[0]) * sizeof (float));
    if (!bs_runner_run (runner, inputs, count, 0, G_MAXUINT, tap_probes, &tap, error))
      return FALSE;
  }
  return TRUE;
}

static void
choose_judge (BsStudy *study, const BsPrepared *plan)
{
  const BsValue *shape = &plan->shapes[study->model->outputs[0]];
  const BsDataset *data = study->dataset;
  gsize per_sample;
  BsJudge *j = &study->judge;

  *j = (BsJudge){ 0 };
  if (shape->n_dims == BS_DIMS_UNKNOWN || shape->dtype != BS_DTYPE_F32)
    return;
  per_sample = bs_value_count (shape) / (gsize) MAX (study->fixed_batch, 1);
  j->elements = per_sample;
  if (shape->n_dims < 2 || shape->dims[shape->n_dims - 1] < 2)
    return;
  gsize classes = (gsize) shape->dims[shape->n_dims - 1];
  if (shape->n_dims == 2 && per_sample == classes && data->labels_per_sample <= 1) {
    j->rows = 1;
    j->classes = (guint) classes;
  } else if (shape->n_dims == 3 && data->labels != NULL && data->labels_per_sample > 1 &&
             per_sample == classes * data->labels_per_sample) {
    j->rows = data->labels_per_sample;
    j->classes = (guint) classes;
    j->next_token = TRUE;
  }
}

gboolean
bs_study_make_reference (BsStudy *study, const BsObserver *observer, GError **error)
{
  const gint *cancelled = observer != NULL ? observer->cancelled : NULL;
  g_autoptr (BsPrepared) whole = bs_prepare_whole (study->model, study->float_config, error);
  g_autoptr (BsPrepared) plan = NULL;
  BsShardSums sums;
  gint64 start;

  if (whole == NULL)
    return FALSE;
  choose_judge (study, whole);
  if (observer != NULL && observer->progress != NULL)
    observer->progress (observer->user, 0, 3, "float", -1);
  if (!calibrate (study, whole, cancelled, error))
    return FALSE;
  plan = bs_prepare (study->model, study->float_config, study->stats, NULL, error);
  if (plan == NULL)
    return FALSE;
  if (observer != NULL && observer->progress != NULL)
    observer->progress (observer->user, 1, 3, "float", -1);
  start = g_get_monotonic_time ();
  g_autofree float *reference = g_new0 (float, (gsize) study->dataset->n * study->judge.elements);
  g_autofree gint32 *classes =
    g_new0 (gint32, (gsize) study->dataset->n * MAX (study->judge.rows, 1));
  if (!bs_study_evaluate (study, plan, reference, classes, -INFINITY, &sums, cancelled, error))
    return FALSE;
  study->reference = g_steal_pointer (&reference);
  study->reference_class = g_steal_pointer (&classes);
  sums.n_agree = sums.n; /* with itself */
  bs_study_set_float (study, plan, &sums, start);
  if (observer != NULL && observer->progress != NULL)
    observer->progress (observer->user, 2, 3, "float", -1);
  return make_probes (study, whole, error);
}

gboolean
bs_study_calibrate (BsStudy *study, const gint *cancelled, GError **error)
{
  g_autoptr (BsPrepared) plan = bs_prepare_whole (study->model, study->float_config, error);

  return plan != NULL && calibrate (study, plan, cancelled, error) &&
         make_probes (study, plan, error);
}
