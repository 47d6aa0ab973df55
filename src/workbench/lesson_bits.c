/* Lesson: the bits of small formats, painted one by one, and the numbers they mean.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/lesson_private.h"

#include "quant/minifloat.h"

#include <glib/gi18n-lib.h>
#include <math.h>

enum { FORMAT, CODE };

static const char *const format_names[] = {
  "fp8e4m3", "fp8e5m2", "fp6e3m2", "fp4e2m1", "int8", NULL
};
static const BsMinifloat *const formats[] = { &bs_fp8e4m3, &bs_fp8e5m2, &bs_fp6e3m2, &bs_fp4e2m1,
                                              NULL /* int8 */ };

typedef struct {
  const BsMinifloat *format; /* NULL: int8, two's complement */
  guint n_bits, exponent_bits, mantissa_bits;
  guint code;
} Painted;

static Painted
read_painted (const double *values)
{
  const BsMinifloat *format = formats[(guint) values[FORMAT]];
  Painted painted = { .format = format,
                      .exponent_bits = format != NULL ? format->exponent_bits : 0,
                      .mantissa_bits = format != NULL ? format->mantissa_bits : 7 };

  painted.n_bits = 1 + painted.exponent_bits + painted.mantissa_bits;
  painted.code = (guint) values[CODE] & ((1u << painted.n_bits) - 1); /* as many as there are */
  return painted;
}

static double
decode (const Painted *painted, guint code)
{
  if (painted->format != NULL)
    return (double) bs_minifloat_decode (painted->format, code);
  return code < 128 ? code : (double) code - 256;
}

/* The bit at a place from the left, what it is called and the series it belongs to. */
static guint
bit_at (const Painted *painted, guint place, char **name, guint *part)
{
  guint shift = painted->n_bits - 1 - place;

  *part = place == 0 ? 0 : place <= painted->exponent_bits ? 1 : 2;
  if (place == 0)
    *name = g_strdup (painted->format != NULL ? "±" : "−128");
  else if (*part == 1)
    *name = g_strdup_printf ("e%u", shift - painted->mantissa_bits);
  else if (painted->format == NULL)
    *name = g_strdup_printf ("%u", 1u << shift);
  else
    *name = g_strdup_printf ("1/%u", 1u << (painted->mantissa_bits - shift));
  return painted->code >> shift & 1;
}

static BsFigure *
draw_bits (const Painted *painted, const char *number)
{
  BsFigure *figure = bs_figure_new (_ ("Bits"), _ ("Bit"), _ ("Set"));
  BsFigureSeries *parts[] = { bs_figure_add (figure, BS_FIGURE_BARS, _ ("sign"), 0),
                              bs_figure_add (figure, BS_FIGURE_BARS, _ ("exponent"), 1),
                              bs_figure_add (figure, BS_FIGURE_BARS,
                                             painted->format != NULL ? _ ("mantissa") : _ ("value"),
                                             2) };
  GString *bits = g_string_new (NULL);

  figure->categories = g_new0 (char *, painted->n_bits + 1);
  for (guint place = 0; place < painted->n_bits; place++) {
    guint part, bit = bit_at (painted, place, &figure->categories[place], &part);
    bs_figure_point (parts[part], place, bit,
                     g_strdup_printf ("%s: %u", figure->categories[place], bit));
    g_string_append_c (bits, bit ? '1' : '0');
  }
  figure->y_hi = 1.05;
  figure->description =
    g_strdup_printf (_ ("The bits %s mean %s; Return on one turns it over."), bits->str, number);
  g_string_free (bits, TRUE);
  return figure;
}

/* Every number without its sign, over its code: even steps, or octaves. */
static BsFigure *
draw_numbers (const Painted *painted)
{
  BsFigure *figure = bs_figure_new (_ ("All positive numbers"), _ ("Code"), _ ("Number"));
  BsFigureSeries *all = bs_figure_add (figure, BS_FIGURE_POINTS, NULL, 1),
                 *here =
                   bs_figure_add (figure, BS_FIGURE_RINGS, _ ("this one, without its sign"), 0);
  guint n = 1u << (painted->n_bits - 1);
  double smallest = INFINITY, largest = 0;

  for (guint code = 0; code < n; code++) {
    double x = decode (painted, code);
    if (!isfinite (x) || x <= 0)
      continue;
    bs_figure_point (all, code, x, bs_lesson_number (x, 6));
    smallest = MIN (smallest, x);
    largest = MAX (largest, x);
    if (x == fabs (decode (painted, painted->code)))
      bs_figure_point (here, code, x, NULL);
  }
  figure->y_log = TRUE;
  g_autofree char *lo = bs_lesson_number (smallest, 9), *hi = bs_lesson_number (largest, 1);
  figure->description = g_strdup_printf (_ ("Positive numbers from %s to %s."), lo, hi);
  return figure;
}

static char *
formula (const Painted *painted, const char *number)
{
  const BsMinifloat *format = painted->format;

  if (format == NULL)
    return g_strdup_printf (_ ("Code %u: the set bits' values add up to %s."), painted->code,
                            number);
  guint mantissa = painted->code & ((1u << format->mantissa_bits) - 1),
        exponent = painted->code >> format->mantissa_bits & ((1u << format->exponent_bits) - 1);
  const char *sign = painted->code >> (painted->n_bits - 1) ? "−" : "+";
  if (!isfinite (decode (painted, painted->code)))
    return g_strdup_printf (_ ("Code %u is no number: %s."), painted->code, number);
  if (exponent == 0)
    return g_strdup_printf (_ ("Code %u, subnormal: %s2^(1 − %d) · %u/%u = %s."), painted->code,
                            sign, format->bias, mantissa, 1u << format->mantissa_bits, number);
  return g_strdup_printf (_ ("Code %u: %s2^(%u − %d) · (1 + %u/%u) = %s."), painted->code, sign,
                          exponent, format->bias, mantissa, 1u << format->mantissa_bits, number);
}

static void
press (double *values, guint place)
{
  const Painted painted = read_painted (values);

  if (place < painted.n_bits)
    values[CODE] = painted.code ^ 1u << (painted.n_bits - 1 - place);
}

static gboolean
show (const double *values, BsLessonShown *shown, GError **error)
{
  const Painted painted = read_painted (values);
  double value = decode (&painted, painted.code);
  g_autofree char *number = bs_lesson_number (value, fabs (value) >= 1 || value == 0 ? 3 : 9);

  shown->figures[0] = draw_bits (&painted, number);
  shown->figures[1] = draw_numbers (&painted);
  shown->numbers = formula (&painted, number);
  return TRUE;
}

const BsLesson bs_lesson_bits = {
  .id = "painted-bits",
  .title = N_ ("Painting bits"),
  .text =
    N_ ("A small float has a sign, exponent bits that choose an octave and mantissa bits that "
        "divide it evenly: ±2^(e − bias) · (1 + m/2^M), and without the 1 at the lowest exponent. "
        "An integer adds up powers of two. Click the bits to turn them over."),
  .question = N_ ("How do the numbers of fp8e4m3 lie, compared with those of int8? Where is the "
                  "largest step?"),
  .answer = N_ (
    "An integer's step is 1 everywhere. A float has equally many numbers in each octave, so its "
    "steps double with each: 1/512 near zero, 32 below the largest, 448. The last code of "
    "fp8e4m3 is no number; fp8e5m2 gives a whole exponent to infinity and what is none."),
  .controls = { { N_ ("Format"), format_names }, { N_ ("Code"), NULL, 0, 255, 1, 56 } },
  .handle = -1,
  .press = press,
  .show = show,
};
