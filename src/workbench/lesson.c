/* Lessons: classroom demonstrations on made-up values, the same numbers on every machine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/lesson.h"

#include "model/builder.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define CHANNELS 64
#define PER_CHANNEL 1024
#define N_VALUES (CHANNELS * PER_CHANNEL)

/* Standard normal values by the sum of twelve uniform ones: no library's generator or logarithm
 * decides their bits. */
static void
make_normal (float *x)
{
  guint state = 20221123;

  for (guint i = 0; i < N_VALUES; i++) {
    double sum = -6;
    for (guint k = 0; k < 12; k++) {
      state = state * 1664525u + 1013904223u;
      sum += (double) (state >> 8) / 16777216.0;
    }
    x[i] = (float) sum;
  }
}

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

/* Full scale is ±1: 6 standard deviations fit; each step of the slider halves the signal. */
static void
turn_down (float *x, double octaves)
{
  double gain = pow (2, -octaves) / 6;

  for (guint i = 0; i < N_VALUES; i++)
    x[i] = (float) (x[i] * gain);
}

static const char *const clip_specs[] = { "int2:fixed=-%s,%s", "int3:fixed=-%s,%s",
                                          "int4:fixed=-%s,%s", "int8:fixed=-%s,%s", NULL };

static const BsLesson clip_or_round = {
  .id = "clip-or-round",
  .title = N_ ("Clip or round"),
  .text =
    N_ ("A narrow range has small steps, but cuts large values off; a wide one keeps them and "
        "rounds everything coarsely. With b bits and a range of ±α the mean square error is "
        "what is clipped plus about α²/(3·4ᵇ). Move the range, in standard deviations, and "
        "watch the levels and the errors at both ends."),
  .question = N_ ("Which range is best for 4 bits: 2, 3 or 6 standard deviations? And for 8 bits?"),
  .answer = N_ ("About 2.6 standard deviations for 4 bits, 4 for 8 bits: the finer the steps, the "
                "less clipping is worth."),
  .specs = clip_specs,
  .usual = 2,
  .slider = N_ ("Range, standard deviations"),
  .min = 0.5,
  .max = 6,
  .def = 6,
};

static const char *const outlier_specs[] = {
  "int4", "int4:percentile=99.9", "int4:mse", "int4:kl", "int8", "int8:mse", NULL
};

static const BsLesson outlier = {
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
  .specs = outlier_specs,
  .slider = N_ ("Size of the outlier"),
  .min = 0,
  .max = 100,
  .def = 6,
  .change = add_outlier,
};

static const char *const scope_specs[] = { "int4",           "int4:channel",
                                           "int4:group=256", "int4:group=128",
                                           "int4:group=32",  "int4:group=16",
                                           "int4:element",   NULL };

static const BsLesson granularity = {
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
  .specs = scope_specs,
  .slider = N_ ("Loudness of the channel"),
  .min = 1,
  .max = 100,
  .def = 20,
  .change = make_loud,
};

static const char *const level_specs[] = { "int4",   "int4:mse", "nf4",     "fp4e2m1",
                                           "pow2-4", "kmeans-4", "lloyd-4", NULL };

static const BsLesson levels = {
  .id = "sixteen-levels",
  .title = N_ ("Where do 16 levels belong?"),
  .text = N_ ("Four bits name sixteen levels; the encoding says where they are. Evenly spaced, at "
              "quantiles of the normal distribution, dense around zero as floats are, or where the "
              "values themselves ask for them: Lloyd's conditions put thresholds halfway between "
              "levels and levels at the mean of what falls to them."),
  .question = N_ ("Values are dense around zero. Does it pay to put more levels there than an even "
                  "spacing does?"),
  .answer =
    N_ ("A little, up to the best placement: about 20.2 dB for normal values. Powers of two "
        "are far too dense at zero and too coarse outside: more bits do not help them."),
  .specs = level_specs,
};

static const char *const gain_specs[] = { "int8:fixed=-1,1", "fp8e4m3:fixed=-1,1",
                                          "fp8e5m2:fixed=-1,1", NULL };

static const BsLesson amplitude = {
  .id = "amplitude",
  .title = N_ ("Integer bits or float bits"),
  .text =
    N_ ("A signal is turned down, octave by octave, under a fixed scale. Integer steps stay as "
        "they are; a float's steps shrink with the value, until its smallest exponent."),
  .question = N_ ("How much does int8 lose with each octave, and from where on is an 8-bit float "
                  "better?"),
  .answer = N_ ("A bit, 6.02 dB, each. The float keeps its about 31 dB for octaves and passes the "
                "integer as soon as the signal fills less than a third of the scale."),
  .specs = gain_specs,
  .slider = N_ ("Octaves below full scale"),
  .min = 0,
  .max = 8,
  .def = 0,
  .change = turn_down,
};

const BsLesson *const bs_lessons[] = { &clip_or_round, &outlier,   &granularity,
                                       &levels,        &amplitude, NULL };

char *
bs_lesson_spec (const BsLesson *lesson, guint choice, double slider)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_auto (GStrv) parts = g_strsplit (lesson->specs[choice], "%s", -1);

  g_ascii_formatd (number, sizeof number, "%.4g", slider);
  return g_strjoinv (number, parts);
}

static BsModel *
make_model (const BsLesson *lesson, double slider, guint *tensor)
{
  static const gint64 dims[] = { CHANNELS, PER_CHANNEL };
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new (lesson->id, "");
  g_autofree float *x = g_new (float, N_VALUES);
  g_autofree char *name = g_strdup (lesson->id);

  make_normal (x);
  if (lesson->change != NULL)
    lesson->change (x, slider);
  guint in = bs_model_builder_tensor (builder, "x"), out = bs_model_builder_tensor (builder, "y");
  guint inputs[] = { in,
                     bs_model_builder_constant (builder, name, BS_DTYPE_F32, dims, 2, x, NULL) };
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

BsTensorView *
bs_lesson_view (const BsLesson *lesson, guint choice, double slider, GError **error)
{
  guint tensor = 0;
  g_autoptr (BsModel) model = make_model (lesson, slider, &tensor);
  g_autofree char *text = bs_lesson_spec (lesson, choice, slider);
  BsSpec spec;

  g_assert (model != NULL);
  if (!bs_spec_parse (text, &spec, error))
    return NULL;
  return bs_tensor_view_new (model, tensor, &spec, 0, error);
}
