/* What corrections gained: results with one against the same configuration without it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/gain.h"

#include "quant/config.h"
#include "quant/correction.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define Z95 1.96 /* two-sided 95 % of the normal distribution */

static gboolean
is_share (const BsResult *result)
{
  return g_strcmp0 (result->metric, "top1") == 0 ||
         (g_strcmp0 (result->metric, "perplexity") != 0 && !isnan (result->agreement));
}

gboolean
bs_results_differ (const BsResult *a, const BsResult *b)
{
  double na = (double) a->n, nb = (double) b->n, va = bs_result_quality (a),
         vb = bs_result_quality (b);

  if (g_strcmp0 (a->metric, "perplexity") == 0)
    return a->ci_lo > b->ci_hi || b->ci_lo > a->ci_hi;
  if (!is_share (a))
    return TRUE;
  return na > 0 && nb > 0 && fabs (va - vb) > Z95 * sqrt (va * (1 - va) / na + vb * (1 - vb) / nb);
}

/* The key of the same configuration without its i-th correction. (transfer full) */
static char *
key_without (const BsConfig *config, guint i)
{
  g_autoptr (GPtrArray) rest = g_ptr_array_new ();

  for (guint k = 0; config->corrections[k] != NULL; k++)
    if (k != i)
      g_ptr_array_add (rest, config->corrections[k]);
  g_ptr_array_add (rest, NULL);
  g_autoptr (BsConfig) without =
    bs_config_with_corrections (config, (const char *const *) rest->pdata);
  return g_strdup (without->key);
}

static void
gain_clear (gpointer data)
{
  BsGain *gain = data;

  g_free (gain->correction);
  bs_result_unref (gain->with);
  bs_result_unref (gain->without);
}

static BsGain *
find_or_add (GArray *gains, const char *correction)
{
  for (guint i = 0; i < gains->len; i++)
    if (strcmp (g_array_index (gains, BsGain, i).correction, correction) == 0)
      return &g_array_index (gains, BsGain, i);
  BsGain gain = { .correction = g_strdup (correction), .best_quality = -INFINITY };
  g_array_append_val (gains, gain);
  return &g_array_index (gains, BsGain, gains->len - 1);
}

/* Sums until finish (). Pairs are few: a mean of doubles is exact enough. */
static void
add_pair (BsGain *gain, BsResult *with, BsResult *without, guint *n_db)
{
  double quality = bs_result_quality (with) - bs_result_quality (without),
         db = with->output_sqnr_db - without->output_sqnr_db;

  if (isnan (quality))
    return;
  gain->n_pairs++;
  gain->mean_quality += quality;
  if (isfinite (db)) {
    gain->mean_db += db;
    (*n_db)++;
  }
  gboolean differ = bs_results_differ (with, without);
  gain->n_better += differ && quality > 0;
  gain->n_worse += differ && quality < 0;
  if (quality <= gain->best_quality)
    return;
  g_clear_pointer (&gain->with, bs_result_unref);
  g_clear_pointer (&gain->without, bs_result_unref);
  gain->with = bs_result_ref (with);
  gain->without = bs_result_ref (without);
  gain->best_quality = quality;
  gain->best_db = db;
  gain->significant = differ;
}

/* Place of a correction in the order they are applied. */
static guint
order_of (const char *correction)
{
  const BsCorrection *row;
  double params[BS_MAX_PARAMS];

  for (guint i = 0; bs_correction_parse (correction, &row, params, NULL) && bs_corrections[i]; i++)
    if (bs_corrections[i] == row)
      return i;
  return G_MAXUINT;
}

static gint
compare_gains (gconstpointer a, gconstpointer b)
{
  const BsGain *p = a, *q = b;
  guint x = order_of (p->correction), y = order_of (q->correction);

  return x != y ? (x < y ? -1 : 1) : strcmp (p->correction, q->correction);
}

GArray *
bs_gains (BsResult *const *results, guint n)
{
  GArray *gains = g_array_new (FALSE, TRUE, sizeof (BsGain));
  g_autoptr (GHashTable) by_key = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GArray) n_db = g_array_new (FALSE, TRUE, sizeof (guint));

  g_array_set_clear_func (gains, gain_clear);
  for (guint i = 0; i < n; i++)
    g_hash_table_insert (by_key, results[i]->key, results[i]);
  for (guint i = 0; i < n; i++) {
    /* most results of a study have none: their text is not parsed */
    g_autoptr (BsConfig) config = strstr (results[i]->config, "\"corrections\"") != NULL
                                    ? bs_config_parse (results[i]->config, NULL)
                                    : NULL;

    for (guint k = 0; config != NULL && config->corrections[k] != NULL; k++) {
      g_autofree char *key = key_without (config, k);
      BsResult *without = g_hash_table_lookup (by_key, key);
      if (without == NULL)
        continue;
      BsGain *gain = find_or_add (gains, config->corrections[k]);
      g_array_set_size (n_db, gains->len);
      guint place = (guint) (gain - &g_array_index (gains, BsGain, 0));
      add_pair (gain, results[i], without, &g_array_index (n_db, guint, place));
    }
  }
  for (guint i = gains->len; i-- > 0;) {
    BsGain *gain = &g_array_index (gains, BsGain, i);
    guint with_db = g_array_index (n_db, guint, i);
    gain->mean_quality /= MAX (gain->n_pairs, 1);
    gain->mean_db = with_db > 0 ? gain->mean_db / with_db : NAN;
    if (gain->n_pairs == 0)
      g_array_remove_index (gains, i);
  }
  g_array_sort (gains, compare_gains);
  return gains;
}

const BsGain *
bs_gain_find (const GArray *gains, const char *correction)
{
  gsize length = strlen (correction);

  for (guint i = 0; i < gains->len; i++) {
    const BsGain *gain = &g_array_index (gains, BsGain, i);
    if (strncmp (gain->correction, correction, length) == 0 &&
        (gain->correction[length] == '\0' || gain->correction[length] == '='))
      return gain;
  }
  return NULL;
}

/* "+1.20 points, +3.4 dB" */
static char *
difference_text (const BsResult *of, double quality, double db)
{
  GString *text = g_string_new (NULL);

  if (is_share (of))
    g_string_append_printf (text, _ ("%+.2f points"), 100 * quality);
  else if (g_strcmp0 (of->metric, "perplexity") == 0)
    g_string_append_printf (text, _ ("perplexity %+.4f"), -quality);
  if (isfinite (db))
    g_string_append_printf (text, "%s%+.1f dB", text->len > 0 ? ", " : "", db);
  return g_string_free (text, FALSE);
}

char *
bs_gain_text (const BsGain *gain)
{
  g_autofree char *mean = difference_text (gain->with, gain->mean_quality, gain->mean_db);
  g_autofree char *best = difference_text (gain->with, gain->best_quality, gain->best_db);
  const char *verdict = gain->significant ? _ ("significant") : _ ("not significant");

  if (gain->n_pairs == 1)
    return g_strdup_printf (_ ("%s with %s (%s)"), best, gain->without->label, verdict);
  return g_strdup_printf (_ ("%s on average of %u pairs, %u significantly better, %u worse; most "
                             "with %s: %s (%s)"),
                          mean, gain->n_pairs, gain->n_better, gain->n_worse, gain->without->label,
                          best, verdict);
}
