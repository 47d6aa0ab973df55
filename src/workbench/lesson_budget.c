/* Lesson: bits for six layers under a budget, by hand, greedily, exactly.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/measure.h"
#include "quant/quant.h"
#include "search/knapsack.h"
#include "workbench/lesson_private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define N_LAYERS 6
#define N_WIDTHS 6
#define N_VALUES 8192   /* a width's noise is measured on so many normal values */
#define BUDGET N_LAYERS /* the control after those of the layers */

static const char *const width_names[] = { "2", "3", "4", "6", "8", "16", NULL };
static const guint widths[N_WIDTHS] = { 2, 3, 4, 6, 8, 16 };

/* A network of usual proportions: few weights near the ends, where an error does more. */
static const struct {
  const char *name;
  guint n;     /* weights */
  double gain; /* noise at the output for noise of 1 in each weight */
} layers[N_LAYERS] = {
  { "conv1", 400, 200 }, { "conv2", 6400, 25 }, { "conv3", 18432, 4 },
  { "fc1", 61440, 0.2 }, { "fc2", 10080, 3 },   { "fc3", 840, 60 },
};

typedef struct {
  double cost[N_LAYERS * N_WIDTHS]; /* options by falling width, as bs_greedy wants them */
  guint64 size[N_LAYERS * N_WIDTHS];
  double signal;
  guint64 n;
} Game;

static guint
option_of (guint width_index)
{
  return N_WIDTHS - 1 - width_index;
}

/* Noise of normal values of variance 1 at a width. */
static gboolean
measure_noise (const float *x, guint bits, double *noise, GError **error)
{
  g_autofree char *text = g_strdup_printf ("int%u:mse", bits);
  const gint64 dims[] = { N_VALUES };
  BsErrorSums sums = { 0 };
  BsSpec spec;

  if (!bs_spec_parse (text, &spec, error))
    return FALSE;
  g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 1, BS_AXIS_AUTO, NULL, "", error);
  if (quant == NULL)
    return FALSE;
  bs_error_sums_add (&sums, x, quant->values, N_VALUES);
  *noise = pow (10, -bs_error_sqnr_db (&sums) / 10);
  return TRUE;
}

static gboolean
make_game (Game *game, GError **error)
{
  g_autofree float *x = g_new (float, N_VALUES);
  double noise;

  bs_lesson_normal (x, N_VALUES);
  *game = (Game){ 0 };
  for (guint w = 0; w < N_WIDTHS; w++) {
    if (!measure_noise (x, widths[w], &noise, error))
      return FALSE;
    for (guint l = 0; l < N_LAYERS; l++) {
      game->cost[l * N_WIDTHS + option_of (w)] = layers[l].n * layers[l].gain * noise;
      game->size[l * N_WIDTHS + option_of (w)] = (guint64) layers[l].n * widths[w];
    }
  }
  for (guint l = 0; l < N_LAYERS; l++) {
    game->signal += layers[l].n * layers[l].gain;
    game->n += layers[l].n;
  }
  return TRUE;
}

static BsChoiceResult
judge (const Game *game, const guint *choice)
{
  BsChoiceResult result = { 0 };

  for (guint l = 0; l < N_LAYERS; l++) {
    result.cost += game->cost[l * N_WIDTHS + choice[l]];
    result.size += game->size[l * N_WIDTHS + choice[l]];
  }
  return result;
}

static double
quality_db (const Game *game, const BsChoiceResult *result)
{
  return 10 * log10 (game->signal / result->cost);
}

static double
mean_bits (const Game *game, const BsChoiceResult *result)
{
  return (double) result->size / (double) game->n;
}

static char *
widths_text (const guint *choice)
{
  GString *text = g_string_new (NULL);

  for (guint l = 0; l < N_LAYERS; l++)
    g_string_append_printf (text, "%s%u", l > 0 ? ", " : "", widths[option_of (choice[l])]);
  return g_string_free (text, FALSE);
}

/* Bits without whole numbers: b = B + ½ log2 (gain over the weights' geometric mean). */
static char *
ideal_text (double budget, guint64 n)
{
  GString *text = g_string_new (NULL);
  double mean = 0;

  for (guint l = 0; l < N_LAYERS; l++)
    mean += layers[l].n * log2 (layers[l].gain) / (double) n;
  for (guint l = 0; l < N_LAYERS; l++) {
    g_autofree char *bits = bs_lesson_number (budget + 0.5 * (log2 (layers[l].gain) - mean), 1);
    g_string_append_printf (text, "%s%s", l > 0 ? ", " : "", bits);
  }
  return g_string_free (text, FALSE);
}

static BsFigure *
draw_layers (const Game *game, const guint *choice, double budget)
{
  const BsChoiceResult mine = judge (game, choice);
  g_autofree char *bits = bs_lesson_number (mean_bits (game, &mine), 2),
                  *db = bs_lesson_number (quality_db (game, &mine), 1),
                  *limit = bs_lesson_number (budget, 1);
  gboolean fits = mean_bits (game, &mine) <= budget;
  g_autofree char *title = g_strdup_printf (
    fits ? _ ("%s of %s bits: it fits") : _ ("%s of %s bits: too large"), bits, limit);
  BsFigure *figure =
    bs_figure_new (title, NULL, _ (/* xgettext:no-c-format */ "Noise at the output (% of all)"));
  BsFigureSeries *noise = bs_figure_add (figure, BS_FIGURE_BARS, _ ("noise"), fits ? 1 : 0);
  BsFigureSeries *size = bs_figure_add (
    figure, BS_FIGURE_RINGS, _ (/* xgettext:no-c-format */ "size, % of all"), BS_FIGURE_INK);
  double most = 1;

  figure->categories = g_new0 (char *, N_LAYERS + 1);
  for (guint l = 0; l < N_LAYERS; l++) {
    double share = game->cost[l * N_WIDTHS + choice[l]] / mine.cost * 100,
           part = (double) game->size[l * N_WIDTHS + choice[l]] / (double) mine.size * 100;
    g_autofree char *a = bs_lesson_number (share, 1), *b = bs_lesson_number (part, 1);
    figure->categories[l] = g_strdup (layers[l].name);
    bs_figure_point (noise, l, share,
                     g_strdup_printf (_ ("%s: %s %% of the noise"), layers[l].name, a));
    bs_figure_point (size, l, part,
                     g_strdup_printf (_ ("%s: %s %% of the size"), layers[l].name, b));
    most = MAX (most, MAX (share, part));
  }
  figure->y_hi = most * 1.1;
  figure->description = g_strdup_printf (
    _ ("The widths %s bits a weight on average; the output has an SQNR of %s dB."), bits, db);
  return figure;
}

static gboolean
draw_front (const Game *game,
            const BsChoiceProblem *problem,
            const guint *mine,
            BsFigure **out,
            GError **error)
{
  g_autoptr (BsFigure) figure =
    bs_figure_new (_ ("Every budget"), _ ("Mean bits a weight"), _ ("SQNR at the output (dB)"));
  BsFigureSeries *exact = bs_figure_add (figure, BS_FIGURE_LINE, _ ("exact"), 1),
                 *greedy = bs_figure_add (figure, BS_FIGURE_POINTS, _ ("greedy"), 2),
                 *uniform = bs_figure_add (figure, BS_FIGURE_POINTS, _ ("one width"), 0),
                 *you = bs_figure_add (figure, BS_FIGURE_RINGS, _ ("yours"), BS_FIGURE_INK);
  const BsChoiceResult hand = judge (game, mine);
  BsChoiceResult result;
  guint choice[N_LAYERS];

  for (guint q = 8; q <= 32; q++) { /* quarters of a bit */
    guint64 budget = game->n * q / 4;
    if (!bs_knapsack (problem, budget, choice, &result, error))
      return FALSE;
    g_autofree char *text = widths_text (choice);
    bs_figure_point (exact, mean_bits (game, &result), quality_db (game, &result),
                     g_steal_pointer (&text));
    if (!bs_greedy (problem, budget, choice, &result, error))
      return FALSE;
    bs_figure_point (greedy, mean_bits (game, &result), quality_db (game, &result),
                     widths_text (choice));
  }
  for (guint w = 0; w < N_WIDTHS - 1; w++) {
    for (guint l = 0; l < N_LAYERS; l++)
      choice[l] = option_of (w);
    result = judge (game, choice);
    bs_figure_point (uniform, mean_bits (game, &result), quality_db (game, &result),
                     widths_text (choice));
  }
  bs_figure_point (you, mean_bits (game, &hand), quality_db (game, &hand), widths_text (mine));
  g_autofree char *a = bs_lesson_number (quality_db (game, &hand), 1),
                  *b = bs_lesson_number (mean_bits (game, &hand), 2);
  figure->description = g_strdup_printf (
    _ ("The exact choice for budgets from 2 to 8 bits; yours has %s dB at %s bits."), a, b);
  *out = g_steal_pointer (&figure);
  return TRUE;
}

static gboolean
show (const double *values, BsLessonShown *shown, GError **error)
{
  Game game;
  guint mine[N_LAYERS], best[N_LAYERS], quick[N_LAYERS];
  BsChoiceResult exact, greedy;
  double budget = values[BUDGET];

  if (!make_game (&game, error))
    return FALSE;
  const BsChoiceProblem problem = { N_LAYERS, N_WIDTHS, game.cost, game.size };
  for (guint l = 0; l < N_LAYERS; l++)
    mine[l] = option_of ((guint) values[l]);
  guint64 limit = (guint64) (budget * (double) game.n);
  if (!bs_knapsack (&problem, limit, best, &exact, error) ||
      !bs_greedy (&problem, limit, quick, &greedy, error) ||
      !draw_front (&game, &problem, mine, &shown->figures[1], error))
    return FALSE;
  shown->figures[0] = draw_layers (&game, mine, budget);
  const BsChoiceResult hand = judge (&game, mine);
  g_autofree char *a = bs_lesson_number (quality_db (&game, &hand), 1),
                  *b = bs_lesson_number (quality_db (&game, &greedy), 1),
                  *c = bs_lesson_number (quality_db (&game, &exact), 1),
                  *gap =
                    bs_lesson_number (quality_db (&game, &exact) - quality_db (&game, &hand), 1),
                  *text_a = widths_text (mine), *text_b = widths_text (quick),
                  *text_c = widths_text (best), *ideal = ideal_text (budget, game.n);
  gboolean fits = hand.size <= limit;
  shown->numbers = g_strdup_printf (
    fits ? _ ("Yours: %s bits, %s dB; greedy: %s, %s dB; exact: %s, %s dB. You are %s dB from the "
              "optimum.\nWithout whole numbers: %s bits.")
         : _ ("Yours: %s bits, %s dB, does not fit; greedy: %s, %s dB; exact: %s, %s dB, %s dB "
              "more.\nWithout whole numbers: %s bits."),
    text_a, a, text_b, b, text_c, c, gap, ideal);
  return TRUE;
}

#define LAYER(name)                                                                                \
  {                                                                                                \
    name, width_names, .def = 2                                                                    \
  }

const BsLesson bs_lesson_budget = {
  .id = "bit-budget",
  .title = N_ ("The bit budget"),
  .text =
    N_ ("Layers differ in size and in what an error in them does to the output. Choose a width for "
        "each so that the mean stays within the budget. The best choice gives bits where the next "
        "one saves most noise for its size: b = B + ½·log₂ of a layer's gain over the geometric "
        "mean."),
  .question = N_ ("How much better than 4 bits everywhere can you get with 4 bits on average?"),
  .answer = N_ (
    "More than 6 dB, as much as another bit for all of them: the large layer that matters least "
    "goes down to 3 bits, and what that frees buys up to 16 bits for the small ones. Choosing "
    "exactly is a knapsack problem; greedy comes close."),
  .controls = { LAYER ("conv1"),
                LAYER ("conv2"),
                LAYER ("conv3"),
                LAYER ("fc1"),
                LAYER ("fc2"),
                LAYER ("fc3"),
                { N_ ("Budget, bits a weight"), NULL, 2, 8, 0.5, 4 } },
  .handle = -1,
  .second_answers = TRUE,
  .show = show,
};
