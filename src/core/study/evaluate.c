/* Evaluating a plan over all samples: sample-parallel, in shards merged in order, from the deepest
 * cached cut point on. SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "run/step.h"
#include "study/study_private.h"

/* What a byte of a cut costs, in multiply-adds that take as long: 0.05 ns to read, and as much again
 * to keep, which is 0.6 ns in fresh memory that a dozen readers share; at 120 G/s in float and
 * 500 G/s on integers. */
#define FLOATS_WORTH 6
#define CODES_WORTH 24
/* Of scaling, rounding and writing one element. */
#define ELEMENT_WORTH 4
/* How much longer those of grouped convolutions take. */
#define GROUPED_WORTH 4

typedef struct {
  BsStudy *study;
  const BsPrepared *plan;
  float *outputs;
  gint32 *classes;
  BsShardSums *sums; /* [n_shards] */
  guint n, batch, shard;
  const guint *order; /* [n_shards] of a race; NULL: as they come */
  guint taken;        /* shards run before this loop */
  guint n_ahead;      /* slices of this loop in front of the shards: 1 to prepare ahead, or 0 */
  BsStart start;
  BsCut **to; /* [n_steps] cuts to fill behind each step, or NULL */
  const gint *cancelled;
} Evaluation;

static void
judge (const Evaluation *e, guint first, guint count, const float *out, BsShardSums *sums)
{
  const BsStudy *study = e->study;
  const BsJudge *j = &study->judge;
  const float *ref = study->reference;

  if (ref != NULL)
    bs_error_sums_add (&sums->error, ref + (gsize) first * j->elements, out,
                       (gsize) count * j->elements);
  if (ref != NULL && j->classes > 0)
    sums->kl += bs_kl_divergence (ref + (gsize) first * j->elements, out, (gsize) count * j->rows,
                                  j->classes);
  for (gsize row = 0; j->classes > 0 && row < (gsize) count * j->rows; row++) {
    gsize at = (gsize) first * j->rows + row;
    const float *x = out + row * j->classes;
    guint best = bs_argmax (x, j->classes);
    sums->n++;
    if (e->classes != NULL)
      e->classes[at] = (gint32) best;
    if (ref != NULL)
      sums->n_agree += (gint32) best == study->reference_class[at];
    if (study->dataset->labels == NULL)
      continue;
    gint64 label = study->dataset->labels[at];
    sums->n_correct += (gint64) best == label;
    if (j->next_token && label >= 0 && label < (gint64) j->classes) {
      double nll = bs_negative_log_likelihood (x, j->classes, (guint) label);
      sums->nll += nll;
      sums->nll_sq += nll * nll;
    }
  }
}

typedef struct {
  const Evaluation *e;
  guint first;
} CutTap;

/* Keeps what is alive at the cut points of this plan. */
static void
save_cut (gpointer user, BsRunner *runner, guint step)
{
  const CutTap *tap = user;
  BsCut *cut = tap->e->to[step];
  gsize bytes;

  if (cut == NULL)
    return;
  const void *data = bs_runner_slot_data (runner, tap->e->plan->steps[step].out[0], &bytes);
  memcpy (cut->data + tap->first * cut->sample_bytes, data, bytes);
}

static gboolean
run_batch (Evaluation *e,
           BsRunner *runner,
           guint first,
           guint count,
           BsShardSums *sums,
           GError **error)
{
  BsStudy *study = e->study;
  BsValue inputs[BS_CALL_MAX];
  CutTap tap = { e, first };
  guint run = study->fixed_batch > 1 ? 1 : count;

  bs_study_inputs (study, first, count, inputs);
  if (!bs_start_feed (&e->start, runner, first, run, error) ||
      !bs_runner_run (runner, inputs, run, e->start.step, G_MAXUINT,
                      e->to != NULL ? save_cut : NULL, &tap, error))
    return FALSE;
  sums->n_samples += count;
  if (study->judge.elements > 0) {
    const BsValue *out = bs_runner_output_value (runner, 0);
    judge (e, first, count, out->data, sums);
    if (e->outputs != NULL)
      memcpy (e->outputs + (gsize) first * study->judge.elements, out->data,
              (gsize) count * study->judge.elements * sizeof (float));
  }
  return TRUE;
}

static gboolean
run_shard (Evaluation *e, guint shard, BsRunner *runner, GError **error)
{
  guint first = shard * e->shard, end = MIN (first + e->shard, e->n);

  for (guint i = first; i < end; i += e->batch) {
    if (e->cancelled != NULL && g_atomic_int_get (e->cancelled) != 0)
      return TRUE;
    if (!run_batch (e, runner, i, MIN (e->batch, end - i), &e->sums[shard], error))
      return FALSE;
  }
  return TRUE;
}

/* Preparing comes first, so that no other thread waits for it in the end. */
static gboolean
run_slice (gpointer data, guint index, guint worker, GError **error)
{
  Evaluation *e = data;

  if (index < e->n_ahead) {
    bs_study_prepare_ahead (e->study);
    return TRUE;
  }
  index += e->taken - e->n_ahead;
  return run_shard (e, e->order != NULL ? e->order[index] : index,
                    bs_study_runner (e->study, worker), error);
}

/* The slot that alone is alive behind each step, or BS_SLOT_NONE. */
static guint *
find_cuts (const BsPrepared *plan)
{
  guint *cuts = g_new (guint, plan->n_steps + 1);
  g_autofree guint *writer = g_new0 (guint, plan->n_slots);

  for (guint s = 0; s < plan->n_steps; s++)
    for (guint k = 0; k < plan->steps[s].n_out; k++)
      if (plan->steps[s].out[k] != BS_SLOT_NONE)
        writer[plan->steps[s].out[k]] = s + 1; /* 0: a model input */
  for (guint s = 0; s < plan->n_steps; s++) {
    guint alive = 0;
    cuts[s] = BS_SLOT_NONE;
    for (guint i = 0; i < plan->n_slots; i++)
      if (writer[i] <= s + 1 && plan->slots[i].last_use > s) {
        alive++;
        cuts[s] = i;
      }
    if (alive != 1 || plan->steps[s].n_out != 1 || cuts[s] != plan->steps[s].out[0])
      cuts[s] = BS_SLOT_NONE;
  }
  return cuts;
}

void
bs_study_find_start (const BsStudy *study, const BsPrepared *plan, BsStart *start)
{
  g_autofree guint *cuts = NULL;

  *start = (BsStart){ 0 };
  if (study->cache_cap == 0 || study->fixed_batch > 1 || g_hash_table_size (study->cuts) == 0)
    return;
  cuts = find_cuts (plan);
  for (guint s = 0; s + 1 < plan->n_steps; s++) {
    BsCut *cut =
      cuts[s] != BS_SLOT_NONE ? g_hash_table_lookup (study->cuts, &plan->slots[cuts[s]].key) : NULL;
    if (cut != NULL)
      *start = (BsStart){ cut, cuts[s], s + 1 };
  }
}

gboolean
bs_start_feed (const BsStart *start, BsRunner *runner, guint first, guint count, GError **error)
{
  gsize bytes = start->cut != NULL ? start->cut->sample_bytes : 0;

  return start->cut == NULL ||
         (bs_runner_begin (runner, count, error) &&
          bs_runner_feed (runner, start->slot, start->cut->data + first * bytes, count * bytes,
                          error));
}

/* In multiply-adds. */
static guint64
work_of (const BsPrepared *plan, const BsStep *step)
{
  guint64 work = step->node != NULL ? bs_node_macs (plan->model, step->node, plan->shapes) : 0;

  if (step->node != NULL && bs_node_int (step->node, "group", 1) > 1)
    work *= GROUPED_WORTH;
  for (guint k = 0; k < step->n_out; k++)
    if (step->out[k] != BS_SLOT_NONE &&
        plan->shapes[plan->slots[step->out[k]].tensor].n_dims != BS_DIMS_UNKNOWN)
      work += ELEMENT_WORTH * bs_value_count (&plan->shapes[plan->slots[step->out[k]].tensor]);
  return work;
}

/* Whether a layer comes before the next cut point. Where none does, nothing changes between the two
 * from one configuration to another, and the next one saves more. */
static gboolean
layer_follows (const BsPrepared *plan, const guint *cuts, guint step)
{
  for (guint s = step + 1; s < plan->n_steps; s++) {
    if (plan->steps[s].layer >= 0)
      return TRUE;
    if (cuts[s] != BS_SLOT_NONE)
      return FALSE;
  }
  return FALSE;
}

/* Whether keeping and reading so many bytes is sooner done than reading what is there before and
 * working on it. */
static gboolean
is_worth (gboolean codes, gsize bytes, gsize bytes_before, guint64 work)
{
  guint64 worth = codes ? CODES_WORTH : FLOATS_WORTH;

  return 2 * worth * bytes <= worth * bytes_before + work;
}

/* Cuts of this plan that are to be filled: not those that are sooner computed than read. */
static void
choose_new_cuts (Evaluation *e)
{
  BsStudy *study = e->study;
  g_autofree guint *cuts = find_cuts (e->plan);
  guint64 work = 0; /* since the last cut */
  gsize before = e->start.cut != NULL ? e->start.cut->sample_bytes : study->dataset->sample_bytes;

  e->to = g_new0 (BsCut *, e->plan->n_steps);
  for (guint s = e->start.step; s + 1 < e->plan->n_steps; s++) {
    work += work_of (e->plan, &e->plan->steps[s]);
    if (cuts[s] == BS_SLOT_NONE || !layer_follows (e->plan, cuts, s) ||
        study->model->tensors[e->plan->slots[cuts[s]].tensor].dtype != BS_DTYPE_F32)
      continue;
    const BsSlot *slot = &e->plan->slots[cuts[s]];
    gboolean codes = slot->form == BS_FORM_CODES || slot->form == BS_FORM_CODES_LAST;
    gsize sample_bytes =
      bs_value_count (&e->plan->shapes[slot->tensor]) * (codes ? 1 : sizeof (float));
    gsize bytes = sample_bytes * e->n;
    gboolean known = g_hash_table_contains (study->cuts, &slot->key);
    if (!known && (bytes == 0 || bytes > study->cache_cap - study->cache_used ||
                   !is_worth (codes, sample_bytes, before, work)))
      continue;
    if (!known) {
      guint8 *data = g_try_malloc (bytes);
      if (data == NULL)
        continue;
      BsCut *cut = g_new (BsCut, 1);
      *cut = (BsCut){ slot->key, sample_bytes, data };
      study->cache_used += bytes;
      g_hash_table_insert (study->cuts, &cut->key, cut);
      e->to[s] = cut;
    }
    work = 0;
    before = sample_bytes;
  }
}

/* Cuts of a run that did not end hold only some samples. */
static void
drop_new_cuts (Evaluation *e)
{
  for (guint s = 0; e->to != NULL && s < e->plan->n_steps; s++)
    if (e->to[s] != NULL) {
      e->study->cache_used -= e->to[s]->sample_bytes * e->n;
      g_hash_table_remove (e->study->cuts, &e->to[s]->key);
    }
}

static void
merge_shards (const BsShardSums *shards, guint n_shards, BsShardSums *sums)
{
  memset (sums, 0, sizeof *sums);
  for (guint i = 0; i < n_shards; i++) {
    sums->n_samples += shards[i].n_samples;
    sums->n += shards[i].n;
    sums->n_correct += shards[i].n_correct;
    sums->n_agree += shards[i].n_agree;
    sums->kl += shards[i].kl;
    sums->nll += shards[i].nll;
    sums->nll_sq += shards[i].nll_sq;
    bs_error_sums_merge (&sums->error, &shards[i].error);
  }
}

/* All shards; in a race a few, then twice as many, until it is lost or kept. */
static gboolean
run_shards (Evaluation *e, guint n_shards, double bar, BsShardSums *sums, GError **error)
{
  g_autofree guint *order = bar > -INFINITY ? bs_race_order (n_shards) : NULL;
  BsRaceState state = order != NULL ? BS_RACE_OPEN : BS_RACE_KEPT;

  e->order = order;
  while (e->taken < n_shards) {
    guint end =
      state == BS_RACE_KEPT ? n_shards : MIN (MAX (2 * e->taken, BS_RACE_SHARDS), n_shards);
    e->n_ahead = e->taken == 0 && e->study->expected != NULL ? 1 : 0;
    if (!bs_parallel_try (e->n_ahead + end - e->taken, run_slice, e, e->cancelled, error))
      return FALSE;
    e->taken = end;
    merge_shards (e->sums, n_shards, sums);
    if (end < n_shards &&
        (state = bs_race_look (e->study, sums, e->shard, order, end, bar)) == BS_RACE_LOST)
      return TRUE;
  }
  return TRUE;
}

/* Samples that go through the network together: codes take a quarter of the cache that floats do. */
static guint
batch_of (const BsPrepared *plan)
{
  return plan->integer_share > 0.5 ? 2 * BS_BATCH : BS_BATCH;
}

gboolean
bs_study_evaluate (BsStudy *study,
                   const BsPrepared *plan,
                   float *outputs,
                   gint32 *classes,
                   double bar,
                   BsShardSums *sums,
                   const gint *cancelled,
                   GError **error)
{
  guint group = (guint) MAX (study->fixed_batch, 1);
  guint n = study->dataset->n / group * group, shard = MAX (BS_SHARD / group, 1) * group;
  guint n_shards = (n + shard - 1) / shard;
  g_autofree BsShardSums *shards = g_new0 (BsShardSums, n_shards);
  Evaluation e = { .study = study,
                   .plan = plan,
                   .outputs = outputs,
                   .classes = classes,
                   .sums = shards,
                   .n = n,
                   .shard = shard,
                   .batch = study->fixed_batch > 0 ? group : batch_of (plan),
                   .cancelled = cancelled };
  gboolean ok;

  bs_study_find_start (study, plan, &e.start);
  if (study->keep_cuts && study->cache_cap > 0 && group == 1)
    choose_new_cuts (&e);
  memset (sums, 0, sizeof *sums);
  bs_study_begin_runs (study, plan);
  ok = run_shards (&e, n_shards, bar, sums, error);
  bs_study_end_runs (study);
  if (!ok || sums->n_samples < n)
    drop_new_cuts (&e);
  g_free (e.to);
  return ok;
}
