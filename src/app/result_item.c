/* A result as a row of list models.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/result_item.h"

#include "app/list_util.h"
#include "app/text.h"

struct _BsResultItem {
  GObject parent_instance;
  BsResult *result, *again; /* again may be NULL */
};

G_DEFINE_FINAL_TYPE (BsResultItem, bs_result_item, G_TYPE_OBJECT)

enum {
  PROP_LABEL = 1,
  PROP_QUALITY_TEXT,
  PROP_SIZE_TEXT,
  PROP_AGREEMENT_TEXT,
  PROP_SQNR_TEXT,
  PROP_SAMPLES_TEXT,
  PROP_QUALITY,
  PROP_SIZE,
  PROP_AGREEMENT,
  PROP_SQNR,
  PROP_SAMPLES,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const BsResult *result = BS_RESULT_ITEM (object)->result;

  switch (id) {
  case PROP_LABEL:
    g_value_set_string (value, result->label);
    break;
  case PROP_QUALITY_TEXT:
    g_value_take_string (value, bs_text_quality (result));
    break;
  case PROP_SIZE_TEXT:
    g_value_take_string (value, bs_text_bytes ((double) result->weight_bytes));
    break;
  case PROP_AGREEMENT_TEXT:
    g_value_take_string (value, bs_text_percent (result->agreement));
    break;
  case PROP_SQNR_TEXT:
    g_value_take_string (value, bs_text_db (result->output_sqnr_db));
    break;
  case PROP_SAMPLES_TEXT:
    g_value_take_string (value, bs_text_samples (result));
    break;
  case PROP_QUALITY:
    g_value_set_double (value, bs_list_sortable (bs_result_quality (result)));
    break;
  case PROP_SIZE:
    g_value_set_double (value, (double) result->weight_bytes);
    break;
  case PROP_AGREEMENT:
    g_value_set_double (value, bs_list_sortable (result->agreement));
    break;
  case PROP_SQNR:
    g_value_set_double (value, bs_list_sortable (result->output_sqnr_db));
    break;
  case PROP_SAMPLES:
    g_value_set_double (value, (double) result->n_samples);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
finalize (GObject *object)
{
  BsResultItem *self = BS_RESULT_ITEM (object);

  bs_result_unref (self->result);
  g_clear_pointer (&self->again, bs_result_unref);
  G_OBJECT_CLASS (bs_result_item_parent_class)->finalize (object);
}

static void
bs_result_item_class_init (BsResultItemClass *klass)
{
  static const char *const texts[] = { "label",          "quality-text", "size-text",
                                       "agreement-text", "sqnr-text",    "samples-text" };
  static const char *const numbers[] = { "quality", "size", "agreement", "sqnr", "samples" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = finalize;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    props[PROP_LABEL + i] =
      g_param_spec_string (texts[i], NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    props[PROP_QUALITY + i] =
      g_param_spec_double (numbers[i], NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
bs_result_item_init (BsResultItem *self)
{
}

BsResultItem *
bs_result_item_new (BsResult *result)
{
  BsResultItem *item = g_object_new (BS_TYPE_RESULT_ITEM, NULL);

  item->result = bs_result_ref (result);
  return item;
}

BsResult *
bs_result_item_get (BsResultItem *item)
{
  return item->result;
}

void
bs_result_item_judge (BsResultItem *item, BsResult *again)
{
  g_clear_pointer (&item->again, bs_result_unref);
  item->again = bs_result_ref (again);
}

const BsResult *
bs_result_item_judged (BsResultItem *item)
{
  const BsResult *result = item->again != NULL ? item->again : item->result;

  return result->predictions != NULL ? result : NULL;
}
