/* Lowering: slots, steps, and the conversions between the forms of a tensor.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/error.h"
#include "run/step.h"

gboolean
bs_shape_image (const BsValue *shape, guint *images, gsize *channels, gsize *pixels)
{
  if (shape->n_dims == BS_DIMS_UNKNOWN || shape->n_dims < 3)
    return FALSE;
  *images = (guint) shape->dims[0];
  *channels = (gsize) shape->dims[1];
  return bs_dims_count (shape->dims + 2, shape->n_dims - 2, pixels);
}

BsPlannedLayer *
bs_lower_layer (const BsLowering *l, guint node)
{
  return &g_array_index (l->p->layers, BsPlannedLayer, l->layer_of[node]);
}

gsize
bs_lower_elements (const BsLowering *l, guint tensor)
{
  return bs_value_count (&l->p->shapes[tensor]);
}

BskQParams
bs_lower_params (const BsLowering *l, guint tensor)
{
  return l->p->tensors[tensor].params;
}

BskType
bs_lower_type (const BsLowering *l, guint tensor)
{
  return l->p->tensors[tensor].is_signed ? BSK_S8 : BSK_U8;
}

gboolean
bs_kernel_check (BskStatus status, const BsNode *node, GError **error)
{
  if (status == BSK_OK)
    return TRUE;
  g_set_error (error, BS_ERROR, status == BSK_ERANGE ? BS_ERROR_TOO_LARGE : BS_ERROR_UNSUPPORTED,
               "Node “%s”: %s", node != NULL ? node->name : "conversion", bsk_strerror (status));
  return FALSE;
}

static guint64
hash_text (const char *text)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;
  guint64 hash;

  g_checksum_update (sum, (const guchar *) text, -1);
  g_checksum_get_digest (sum, digest, &size);
  memcpy (&hash, digest, sizeof hash);
  return hash;
}

guint64
bs_lower_digest (const void *data, gsize bytes)
{
  const guint8 *at = data;
  guint64 hash = bytes;

  for (gsize i = 0; i < bytes; i += sizeof hash) {
    guint64 word = 0;
    memcpy (&word, at + i, MIN (sizeof word, bytes - i));
    hash = (hash ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15); /* odd: nothing is lost */
    hash ^= hash >> 29;
  }
  return hash;
}

guint
bs_lower_slot (BsLowering *l,
               guint tensor,
               BsForm form,
               const char *what,
               const guint *in,
               guint n_in)
{
  g_autoptr (GString) text = g_string_new (NULL);
  BsSlot slot = { .tensor = tensor, .form = form };
  const BsPlannedTensor *t = &l->p->tensors[tensor];

  g_string_printf (text, "%u %d %s", tensor, (int) form, what);
  if (t->quantized)
    g_string_append_printf (text, " %a %d %d %d %d", (double) t->params.scale, t->params.zero_point,
                            t->params.qmin, t->params.qmax, t->is_signed);
  for (guint i = 0; i < n_in; i++)
    if (in[i] != BS_SLOT_NONE)
      g_string_append_printf (text, " %" G_GINT64_MODIFIER "x",
                              g_array_index (l->slots, BsSlot, in[i]).key);
  slot.key = hash_text (text->str);
  g_array_append_val (l->slots, slot);
  l->slot_of[tensor * BS_N_FORMS + form] = l->slots->len - 1;
  return l->slots->len - 1;
}

BsStep *
bs_lower_step (BsLowering *l,
               gboolean (*run) (const BsStep *, BsRunner *, GError **),
               const BsNode *node,
               const guint *in,
               guint n_in,
               const guint *out,
               guint n_out,
               gpointer data,
               GDestroyNotify free_data)
{
  BsStep step = { run, node, -1, n_in, n_out, NULL, NULL, data, free_data };
  guint index = l->steps->len;

  if (node != NULL)
    step.layer = l->layer_of[node - l->p->model->nodes];
  step.in = g_memdup2 (in, n_in * sizeof *in);
  step.out = g_memdup2 (out, n_out * sizeof *out);
  for (guint i = 0; i < n_in; i++)
    if (in[i] != BS_SLOT_NONE)
      g_array_index (l->slots, BsSlot, in[i]).last_use = index;
  for (guint i = 0; i < n_out; i++)
    if (out[i] != BS_SLOT_NONE)
      g_array_index (l->slots, BsSlot, out[i]).last_use = index;
  g_array_append_val (l->steps, step);
  return &g_array_index (l->steps, BsStep, index);
}

gboolean
bs_lower_has (const BsLowering *l, guint tensor, BsForm form)
{
  return l->slot_of[tensor * BS_N_FORMS + form] != BS_SLOT_NONE;
}

/* Conversions. data of each step: Convert. */
typedef struct {
  BskQParams params;
  BskType type;
  BsSpec spec; /* fake: encodings the kernels do not have */
  BsInterval interval;
} Convert;

static gboolean
run_quantize (const BsStep *step, BsRunner *runner, GError **error)
{
  const Convert *c = step->data;
  const BsValue *in = bs_runner_value (runner, step->in[0]);
  gsize n = bs_value_count (in);
  void *out = bs_runner_output (runner, step->out[0], error);

  return out != NULL &&
         bs_kernel_check (bsk_quantize (in->data, n, &c->params, c->type, out), NULL, error);
}

/* The image a step converts, and where its result goes. */
typedef struct {
  const void *in;
  void *out;
  guint images;
  gsize channels, pixels;
} Images;

static gboolean
open_images (const BsStep *step, BsRunner *runner, Images *i, GError **error)
{
  const BsValue *in = bs_runner_value (runner, step->in[0]);

  i->in = in->data;
  i->out = bs_runner_output (runner, step->out[0], error);
  return i->out != NULL && bs_shape_image (in, &i->images, &i->channels, &i->pixels);
}

static gboolean
run_quantize_last (const BsStep *step, BsRunner *runner, GError **error)
{
  const Convert *c = step->data;
  Images i;

  return open_images (step, runner, &i, error) &&
         bs_kernel_check (
           bsk_quantize_nchw (i.in, i.images, i.channels, i.pixels, &c->params, c->type, i.out),
           NULL, error);
}

static gboolean
run_decode (const BsStep *step, BsRunner *runner, GError **error)
{
  const BsValue *in = bs_runner_value (runner, step->in[0]);
  gsize n = bs_value_count (in);
  void *out = bs_runner_output (runner, step->out[0], error);

  return out != NULL && bs_runner_decode (runner, step->in[0], out, n);
}

/* Codes or floats of the same order. */
static gboolean
run_decode_in_place (const BsStep *step, BsRunner *runner, GError **error)
{
  const Convert *c = step->data;
  const BsValue *in = bs_runner_value (runner, step->in[0]);
  gsize n = bs_value_count (in);
  void *out = bs_runner_output (runner, step->out[0], error);

  return out != NULL &&
         bs_kernel_check (bsk_dequantize (in->data, n, &c->params, c->type, out), NULL, error);
}

static gboolean
run_float_to_last (const BsStep *step, BsRunner *runner, GError **error)
{
  Images i;

  if (!open_images (step, runner, &i, error))
    return FALSE;
  bs_transpose_floats (i.in, i.images, i.channels, i.pixels, i.out);
  return TRUE;
}

static gboolean
run_to_last (const BsStep *step, BsRunner *runner, GError **error)
{
  Images i;

  return open_images (step, runner, &i, error) &&
         bs_kernel_check (bsk_transpose_8 (i.in, i.images, i.channels, i.pixels, i.out), NULL,
                          error);
}

static gboolean
run_from_last (const BsStep *step, BsRunner *runner, GError **error)
{
  Images i;

  return open_images (step, runner, &i, error) &&
         bs_kernel_check (bsk_transpose_8 (i.in, i.images, i.pixels, i.channels, i.out), NULL,
                          error);
}

static gboolean
run_fake (const BsStep *step, BsRunner *runner, GError **error)
{
  const Convert *c = step->data;
  const BsValue *in = bs_runner_value (runner, step->in[0]);
  gsize n = bs_value_count (in);
  float *out = bs_runner_output (runner, step->out[0], error);

  if (out == NULL)
    return FALSE;
  if (bs_spec_integer_codes (&c->spec, NULL, NULL) && !c->spec.range->at_run_time)
    return bs_kernel_check (bsk_fake_quantize (in->data, n, &c->params, out), NULL, error);
  memcpy (out, in->data, n * sizeof *out);
  return bs_quant_apply (&c->spec, &c->interval, out, bs_runner_n_samples (runner),
                         n / bs_runner_n_samples (runner), error);
}

/* Codes are described by their slot; what is only simulated, by spec and range. */
static char *
describe_conversion (const BsLowering *l, guint tensor, BsForm form)
{
  const BsInterval *interval = &l->p->tensors[tensor].interval;
  gboolean fake = form == BS_FORM_FAKE || form == BS_FORM_FAKE_LAST;
  g_autofree char *spec = fake ? bs_spec_to_string (l->specs[tensor]) : NULL;

  return spec == NULL ? g_strdup ("convert")
                      : g_strdup_printf ("convert %s %a %a", spec, interval->lo, interval->hi);
}

static guint
convert (BsLowering *l,
         guint from,
         guint tensor,
         BsForm form,
         gboolean (*run) (const BsStep *, BsRunner *, GError **))
{
  Convert *data = g_new0 (Convert, 1);
  g_autofree char *what = describe_conversion (l, tensor, form);
  guint out = bs_lower_slot (l, tensor, form, what, &from, 1);

  data->params = bs_lower_params (l, tensor);
  data->type = bs_lower_type (l, tensor);
  data->spec = *l->specs[tensor];
  data->interval = l->p->tensors[tensor].interval;
  bs_lower_step (l, run, NULL, &from, 1, &out, 1, data, g_free);
  return out;
}

/* Channels last and the graph's own order are the same bytes. */
static gboolean
is_flat (const BsLowering *l, guint tensor)
{
  guint images;
  gsize channels, pixels;

  return !bs_shape_image (&l->p->shapes[tensor], &images, &channels, &pixels) || channels <= 1 ||
         pixels <= 1;
}

/* The other order of codes or floats: same slot when the bytes are the same. */
static guint
alias (BsLowering *l, guint slot, guint tensor, BsForm form)
{
  l->slot_of[tensor * BS_N_FORMS + form] = slot;
  return slot;
}

static guint
need_fake (BsLowering *l, guint tensor)
{
  const BsPlannedTensor *t = &l->p->tensors[tensor];

  if (!bs_lower_has (l, tensor, BS_FORM_FLOAT) && !bs_lower_has (l, tensor, BS_FORM_FLOAT_LAST))
    /* native codes: decoding them is all there is */
    return alias (l, bs_lower_need (l, tensor, BS_FORM_FLOAT), tensor, BS_FORM_FAKE);
  if (t->quantized && bs_lower_has (l, tensor, BS_FORM_CODES))
    return convert (l, l->slot_of[tensor * BS_N_FORMS + BS_FORM_CODES], tensor, BS_FORM_FAKE,
                    run_decode);
  return convert (l, bs_lower_need (l, tensor, BS_FORM_FLOAT), tensor, BS_FORM_FAKE, run_fake);
}

static guint
need_fake_last (BsLowering *l, guint tensor)
{
  const BsPlannedTensor *t = &l->p->tensors[tensor];

  if (is_flat (l, tensor))
    return alias (l, bs_lower_need (l, tensor, BS_FORM_FAKE), tensor, BS_FORM_FAKE_LAST);
  if (!bs_lower_has (l, tensor, BS_FORM_FLOAT) && !bs_lower_has (l, tensor, BS_FORM_FLOAT_LAST))
    return alias (l, bs_lower_need (l, tensor, BS_FORM_FLOAT_LAST), tensor, BS_FORM_FAKE_LAST);
  if (t->quantized && bs_lower_has (l, tensor, BS_FORM_CODES_LAST))
    return convert (l, l->slot_of[tensor * BS_N_FORMS + BS_FORM_CODES_LAST], tensor,
                    BS_FORM_FAKE_LAST, run_decode_in_place);
  return convert (l, bs_lower_need (l, tensor, BS_FORM_FLOAT_LAST), tensor, BS_FORM_FAKE_LAST,
                  run_fake);
}

static guint
need_float_last (BsLowering *l, guint tensor)
{
  const guint *slots = &l->slot_of[tensor * BS_N_FORMS];

  if (is_flat (l, tensor))
    return alias (l, bs_lower_need (l, tensor, BS_FORM_FLOAT), tensor, BS_FORM_FLOAT_LAST);
  if (slots[BS_FORM_FLOAT] == BS_SLOT_NONE && slots[BS_FORM_CODES_LAST] != BS_SLOT_NONE)
    return convert (l, slots[BS_FORM_CODES_LAST], tensor, BS_FORM_FLOAT_LAST, run_decode_in_place);
  return convert (l, bs_lower_need (l, tensor, BS_FORM_FLOAT), tensor, BS_FORM_FLOAT_LAST,
                  run_float_to_last);
}

guint
bs_lower_need (BsLowering *l, guint tensor, BsForm form)
{
  const guint *slots = &l->slot_of[tensor * BS_N_FORMS];
  gboolean flat = is_flat (l, tensor);

  if (slots[form] != BS_SLOT_NONE)
    return slots[form];
  switch (form) {
  case BS_FORM_FLOAT:
    if (slots[BS_FORM_FLOAT_LAST] != BS_SLOT_NONE)
      return flat ? alias (l, slots[BS_FORM_FLOAT_LAST], tensor, form)
                  : convert (l, slots[BS_FORM_FLOAT_LAST], tensor, form, run_decode);
    if (slots[BS_FORM_CODES] != BS_SLOT_NONE)
      return convert (l, slots[BS_FORM_CODES], tensor, form, run_decode);
    g_assert (slots[BS_FORM_CODES_LAST] != BS_SLOT_NONE);
    return convert (l, slots[BS_FORM_CODES_LAST], tensor, form, run_decode);
  case BS_FORM_FAKE:
    return need_fake (l, tensor);
  case BS_FORM_CODES:
    if (slots[BS_FORM_CODES_LAST] != BS_SLOT_NONE)
      return flat ? alias (l, slots[BS_FORM_CODES_LAST], tensor, form)
                  : convert (l, slots[BS_FORM_CODES_LAST], tensor, form, run_from_last);
    return convert (l, bs_lower_need (l, tensor, BS_FORM_FLOAT), tensor, form, run_quantize);
  case BS_FORM_CODES_LAST:
    if (slots[BS_FORM_CODES] != BS_SLOT_NONE)
      return flat ? alias (l, slots[BS_FORM_CODES], tensor, form)
                  : convert (l, slots[BS_FORM_CODES], tensor, form, run_to_last);
    if (flat)
      return alias (l, bs_lower_need (l, tensor, BS_FORM_CODES), tensor, form);
    if (slots[BS_FORM_FLOAT_LAST] != BS_SLOT_NONE)
      return convert (l, slots[BS_FORM_FLOAT_LAST], tensor, form, run_quantize);
    return convert (l, bs_lower_need (l, tensor, BS_FORM_FLOAT), tensor, form, run_quantize_last);
  case BS_FORM_FLOAT_LAST:
    return need_float_last (l, tensor);
  case BS_FORM_FAKE_LAST:
    return need_fake_last (l, tensor);
  case BS_N_FORMS:
    break;
  }
  g_assert_not_reached ();
}
