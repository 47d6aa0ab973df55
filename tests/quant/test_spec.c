/* Tests of specs and configurations as text: round trips, defaults, refusals.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/config.h"
#include "quant/encoding.h"
#include "quant/range.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_canonical (void)
{
  static const char *const pairs[][2] = {
    { "int4:group=32:mse", NULL },
    { "int8", NULL },
    { "int8:tensor:minmax:scale=qmax:store=f32:round=half-even:arith=f32", "int8" },
    { "uint8:percentile=99.99:tensor", "uint8:percentile=99.99" },
    { "uint8:affine", "uint8" },
    { "int4:channel:affine", "int4:affine:channel" },
    { "int8:full:scale=half:store=f16:round=stochastic:seed=7:arith=f64:axis=1:channel",
      "int8:full:channel:axis=1:scale=half:store=f16:round=stochastic:arith=f64:seed=7" },
    { "uint8:fixed=-1,0.1", NULL },
    { "uint8:average", "uint8:average=0.01" },
    { "uint8:dynamic", NULL },
    { "float:channel:mse", "float" },
    { "int8:element", NULL },
    { "int8:model", NULL },
    { "int8:seed=3", "int8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    BsSpec spec, again;
    g_autoptr (GError) error = NULL;
    g_assert_true (bs_spec_parse (pairs[i][0], &spec, &error));
    g_assert_no_error (error);
    g_autofree char *text = bs_spec_to_string (&spec);
    g_assert_cmpstr (text, ==, pairs[i][1] != NULL ? pairs[i][1] : pairs[i][0]);
    g_assert_true (bs_spec_parse (text, &again, &error));
    g_assert_true (again.encoding == spec.encoding && again.range == spec.range &&
                   again.bits == spec.bits);
    g_assert_cmpmem (again.range_params, sizeof again.range_params, spec.range_params,
                     sizeof spec.range_params);
    g_assert_cmpint (again.scope, ==, spec.scope);
  }
}

static void
test_refused (void)
{
  static const char *const texts[] = {
    "",
    ":",
    "int",
    "int0",
    "int17",
    "uint17",
    "int1",
    "int1:full",
    "uint8:full",
    "int8:affine:full",
    "int8:group=0",
    "int8:group",
    "int8:group=-1",
    "int8:group=4x",
    "int8:channel:tensor",
    "int8:mse:minmax",
    "int8:percentile=101",
    "int8:percentile=x",
    "int8:fixed=1,0",
    "int8:fixed=1,2,3",
    "int8:scale=other",
    "int8:axis=99",
    "int8:nonsense",
    "uint8:model:dynamic",
    "int8:nonsense=1",
    "int8:percentile=nan",
    "int99999999999999999999",
    "int8::mse",
    "float8",
    "int8:seed=-1",
    "int8 ",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    BsSpec spec;
    g_autoptr (GError) error = NULL;
    if (bs_spec_parse (texts[i], &spec, &error))
      g_error ("“%s” was accepted", texts[i]);
    g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
    g_assert_cmpuint (strlen (error->message), >, 10);
  }
}

/* Every row of both tables can be written in a spec and is described. */
static void
test_tables (void)
{
  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    const BsEncoding *e = bs_encodings[i];
    g_assert_true (bs_encoding_find (e->id) == e);
    g_assert_cmpuint (strlen (e->description), >, 60);
    g_assert_nonnull (e->title);
    for (guint bits = e->min_bits; bits <= e->max_bits; bits++) {
      BsSpec spec = {
        .encoding = e, .bits = (guint8) bits, .range = &bs_range_minmax, .axis = BS_AXIS_AUTO
      };
      spec.is_signed = e != &bs_encoding_uint;
      spec.affine = !spec.is_signed || (e == &bs_encoding_int && bits == 1);
      spec.scope = e->block > 0 ? BS_SCOPE_GROUP : BS_SCOPE_TENSOR;
      spec.group = e->block;
      for (guint p = 0; e->params != NULL && e->params[p].key != NULL; p++)
        spec.encoding_params[p] = e->params[p].def;
      g_autofree char *text = bs_spec_to_string (&spec);
      BsSpec parsed;
      g_autoptr (GError) error = NULL;
      g_assert_true (bs_spec_parse (text, &parsed, &error));
      g_assert_true (parsed.encoding == e && parsed.bits == bits && parsed.scope == spec.scope);
    }
  }
  for (guint i = 0; bs_ranges[i] != NULL; i++) {
    BsSpec spec;
    g_autofree char *text = g_strconcat ("int8:", bs_ranges[i]->id, NULL);
    g_assert_true (bs_spec_parse (text, &spec, NULL));
    g_assert_true (spec.range == bs_ranges[i]);
    g_assert_cmpuint (strlen (bs_ranges[i]->description), >, 60);
  }
}

#define EXAMPLE                                                                                    \
  "{ \"bitstair\": 1, \"weights\": \"int8:channel\", \"acts\": "                                   \
  "\"uint8:tensor:percentile=99.99\",\n"                                                           \
  "  \"layers\": { \"conv1\": { \"weights\": \"int4:group=32:mse\", \"acts\": \"float\" },\n"      \
  "    \"a\\\"b\": { \"weights\": \"int8:channel:minmax\" } },\n"                                  \
  "  \"corrections\": [\"fold-bn\", \"equalize\", \"bias\"] }"

static void
test_config (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsConfig) config = bs_config_parse (EXAMPLE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (config->text, ==,
                   "{\"bitstair\":1,\"weights\":\"int8:channel\",\"acts\":\"uint8:percentile=99."
                   "99\",\"layers\":{\"conv1\":{"
                   "\"weights\":\"int4:group=32:mse\",\"acts\":\"float\"}},\"corrections\":[\"fold-"
                   "bn\",\"equalize\","
                   "\"bias\"]}");
  g_assert_cmpint (bs_config_weights (config, "conv1")->bits, ==, 4);
  g_assert_true (bs_spec_is_float (bs_config_acts (config, "conv1")));
  g_assert_cmpint (bs_config_weights (config, "conv2")->bits, ==, 8);
  g_assert_cmpstr (config->corrections[2], ==, "bias");

  g_autoptr (BsConfig) again = bs_config_parse (config->text, &error);
  g_assert_cmpstr (again->key, ==, config->key);

  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "bitstair-config-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (bs_config_save (config, path, &error));
  g_autoptr (BsConfig) loaded = bs_config_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (loaded->key, ==, config->key);
  g_unlink (path);
}

static void
test_config_refused (void)
{
  static const char *const texts[] = {
    "",
    "[]",
    "{",
    "{}",
    "{\"bitstair\":2}",
    "{\"bitstair\":\"1\"}",
    "{\"bitstair\":1,\"weights\":8}",
    "{\"bitstair\":1,\"weights\":\"int99\"}",
    "{\"bitstair\":1,\"layers\":[]}",
    "{\"bitstair\":1,\"layers\":{\"a\":1}}",
    "{\"bitstair\":1,\"layers\":{\"a\":{\"acts\":null}}}",
    "{\"bitstair\":1,\"weight\":\"int8\"}",
    "{\"bitstair\":1,\"layers\":{\"a\":{\"act\":\"uint8\"}}}",
    "{\"bitstair\":1,\"corrections\":\"bias\"}",
    "{\"bitstair\":1,\"corrections\":[1]}",
    "{\"bitstair\":1,\"corrections\":[\"magic\"]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (bs_config_parse (texts[i], &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  }
  g_autoptr (GError) error = NULL;
  g_assert_null (bs_config_load ("/nonexistent/config.json", &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_IO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spec/canonical", test_canonical);
  g_test_add_func ("/spec/refused", test_refused);
  g_test_add_func ("/spec/tables", test_tables);
  g_test_add_func ("/config/text", test_config);
  g_test_add_func ("/config/refused", test_config_refused);
  return g_test_run ();
}
