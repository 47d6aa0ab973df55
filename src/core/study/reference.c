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

static void
set_inputs (const BsStudy *study, const guint8 *x, guint n, BsValue *inputs)
{
  const BsDataset *data = study->dataset;

  memset (inputs, 0, study->model->n_inputs * sizeof *inputs);
  inputs[0].dtype = data->dtype;
  inputs[0].n_dims = data->n_dims + 1;
  inputs[0].dims[0] = n;
  memcpy (inputs[0].dims + 1, data->dims, data->n_dims * sizeof *data->dims);
  inputs[0].data = (guint8 *) x;
}

void
bs_study_inputs (const BsStudy *study, guint index, guint n, BsValue *inputs)
{
  set_inputs (study, study->dataset->x + index * study->dataset->sample_bytes, n, inputs);
}

void
bs_study_calibration (const BsStudy *study, guint index, guint n, guint8 *samples, BsValue *inputs)
{
  bs_dataset_calibration (study->dataset, index, n, samples);
  set_inputs (study, samples, n, inputs);
}

/* The float network on samples, in slices of whole batches, with every tensor looked at. */
typedef struct _Walk Walk;
struct _Walk {
  BsStudy *study;
  const BsPrepared *plan;
  gboolean calibration; /* which samples: those that calibrate, or those that are evaluated */
  guint n, batch, slice;
  /* A tensor's value for the samples from first on; runner NULL: it is the model's input. */
  void (*see) (const Walk *walk,
               guint index,
               guint first,
               guint tensor,
               const BsValue *value,
               BsRunner *runner,
               guint slot);
  gpointer user;
  const gint *cancelled;
};

typedef struct {
  const Walk *walk;
  guint index, first;
} WalkTap;

static void
see_step (gpointer user, BsRunner *runner, guint step)
{
  const WalkTap *tap = user;
  const Walk *walk = tap->walk;
  const BsStep *s = &walk->plan->steps[step];

  for (guint k = 0; k < s->n_out && s->node != NULL; k++) /* a conversion gives nothing new */
    if (s->out[k] != BS_SLOT_NONE)
      walk->see (walk, tap->index, tap->first, walk->plan->slots[s->out[k]].tensor,
                 bs_runner_value (runner, s->out[k]), runner, s->out[k]);
}

static gboolean
walk_slice (gpointer data, guint index, guint worker, GError **error)
{
  const Walk *walk = data;
  BsStudy *study = walk->study;
  BsRunner *runner = bs_study_runner (study, worker);
  g_autofree guint8 *samples =
    walk->calibration ? g_malloc (walk->batch * study->dataset->sample_bytes) : NULL;
  guint end = MIN ((index + 1) * walk->slice, walk->n);

  for (guint i = index * walk->slice; i < end; i += walk->batch) {
    BsValue inputs[BS_CALL_MAX];
    guint count = MIN (walk->batch, end - i);
    WalkTap tap = { walk, index, i };
    if (walk->cancelled != NULL && g_atomic_int_get (walk->cancelled) != 0)
      return TRUE;
    if (walk->calibration)
      bs_study_calibration (study, i, count, samples, inputs);
    else
      bs_study_inputs (study, i, count, inputs);
    walk->see (walk, index, i, study->model->inputs[0], &inputs[0], NULL, BS_SLOT_NONE);
    if (!bs_runner_run (runner, inputs, study->fixed_batch > 1 ? 1 : count, 0, G_MAXUINT, see_step,
                        &tap, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
walk_samples (Walk *walk, GError **error)
{
  gboolean ok;

  bs_study_begin_runs (walk->study, walk->plan);
  ok = bs_parallel_try ((walk->n + walk->slice - 1) / walk->slice, walk_slice, walk,
                        walk->cancelled, error);
  bs_study_end_runs (walk->study);
  return ok;
}

/* user: BsStats * [slices · n_tensors] */
static void
add_stats (const Walk *walk,
           guint index,
           guint first,
           guint tensor,
           const BsValue *value,
           BsRunner *runner,
           guint slot)
{
  BsStats **stats = (BsStats **) walk->user + index * walk->study->model->n_tensors + tensor;

  if (value->dtype != BS_DTYPE_F32 || value->data == NULL)
    return;
  if (*stats == NULL) {
    *stats = g_new (BsStats, 1);
    bs_stats_init (*stats);
  }
  bs_stats_add (*stats, value->data, bs_value_count (value));
}

static gboolean
calibrate (BsStudy *study, const BsPrepared *plan, const gint *cancelled, GError **error)
{
  guint n_tensors = study->model->n_tensors;
  guint group = (guint) MAX (study->fixed_batch, 1),
        n = study->dataset->n_calibration / group * group;
  g_autofree BsStats **stats = g_new0 (BsStats *, (gsize) CALIBRATION_SHARDS * n_tensors);
  Walk walk = { .study = study,
                .plan = plan,
                .calibration = TRUE,
                .n = n,
                .batch = study->fixed_batch > 0 ? group : BS_BATCH,
                .slice = (n / group + CALIBRATION_SHARDS - 1) / CALIBRATION_SHARDS * group,
                .see = add_stats,
                .user = stats,
                .cancelled = cancelled };
  gboolean ok;

  if (n == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 "The data set “%s” has no samples to calibrate with.", study->dataset->name);
    return FALSE;
  }
  ok = walk_samples (&walk, error);
  for (guint i = 0; i < CALIBRATION_SHARDS * n_tensors; i++) {
    BsStats **into = &study->stats[i % n_tensors];
    if (stats[i] == NULL)
      continue;
    if (*into == NULL) {
      *into = stats[i];
      continue;
    }
    bs_stats_merge (*into, stats[i]);
    g_free (stats[i]);
  }
  return ok;
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

static void
keep_probe (const Walk *walk,
            guint index,
            guint first,
            guint tensor,
            const BsValue *value,
            BsRunner *runner,
            guint slot)
{
  float *probe = walk->study->probes[tensor];
  gsize per_sample = bs_value_count (&walk->plan->shapes[tensor]), n = bs_value_count (value);
  guint images;
  gsize channels, pixels;

  if (probe == NULL)
    return;
  probe += first * per_sample;
  if (runner != NULL)
    bs_runner_decode_last (runner, slot, probe, n);
  else if (value->dtype == BS_DTYPE_F32 && bs_shape_image (value, &images, &channels, &pixels))
    bs_transpose_floats (value->data, images, channels, pixels, probe);
  else if (value->dtype == BS_DTYPE_F32)
    memcpy (probe, value->data, n * sizeof *probe);
}

static gboolean
make_probes (BsStudy *study, const BsPrepared *plan, GError **error)
{
  const BsModel *model = study->model;
  g_autofree gboolean *wanted = g_new0 (gboolean, model->n_tensors);
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
  Walk walk = { .study = study,
                .plan = plan,
                .n = study->n_probes,
                .batch = study->fixed_batch == 1 ? 1 : BS_BATCH,
                .slice = BS_BATCH,
                .see = keep_probe };
  return walk_samples (&walk, error);
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

/* A label that no output stands for would count as wrong, whatever the network says. */
static gboolean
check_labels (const BsStudy *study, GError **error)
{
  const BsDataset *data = study->dataset;

  if (data->labels == NULL)
    return TRUE;
  for (gsize i = 0; i < (gsize) data->n * study->judge.rows; i++) {
    if (data->labels[i] >= 0 && data->labels[i] < (gint64) study->judge.classes)
      continue;
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "“%s”: the label %" G_GINT64_FORMAT " of sample %" G_GSIZE_FORMAT
                 " is not one of the %u classes of output “%s”",
                 data->name, data->labels[i], i / study->judge.rows, study->judge.classes,
                 study->model->tensors[study->model->outputs[0]].name);
    return FALSE;
  }
  return TRUE;
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
  if (!check_labels (study, error))
    return FALSE;
  if (observer != NULL && observer->progress != NULL)
    observer->progress (observer->user, 0, 3, "float", -1);
  if (!calibrate (study, whole, cancelled, error))
    return FALSE;
  plan = bs_prepare (study->model, study->float_config, study->stats, NULL, NULL, error);
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
