/* What the Sweep page asks for: the axes of a plan and how much is done for it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/sweep_settings.h"

#include "quant/correction.h"
#include "quant/range.h"
#include "study/study.h"

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
bs_sweep_settings_new (const BsPlan *plan, const BsSweepEffort *effort, GVariant *edits)
{
  const BsSweepEffort usual = { .cache_mib = (guint) (bs_study_default_cache () >> 20) };
  BsSweepSettings *settings = g_new0 (BsSweepSettings, 1);

  g_atomic_ref_count_init (&settings->refs);
  settings->plan.weights = copy (plan->weights);
  settings->plan.acts = copy (plan->acts);
  settings->plan.scopes = copy (plan->scopes);
  settings->plan.ranges = copy (plan->ranges);
  settings->plan.corrections = copy (plan->corrections);
  settings->effort = effort != NULL ? *effort : usual;
  settings->edits = g_variant_ref_sink (
    edits != NULL ? edits : g_variant_new_array (G_VARIANT_TYPE ("{ss}"), NULL, 0));
  return settings;
}

BsSweepSettings *
bs_sweep_settings_usual (void)
{
  return bs_sweep_settings_new (
    &(BsPlan){ .weights = "int2..int8", .acts = "uint8", .scopes = "model,tensor,channel" }, NULL,
    NULL);
}

gboolean
bs_sweep_list_has (const char *list, const char *token)
{
  g_auto (GStrv) tokens = g_strsplit (list, ",", -1);

  for (guint i = 0; tokens[i] != NULL; i++)
    if (g_str_equal (g_strstrip (tokens[i]), token))
      return TRUE;
  return FALSE;
}

char *
bs_sweep_list_set (const char *list, const char *token, gboolean on, const char *usual)
{
  g_auto (GStrv) tokens = g_strsplit (*list != '\0' ? list : usual, ",", -1);
  GString *text = g_string_new (NULL);

  for (guint i = 0; tokens[i] != NULL; i++)
    if (*g_strstrip (tokens[i]) != '\0' && !g_str_equal (tokens[i], token))
      g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "", tokens[i]);
  if (on)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "", token);
  if (g_str_equal (text->str, usual))
    g_string_truncate (text, 0);
  return g_string_free (text, FALSE);
}

BsSweepSettings *
bs_sweep_settings_with_cure (const BsSweepSettings *settings, const char *cure)
{
  BsPlan plan = settings->plan;
  g_autofree char *list = NULL;

  if (bs_correction_find (cure) != NULL)
    plan.corrections = list = bs_sweep_list_set (plan.corrections, cure, TRUE, "none");
  else if (g_str_equal (cure, "channel"))
    plan.scopes = list = bs_sweep_list_set (plan.scopes, cure, TRUE, "tensor");
  else if (bs_range_find (cure) != NULL)
    plan.ranges = list = bs_sweep_list_set (plan.ranges, cure, TRUE, "minmax");
  else
    plan.acts = list = bs_sweep_list_set (plan.acts, cure, TRUE, "");
  return bs_sweep_settings_new (&plan, &settings->effort, settings->edits);
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
  g_variant_unref (settings->edits);
  g_free (settings);
}

gboolean
bs_sweep_settings_equal (const BsSweepSettings *a, const BsSweepSettings *b)
{
  return g_str_equal (a->plan.weights, b->plan.weights) &&
         g_str_equal (a->plan.acts, b->plan.acts) && g_str_equal (a->plan.scopes, b->plan.scopes) &&
         g_str_equal (a->plan.ranges, b->plan.ranges) &&
         g_str_equal (a->plan.corrections, b->plan.corrections) &&
         a->effort.limit == b->effort.limit && a->effort.race == b->effort.race &&
         a->effort.latency == b->effort.latency && a->effort.cache_mib == b->effort.cache_mib &&
         g_variant_equal (a->edits, b->edits);
}

BsSweepSettings *
bs_sweep_settings_with_edit (const BsSweepSettings *settings, const char *layer, const char *spec)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key, *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_variant_iter_init (&iter, settings->edits);
  while (layer != NULL && g_variant_iter_next (&iter, "{&s&s}", &key, &value))
    if (!g_str_equal (key, layer))
      g_variant_builder_add (&builder, "{ss}", key, value);
  if (layer != NULL && spec != NULL)
    g_variant_builder_add (&builder, "{ss}", layer, spec);
  return bs_sweep_settings_new (&settings->plan, &settings->effort,
                                g_variant_builder_end (&builder));
}

const char *
bs_sweep_settings_edit (const BsSweepSettings *settings, const char *layer)
{
  const char *spec = NULL;

  return g_variant_lookup (settings->edits, layer, "&s", &spec) ? spec : NULL;
}

guint
bs_sweep_settings_n_edits (const BsSweepSettings *settings)
{
  return (guint) g_variant_n_children (settings->edits);
}
