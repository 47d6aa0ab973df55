/* What the Sweep page asks for: the axes of a plan and how many samples to judge by.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/sweep_settings.h"

G_DEFINE_BOXED_TYPE (BsSweepSettings,
                     bs_sweep_settings,
                     bs_sweep_settings_ref,
                     bs_sweep_settings_unref)

static char *
copy (const char *text)
{
  return g_strdup (text != NULL ? text : "");
}

BsSweepSettings *
bs_sweep_settings_new (const char *weights,
                       const char *acts,
                       const char *scopes,
                       const char *ranges,
                       guint limit)
{
  BsSweepSettings *settings = g_new0 (BsSweepSettings, 1);

  g_atomic_ref_count_init (&settings->refs);
  settings->plan.weights = copy (weights);
  settings->plan.acts = copy (acts);
  settings->plan.scopes = copy (scopes);
  settings->plan.ranges = copy (ranges);
  settings->plan.corrections = g_strdup ("");
  settings->limit = limit;
  return settings;
}

BsSweepSettings *
bs_sweep_settings_ref (BsSweepSettings *settings)
{
  g_atomic_ref_count_inc (&settings->refs);
  return settings;
}

void
bs_sweep_settings_unref (BsSweepSettings *settings)
{
  if (settings == NULL || !g_atomic_ref_count_dec (&settings->refs))
    return;
  g_free (settings->plan.weights);
  g_free (settings->plan.acts);
  g_free (settings->plan.scopes);
  g_free (settings->plan.ranges);
  g_free (settings->plan.corrections);
  g_free (settings);
}

gboolean
bs_sweep_settings_equal (const BsSweepSettings *a, const BsSweepSettings *b)
{
  return g_str_equal (a->plan.weights, b->plan.weights) &&
         g_str_equal (a->plan.acts, b->plan.acts) && g_str_equal (a->plan.scopes, b->plan.scopes) &&
         g_str_equal (a->plan.ranges, b->plan.ranges) &&
         g_str_equal (a->plan.corrections, b->plan.corrections) && a->limit == b->limit;
}
