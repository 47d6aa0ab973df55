/* Plots as files: PNG, SVG, PDF. The same input gives the same bytes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "data.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <glib/gi18n-lib.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

#define DEFAULT_WIDTH 960
#define DEFAULT_HEIGHT 600
#define LARGEST 8192 /* CSS pixels: a PNG of this side takes 1 GiB at twice the resolution */
#define PNG_SCALE                                                                                  \
  2 /* device pixels a CSS pixel, so that prints and projectors show crisp lines                   \
     */

static cairo_status_t
append (void *closure, const unsigned char *bytes, unsigned int n)
{
  g_byte_array_append (closure, bytes, n);
  return CAIRO_STATUS_SUCCESS;
}

cairo_surface_t *
bs_plot_surface (const char *suffix, GByteArray *bytes, double width, double height)
{
  cairo_surface_t *surface;

  if (strcmp (suffix, ".svg") == 0) {
    surface = cairo_svg_surface_create_for_stream (append, bytes, width, height);
    cairo_svg_surface_set_document_unit (surface, CAIRO_SVG_UNIT_PX);
  } else if (strcmp (suffix, ".pdf") == 0) {
    surface = cairo_pdf_surface_create_for_stream (append, bytes, width * 0.75, height * 0.75);
    cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATE_DATE,
                                    "2000-01-01T00:00:00Z");
    cairo_surface_set_device_scale (surface, 0.75, 0.75); /* points */
  } else {
    surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int) ceil (width * PNG_SCALE),
                                          (int) ceil (height * PNG_SCALE));
    cairo_surface_set_device_scale (surface, PNG_SCALE, PNG_SCALE);
  }
  return surface;
}

PangoContext *
bs_plot_context (void)
{
  PangoFontMap *map = pango_cairo_font_map_new ();
  PangoContext *context = pango_font_map_create_context (map);
  PangoFontDescription *font = pango_font_description_from_string ("Sans 10");
  cairo_font_options_t *options = cairo_font_options_create ();

  cairo_font_options_set_hint_style (options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options (context, options);
  pango_cairo_context_set_resolution (context, 96);
  pango_context_set_round_glyph_positions (context, FALSE);
  pango_context_set_font_description (context, font);
  cairo_font_options_destroy (options);
  pango_font_description_free (font);
  g_object_unref (map);
  return context;
}

static gboolean
number_surface (const GMatchInfo *match, GString *out, gpointer user)
{
  GHashTable *numbers = user;
  g_autofree char *name = g_match_info_fetch (match, 0);
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (numbers, name));

  if (number == 0) {
    number = g_hash_table_size (numbers) + 1;
    g_hash_table_insert (numbers, g_steal_pointer (&name), GUINT_TO_POINTER (number));
  }
  g_string_append_printf (out, "surface%u", number);
  return FALSE;
}

/* Cairo numbers surfaces over the life of the process; here they count from 1 in each file. */
static void
renumber_surfaces (GByteArray *svg)
{
  g_autoptr (GRegex) regex = g_regex_new ("surface[0-9]+", G_REGEX_RAW, 0, NULL);
  g_autoptr (GHashTable) numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *text = g_regex_replace_eval (regex, (const char *) svg->data, svg->len, 0, 0,
                                                number_surface, numbers, NULL);

  if (text != NULL) {
    g_byte_array_set_size (svg, 0);
    g_byte_array_append (svg, (const guint8 *) text, (guint) strlen (text));
  }
}

gboolean
bs_plot_render (const BsPlot *plot,
                BsPlotData *data,
                const char *suffix,
                double width,
                double height,
                GByteArray *bytes,
                GError **error)
{
  width = width == 0 ? DEFAULT_WIDTH : width;
  height = height == 0 ? DEFAULT_HEIGHT : height;

  cairo_surface_t *surface = bs_plot_surface (suffix, bytes, width, height);
  cairo_t *cr = cairo_create (surface);
  g_autoptr (GObject) context = G_OBJECT (bs_plot_context ());
  plot->draw (data, cr, PANGO_CONTEXT (context), &bs_plot_style_light, width, height);
  cairo_status_t status = cairo_status (cr);
  cairo_destroy (cr);
  if (strcmp (suffix, ".png") == 0 && status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_write_to_png_stream (surface, append, bytes);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, _ ("The plot cannot be drawn: %s"),
                 cairo_status_to_string (status));
    return FALSE;
  }
  if (strcmp (suffix, ".svg") == 0)
    renumber_surfaces (bytes);
  return TRUE;
}

gboolean
bs_plot_save (const BsPlot *plot,
              BsPlotData *data,
              const char *path,
              double width,
              double height,
              GError **error)
{
  const char *dot = strrchr (path, '.');
  g_autofree char *suffix = g_ascii_strdown (dot != NULL ? dot : "", -1);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) io = NULL;

  if (strcmp (suffix, ".png") != 0 && strcmp (suffix, ".svg") != 0 &&
      strcmp (suffix, ".pdf") != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, _ ("“%s” does not end in .png, .svg or .pdf"),
                 path);
    return FALSE;
  }
  if (!(width >= 0 && width <= LARGEST && height >= 0 && height <= LARGEST)) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, _ ("A picture can be up to %d by %d pixels"),
                 LARGEST, LARGEST);
    return FALSE;
  }
  if (!bs_plot_render (plot, data, suffix, width, height, bytes, error)) {
    g_prefix_error (error, "“%s”: ", path);
    return FALSE;
  }
  if (!g_file_set_contents (path, (const char *) bytes->data, bytes->len, &io)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, _ ("“%s” cannot be written: %s"), path, io->message);
    return FALSE;
  }
  return TRUE;
}
