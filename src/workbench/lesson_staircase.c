/* Lesson: the staircase of a uniform quantizer, ties, and a formula that scales the wrong way round.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/round.h"
#include "workbench/lesson_private.h"

#include <glib/gi18n-lib.h>

#define HI 1000.0 /* upper end of the range */
#define SAMPLES 1200

enum { CODES, TIES, DIVISION, X, LO };

static const char *const code_names[] = { N_ ("10 levels"), N_ ("4 bits"), N_ ("8 bits"),
                                          N_ ("10 bits"), NULL };
static const int n_codes[] = { 10, 16, 256, 1024 };
static const char *const tie_names[] = { N_ ("Half to even"), N_ ("Half away from zero"), NULL };
static const BsRounding roundings[] = { BS_ROUND_HALF_EVEN, BS_ROUND_HALF_AWAY };
static const char *const division_names[] = { N_ ("Divide in float32"), N_ ("Divide in float64"),
                                              NULL };

typedef struct {
  float scale; /* stored as float32, whatever divides */
  int zero, qmax;
  BsRounding rounding;
  gboolean in_double;
} Quantizer;

static Quantizer
make_quantizer (const double *values)
{
  int qmax = n_codes[(guint) values[CODES]] - 1;
  float scale = (float) ((HI - values[LO]) / qmax);

  return (Quantizer){ scale, (int) CLAMP (rint (-values[LO] / (double) scale), 0, qmax), qmax,
                      roundings[(guint) values[TIES]], values[DIVISION] != 0 };
}

static double
units (const Quantizer *q, double x)
{
  return q->in_double ? x / (double) q->scale : (double) ((float) x / q->scale);
}

static int
code_of (const Quantizer *q, double x)
{
  return (int) CLAMP (bs_round (units (q, x), q->rounding, 0) + q->zero, 0, q->qmax);
}

static double
decode (const Quantizer *q, double x)
{
  return (code_of (q, x) - q->zero) * (double) q->scale;
}

static BsFigure *
draw_staircase (const Quantizer *q, const double *values, double alpha)
{
  BsFigure *figure = bs_figure_new (_ ("What x becomes"), "x", _ ("Decoded"));
  BsFigureSeries *same = bs_figure_add (figure, BS_FIGURE_DASHES, _ ("not quantized"), 7),
                 *article = bs_figure_add (figure, BS_FIGURE_LINE, _ ("y = α(x − a) + a"), 0),
                 *stairs = bs_figure_add (figure, BS_FIGURE_LINE, _ ("s(q − z)"), 1),
                 *here = bs_figure_add (figure, BS_FIGURE_RINGS, NULL, 1);
  double lo = values[LO], x = values[X], decoded = decode (q, x);

  bs_figure_point (same, lo, lo, NULL);
  bs_figure_point (same, HI, HI, NULL);
  bs_figure_point (article, lo, lo, NULL);
  bs_figure_point (article, HI, alpha * (HI - lo) + lo, NULL);
  for (guint i = 0; i <= SAMPLES; i++) {
    double at = lo + (HI - lo) * i / SAMPLES;
    bs_figure_point (stairs, at, decode (q, at), NULL);
  }
  g_autofree char *a = bs_lesson_number (x, 0), *b = bs_lesson_number (decoded, 2);
  bs_figure_point (here, x, decoded, g_strdup_printf ("%s → %s", a, b));
  figure->x_lo = figure->y_lo = lo;
  figure->x_hi = HI;
  figure->y_hi = HI * 1.08;
  figure->handle = x;
  figure->description =
    g_strdup_printf (_ ("%d codes over a range up to 1000; x = %s becomes code %d, which is %s."),
                     q->qmax + 1, a, code_of (q, x), b);
  return figure;
}

static BsFigure *
draw_sawtooth (const Quantizer *q, double x)
{
  BsFigure *figure = bs_figure_new (_ ("Error around x"), "x", _ ("Decoded − x"));
  BsFigureSeries *bounds = bs_figure_add (figure, BS_FIGURE_DASHES, "±s/2", 7),
                 *error = bs_figure_add (figure, BS_FIGURE_LINE, _ ("error"), 1),
                 *here = bs_figure_add (figure, BS_FIGURE_RINGS, NULL, 1);
  double half = (double) q->scale / 2, reach = 6.4 * half;

  for (int sign = -1; sign <= 1; sign += 2) {
    bs_figure_point (bounds, x - reach, sign * half, NULL);
    bs_figure_point (bounds, x + reach, sign * half, NULL);
    bs_figure_point (bounds, NAN, NAN, NULL);
  }
  for (guint i = 0; i <= SAMPLES; i++) {
    double at = x + reach * (2.0 * i / SAMPLES - 1);
    bs_figure_point (error, at, decode (q, at) - at, NULL);
  }
  g_autofree char *text = bs_lesson_number (decode (q, x) - x, 3),
                  *most = bs_lesson_number (half, 3);
  bs_figure_point (here, x, decode (q, x) - x, g_strdup (text));
  figure->x_lo = x - reach;
  figure->x_hi = x + reach;
  figure->y_lo = -1.6 * half;
  figure->y_hi = 1.6 * half;
  figure->description =
    g_strdup_printf (_ ("The error at x is %s; inside the range it is at most %s."), text, most);
  return figure;
}

static gboolean
show (const double *values, BsLessonShown *shown, GError **error)
{
  const Quantizer q = make_quantizer (values);
  double x = values[X], alpha = (HI - values[LO]) / (q.qmax + 1 - values[LO]);
  g_autofree char *s = bs_lesson_number ((double) q.scale, 6),
                  *ratio = bs_lesson_number (units (&q, x), 8),
                  *decoded = bs_lesson_number (decode (&q, x), 2),
                  *off = bs_lesson_number (decode (&q, x) - x, 2),
                  *rms = bs_lesson_number ((double) q.scale / sqrt (12), 2),
                  *a = bs_lesson_number (alpha, 2),
                  *y = bs_lesson_number (alpha * (x - values[LO]) + values[LO], 0);

  shown->figures[0] = draw_staircase (&q, values, alpha);
  shown->figures[1] = draw_sawtooth (&q, x);
  shown->numbers =
    g_strdup_printf (_ ("s = %s, z = %d; x/s = %s, code %d, decoded %s: error %s. Over the range "
                        "the error is even between ±s/2: s/√12 = %s on average.\n"
                        "The formula turned round: α = %s, y = %s."),
                     s, q.zero, ratio, code_of (&q, x), decoded, off, rms, a, y);
  return TRUE;
}

const BsLesson bs_lesson_staircase = {
  .id = "staircase",
  .title = N_ ("The staircase"),
  .text =
    N_ ("Quantizing divides by the step s, rounds, adds the zero point z and stops at the ends: "
        "q = clamp(round(x/s) + z), and back s(q − z), with s = (b − a)/(codes − 1). The formula "
        "y = α(x − a) + a with α = (b − a)/(codes − a), found in print, multiplies where one "
        "divides: it leaves the picture, and rounds nothing."),
  .question =
    N_ ("x = 500 lies in the middle of [0, 1000]. What does it become with 10 levels, and "
        "what with 8 bits? What does the printed formula make of it?"),
  .answer =
    N_ ("With any even number of codes the middle is a tie: 4.5 steps of 111.1 go to 4 (444) with "
        "half to even and to 5 (556) with half away from zero. With 8 bits it is 127.5 steps: code "
        "128, with the largest error there is, 1.96; divided in float64 by the stored float32 step "
        "it is 127.49999985, and code 127. The formula makes 50,000 of it."),
  .controls = { { N_ ("Codes"), code_names },
                { N_ ("Ties"), tie_names },
                { N_ ("Division"), division_names },
                { "x", NULL, 0, HI, 1, 500 },
                { N_ ("Lower end of the range"), NULL, -HI, 0, 10, 0 } },
  .handle = X,
  .show = show,
};
