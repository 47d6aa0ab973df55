/* The options that say what a network should become, and the description of all methods from the
 * tables. SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/config_options.h"

#include "quant/correction.h"
#include "quant/encoding.h"
#include "quant/range.h"

BsConfig *
bs_config_from_options (const char *weights, const char *acts, const char *config, GError **error)
{
  static const char *const no_corrections[] = { NULL };
  BsSpec weight_spec, act_spec;

  if (config != NULL) {
    if (weights != NULL || acts != NULL) {
      bs_cli_usage (error, _ ("Please give either --config or --weights and --acts"));
      return NULL;
    }
    return bs_config_load (config, error);
  }
  if (!bs_spec_parse (weights != NULL ? weights : "float", &weight_spec, error) ||
      !bs_spec_parse (acts != NULL ? acts : "float", &act_spec, error)) {
    bs_cli_as_usage (error);
    return NULL;
  }
  return bs_config_new (&weight_spec, &act_spec, NULL, no_corrections);
}

static void
append_params (GString *text, const BsParam *params)
{
  for (const BsParam *p = params; p != NULL && p->key != NULL; p++)
    g_string_append_printf (text, "      %s: %s, %g … %g, default %g\n", p->key, _ (p->title),
                            p->min, p->max, p->def);
}

char *
bs_specs_description (void)
{
  GString *text = g_string_new (_ ("A spec is ENCODING[:SCOPE][:RANGE][:OPTION…], for example "
                                   "int4:group=32:mse.\n\nEncodings:\n"));

  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    const BsEncoding *e = bs_encodings[i];

    g_string_append_printf (text, "  %s — %s. %s\n", e->id, _ (e->title),
                            e->description != NULL ? _ (e->description) : "");
    append_params (text, e->params);
  }
  g_string_append (
    text, _ ("\nScopes, from global to local: model, tensor (default), channel, group=N, element\n"
             "\nRange rules:\n"));
  for (guint i = 0; bs_ranges[i] != NULL; i++) {
    const BsRange *r = bs_ranges[i];

    g_string_append_printf (text, "  %s — %s. %s\n", r->id, _ (r->title),
                            r->description != NULL ? _ (r->description) : "");
    append_params (text, r->params);
  }
  g_string_append (text,
                   _ ("\nOptions: affine, full, scale=qmax|half|pow2n, store=f32|f16|bf16|pow2, "
                      "round=half-even|half-away|half-up|floor|ceil|trunc|stochastic, "
                      "arith=f32|f32mul|f64, axis=N\n"));
  g_string_append (text, _ ("\nCorrections, in the order they are applied:\n"));
  for (guint i = 0; bs_corrections[i] != NULL; i++) {
    const BsCorrection *c = bs_corrections[i];

    g_string_append_printf (text, "  %s — %s. %s\n", c->id, _ (c->title), _ (c->description));
    append_params (text, c->params);
  }
  return g_string_free (text, FALSE);
}
