/* What layers cost: memory traffic and bit operations, counted; time on this machine, measured.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/machine.h"
#include "run/step.h"
#include "study/study_private.h"

#define FLOAT_BITS 32
#define LEAST_ROUNDS 9u
#define LEAST_US (60 * 1000)

/* Bits that an activation tensor takes an element: of its codes, where it has some. */
static guint
tensor_bits (const BsPrepared *plan, guint tensor)
{
  const BskQParams *params = &plan->tensors[tensor].params;
  gint64 codes = (gint64) params->qmax - params->qmin;

  for (guint i = 0; i < plan->model->n_outputs; i++)
    if (plan->model->outputs[i] == tensor && !plan->tensors[tensor].quantized)
      return FLOAT_BITS; /* nobody asks for codes */
  return codes > 0 ? g_bit_storage ((gulong) codes) : FLOAT_BITS;
}

static guint
spec_bits (const BsSpec *spec)
{
  return bs_spec_is_float (spec) ? FLOAT_BITS : spec->bits;
}

void
bs_study_count_cost (const BsPrepared *plan, const BsPlannedLayer *layer, BsLayerResult *out)
{
  guint acts = spec_bits (layer->acts), written = tensor_bits (plan, layer->output);

  /* codes that only the simulation knows, as fp8: counted as what the layer asks for */
  if (written == FLOAT_BITS && acts < FLOAT_BITS &&
      !bs_spec_integer_codes (layer->acts, NULL, NULL))
    written = acts;
  out->macs = layer->layer.macs;
  out->bit_ops = out->macs * spec_bits (layer->weights) * acts;
  out->traffic_bytes = (out->weight_bits + layer->layer.n_read * acts + 7) / 8 +
                       (layer->layer.n_written * written + 7) / 8;
}

typedef struct {
  const BsPrepared *plan;
  gint64 last_us;
  double *round; /* [n_layers] of this round, µs */
} Clock;

static void
stop_layer (gpointer user, BsRunner *runner, guint step)
{
  Clock *clock = user;
  gint64 now = g_get_monotonic_time ();
  gint layer = clock->plan->steps[step].layer;

  if (layer >= 0)
    clock->round[layer] += (double) (now - clock->last_us);
  clock->last_us = now;
}

static int
by_value (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, by_value);
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

gboolean
bs_study_measure_latency (const BsStudy *study,
                          const BsPrepared *plan,
                          BsResult *result,
                          GError **error)
{
  g_autoptr (BsRunner) runner = bs_runner_new (plan);
  g_autoptr (GArray) whole = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) layers = g_array_new (FALSE, TRUE, sizeof (double)); /* [rounds × n_layers] */
  guint n = study->fixed_batch > 0 ? (guint) study->fixed_batch : MIN (BS_BATCH, study->dataset->n),
        runs = study->fixed_batch > 1 ? 1 : n;
  gint64 until = 0;
  BsValue inputs[BS_CALL_MAX];

  bs_study_inputs (study, 0, n, inputs);
  for (guint round = 0; round <= LEAST_ROUNDS || g_get_monotonic_time () < until; round++) {
    Clock clock = { .plan = plan };
    g_array_set_size (layers, whole->len * result->n_layers + result->n_layers);
    clock.round = &g_array_index (layers, double, whole->len * result->n_layers);
    gint64 start = clock.last_us = g_get_monotonic_time ();
    if (!bs_runner_run (runner, inputs, runs, 0, G_MAXUINT, stop_layer, &clock, error))
      return FALSE;
    double us = (double) (g_get_monotonic_time () - start);
    if (round == 0) { /* warms up */
      g_array_set_size (layers, 0);
      until = g_get_monotonic_time () + LEAST_US;
      continue;
    }
    g_array_append_val (whole, us);
  }
  result->latency_ms = median ((double *) (void *) whole->data, whole->len) / n / 1e3;
  for (guint l = 0; l < result->n_layers; l++) {
    g_autofree double *column = g_new (double, whole->len);
    for (guint r = 0; r < whole->len; r++)
      column[r] = g_array_index (layers, double, r * result->n_layers + l);
    result->layers[l].latency_ms = median (column, whole->len) / n / 1e3;
  }
  g_free (result->machine);
  result->machine = g_strdup (bs_machine_name ());
  return TRUE;
}
