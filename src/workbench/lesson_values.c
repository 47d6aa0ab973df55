/* Lessons on the histogram of many values: range, outliers, scopes, amplitude.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/lesson_private.h"

#include "model/builder.h"
#include "quant/quant.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define CHANNELS 64
#define PER_CHANNEL 1024
#define N_VALUES (CHANNELS * PER_CHANNEL)
#define N_CURVE 16384 /* values that the curves over all ranges are made of */

static void
add_outlier (float *x, double size)
{
  x[N_VALUES / 2] = (float) size;
}

static void
make_loud (float *x, double factor)
{
  for (guint i = 0; i < PER_CHANNEL; i++)
    x[i] = (float) (x[i] * factor);
}

/* Full scale is ±1: 4.5 standard deviations fit; each step of the slider halves the signal. */
static void
turn_down (float *x, double octaves)
{
  double gain = exp2 (-octaves) / 4.5;

  for (guint i = 0; i < N_VALUES; i++)
    x[i] = (float) (x[i] * gain);
}

static BsModel *
make_model (void (*change) (float *, double), double slider, guint *tensor)
{
  static const gint64 dims[] = { CHANNELS, PER_CHANNEL };
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("lesson", "");
  g_autofree float *x = g_new (float, N_VALUES);

  bs_lesson_normal (x, N_VALUES);
  if (change != NULL)
    change (x, slider);
  guint in = bs_model_builder_tensor (builder, "x"), out = bs_model_builder_tensor (builder, "y");
  guint inputs[] = { in, bs_model_builder_constant (builder, "values", BS_DTYPE_F32, dims, 2, x,
                                                    NULL) };
  bs_model_builder_input (builder, in);
  BsNode *node = bs_model_builder_node (builder, "Gemm", "", "lesson", inputs, 2, &out, 1);
  BsAttr *attr = bs_node_add_attr (node, "transB", BS_ATTR_INT); /* channels are rows */
  attr->i = 1;
  bs_model_builder_output (builder, out);
  BsModel *model = bs_model_builder_finish (builder, NULL);
  for (guint i = 0; model != NULL && i < model->n_tensors; i++)
    if (model->tensors[i].data != NULL)
      *tensor = i;
  return model;
}

/* The values, changed, as one weight under a spec. */
static gboolean
show_values (const char *text,
             void (*change) (float *, double),
             double slider,
             BsLessonShown *shown,
             GError **error)
{
  guint tensor = 0;
  g_autoptr (BsModel) model = make_model (change, slider, &tensor);
  BsSpec spec;

  g_assert (model != NULL);
  shown->spec = g_strdup (text);
  if (!bs_spec_parse (text, &spec, error))
    return FALSE;
  shown->view = bs_tensor_view_new (model, tensor, &spec, 0, error);
  if (shown->view == NULL)
    return FALSE;
  g_autofree char *db = bs_lesson_number (shown->view->sqnr_db, 1);
  g_autofree char *bits = bs_lesson_number (shown->view->bits_each, 2);
  shown->numbers =
    g_strdup_printf (_ ("%s: SQNR %s dB, %s bits a value with scales"), text, db, bits);
  return TRUE;
}

static const char *const clip_specs[] = { "int2", "int3", "int4", "int8", NULL };

/* One range's two parts of the mean square error. */
static void
split_error (const float *x,
             const float *y,
             gsize n,
             double range,
             double *clipped,
             double *rounded)
{
  double outside = 0, inside = 0;

  for (gsize i = 0; i < n; i++) {
    double e = (double) y[i] - x[i];
    if (fabs ((double) x[i]) > range)
      outside += e * e;
    else
      inside += e * e;
  }
  *clipped = outside / (double) n;
  *rounded = inside / (double) n;
}

/* The range that a rule keeps, and the error that follows. */
static gboolean
add_rule (BsFigureSeries *points,
          const char *name,
          const char *rule,
          const float *x,
          GError **error)
{
  const gint64 dims[] = { N_CURVE };
  g_autofree char *text = g_strdup_printf ("%s:%s", name, rule);
  double clipped, rounded;
  BsSpec spec;

  if (!bs_spec_parse (text, &spec, error))
    return FALSE;
  g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 1, BS_AXIS_AUTO, NULL, "", error);
  if (quant == NULL)
    return FALSE;
  double range = (double) quant->scale[0] * quant->qmax;
  split_error (x, quant->values, N_CURVE, range, &clipped, &rounded);
  g_autofree char *at = bs_lesson_number (range, 2);
  bs_figure_point (points, range, clipped + rounded, g_strdup_printf ("%s: ±%s", rule, at));
  return TRUE;
}

/* The errors of all ranges, and where the rules put theirs. */
static BsFigure *
draw_errors (const char *name, double now, GError **error)
{
  static const char *const rules[] = { "minmax", "percentile=99.9", "mse", "kl", "aciq" };
  const gint64 dims[] = { N_CURVE };
  g_autoptr (BsFigure) figure =
    bs_figure_new (_ ("Mean square error"), _ ("Range, standard deviations"), _ ("Error"));
  BsFigureSeries *clip = bs_figure_add (figure, BS_FIGURE_LINE, _ ("clipped"), 0),
                 *round = bs_figure_add (figure, BS_FIGURE_LINE, _ ("rounded"), 1),
                 *both = bs_figure_add (figure, BS_FIGURE_LINE, _ ("both"), BS_FIGURE_INK),
                 *points = bs_figure_add (figure, BS_FIGURE_POINTS, _ ("range rules"), 2);
  g_autofree float *x = g_new (float, N_CURVE);
  double best = INFINITY, best_range = 0;

  bs_lesson_normal (x, N_CURVE);
  for (guint i = 5; i <= 60; i++) {
    double range = i / 10.0, clipped, rounded;
    g_autofree char *text =
      g_strdup_printf ("%s:fixed=-%u.%u,%u.%u", name, i / 10, i % 10, i / 10, i % 10);
    BsSpec spec;
    if (!bs_spec_parse (text, &spec, error))
      return NULL;
    g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 1, BS_AXIS_AUTO, NULL, "", error);
    if (quant == NULL)
      return NULL;
    split_error (x, quant->values, N_CURVE, range, &clipped, &rounded);
    bs_figure_point (clip, range, MAX (clipped, 1e-7), NULL);
    bs_figure_point (round, range, rounded, NULL);
    bs_figure_point (both, range, clipped + rounded, NULL);
    if (clipped + rounded < best) {
      best = clipped + rounded;
      best_range = range;
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (!add_rule (points, name, rules[i], x, error))
      return NULL;
  figure->y_log = TRUE;
  figure->y_lo = best / 20;
  figure->y_hi = 1;
  figure->handle = now;
  g_autofree char *at = bs_lesson_number (best_range, 1);
  figure->description =
    g_strdup_printf (_ ("With %s the error is smallest at a range of ±%s."), name, at);
  return g_steal_pointer (&figure);
}

static gboolean
show_clip (const double *values, BsLessonShown *shown, GError **error)
{
  const char *name = clip_specs[(guint) values[0]];
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.4g", values[1]);
  g_autofree char *spec = g_strdup_printf ("%s:fixed=-%s,%s", name, number, number);
  shown->figures[1] = draw_errors (name, values[1], error);
  return shown->figures[1] != NULL && show_values (spec, NULL, 0, shown, error);
}

const BsLesson bs_lesson_clip = {
  .id = "clip-or-round",
  .title = N_ ("Clip or round"),
  .text =
    N_ ("A narrow range has small steps, but cuts large values off; a wide one keeps them and "
        "rounds everything coarsely. With b bits and a range of ±α the mean square error is "
        "what is clipped plus about α²/(3·4ᵇ). Move the range, in standard deviations, and "
        "watch the levels and the errors at both ends."),
  .question = N_ ("Which range is best for 4 bits: 2, 3 or 6 standard deviations? And for 8 bits?"),
  .answer =
    N_ ("About 2.5 standard deviations for 4 bits, 3.9 for 8 bits: the finer the steps, the "
        "less clipping is worth."),
  .controls = { { N_ ("What the values become"), clip_specs, .def = 2 },
                { N_ ("Range, standard deviations"), NULL, 0.5, 6, 0, 6 } },
  .handle = 1,
  .second_answers = TRUE,
  .show = show_clip,
};

static const char *const outlier_specs[] = {
  "int4", "int4:percentile=99.9", "int4:mse", "int4:kl", "int8", "int8:mse", NULL
};

static gboolean
show_outlier (const double *values, BsLessonShown *shown, GError **error)
{
  return show_values (outlier_specs[(guint) values[0]], add_outlier, values[1], shown, error);
}

const BsLesson bs_lesson_outlier = {
  .id = "one-outlier",
  .title = N_ ("One outlier"),
  .text = N_ ("Among 65,536 values one is made larger and larger. A range from minimum to maximum "
              "follows it, and all others share the steps that are left; rules that look at all "
              "values hardly notice."),
  .question =
    N_ ("What does an outlier of 50 cost at 4 bits with the range from minimum to maximum?"),
  .answer =
    N_ ("Nearly everything: a step is 7.1 standard deviations, and what is smaller than half of "
        "it rounds to zero. Each doubling of the range costs a bit, 6.02 dB, until none is "
        "left."),
  .controls = { { N_ ("What the values become"), outlier_specs },
                { N_ ("Size of the outlier"), NULL, 0, 100, 0, 6 } },
  .handle = -1,
  .show = show_outlier,
};

static const char *const scope_specs[] = { "int4",           "int4:channel",
                                           "int4:group=256", "int4:group=128",
                                           "int4:group=32",  "int4:group=16",
                                           "int4:element",   NULL };

#define CELL 16 /* weights of a channel */

/* Where the errors are: the mean of each channel's runs of weights, as bright as it is large. */
static BsFigure *
draw_error_map (const char *text, double loudness, GError **error)
{
  const gint64 dims[] = { CHANNELS, PER_CHANNEL };
  g_autofree float *x = g_new (float, N_VALUES);
  double means[N_VALUES / CELL] = { 0 }, most = 0, quiet = 0;
  BsSpec spec;

  bs_lesson_normal (x, N_VALUES);
  make_loud (x, loudness);
  if (!bs_spec_parse (text, &spec, error))
    return NULL;
  g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 2, 0, NULL, "", error);
  if (quant == NULL)
    return NULL;
  for (guint i = 0; i < N_VALUES; i++)
    means[i / CELL] += fabs ((double) quant->values[i] - (double) x[i]) / CELL;
  for (guint i = 0; i < G_N_ELEMENTS (means); i++) {
    most = MAX (most, means[i]);
    if (i >= PER_CHANNEL / CELL) /* channel 0 is the loud one */
      quiet += means[i] / (G_N_ELEMENTS (means) - PER_CHANNEL / CELL);
  }
  g_autofree char *bright = bs_lesson_number (most, 3);
  g_autofree char *title = g_strdup_printf (_ ("Absolute error, from dark 0 to bright %s"), bright);
  BsFigure *figure = bs_figure_new (title, _ ("Weight"), _ ("Channel"));
  BsFigureSeries *cells = bs_figure_add_cells (figure, CELL, 1);
  for (guint i = 0; i < G_N_ELEMENTS (means); i++)
    bs_figure_cell (cells, i * CELL % PER_CHANNEL, i * CELL / PER_CHANNEL,
                    most > 0 ? means[i] / most : 0);
  figure->x_hi = PER_CHANNEL;
  figure->y_hi = CHANNELS;
  g_autofree char *usual = bs_lesson_number (quiet, 3);
  figure->description = g_strdup_printf (
    _ ("The mean error of %d weights is at most %s; in the quiet channels it is %s on average."),
    CELL, bright, usual);
  return figure;
}

static gboolean
show_granularity (const double *values, BsLessonShown *shown, GError **error)
{
  const char *spec = scope_specs[(guint) values[0]];

  shown->figures[1] = draw_error_map (spec, values[1], error);
  return shown->figures[1] != NULL && show_values (spec, make_loud, values[1], shown, error);
}

const BsLesson bs_lesson_granularity = {
  .id = "granularity",
  .title = N_ ("Global or local scales"),
  .text =
    N_ ("One channel of 64 is louder than the others. With one scale for the tensor all pay for "
        "it; with a scale per channel or group only it does. Scales take space, too: a 32-bit "
        "scale for every 16 weights adds 2 bits to each."),
  .question = N_ ("A scale for each element makes the error zero. Is that the best quantization?"),
  .answer =
    N_ ("It is none: 4 bits and a 32-bit scale are more than the 32 bits of the float. Local "
        "means per channel or per group, where a bit must buy more than 6.02 dB."),
  .controls = { { N_ ("What the values become"), scope_specs },
                { N_ ("Loudness of the channel"), NULL, 1, 100, 0, 20 } },
  .handle = -1,
  .show = show_granularity,
};

static const char *const gain_specs[] = { "int8", "fp8e4m3", "fp8e5m2", NULL };

static gboolean
show_amplitude (const double *values, BsLessonShown *shown, GError **error)
{
  g_autofree char *spec = g_strconcat (gain_specs[(guint) values[0]], ":fixed=-1,1", NULL);

  return show_values (spec, turn_down, values[1], shown, error);
}

const BsLesson bs_lesson_amplitude = {
  .id = "amplitude",
  .title = N_ ("Integer bits or float bits"),
  .text =
    N_ ("A signal is turned down, octave by octave, under a fixed scale. Integer steps stay as "
        "they are; a float's steps shrink with the value, until its smallest exponent."),
  .question = N_ ("How much does int8 lose with each octave, and from where on is an 8-bit float "
                  "better?"),
  .answer = N_ ("A bit, 6.02 dB, each. The float keeps its about 31 dB for octaves and passes the "
                "integer as soon as the signal fills less than a third of the scale."),
  .controls = { { N_ ("What the values become"), gain_specs },
                { N_ ("Octaves below full scale"), NULL, 0, 18, 0, 0 } },
  .handle = -1,
  .show = show_amplitude,
};
