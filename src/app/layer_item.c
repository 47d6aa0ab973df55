/* A layer with weights as a row of list models.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/layer_item.h"

#include "app/list_util.h"
#include "app/text.h"
#include "plot/axis.h"

#include <math.h>

struct _BsLayerItem {
  GObject parent_instance;
  guint position, tensor, edited_bits; /* 0: not edited */
  char *name, *op, *shape;
  guint64 parameters;
  double share, bits, sqnr, sensitivity; /* NaN: not measured */
};

G_DEFINE_FINAL_TYPE (BsLayerItem, bs_layer_item, G_TYPE_OBJECT)

enum {
  PROP_NAME = 1,
  PROP_OP,
  PROP_SHAPE,
  PROP_PARAMETERS_TEXT,
  PROP_BITS_TEXT,
  PROP_SQNR_TEXT,
  PROP_SENSITIVITY_TEXT,
  PROP_POSITION,
  PROP_PARAMETERS,
  PROP_SHARE,
  PROP_BITS,
  PROP_SQNR,
  PROP_SENSITIVITY,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

static char *
bits_text (double bits)
{
  char buffer[32];

  if (isnan (bits))
    return g_strdup ("–");
  bs_plot_number (buffer, sizeof buffer, bits, fabs (bits - round (bits)) < 0.05 ? 0 : 1);
  return g_strdup (buffer);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  BsLayerItem *self = BS_LAYER_ITEM (object);

  switch (id) {
  case PROP_NAME:
    g_value_set_string (value, self->name);
    break;
  case PROP_OP:
    g_value_set_string (value, self->op);
    break;
  case PROP_SHAPE:
    g_value_set_string (value, self->shape);
    break;
  case PROP_PARAMETERS_TEXT:
    g_value_take_string (value, bs_text_count ((double) self->parameters));
    break;
  case PROP_BITS_TEXT:
    g_value_take_string (value, self->edited_bits > 0 ? g_strdup_printf ("→ %u", self->edited_bits)
                                                      : bits_text (self->bits));
    break;
  case PROP_SQNR_TEXT:
    g_value_take_string (value, bs_text_db (self->sqnr));
    break;
  case PROP_SENSITIVITY_TEXT:
    g_value_take_string (value, bs_text_db (self->sensitivity));
    break;
  case PROP_POSITION:
    g_value_set_double (value, self->position);
    break;
  case PROP_PARAMETERS:
    g_value_set_double (value, (double) self->parameters);
    break;
  case PROP_SHARE:
    g_value_set_double (value, self->share);
    break;
  case PROP_BITS:
    g_value_set_double (value,
                        self->edited_bits > 0 ? self->edited_bits : bs_list_sortable (self->bits));
    break;
  case PROP_SQNR:
    g_value_set_double (value, bs_list_sortable (self->sqnr));
    break;
  case PROP_SENSITIVITY:
    g_value_set_double (value, bs_list_sortable (self->sensitivity));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
finalize (GObject *object)
{
  BsLayerItem *self = BS_LAYER_ITEM (object);

  g_free (self->name);
  g_free (self->op);
  g_free (self->shape);
  G_OBJECT_CLASS (bs_layer_item_parent_class)->finalize (object);
}

static void
bs_layer_item_class_init (BsLayerItemClass *klass)
{
  static const char *const texts[] = {
    "name", "op", "shape", "parameters-text", "bits-text", "sqnr-text", "sensitivity-text"
  };
  static const char *const numbers[] = { "position", "parameters", "share",
                                         "bits",     "sqnr",       "sensitivity" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = finalize;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    props[PROP_NAME + i] =
      g_param_spec_string (texts[i], NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    props[PROP_POSITION + i] =
      g_param_spec_double (numbers[i], NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
bs_layer_item_init (BsLayerItem *self)
{
  self->bits = self->sqnr = self->sensitivity = NAN;
}

BsLayerItem *
bs_layer_item_new (guint position,
                   const char *name,
                   const char *op,
                   const char *shape,
                   guint64 parameters,
                   double share,
                   guint tensor)
{
  BsLayerItem *item = g_object_new (BS_TYPE_LAYER_ITEM, NULL);

  item->position = position;
  item->name = g_strdup (name);
  item->op = g_strdup (op);
  item->shape = g_strdup (shape);
  item->parameters = parameters;
  item->share = share;
  item->tensor = tensor;
  return item;
}

const char *
bs_layer_item_name (BsLayerItem *item)
{
  return item->name;
}

const char *
bs_layer_item_op (BsLayerItem *item)
{
  return item->op;
}

guint
bs_layer_item_tensor (BsLayerItem *item)
{
  return item->tensor;
}

void
bs_layer_item_measure (BsLayerItem *item, const BsLayerResult *layer)
{
  item->bits = layer != NULL ? layer->mean_bits : NAN;
  item->sqnr = layer != NULL ? layer->local_sqnr_db : NAN;
  g_object_notify_by_pspec (G_OBJECT (item), props[PROP_BITS_TEXT]);
  g_object_notify_by_pspec (G_OBJECT (item), props[PROP_SQNR_TEXT]);
}

void
bs_layer_item_scan (BsLayerItem *item, double sensitivity_db)
{
  if (item->sensitivity == sensitivity_db || (isnan (item->sensitivity) && isnan (sensitivity_db)))
    return;
  item->sensitivity = sensitivity_db;
  g_object_notify_by_pspec (G_OBJECT (item), props[PROP_SENSITIVITY_TEXT]);
}

void
bs_layer_item_edit (BsLayerItem *item, guint bits)
{
  if (item->edited_bits == bits)
    return;
  item->edited_bits = bits;
  g_object_notify_by_pspec (G_OBJECT (item), props[PROP_BITS_TEXT]);
}
