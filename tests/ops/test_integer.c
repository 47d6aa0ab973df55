/* Tests of ONNX's integer products against their definition in 64 bits, and of which way they ran.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"
#include "ops/integer.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

#define MAX_IN 9

/* One random call of one of the four operators. */
typedef struct {
  GRand *rand;
  BsValue in[MAX_IN];
  guint n_in;
  gboolean quantized;
  gint group, stride, dilation, pad; /* convolutions; the same in all directions */
  gint weight_kind;                  /* 0 random; else all weights are the highest code */
} Case;

static BsValue *
add (Case *c, BsDtype dtype, guint n_dims, const gint64 *dims)
{
  BsValue *value = &c->in[c->n_in++];

  *value = (BsValue){ .dtype = dtype, .n_dims = n_dims };
  memcpy (value->dims, dims, n_dims * sizeof *dims);
  g_assert_true (bs_value_alloc (value));
  return value;
}

static BsDtype
either (Case *c)
{
  return g_rand_boolean (c->rand) ? BS_DTYPE_U8 : BS_DTYPE_I8;
}

static void
add_codes (Case *c, BsDtype dtype, guint n_dims, const gint64 *dims)
{
  BsValue *value = add (c, dtype, n_dims, dims);

  for (gsize i = 0; i < bs_value_count (value); i++)
    ((guint8 *) value->data)[i] = (guint8) g_rand_int_range (c->rand, 0, 256);
}

static void
add_scales (Case *c, gint64 n)
{
  BsValue *value = add (c, BS_DTYPE_F32, n > 1 ? 1 : 0, &n);

  for (gsize i = 0; i < bs_value_count (value); i++)
    ((float *) value->data)[i] = (float) g_rand_double_range (c->rand, 0.01, 0.02);
}

/* Operands in the order of the operator; n: output channels. */
static void
add_operands (Case *c, guint a_dims, const gint64 *a, guint b_dims, const gint64 *b, gint64 n)
{
  BsDtype a_type = either (c), b_type = either (c);
  gint64 channels = g_rand_boolean (c->rand) ? n : 1, one = 1;
  guint zero_dims = channels > 1 ? 1 : 0;

  add_codes (c, a_type, a_dims, a);
  if (c->quantized) {
    add_scales (c, 1);
    add_codes (c, a_type, 0, &one);
  }
  add_codes (c, b_type, b_dims, b);
  if (c->weight_kind != 0) {
    BsValue *value = &c->in[c->n_in - 1];
    memset (value->data, b_type == BS_DTYPE_U8 ? 255 : 127, bs_value_count (value));
  }
  if (!c->quantized) {
    add_codes (c, a_type, 0, &one);
    add_codes (c, b_type, zero_dims, &channels);
    return;
  }
  add_scales (c, channels);
  add_codes (c, b_type, zero_dims, &channels);
  add_scales (c, 1);
  *(float *) c->in[c->n_in - 1].data *= 100;
  add_codes (c, either (c), 0, &one);
}

static void
set_int (BsNode *node, const char *name, gint value)
{
  bs_node_add_attr (node, name, BS_ATTR_INT)->i = value;
}

static void
set_ints (BsNode *node, const char *name, gint value, guint n)
{
  BsAttr *attr = bs_node_add_attr (node, name, BS_ATTR_INTS);

  attr->n = n;
  attr->ints = g_new (gint64, n);
  for (guint i = 0; i < n; i++)
    attr->ints[i] = value;
}

/* Calls the operator; returns the output and through on_kernels by which way. */
static BsValue
call (Case *c, const char *type, guint n_spatial, gboolean *on_kernels)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("case", "test");
  g_autoptr (GError) error = NULL;
  const BsValue *inputs[MAX_IN];
  guint tensors[MAX_IN], output;
  guint64 kernels[2], plain[2];
  BsValue out;
  BsNode *node;

  for (guint i = 0; i < c->n_in; i++) {
    g_autofree char *name = g_strdup_printf ("in%u", i);
    tensors[i] = bs_model_builder_tensor (builder, name);
    bs_model_builder_input (builder, tensors[i]);
    inputs[i] = &c->in[i];
  }
  output = bs_model_builder_tensor (builder, "out");
  node = bs_model_builder_node (builder, type, "", type, tensors, c->n_in, &output, 1);
  if (n_spatial > 0) {
    set_int (node, "group", c->group);
    set_ints (node, "strides", c->stride, n_spatial);
    set_ints (node, "dilations", c->dilation, n_spatial);
    set_ints (node, "pads", c->pad, 2 * n_spatial);
  }
  bs_model_builder_output (builder, output);
  g_autoptr (BsModel) model = bs_model_builder_finish (builder, &error);
  g_assert_no_error (error);
  bs_integer_paths (&kernels[0], &plain[0]);
  bs_call_once (model, &model->nodes[0], inputs, &out, &error);
  g_assert_no_error (error);
  bs_integer_paths (&kernels[1], &plain[1]);
  g_assert_cmpuint (kernels[1] + plain[1], >, kernels[0] + plain[0]);
  *on_kernels = plain[1] == plain[0];
  return out;
}

static gint
code (const BsValue *value, gsize i)
{
  return value->dtype == BS_DTYPE_I8 ? ((const gint8 *) value->data)[i]
                                     : ((const guint8 *) value->data)[i];
}

/* The operands by name, whatever the operator's order. */
static const BsValue *
operand (const Case *c, const char *name)
{
  static const char *const names[2][MAX_IN] = {
    { "a", "b", "az", "bz" }, { "a", "as", "az", "b", "bs", "bz", "ys", "yz", "bias" }
  };

  for (guint i = 0; i < c->n_in; i++)
    if (g_str_equal (names[c->quantized][i], name))
      return &c->in[i];
  return NULL;
}

static void
check (const Case *c, const BsValue *out, gsize at, gsize channel, gint64 sum, const char *what)
{
  if (!c->quantized) {
    g_assert_cmpint (((const gint32 *) out->data)[at], ==, (gint32) sum);
    return;
  }
  const BsValue *scales = operand (c, "bs"), *bias = operand (c, "bias");
  float b_scale = ((const float *) scales->data)[bs_value_count (scales) > 1 ? channel : 0];
  float m = *(const float *) operand (c, "as")->data * b_scale;
  float level;

  m = m / *(const float *) operand (c, "ys")->data;
  if (bias != NULL)
    sum += ((const gint32 *) bias->data)[channel];
  level = rintf ((float) sum * m) + (float) code (operand (c, "yz"), 0);
  level = out->dtype == BS_DTYPE_I8 ? CLAMP (level, -128, 127) : CLAMP (level, 0, 255);
  if (code (out, at) != (gint) level)
    g_error ("%s: element %zu is %d, not %g", what, at, code (out, at), (double) level);
}

static gint
zero (const BsValue *value, gsize channel)
{
  return code (value, bs_value_count (value) > 1 ? channel : 0);
}

static void
finish (Case *c, BsValue *out)
{
  for (guint i = 0; i < c->n_in; i++)
    bs_value_clear (&c->in[i]);
  bs_value_clear (out);
}

/* Batches of A meet one B or batches of B. */
static void
product (GRand *rand,
         gint64 m,
         gint64 k,
         gint64 n,
         gint64 batch,
         gint kind,
         gboolean expect_kernels)
{
  Case c = { .rand = rand, .quantized = g_rand_boolean (rand), .weight_kind = kind };
  gboolean many_b = batch > 1 && g_rand_boolean (rand), on_kernels;
  gint64 a[3] = { batch, m, k }, b[3] = { batch, k, n };
  BsValue out;

  add_operands (&c, 3, a, many_b ? 3 : 2, many_b ? b : b + 1, n);
  out = call (&c, c.quantized ? "QLinearMatMul" : "MatMulInteger", 0, &on_kernels);
  g_assert_cmpint (on_kernels, ==, expect_kernels);
  for (gint64 at = 0; at < batch * m * n; at++) {
    gint64 image = at / (m * n), i = at / n % m, j = at % n, sum = 0;
    for (gint64 l = 0; l < k; l++)
      sum += (code (operand (&c, "a"), (gsize) ((image * m + i) * k + l)) -
              code (operand (&c, "az"), 0)) *
             (code (operand (&c, "b"), (gsize) (((many_b ? image : 0) * k + l) * n + j)) -
              zero (operand (&c, "bz"), (gsize) j));
    check (&c, &out, (gsize) at, (gsize) j, sum, "product");
  }
  finish (&c, &out);
}

static void
test_products (void)
{
  GRand *rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < 120; i++)
    product (rand, g_rand_int_range (rand, 1, 20), g_rand_int_range (rand, 1, i % 4 ? 40 : 300),
             g_rand_int_range (rand, 1, 40), g_rand_int_range (rand, 1, i % 5 ? 3 : 30), 0, TRUE);
  /* Sums that may leave 32 bits: the kernels refuse. */
  product (rand, 1, 140000, 1, 1, 1, FALSE);
  g_rand_free (rand);
}

static void
convolution (GRand *rand, guint n_spatial)
{
  Case c = { .rand = rand, .quantized = g_rand_boolean (rand) };
  gint64 a[5] = { g_rand_int_range (rand, 1, 4) }, b[5], spatial = 1, pixels = 1, taps = 1;
  gint depth = g_rand_int_range (rand, 1, 5), maps = g_rand_int_range (rand, 1, 6);
  gboolean on_kernels;
  BsValue out;

  c.group = g_rand_boolean (rand) ? 1 : g_rand_int_range (rand, 1, 9);
  if (g_rand_boolean (rand))
    depth = maps = 1; /* depthwise, when there are groups */
  c.stride = g_rand_int_range (rand, 1, 3);
  c.dilation = g_rand_int_range (rand, 1, 3);
  c.pad = g_rand_int_range (rand, 0, 3);
  a[1] = depth * c.group;
  b[0] = maps * c.group;
  b[1] = depth;
  for (guint d = 0; d < n_spatial; d++) {
    b[d + 2] = g_rand_int_range (rand, 1, 4);
    a[d + 2] = (b[d + 2] - 1) * c.dilation + g_rand_int_range (rand, 1, 8);
    pixels *= a[d + 2];
    taps *= b[d + 2];
  }
  add_operands (&c, n_spatial + 2, a, n_spatial + 2, b, b[0]);
  if (c.quantized && g_rand_boolean (rand)) {
    BsValue *bias = add (&c, BS_DTYPE_I32, 1, b);
    for (gsize i = 0; i < bs_value_count (bias); i++)
      ((gint32 *) bias->data)[i] = g_rand_int_range (rand, -9000, 9000);
  }
  out = call (&c, c.quantized ? "QLinearConv" : "ConvInteger", n_spatial, &on_kernels);
  g_assert_cmpint (on_kernels, ==, n_spatial < 3);
  for (guint d = 0; d < n_spatial; d++)
    spatial *= out.dims[d + 2];
  for (gint64 at = 0; at < a[0] * b[0] * spatial; at++) {
    gint64 image = at / (b[0] * spatial), map = at / spatial % b[0], sum = 0;
    for (gint64 t = 0; t < taps; t++) {
      gint64 from = 0, step = 1, out_rest = at % spatial, tap_rest = t;
      gboolean inside = TRUE;
      for (guint d = n_spatial; d-- > 0;) {
        gint64 x = out_rest % out.dims[d + 2] * c.stride + tap_rest % b[d + 2] * c.dilation - c.pad;
        out_rest /= out.dims[d + 2];
        tap_rest /= b[d + 2];
        inside = inside && x >= 0 && x < a[d + 2];
        from += x * step;
        step *= a[d + 2];
      }
      for (gint64 l = 0; inside && l < depth; l++)
        sum += (code (operand (&c, "a"),
                      (gsize) ((image * a[1] + map / maps * depth + l) * pixels + from)) -
                code (operand (&c, "az"), 0)) *
               (code (operand (&c, "b"), (gsize) ((map * depth + l) * taps + t)) -
                zero (operand (&c, "bz"), (gsize) map));
    }
    check (&c, &out, (gsize) at, (gsize) map, sum, "convolution");
  }
  finish (&c, &out);
}

static void
test_convolutions (void)
{
  GRand *rand = g_rand_new_with_seed (8);

  for (guint i = 0; i < 150; i++)
    convolution (rand, i % 10 == 9 ? 3 : 1 + i % 2);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ops/integer/products", test_products);
  g_test_add_func ("/ops/integer/convolutions", test_convolutions);
  return g_test_run ();
}
