/* A plan: the axes of a sweep and the configurations they span, coarse to fine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CONFIGS 100000

/* Splits "int2..int8:channel" into prefix, numbers and the rest; FALSE when the token is not a
 * range. */
static gboolean
split_range (const char *token, char **prefix, long *from, long *to, char **rest)
{
  const char *dots = strstr (token, "..");
  gsize digits = 0, stem;
  char *end;

  if (dots == NULL)
    return FALSE;
  while (dots - digits > token && isdigit ((unsigned char) dots[-1 - (gssize) digits]))
    digits++;
  stem = (gsize) (dots - token) - digits;
  if (digits == 0 || digits > 4)
    return FALSE;
  const char *second = dots + 2;
  if (strncmp (second, token, stem) == 0)
    second += stem;
  if (!isdigit ((unsigned char) *second))
    return FALSE;
  *from = strtol (token + stem, NULL, 10);
  *to = strtol (second, &end, 10);
  *prefix = g_strndup (token, stem);
  *rest = g_strdup (end);
  return TRUE;
}

/* Appends the specs of one token of a list: one, or one per width of a range. */
static gboolean
expand_token (const char *token, GArray *specs, GError **error)
{
  g_autofree char *prefix = NULL, *rest = NULL;
  long from, to;
  BsSpec spec;

  if (!split_range (token, &prefix, &from, &to, &rest)) {
    if (strstr (token, "..") != NULL) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                   "“%s” is not a range of widths; write it like int2..int8", token);
      return FALSE;
    }
    if (!bs_spec_parse (token, &spec, error))
      return FALSE;
    g_array_append_val (specs, spec);
    return TRUE;
  }
  if (from < 1 || to < 1 || from > 64 || to > 64) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "The range “%s” has widths outside 1 to 16 bits", token);
    return FALSE;
  }
  for (long bits = from;; bits += from <= to ? 1 : -1) {
    g_autofree char *text = g_strdup_printf ("%s%ld%s", prefix, bits, rest);
    if (!bs_spec_parse (text, &spec, error))
      return FALSE;
    g_array_append_val (specs, spec);
    if (bits == to)
      return TRUE;
  }
}

static GArray *
parse_specs (const char *list, const char *what, GError **error)
{
  g_autoptr (GArray) specs = g_array_new (FALSE, FALSE, sizeof (BsSpec));
  g_auto (GStrv) tokens = g_strsplit (list != NULL ? list : "", ",", -1);

  for (guint i = 0; tokens[i] != NULL; i++) {
    g_strstrip (tokens[i]);
    if (*tokens[i] != '\0' && !expand_token (tokens[i], specs, error))
      return NULL;
  }
  if (specs->len == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "The list of %s is empty; give specs like int2..int8 or float", what);
    return NULL;
  }
  return g_steal_pointer (&specs);
}

/* Every spec combined with every token of list ("tensor,channel" or "minmax,mse"); float specs stay
 * as they are. */
static GArray *
cross (GArray *specs, const char *list, GError **error)
{
  g_auto (GStrv) tokens = g_strsplit (list != NULL ? list : "", ",", -1);
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (BsSpec));
  guint n_tokens = 0;

  for (guint t = 0; tokens[t] != NULL; t++) {
    g_strstrip (tokens[t]);
    if (*tokens[t] == '\0')
      continue;
    n_tokens++;
    for (guint i = 0; i < specs->len; i++) {
      const BsSpec *spec = &g_array_index (specs, BsSpec, i);
      BsSpec combined = *spec;
      if (!bs_spec_is_float (spec)) {
        g_autofree char *text = bs_spec_to_string (spec);
        g_autofree char *longer = g_strdup_printf ("%s:%s", text, tokens[t]);
        if (!bs_spec_parse (longer, &combined, error))
          return NULL;
      }
      g_array_append_val (out, combined);
    }
  }
  return n_tokens == 0 ? g_array_ref (specs) : g_steal_pointer (&out);
}

GArray *
bs_plan_specs (const char *list,
               const char *scopes,
               const char *ranges,
               const char *what,
               GError **error)
{
  g_autoptr (GArray) listed = parse_specs (list, what, error);
  g_autoptr (GArray) scoped = listed != NULL ? cross (listed, scopes, error) : NULL;
  g_autoptr (GArray) ranged = scoped != NULL ? cross (scoped, ranges, error) : NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GArray *specs;

  if (ranged == NULL)
    return NULL;
  specs = g_array_new (FALSE, FALSE, sizeof (BsSpec));
  for (guint i = 0; i < ranged->len; i++)
    if (g_hash_table_add (seen, bs_spec_to_string (&g_array_index (ranged, BsSpec, i))))
      g_array_append_val (specs, g_array_index (ranged, BsSpec, i));
  return specs;
}

/* Position of i in the coarse-to-fine order of n values: first the ends, then halves, then quarters
 * … */
static guint
coarseness (guint i, guint n)
{
  guint level = 0;

  if (n <= 2 || i == 0 || i == n - 1)
    return 0;
  for (guint step = 1u << g_bit_nth_msf (n - 1, -1); step > 0; step /= 2) {
    level++;
    if (i % step == 0)
      return level;
  }
  return level;
}

typedef struct {
  guint coarse, order;
  BsConfig *config;
} Ranked;

static gint
compare_ranked (gconstpointer a, gconstpointer b)
{
  const Ranked *p = a, *q = b;

  if (p->coarse != q->coarse)
    return p->coarse < q->coarse ? -1 : 1;
  return p->order < q->order ? -1 : p->order > q->order;
}

static GPtrArray *
parse_corrections (const char *list)
{
  GPtrArray *sets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_auto (GStrv) tokens = g_strsplit (list != NULL ? list : "", ",", -1);

  for (guint i = 0; tokens[i] != NULL; i++) {
    g_strstrip (tokens[i]);
    if (g_str_equal (tokens[i], "none"))
      g_ptr_array_add (sets, g_new0 (char *, 1));
    else if (*tokens[i] != '\0')
      g_ptr_array_add (sets, g_strsplit (tokens[i], "+", -1));
  }
  if (sets->len == 0)
    g_ptr_array_add (sets, g_new0 (char *, 1));
  return sets;
}

GPtrArray *
bs_plan_configs (const BsPlan *plan, GError **error)
{
  g_autoptr (GArray) listed = parse_specs (plan->weights, "weights", error);
  g_autoptr (GArray) scoped = listed != NULL ? cross (listed, plan->scopes, error) : NULL;
  g_autoptr (GArray) weights = scoped != NULL ? cross (scoped, plan->ranges, error) : NULL;
  g_autoptr (GArray) acts = weights != NULL ? parse_specs (plan->acts, "activations", error) : NULL;
  g_autoptr (GPtrArray) sets = parse_corrections (plan->corrections);
  g_autoptr (GArray) ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) configs = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_config_unref);

  if (acts == NULL)
    return NULL;
  if ((guint64) weights->len * acts->len * sets->len > MAX_CONFIGS) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "The plan spans more than %d configurations",
                 MAX_CONFIGS);
    return NULL;
  }
  for (guint s = 0; s < sets->len; s++)
    for (guint a = 0; a < acts->len; a++)
      for (guint w = 0; w < weights->len; w++) {
        /* the listed widths are the innermost axis of weights: rank by their position in the list
         */
        Ranked r = { coarseness (w % listed->len, listed->len) + coarseness (a, acts->len),
                     ranked->len, NULL };
        r.config =
          bs_config_new (&g_array_index (weights, BsSpec, w), &g_array_index (acts, BsSpec, a),
                         NULL, (const char *const *) sets->pdata[s]);
        if (g_hash_table_contains (seen, r.config->key)) {
          bs_config_unref (r.config);
          continue;
        }
        g_hash_table_add (seen, r.config->key);
        g_array_append_val (ranked, r);
      }
  g_array_sort (ranked, compare_ranked);
  for (guint i = 0; i < ranked->len; i++)
    g_ptr_array_add (configs, g_array_index (ranked, Ranked, i).config);
  return g_steal_pointer (&configs);
}

static guint
width (const BsSpec *spec)
{
  return bs_spec_is_float (spec) ? 32 : spec->bits;
}

static gint
smaller_first (gconstpointer a, gconstpointer b)
{
  const BsConfig *p = *(BsConfig *const *) a, *q = *(BsConfig *const *) b;

  if (width (&p->weights) != width (&q->weights))
    return width (&p->weights) < width (&q->weights) ? -1 : 1;
  if (p->weights.scope != q->weights.scope) /* finer scopes have more scales */
    return p->weights.scope < q->weights.scope ? -1 : 1;
  if (p->weights.group != q->weights.group)
    return p->weights.group > q->weights.group ? -1 : 1;
  return (gint) width (&q->acts) - (gint) width (&p->acts);
}

void
bs_plan_sort_by_size (GPtrArray *configs)
{
  g_ptr_array_sort (configs, smaller_first); /* a stable sort */
}

char *
bs_plan_to_string (const BsPlan *plan)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "weights=%s acts=%s", plan->weights, plan->acts);
  if (plan->scopes != NULL && *plan->scopes != '\0')
    g_string_append_printf (text, " scope=%s", plan->scopes);
  if (plan->ranges != NULL && *plan->ranges != '\0')
    g_string_append_printf (text, " range=%s", plan->ranges);
  if (plan->corrections != NULL && *plan->corrections != '\0')
    g_string_append_printf (text, " corrections=%s", plan->corrections);
  return g_string_free (text, FALSE);
}
