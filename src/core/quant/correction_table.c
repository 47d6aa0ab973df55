/* The table of corrections, in the order they are applied, and their names as text.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <math.h>
#include <string.h>

extern const BsCorrection bs_correction_fold_bn, bs_correction_equalize, bs_correction_smoothquant,
  bs_correction_awq;
extern const BsCorrection bs_correction_prune, bs_correction_prune_n_of_m, bs_correction_bias;

const BsCorrection *const bs_corrections[] = {
  &bs_correction_fold_bn,     &bs_correction_equalize,
  &bs_correction_smoothquant, &bs_correction_awq,
  &bs_correction_prune,       &bs_correction_prune_n_of_m,
  &bs_correction_adaround,    &bs_correction_gptq,
  &bs_correction_bias,        NULL,
};

const BsCorrection *
bs_correction_find (const char *id)
{
  for (guint i = 0; bs_corrections[i] != NULL; i++)
    if (strcmp (bs_corrections[i]->id, id) == 0)
      return bs_corrections[i];
  return NULL;
}

static gboolean
parse_param (const BsParam *param, const char *text, double *value)
{
  char *end;

  *value = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && *value >= param->min && *value <= param->max &&
         (param->kind == BS_PARAM_DOUBLE || *value == floor (*value));
}

gboolean
bs_correction_parse (const char *text, const BsCorrection **row, double *params, GError **error)
{
  const char *equals = strchr (text, '=');
  g_autofree char *id =
    equals != NULL ? g_strndup (text, (gsize) (equals - text)) : g_strdup (text);
  guint n_params = 0;

  *row = bs_correction_find (id);
  if (*row == NULL) {
    GString *all = g_string_new (NULL);
    for (guint i = 0; bs_corrections[i] != NULL; i++)
      g_string_append_printf (all, "%s%s", i > 0 ? ", " : "", bs_corrections[i]->id);
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s” is not a correction; these exist: %s.",
                 id, all->str);
    g_string_free (all, TRUE);
    return FALSE;
  }
  memset (params, 0, BS_MAX_PARAMS * sizeof *params);
  for (; (*row)->params != NULL && (*row)->params[n_params].key != NULL; n_params++)
    params[n_params] = (*row)->params[n_params].def;
  if (equals == NULL)
    return TRUE;
  g_auto (GStrv) parts = g_strsplit (equals + 1, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++) {
    if (i >= n_params) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s”: the correction “%s” takes %u values.",
                   text, id, n_params);
      return FALSE;
    }
    const BsParam *param = &(*row)->params[i];
    if (!parse_param (param, parts[i], &params[i])) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s”: “%s” must be a number from %g to %g.",
                   text, param->key, param->min, param->max);
      return FALSE;
    }
  }
  return TRUE;
}
