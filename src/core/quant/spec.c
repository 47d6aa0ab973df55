/* Specs as text: parsing and printing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/spec.h"
#include "quant/encoding.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const scope_ids[] = { "model", "tensor", "channel", "group", "element", NULL };
static const char *const scale_ids[] = { "qmax", "half", "pow2n", NULL };
static const char *const store_ids[] = { "f32", "f16", "bf16", "f64", "pow2", NULL };
static const char *const round_ids[] = { "half-even", "half-away", "half-up",    "floor",
                                         "ceil",      "trunc",     "stochastic", NULL };
static const char *const arith_ids[] = { "f32", "f32mul", "f64", NULL };

#define TOKENS                                                                                     \
  "a scope (model, tensor, channel, group=N, element), a range (minmax, percentile=P, mse, kl, "   \
  "aciq, average=C, dynamic, "                                                                     \
  "fixed=A,B), affine, full, scale=, store=, round=, arith=, axis=N or seed=N"

typedef enum {
  GOT_SCOPE = 1 << 0,
  GOT_RANGE = 1 << 1,
  GOT_AXIS = 1 << 2,
  GOT_SCALE = 1 << 3,
  GOT_STORE = 1 << 4,
  GOT_ROUND = 1 << 5,
  GOT_ARITH = 1 << 6,
  GOT_SEED = 1 << 7,
  GOT_PARAM = 1 << 8
} Got;

gboolean
bs_spec_is_float (const BsSpec *spec)
{
  return spec->encoding == &bs_encoding_float;
}

static gboolean
has_dash (const BsEncoding *encoding)
{
  return encoding->family != BS_FAMILY_INTEGER; /* int4, but kmeans-4 */
}

/* parse_whole: text is one whole number in [min, max]. */
static gboolean
parse_whole (const char *text, gint64 min, gint64 max, gint64 *out)
{
  char *end;

  if (!g_ascii_isdigit (*text) && *text != '-')
    return FALSE;
  errno = 0;
  *out = g_ascii_strtoll (text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && *out >= min && *out <= max;
}

static gboolean
parse_double (const char *text, double *out)
{
  char *end;

  if (*text == '\0' || g_ascii_isspace (*text))
    return FALSE;
  *out = g_ascii_strtod (text, &end);
  return *end == '\0' && isfinite (*out);
}

static gint
index_of (const char *const *ids, const char *id)
{
  for (gint i = 0; ids[i] != NULL; i++)
    if (strcmp (ids[i], id) == 0)
      return i;
  return -1;
}

static void
set_default_params (const BsParam *params, double *values)
{
  for (guint i = 0; i < BS_MAX_PARAMS; i++)
    values[i] = 0;
  for (guint i = 0; params != NULL && params[i].key != NULL; i++)
    values[i] = params[i].def;
}

static gboolean
set_param (const BsParam *param, const char *text, double *value, GError **error)
{
  if (parse_double (text, value) && *value >= param->min && *value <= param->max &&
      (param->kind == BS_PARAM_DOUBLE || *value == floor (*value)))
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
               "“%s” is not a value for “%s”: %s from %g to %g is needed.", text, param->key,
               param->kind == BS_PARAM_INT ? "a whole number" : "a number", param->min, param->max);
  return FALSE;
}

/* name_encodings: for the message; (transfer full). */
static char *
name_encodings (void)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    const BsEncoding *e = bs_encodings[i];
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", e->id);
    if (e->min_bits != e->max_bits)
      g_string_append_printf (text, "%s%u…%u", has_dash (e) ? "-" : "", e->min_bits, e->max_bits);
  }
  return g_string_free (text, FALSE);
}

static gboolean
parse_encoding (const char *token, BsSpec *spec, GError **error)
{
  gint64 bits;

  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    const BsEncoding *e = bs_encodings[i];
    gsize length = strlen (e->id);
    if (strncmp (token, e->id, length) != 0)
      continue;
    const char *rest = token + length;
    if (e->min_bits == e->max_bits) {
      if (*rest != '\0')
        continue;
      bits = e->min_bits;
    } else {
      if (has_dash (e) && *rest++ != '-')
        continue;
      if (!g_ascii_isdigit (*rest))
        continue;
      if (!parse_whole (rest, e->min_bits, e->max_bits, &bits)) {
        g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                     "“%s” has no such width: %s%s%u to %s%s%u exist.", token, e->id,
                     has_dash (e) ? "-" : "", e->min_bits, e->id, has_dash (e) ? "-" : "",
                     e->max_bits);
        return FALSE;
      }
    }
    spec->encoding = e;
    spec->bits = (guint8) bits;
    spec->is_signed = e != &bs_encoding_uint;
    spec->affine = e == &bs_encoding_uint;
    spec->scope = e->block > 0 ? BS_SCOPE_GROUP : BS_SCOPE_TENSOR;
    spec->group = e->block;
    set_default_params (e->params, spec->encoding_params);
    return TRUE;
  }
  g_autofree char *names = name_encodings ();
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s” is not an encoding; these exist: %s.",
               token, names);
  return FALSE;
}

/* once: refuses a second token of the same kind. */
static gboolean
once (Got *got, Got kind, const char *token, GError **error)
{
  if ((*got & kind) != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "“%s” says again what an earlier token already said.", token);
    return FALSE;
  }
  *got |= kind;
  return TRUE;
}

static gboolean
parse_choice (const char *key, const char *value, const char *const *ids, gint *out, GError **error)
{
  *out = index_of (ids, value);
  if (*out >= 0)
    return TRUE;
  g_autofree char *all = g_strjoinv (", ", (char **) ids);
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s=%s”: these exist: %s.", key, value, all);
  return FALSE;
}

static gboolean
parse_range (const BsRange *range, const char *values, BsSpec *spec, GError **error)
{
  guint n = 0;

  spec->range = range;
  set_default_params (range->params, spec->range_params);
  if (values == NULL)
    return TRUE;
  g_auto (GStrv) parts = g_strsplit (values, ",", -1);
  for (; parts[n] != NULL; n++) {
    if (range->params == NULL || range->params[n].key == NULL) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s=%s”: the range “%s” takes %u values.",
                   range->id, values, range->id, n);
      return FALSE;
    }
    if (!set_param (&range->params[n], parts[n], &spec->range_params[n], error)) {
      g_prefix_error (error, "“%s=%s”: ", range->id, values);
      return FALSE;
    }
  }
  return TRUE;
}

/* parse_keyed: key=value tokens other than ranges; FALSE without error when the key is unknown. */
static gboolean
parse_keyed (const char *key,
             const char *value,
             BsSpec *spec,
             Got *got,
             gboolean *known,
             GError **error)
{
  static const struct {
    const char *key;
    const char *const *ids;
    Got kind;
  } choices[] = {
    { "scale", scale_ids, GOT_SCALE },
    { "store", store_ids, GOT_STORE },
    { "round", round_ids, GOT_ROUND },
    { "arith", arith_ids, GOT_ARITH },
  };
  gint64 number;
  gint choice;

  *known = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    if (strcmp (key, choices[i].key) != 0)
      continue;
    if (!once (got, choices[i].kind, key, error) ||
        !parse_choice (key, value, choices[i].ids, &choice, error))
      return FALSE;
    if (choices[i].kind == GOT_SCALE)
      spec->scale_rule = (BsScaleRule) choice;
    else if (choices[i].kind == GOT_STORE)
      spec->store = (BsScaleStore) choice;
    else if (choices[i].kind == GOT_ROUND)
      spec->rounding = (BsRounding) choice;
    else
      spec->arith = (BsArith) choice;
    return TRUE;
  }
  if (strcmp (key, "group") == 0) {
    if (!once (got, GOT_SCOPE, key, error))
      return FALSE;
    if (!parse_whole (value, 1, G_MAXINT, &number)) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                   "“group=%s”: a group needs a whole number of at least 1 value.", value);
      return FALSE;
    }
    spec->scope = BS_SCOPE_GROUP;
    spec->group = (guint) number;
    return TRUE;
  }
  if (strcmp (key, "axis") == 0) {
    if (!once (got, GOT_AXIS, key, error))
      return FALSE;
    if (!parse_whole (value, -8, 7, &number)) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                   "“axis=%s”: a whole number from −8 to 7 is needed.", value);
      return FALSE;
    }
    spec->axis = (gint) number;
    return TRUE;
  }
  if (strcmp (key, "seed") == 0) {
    if (!once (got, GOT_SEED, key, error))
      return FALSE;
    if (!parse_whole (value, 0, G_MAXINT64, &number)) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“seed=%s”: a whole number from 0 is needed.",
                   value);
      return FALSE;
    }
    spec->seed = (guint64) number;
    return TRUE;
  }
  const BsParam *params = spec->encoding->params;
  for (guint i = 0; params != NULL && params[i].key != NULL; i++)
    if (strcmp (key, params[i].key) == 0)
      return set_param (&params[i], value, &spec->encoding_params[i], error);
  *known = FALSE;
  return FALSE;
}

static gboolean
parse_token (const char *token, BsSpec *spec, Got *got, GError **error)
{
  const char *equals = strchr (token, '=');
  g_autofree char *key =
    equals != NULL ? g_strndup (token, (gsize) (equals - token)) : g_strdup (token);
  const char *value = equals != NULL ? equals + 1 : NULL;
  const BsRange *range = bs_range_find (key);
  gint scope = value == NULL ? index_of (scope_ids, token) : -1;
  gboolean known;

  if (scope >= 0 && scope != BS_SCOPE_GROUP) {
    if (!once (got, GOT_SCOPE, token, error))
      return FALSE;
    spec->scope = (BsScope) scope;
    return TRUE;
  }
  if (range != NULL)
    return once (got, GOT_RANGE, token, error) && parse_range (range, value, spec, error);
  if (strcmp (token, "affine") == 0 && spec->encoding->family == BS_FAMILY_INTEGER) {
    spec->affine = TRUE;
    return TRUE;
  }
  if (strcmp (token, "full") == 0 && spec->encoding == &bs_encoding_int) {
    spec->full = TRUE;
    return TRUE;
  }
  if (value != NULL) {
    if (parse_keyed (key, value, spec, got, &known, error))
      return TRUE;
    if (known)
      return FALSE;
  }
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
               "“%s” is not understood; after “%s” may stand " TOKENS ".", token,
               spec->encoding->id);
  return FALSE;
}

/* normalize: drops what has no meaning for the encoding, so that equal specs have equal texts. */
static void
normalize (BsSpec *spec)
{
  BsEncodingFlags flags = spec->encoding->flags;
  gboolean integer = spec->encoding->family == BS_FAMILY_INTEGER;

  if (bs_spec_is_float (spec))
    spec->scope = BS_SCOPE_TENSOR;
  if ((flags & BS_ENCODING_BLOCK_FIXED) != 0 ||
      ((flags & BS_ENCODING_BLOCKS_ONLY) != 0 && spec->scope != BS_SCOPE_GROUP)) {
    spec->scope = BS_SCOPE_GROUP;
    spec->group = spec->encoding->block;
  }
  if (spec->scope != BS_SCOPE_GROUP)
    spec->group = 0;
  if (spec->scope != BS_SCOPE_GROUP && spec->scope != BS_SCOPE_CHANNEL)
    spec->axis = BS_AXIS_AUTO;
  if ((flags & BS_ENCODING_OWN_RANGE) != 0) {
    spec->range = &bs_range_minmax;
    set_default_params (spec->range->params, spec->range_params);
  }
  if ((flags & BS_ENCODING_OWN_SCALE) != 0)
    spec->store = BS_STORE_F32;
  if (!integer) {
    spec->rounding = BS_ROUND_HALF_EVEN;
    spec->arith = BS_ARITH_F32;
  }
  if (!integer || spec->affine)
    spec->scale_rule = BS_SCALE_QMAX;
  if (spec->rounding != BS_ROUND_STOCHASTIC)
    spec->seed = 0;
}

gboolean
bs_spec_parse (const char *text, BsSpec *spec, GError **error)
{
  g_auto (GStrv) tokens = g_strsplit (text, ":", -1);
  Got got = 0;

  memset (spec, 0, sizeof *spec);
  spec->axis = BS_AXIS_AUTO;
  spec->range = &bs_range_minmax;
  if (tokens[0] == NULL || tokens[0][0] == '\0') {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "A spec begins with an encoding, as in “int8:channel”.");
    return FALSE;
  }
  if (!parse_encoding (tokens[0], spec, error))
    return FALSE;
  for (guint i = 1; tokens[i] != NULL; i++)
    if (!parse_token (tokens[i], spec, &got, error)) {
      g_prefix_error (error, "Spec “%s”: ", text);
      return FALSE;
    }
  if (spec->full && spec->affine) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "Spec “%s”: affine codes always use the full range; leave “full” out.", text);
    return FALSE;
  }
  gint32 qmin, qmax;
  if (bs_spec_integer_codes (spec, &qmin, &qmax) && !spec->affine && qmax < 1) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "Spec “%s”: symmetric integers of 1 bit have no code but 0; use “binary”, "
                 "“int1:affine” or “uint1”.",
                 text);
    return FALSE;
  }
  if (spec->range->params != NULL && strcmp (spec->range->id, "fixed") == 0 &&
      spec->range_params[0] >= spec->range_params[1]) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "Spec “%s”: the low end of “fixed” must be below the high end.", text);
    return FALSE;
  }
  if (spec->range->at_run_time && spec->scope == BS_SCOPE_MODEL) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "Spec “%s”: a range found while the network runs is one tensor's own; leave "
                 "“model” or “%s” out.",
                 text, spec->range->id);
    return FALSE;
  }
  normalize (spec);
  return TRUE;
}

/* append_number: the shortest text that reads back as the same double. */
static void
append_number (GString *text, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  static const char *const formats[] = { "%.6g", "%.15g", "%.16g", "%.17g" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_ascii_strtod (g_ascii_formatd (buffer, sizeof buffer, formats[i], value), NULL) == value)
      break;
  g_string_append (text, buffer);
}

static void
append_range (GString *text, const BsSpec *spec)
{
  const BsParam *params = spec->range->params;

  g_string_append_printf (text, ":%s", spec->range->id);
  for (guint i = 0; params != NULL && params[i].key != NULL; i++) {
    g_string_append_c (text, i == 0 ? '=' : ',');
    append_number (text, spec->range_params[i]);
  }
}

char *
bs_spec_to_string (const BsSpec *spec)
{
  const BsEncoding *e = spec->encoding;
  GString *text = g_string_new (e->id);

  if (e->min_bits != e->max_bits)
    g_string_append_printf (text, "%s%u", has_dash (e) ? "-" : "", spec->bits);
  if (spec->affine && spec->is_signed)
    g_string_append (text, ":affine");
  if (spec->full)
    g_string_append (text, ":full");
  if (spec->scope == BS_SCOPE_GROUP) {
    if (spec->group != e->block)
      g_string_append_printf (text, ":group=%u", spec->group);
  } else if (e->block > 0 || spec->scope != BS_SCOPE_TENSOR) {
    g_string_append_printf (text, ":%s", scope_ids[spec->scope]);
  }
  if (spec->axis != BS_AXIS_AUTO)
    g_string_append_printf (text, ":axis=%d", spec->axis);
  if (spec->range != &bs_range_minmax)
    append_range (text, spec);
  if (spec->scale_rule != BS_SCALE_QMAX)
    g_string_append_printf (text, ":scale=%s", scale_ids[spec->scale_rule]);
  if (spec->store != BS_STORE_F32)
    g_string_append_printf (text, ":store=%s", store_ids[spec->store]);
  if (spec->rounding != BS_ROUND_HALF_EVEN)
    g_string_append_printf (text, ":round=%s", round_ids[spec->rounding]);
  if (spec->arith != BS_ARITH_F32)
    g_string_append_printf (text, ":arith=%s", arith_ids[spec->arith]);
  if (spec->seed != 0)
    g_string_append_printf (text, ":seed=%" G_GUINT64_FORMAT, spec->seed);
  for (guint i = 0; e->params != NULL && e->params[i].key != NULL; i++)
    if (spec->encoding_params[i] != e->params[i].def) {
      g_string_append_printf (text, ":%s=", e->params[i].key);
      append_number (text, spec->encoding_params[i]);
    }
  return g_string_free (text, FALSE);
}
