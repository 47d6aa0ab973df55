/* Lesson: one loud hidden unit ruins a scale per tensor, and equalization takes it back.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "loaders/loader.h"
#include "model/builder.h"
#include "model/layers.h"
#include "quant/correction.h"
#include "study/study.h"
#include "workbench/data_text.h"
#include "workbench/examples.h"
#include "workbench/lesson_private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define EXAMPLE "digits"
#define UNIT 3 /* the hidden unit that is made loud */

enum { WIDTH, OCTAVES };

static const char *const width_names[] = { "int8", "int6", "int4", NULL };

/* What is measured: scope and correction. */
static const struct {
  const char *name, *scope, *correction;
} ways[] = {
  { N_ ("float"), NULL, NULL },
  { N_ ("tensor"), "", NULL },
  { N_ ("channel"), ":channel", NULL },
  { N_ ("equalized"), "", "equalize" },
  { N_ ("with bias"), "", "equalize+bias" },
};

static BsExample *
find_example (GError **error)
{
  g_autoptr (GPtrArray) examples = bs_examples (error);

  for (guint i = 0; examples != NULL && i < examples->len; i++)
    if (g_strcmp0 (((BsExample *) examples->pdata[i])->id, EXAMPLE) == 0)
      return g_ptr_array_steal_index (examples, i);
  if (examples != NULL)
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA,
                         _ ("The bundled example of small digits is not there"));
  return NULL;
}

/* A copy of the node's constant input k with some values multiplied by t: rows × columns, those of
 * row `row` and column `column`; −1: all. */
static void
multiply (BsModelBuilder *builder, guint node, guint k, gint row, gint column, float t)
{
  const BsModel *model = bs_model_builder_edit (builder);
  const BsTensor tensor = model->tensors[model->nodes[node].inputs[k]];
  gsize n = 1, columns = tensor.n_dims > 1 ? (gsize) tensor.dims[1] : 1;
  g_autofree char *name = g_strdup_printf ("loud.%u.%u", node, k);

  bs_dims_count (tensor.dims, tensor.n_dims, &n);
  g_autofree float *x = g_memdup2 (tensor.data, n * sizeof (float));
  for (gsize i = 0; i < n; i++)
    if ((row < 0 || i / columns == (gsize) row) && (column < 0 || i % columns == (gsize) column))
      x[i] *= t;
  guint made =
    bs_model_builder_constant (builder, name, BS_DTYPE_F32, tensor.dims, tensor.n_dims, x, NULL);
  bs_model_builder_edit (builder)->nodes[node].inputs[k] = made;
}

/* What comes into the unit times t, what leaves it divided by t: ReLU (t x) = t ReLU (x), the
 * function stays the same. */
static BsModel *
make_loud (const BsModel *model, double octaves, GError **error)
{
  g_autoptr (GArray) layers = bs_model_layers (model, NULL);
  g_autoptr (BsModelBuilder) builder = bs_model_builder_copy (model);
  float t = (float) exp2 (octaves);

  g_assert (layers->len >= 2);
  guint first = g_array_index (layers, BsLayer, 0).node,
        second = g_array_index (layers, BsLayer, 1).node;
  multiply (builder, first, 1, UNIT, -1, t);
  multiply (builder, first, 2, UNIT, -1, t);
  multiply (builder, second, 1, -1, UNIT, 1 / t);
  return bs_model_builder_finish (builder, error);
}

/* Largest magnitude of each row, or column, of a layer's [rows × columns] weights. */
static double *
find_ranges (const BsModel *model, guint layer, gboolean of_rows, guint *n)
{
  g_autoptr (GArray) layers = bs_model_layers (model, NULL);
  const BsTensor *tensor = &model->tensors[g_array_index (layers, BsLayer, layer).tensors[0]];
  const float *w = tensor->data;
  gsize rows = (gsize) tensor->dims[0], columns = (gsize) tensor->dims[1];
  double *ranges = g_new0 (double, of_rows ? rows : columns);

  for (gsize i = 0; i < rows * columns; i++) {
    gsize at = of_rows ? i / columns : i % columns;
    ranges[at] = MAX (ranges[at], fabs ((double) w[i]));
  }
  *n = (guint) (of_rows ? rows : columns);
  return ranges;
}

static BsFigure *
draw_ranges (const BsModel *model)
{
  BsFigure *figure =
    bs_figure_new (_ ("Weights into each hidden unit"), _ ("Hidden unit"), _ ("Largest weight"));
  BsFigureSeries *bars = bs_figure_add (figure, BS_FIGURE_BARS, _ ("as it is"), 0),
                 *after = bs_figure_add (figure, BS_FIGURE_POINTS, _ ("equalized"), 1);
  guint n, n_columns;
  g_autofree double *r1 = find_ranges (model, 0, TRUE, &n),
                    *r2 = find_ranges (model, 1, FALSE, &n_columns), *s = g_new (double, n);
  double lo = INFINITY, hi = 0;

  g_assert (n == n_columns);
  bs_equalize_scales (r1, r2, n, s);
  for (guint i = 0; i < n; i++) {
    g_autofree char *a = bs_lesson_number (r1[i], 3), *b = bs_lesson_number (r1[i] / s[i], 3);
    bs_figure_point (bars, i, MAX (r1[i], 1e-6), g_strdup_printf (_ ("unit %u: %s"), i, a));
    bs_figure_point (after, i, MAX (r1[i] / s[i], 1e-6),
                     g_strdup_printf (_ ("unit %u, equalized: %s"), i, b));
    lo = MIN (lo, MIN (r1[i], r1[i] / s[i]));
    hi = MAX (hi, MAX (r1[i], r1[i] / s[i]));
  }
  figure->y_log = TRUE;
  figure->y_lo = MAX (lo, 1e-4) / 2;
  figure->y_hi = hi * 1.5;
  figure->x_lo = -1;
  figure->x_hi = n;
  g_autofree char *most = bs_lesson_number (r1[UNIT], 2);
  figure->description =
    g_strdup_printf (_ ("%u hidden units; the largest weight of unit %d is %s."), n, UNIT, most);
  return figure;
}

static BsResult *
measure (BsStudy *study, const char *weights, const char *corrections, GError **error)
{
  g_auto (GStrv) list = g_strsplit (corrections != NULL ? corrections : "", "+", -1);
  BsSpec w, acts;

  if (!bs_spec_parse (weights, &w, error) || !bs_spec_parse ("uint8", &acts, error))
    return NULL;
  g_autoptr (BsConfig) config = bs_config_new (&w, &acts, NULL, (const char *const *) list);
  return bs_study_measure (study, config, 0, NULL, error);
}

static gboolean
measure_all (BsStudy *study, const char *width, double *accuracy, GError **error)
{
  accuracy[0] = bs_study_float (study)->value * 100;
  for (guint i = 1; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *weights = g_strconcat (width, ways[i].scope, NULL);
    g_autoptr (BsResult) result = measure (study, weights, ways[i].correction, error);
    if (result == NULL)
      return FALSE;
    accuracy[i] = result->value * 100;
  }
  return TRUE;
}

static BsFigure *
draw_accuracy (const double *accuracy)
{
  BsFigure *figure = bs_figure_new (_ ("Accuracy on 500 digits"), NULL, _ ("Accuracy (%)"));
  BsFigureSeries *bars = bs_figure_add (figure, BS_FIGURE_BARS, NULL, 1);
  g_autofree char *tensor = bs_lesson_number (accuracy[1], 1),
                  *equal = bs_lesson_number (accuracy[3], 1);

  figure->categories = g_new0 (char *, G_N_ELEMENTS (ways) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *text = bs_lesson_number (accuracy[i], 1);
    figure->categories[i] = g_strdup (_ (ways[i].name));
    bs_figure_point (bars, i, accuracy[i], g_strdup_printf ("%s: %s %%", _ (ways[i].name), text));
  }
  figure->y_hi = 100;
  figure->description = g_strdup_printf (
    _ ("With one scale per tensor %s %% are right, after equalization %s %%."), tensor, equal);
  return figure;
}

static gboolean
show (const double *values, BsLessonShown *shown, GError **error)
{
  g_autoptr (BsExample) example = find_example (error);
  g_auto (BsDataText) data = { 0 };
  double accuracy[G_N_ELEMENTS (ways)];
  g_autoptr (BsModel) model = example != NULL ? bs_load_model (example->model, error) : NULL;

  if (model == NULL || !bs_data_text_parse (example->data, &data, error))
    return FALSE;
  g_autoptr (BsModel) loud = make_loud (model, values[OCTAVES], error);
  g_autoptr (BsDataset) dataset =
    loud != NULL ? bs_dataset_open (data.spec, loud, &data.options, error) : NULL;
  g_autoptr (BsStudy) study = dataset != NULL ? bs_study_new (loud, dataset, NULL, error) : NULL;
  if (study == NULL || !measure_all (study, width_names[(guint) values[WIDTH]], accuracy, error))
    return FALSE;
  shown->figures[0] = draw_ranges (loud);
  shown->figures[1] = draw_accuracy (accuracy);
  g_auto (GStrv) text = g_new0 (char *, G_N_ELEMENTS (ways) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    text[i] = bs_lesson_number (accuracy[i], 1);
  shown->numbers = g_strdup_printf (
    _ ("Float %s %%, per tensor %s %%, per channel %s %%, equalized %s %%, with the "
       "bias corrected too %s %%."),
    text[0], text[1], text[2], text[3], text[4]);
  return TRUE;
}

const BsLesson bs_lesson_loud = {
  .id = "loud-unit",
  .title = N_ ("The one loud unit"),
  .text = N_ (
    "In a network that reads 8×8 digits, what comes into one hidden unit is multiplied by t and "
    "what leaves it divided by t. ReLU(t·x) = t·ReLU(x): in float nothing changes. Equalization "
    "moves scale back between the two layers, s = √(r₁/r₂) for each unit."),
  .question = N_ ("One of 64 units is 512 times louder. What becomes of the accuracy with 8 bits "
                  "and one scale per tensor? Do scales per channel save it?"),
  .answer = N_ (
    "With one scale all other units round to zero, and a class is guessed. A scale per channel "
    "saves the weights, but activations share one scale, which the loud unit sets. Equalization "
    "repairs both, with scales per tensor."),
  .controls = { { N_ ("What the values become"), width_names },
                { N_ ("Octaves the unit is louder"), NULL, 0, 12, 1, 9 } },
  .handle = -1,
  .second_answers = TRUE,
  .show = show,
};
