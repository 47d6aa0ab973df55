/* Recommending in words: which configuration, and whether a difference is more than chance.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gi18n-lib.h>
#include <math.h>

#include "search/search.h"

#define Z95 1.96 /* two-sided 95 % of the normal distribution */

/* Difference of two shares of n samples each, as if they were independent samples: the same samples
 * agree more than that, so that this errs towards “chance”. */
static gboolean
more_than_chance (const BsResult *a, const BsResult *b)
{
  double va, vb, na = (double) a->n, nb = (double) b->n;

  if (g_strcmp0 (a->metric, "top1") == 0) {
    va = a->value;
    vb = b->value;
  } else if (g_strcmp0 (a->metric, "perplexity") == 0) {
    return a->ci_lo > b->ci_hi || b->ci_lo > a->ci_hi;
  } else if (!isnan (a->agreement)) {
    va = a->agreement;
    vb = b->agreement;
  } else {
    return TRUE; /* numbers without chance in them */
  }
  return na > 0 && nb > 0 && fabs (va - vb) > Z95 * sqrt (va * (1 - va) / na + vb * (1 - vb) / nb);
}

static char *
describe (const BsResult *r)
{
  double kib = (double) r->weight_bytes / 1024;

  if (g_strcmp0 (r->metric, "top1") == 0)
    return g_strdup_printf (_ ("%.2f %% right in %.1f KiB"), 100 * r->value, kib);
  if (g_strcmp0 (r->metric, "perplexity") == 0)
    return g_strdup_printf (_ ("a perplexity of %.4f in %.1f KiB"), r->value, kib);
  if (!isnan (r->agreement))
    return g_strdup_printf (_ ("%.2f %% like float in %.1f KiB"), 100 * r->agreement, kib);
  return g_strdup_printf (_ ("%.1f dB in %.1f KiB"), r->output_sqnr_db, kib);
}

/* The best of those smaller than the chosen one. */
static const BsCandidate *
next_smaller (const BsSearch *s)
{
  const BsCandidate *best = bs_search_best (s), *next = NULL;

  for (guint i = 0; i < s->candidates->len; i++) {
    const BsCandidate *c = &g_array_index (s->candidates, BsCandidate, i);
    if (!c->result->stopped_early && c->result->weight_bytes < best->result->weight_bytes &&
        (next == NULL || bs_result_quality (c->result) > bs_result_quality (next->result)))
      next = c;
  }
  return next;
}

char *
bs_search_advice (const BsSearch *s, const BsResult *baseline)
{
  const BsCandidate *best = bs_search_best (s), *next;
  g_autofree char *what = NULL, *plain = NULL;
  GString *text;

  if (best == NULL)
    return g_strdup (_ ("Nothing that was measured keeps to the budget: allow more bytes or a "
                        "larger drop, or more kinds of weights."));
  what = describe (best->result);
  plain = describe (baseline);
  text = g_string_new (NULL);
  g_string_append_printf (text, _ ("Take %s: %s. The float network: %s."), best->result->label,
                          what, plain);
  if (!more_than_chance (best->result, baseline))
    g_string_append (text, _ (" The difference to float is not significant."));
  if (s->baseline >= 0 && s->baseline != s->best) {
    const BsCandidate *uniform = &g_array_index (s->candidates, BsCandidate, s->baseline);
    g_autofree char *other = describe (uniform->result);
    g_string_append_printf (text, _ (" The best single width within the budget, %s: %s%s."),
                            uniform->result->label, other,
                            more_than_chance (best->result, uniform->result)
                              ? _ ("; mixing widths gains more than chance")
                              : _ ("; the difference is not significant"));
  }
  next = next_smaller (s);
  if (next != NULL) {
    g_autofree char *other = describe (next->result);
    g_string_append_printf (
      text, _ (" The next smaller one, %s: %s%s."), next->result->label, other,
      more_than_chance (best->result, next->result)
        ? _ (", a loss that is more than chance")
        : _ (", a difference that is not significant: take it if size matters"));
  }
  return g_string_free (text, FALSE);
}
