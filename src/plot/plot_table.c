/* The table of plots, and the data they share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"

#include <glib/gi18n-lib.h>
#include <string.h>

const BsPlot *const bs_plots[] = {
  &bs_plot_trade_off,
  &bs_plot_layer_errors,
  &bs_plot_error_histogram,
  &bs_plot_weight_histogram,
  &bs_plot_heat_map,
  &bs_plot_layer_bits,
  NULL,
};

const BsPlot *
bs_plot_find (const char *id)
{
  for (guint i = 0; bs_plots[i] != NULL; i++)
    if (g_strcmp0 (bs_plots[i]->id, id) == 0)
      return bs_plots[i];
  return NULL;
}

static void
clear_item (gpointer data)
{
  BsPlotItem *item = data;

  g_free ((char *) item->text);
}

BsPlotData *
bs_plot_data_new (const BsPlotInput *input, gpointer own, GDestroyNotify own_free)
{
  BsPlotData *data = g_new0 (BsPlotData, 1);

  data->title = g_strdup (input->title);
  data->items = g_array_new (FALSE, TRUE, sizeof (BsPlotItem));
  g_array_set_clear_func (data->items, clear_item);
  data->zoom = (BsPlotZoom){ 0, 1, 0, 1 };
  data->own = own;
  data->own_free = own_free;
  return data;
}

void
bs_plot_data_free (BsPlotData *data)
{
  if (data == NULL)
    return;
  g_free (data->title);
  g_free (data->description);
  g_array_unref (data->items);
  if (data->own_free != NULL)
    data->own_free (data->own);
  g_free (data);
}

void
bs_plot_data_add_item (BsPlotData *data, guint index, char *text)
{
  BsPlotItem item = { .index = index, .text = text };

  g_array_append_val (data->items, item);
}

void
bs_plot_data_place (BsPlotData *data, guint i, double x, double y, double width, double height)
{
  BsPlotItem *item = &g_array_index (data->items, BsPlotItem, i);

  item->x = x - width / 2;
  item->y = y - height / 2;
  item->width = width;
  item->height = height;
}

const char *
bs_plot_data_title (const BsPlotData *data)
{
  return data->title;
}

const char *
bs_plot_data_description (const BsPlotData *data)
{
  return data->description;
}

const BsPlotItem *
bs_plot_data_items (const BsPlotData *data, guint *n)
{
  *n = data->items->len;
  return (const BsPlotItem *) (gpointer) data->items->data;
}

const BsPlotHandle *
bs_plot_data_handles (const BsPlotData *data, guint *n)
{
  *n = data->n_handles;
  return data->handles;
}

double
bs_plot_data_value_at (const BsPlotData *data, double x)
{
  double share = (x - data->left) / MAX (data->right - data->left, 1);

  return data->value_lo + CLAMP (share, 0, 1) * (data->value_hi - data->value_lo);
}

gboolean
bs_plot_data_can_zoom (const BsPlotData *data)
{
  return data->can_zoom;
}

void
bs_plot_data_set_zoom (BsPlotData *data, const BsPlotZoom *zoom)
{
  data->zoom = zoom != NULL ? *zoom : (BsPlotZoom){ 0, 1, 0, 1 };
}

void
bs_plot_data_set_area (BsPlotData *data, double left, double top, double right, double bottom)
{
  data->left = left;
  data->top = top;
  data->right = right;
  data->bottom = bottom;
}

gboolean
bs_plot_data_area (const BsPlotData *data, double *left, double *top, double *right, double *bottom)
{
  *left = data->left;
  *top = data->top;
  *right = data->right;
  *bottom = data->bottom;
  return data->right > data->left && data->bottom > data->top;
}

void
bs_plot_data_follow (BsPlotData *data, const BsPlotData *before)
{
  bs_plot_data_set_area (data, before->left, before->top, before->right, before->bottom);
  data->value_lo = before->value_lo;
  data->value_hi = before->value_hi;
  data->n_handles = before->n_handles;
  memcpy (data->handles, before->handles, sizeof data->handles);
}

const BsResult *
bs_plot_result_with_layers (const BsPlotInput *input, GError **error)
{
  const BsResult *result = input->selected;

  if (result != NULL && result->n_layers > 0)
    return result;
  g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA,
                       result == NULL ? _ ("No result is selected")
                                      : _ ("The selected result has no measures per layer"));
  return NULL;
}
