/* Plots: every row of the table builds, describes, places its items, draws the picture kept for it,
 * and saves. New pictures: BITSTAIR_UPDATE_GOLDEN=1 meson test plots; look at them before they are
 * committed. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "made_up.h"
#include "plot/plot.h"

#include <glib/gstdio.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

#define WIDTH 480
#define HEIGHT 300
#define MAX_OFF 24          /* levels of 255: rounding of antialiased edges */
#define MAX_SHARE_OFF 0.002 /* of the pixels may be further off than that */

typedef struct {
  GPtrArray *results;
  BsResult *float_result;
  float *values;
  double levels[15];
  BsTensorView view;
  BsPlotInput input;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->results = made_up_results ();
  f->float_result = made_up_float ();
  f->values = made_up_values (5000);
  for (int i = 0; i < 15; i++)
    f->levels[i] = (i - 7) * 0.2 / 7;
  f->view = (BsTensorView){
    .values = f->values,
    .n = 5000,
    .levels = f->levels,
    .n_levels = 15,
    .clip_lo = -0.2,
    .clip_hi = 0.2,
  };
  f->input = (BsPlotInput){
    .title = "made up · by formula",
    .results = (BsResult *const *) f->results->pdata,
    .n_results = f->results->len,
    .float_result = f->float_result,
    .selected = f->results->pdata[18],
    .layer = "conv3",
    .view = &f->view,
  };
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_ptr_array_unref (f->results);
  bs_result_unref (f->float_result);
  g_free (f->values);
}

/* text: with letters, else without: then the picture does not depend on fonts. */
static cairo_surface_t *
draw (const BsPlot *plot,
      BsPlotData *data,
      const BsPlotStyle *style,
      int width,
      int height,
      gboolean text)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create (surface);
  PangoContext *pango = text ? pango_cairo_create_context (cr) : NULL;

  plot->draw (data, cr, pango, style, width, height);
  g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
  cairo_destroy (cr);
  g_clear_object (&pango);
  cairo_surface_flush (surface);
  return surface;
}

static BsPlotData *
build (const BsPlot *plot, const BsPlotInput *input)
{
  g_autoptr (GError) error = NULL;
  BsPlotData *data = plot->build (input, &error);

  g_assert_no_error (error);
  return data;
}

static const guint8 *
pixel (cairo_surface_t *surface, int x, int y)
{
  return cairo_image_surface_get_data (surface) +
         (gsize) y * (gsize) cairo_image_surface_get_stride (surface) + (gsize) x * 4;
}

/* Writes where they differ, so that one can look. Returns the share of pixels that are off. */
static double
compare (cairo_surface_t *got, cairo_surface_t *want, const char *stem)
{
  cairo_surface_t *diff = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
  guint off = 0;

  cairo_surface_flush (diff);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      int most = 0;
      for (int c = 0; c < 3; c++)
        most = MAX (most, ABS (pixel (got, x, y)[c] - pixel (want, x, y)[c]));
      off += most > MAX_OFF;
      memset ((guint8 *) pixel (diff, x, y), most > MAX_OFF ? 255 : 255 - most, 3);
      if (most > MAX_OFF)
        ((guint8 *) pixel (diff, x, y))[0] = 0;
    }
  cairo_surface_mark_dirty (diff);
  double share = (double) off / (WIDTH * HEIGHT);
  if (share > MAX_SHARE_OFF) {
    g_autofree char *out = g_strconcat (stem, ".out.png", NULL),
                    *path = g_strconcat (stem, ".diff.png", NULL);
    cairo_surface_write_to_png (got, out);
    cairo_surface_write_to_png (diff, path);
    g_test_message ("%s and %s show how it differs", out, path);
  }
  cairo_surface_destroy (diff);
  return share;
}

static void
check_golden (const char *name, const BsPlot *plot, BsPlotData *data, const BsPlotStyle *style)
{
  g_autofree char *file = g_strconcat (name, ".png", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "plot", file, NULL);
  g_autofree char *stem = g_test_build_filename (G_TEST_BUILT, name, NULL);
  cairo_surface_t *got = draw (plot, data, style, WIDTH, HEIGHT, FALSE);

  if (g_getenv ("BITSTAIR_UPDATE_GOLDEN") != NULL)
    g_assert_cmpint (cairo_surface_write_to_png (got, path), ==, CAIRO_STATUS_SUCCESS);
  cairo_surface_t *want = cairo_image_surface_create_from_png (path);
  g_assert_cmpint (cairo_surface_status (want), ==, CAIRO_STATUS_SUCCESS);
  g_assert_cmpint (cairo_image_surface_get_width (want), ==, WIDTH);
  g_assert_cmpfloat (compare (got, want, stem), <=, MAX_SHARE_OFF);
  cairo_surface_destroy (got);
  cairo_surface_destroy (want);
}

static void
test_golden (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; bs_plots[i] != NULL; i++) {
    g_autoptr (BsPlotData) data = build (bs_plots[i], &f->input);
    g_autofree char *dark = g_strconcat (bs_plots[i]->id, "-dark", NULL);
    check_golden (bs_plots[i]->id, bs_plots[i], data, &bs_plot_style_light);
    check_golden (dark, bs_plots[i], data, &bs_plot_style_dark);
  }
}

/* The table: ids are found, a sentence with figures describes, nothing to plot is said in a
 * sentence. */
static void
test_table (Fixture *f, gconstpointer unused)
{
  const BsPlotInput empty = { .title = "empty" };

  g_assert_null (bs_plot_find ("no-such-plot"));
  for (guint i = 0; bs_plots[i] != NULL; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (BsPlotData) data = build (bs_plots[i], &f->input);
    const char *text = bs_plot_data_description (data);
    g_assert_true (bs_plot_find (bs_plots[i]->id) == bs_plots[i]);
    g_assert_true (g_str_has_suffix (text, "."));
    g_assert_nonnull (strpbrk (text, "0123456789"));
    g_assert_null (strchr (text, '\n'));
    g_assert_null (bs_plots[i]->build (&empty, &error));
    g_assert_nonnull (error);
    g_assert_cmpuint (strlen (error->message), >, 10);
  }
}

/* What the pointer finds: every item lies in the picture, says something, and names a result or
 * layer there is. */
static void
test_items (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; bs_plots[i] != NULL; i++) {
    g_autoptr (BsPlotData) data = build (bs_plots[i], &f->input);
    for (int text = 0; text < 2; text++) {
      guint n;
      cairo_surface_destroy (
        draw (bs_plots[i], data, &bs_plot_style_light, WIDTH, HEIGHT, text != 0));
      const BsPlotItem *items = bs_plot_data_items (data, &n);
      g_assert_cmpuint (n, >, 0);
      for (guint j = 0; j < n; j++) {
        g_assert_cmpfloat (items[j].width, >, 0);
        g_assert_cmpfloat (items[j].height, >, 0);
        g_assert_cmpfloat (items[j].x + items[j].width / 2, >=, 0);
        g_assert_cmpfloat (items[j].y + items[j].height / 2, >=, 0);
        g_assert_cmpfloat (items[j].x + items[j].width / 2, <=, WIDTH);
        g_assert_cmpfloat (items[j].y + items[j].height / 2, <=, HEIGHT);
        g_assert_cmpuint (strlen (items[j].text), >, 0);
      }
    }
  }
}

/* The trade-off's items walk from small to large and lie where their figures say. */
static void
test_trade_off_items (Fixture *f, gconstpointer unused)
{
  const BsPlot *plot = bs_plot_find ("trade-off");
  g_autoptr (BsPlotData) data = build (plot, &f->input);
  guint n;

  cairo_surface_destroy (draw (plot, data, &bs_plot_style_light, WIDTH, HEIGHT, FALSE));
  const BsPlotItem *items = bs_plot_data_items (data, &n);
  g_assert_cmpuint (n, ==, f->results->len);
  for (guint i = 1; i < n; i++) {
    const BsResult *a = f->results->pdata[items[i - 1].index],
                   *b = f->results->pdata[items[i].index];
    double ax = items[i - 1].x + items[i - 1].width / 2, bx = items[i].x + items[i].width / 2;
    double ay = items[i - 1].y + items[i - 1].height / 2, by = items[i].y + items[i].height / 2;
    g_assert_cmpuint (a->weight_bytes, <=, b->weight_bytes);
    g_assert_cmpfloat (ax, <=, bx);
    if (a->value < b->value)
      g_assert_cmpfloat (ay, >, by);
    else if (a->value > b->value)
      g_assert_cmpfloat (ay, <, by);
    g_assert_nonnull (strstr (items[i].text, b->label));
  }
  g_assert_nonnull (
    strstr (bs_plot_data_description (data), "smallest within one percentage point"));
  g_assert_nonnull (strstr (bs_plot_data_description (data), "int4 · tensor · uint8"));
}

static void
replace_metric (Fixture *f, const char *metric)
{
  for (guint i = 0; i < f->results->len; i++) {
    BsResult *result = f->results->pdata[i];
    g_free (result->metric);
    result->metric = g_strdup (metric);
    if (g_str_equal (metric, "perplexity")) {
      result->value = 4.4 + 60 * (1 - result->value);
      result->ci_lo = result->value - 0.02;
      result->ci_hi = result->value + 0.02;
    } else {
      result->value = NAN;
    }
  }
}

/* Perplexity grows downwards: the better of two results lies higher. */
static void
test_perplexity (Fixture *f, gconstpointer unused)
{
  const BsPlot *plot = bs_plot_find ("trade-off");
  guint n;

  replace_metric (f, "perplexity");
  f->input.float_result = NULL;
  g_autoptr (BsPlotData) data = build (plot, &f->input);
  cairo_surface_destroy (draw (plot, data, &bs_plot_style_light, WIDTH, HEIGHT, TRUE));
  const BsPlotItem *items = bs_plot_data_items (data, &n);
  for (guint i = 1; i < n; i++)
    if (((BsResult *) f->results->pdata[items[i].index])->value <
        ((BsResult *) f->results->pdata[items[i - 1].index])->value)
      g_assert_cmpfloat (items[i].y, <, items[i - 1].y);
  check_golden ("perplexity", plot, data, &bs_plot_style_light);
}

/* Without labels agreement is plotted, without classes the output's SQNR; results without any
 * measure are left out. */
static void
test_without_labels (Fixture *f, gconstpointer unused)
{
  const BsPlot *plot = bs_plot_find ("trade-off");
  guint n;

  replace_metric (f, "none");
  ((BsResult *) f->results->pdata[3])->agreement = 1; /* a perfect score has a place, too */
  g_autoptr (BsPlotData) agreement = build (plot, &f->input);
  g_assert_nonnull (strstr (bs_plot_data_description (agreement), "agreement"));
  cairo_surface_destroy (draw (plot, agreement, &bs_plot_style_light, WIDTH, HEIGHT, TRUE));

  for (guint i = 0; i < f->results->len; i++)
    ((BsResult *) f->results->pdata[i])->agreement = NAN;
  ((BsResult *) f->results->pdata[5])->output_sqnr_db = NAN;
  g_autoptr (BsPlotData) sqnr = build (plot, &f->input);
  bs_plot_data_items (sqnr, &n);
  g_assert_cmpuint (n, ==, f->results->len - 1);
  g_assert_nonnull (strstr (bs_plot_data_description (sqnr), " dB"));
  cairo_surface_destroy (draw (plot, sqnr, &bs_plot_style_light, WIDTH, HEIGHT, TRUE));
}

/* Infinities, nothing but zeros, one value, no range, thousands of points, the smallest picture. */
static void
test_extremes (Fixture *f, gconstpointer unused)
{
  static float constant[] = { 0.5f, 0.5f, 0.5f };
  static float broken[] = { NAN, INFINITY, -INFINITY };
  g_autoptr (GPtrArray) many = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < MADE_UP_LAYERS; i++)
    f->input.selected->layers[i].local_sqnr_db = f->input.selected->layers[i].accumulated_sqnr_db =
      i % 2 ? INFINITY : -INFINITY;
  for (guint i = 0; i < 3000; i++)
    g_ptr_array_add (many, f->results->pdata[i % f->results->len]);
  f->input.results = (BsResult *const *) many->pdata;
  f->input.n_results = many->len;
  f->view.values = constant;
  f->view.n = 3;
  f->view.n_levels = 0;
  f->view.clip_lo = f->view.clip_hi = 0;
  for (guint i = 0; bs_plots[i] != NULL; i++) {
    g_autoptr (BsPlotData) data = build (bs_plots[i], &f->input);
    cairo_surface_destroy (draw (bs_plots[i], data, &bs_plot_style_dark, WIDTH, HEIGHT, TRUE));
    cairo_surface_destroy (draw (bs_plots[i], data, &bs_plot_style_dark, 20, 10, TRUE));
  }
  f->view.values = broken;
  g_assert_null (bs_plot_find ("weight-histogram")->build (&f->input, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_NO_DATA);
}

/* A scan in the place of results: its items name layer and option, what is missing is said. */
static void
test_scan (Fixture *f, gconstpointer unused)
{
  char *layers[] = { "conv1", "fc" };
  BsSensitivityOption options[] = { { .text = "int2" }, { .text = "int4" } };
  BsResult *results[] = { f->results->pdata[0], f->results->pdata[1], f->results->pdata[2], NULL };
  const BsSensitivity scan = {
    .n_layers = 2,
    .n_options = 2,
    .layers = layers,
    .options = options,
    .results = results,
  };
  guint n;

  for (guint i = 0; i < 3; i++)
    results[i]->output_sqnr_db = 10 + i;
  f->input.scan = &scan;
  g_autoptr (BsPlotData) data = build (bs_plot_find ("heat-map"), &f->input);
  cairo_surface_destroy (
    draw (bs_plot_find ("heat-map"), data, &bs_plot_style_light, WIDTH, HEIGHT, TRUE));
  const BsPlotItem *items = bs_plot_data_items (data, &n);
  g_assert_cmpuint (n, ==, 4);
  g_assert_cmpuint (items[2].index, ==, 2); /* layer 1, option 0 */
  g_assert_true (g_str_has_prefix (items[2].text, "fc\nint2\n"));
  g_assert_nonnull (strstr (items[3].text, "not measured"));
  g_assert_nonnull (
    strstr (bs_plot_data_description (data), "the lowest is 10.0 dB with conv1 at int2"));
  g_assert_true (g_str_has_suffix (bs_plot_data_description (data), ". 3 of 4 are measured."));
  memset (results, 0, sizeof results);
  g_autoptr (BsPlotData) empty = build (bs_plot_find ("heat-map"), &f->input);
  cairo_surface_destroy (
    draw (bs_plot_find ("heat-map"), empty, &bs_plot_style_light, WIDTH, HEIGHT, TRUE));
  g_assert_nonnull (strstr (bs_plot_data_description (empty), "nothing is measured yet"));
}

/* An activation is drawn from its statistics, without handles. */
static void
test_activations (Fixture *f, gconstpointer unused)
{
  const float values[] = { 0, 0.5f, 1, 4 };
  g_autofree BsStats *stats = g_new (BsStats, 1);
  g_autoptr (GError) error = NULL;
  BsSpec spec;
  guint n;

  bs_stats_init (stats);
  bs_stats_add (stats, values, G_N_ELEMENTS (values));
  g_assert_true (bs_spec_parse ("uint4:fixed=0,1.5", &spec, NULL));
  g_autoptr (BsTensorView) view = bs_tensor_view_of_stats (stats, &spec, "x", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (view->n_levels, ==, 16);
  g_assert_cmpfloat_with_epsilon (view->levels[15], 1.5, 1e-6);
  const BsPlotInput input = { .layer = "fc", .view = view, .stats = stats };
  g_autoptr (BsPlotData) data = build (&bs_plot_activation_histogram, &input);
  cairo_surface_destroy (
    draw (&bs_plot_activation_histogram, data, &bs_plot_style_light, WIDTH, HEIGHT, TRUE));
  g_assert_cmpstr (bs_plot_data_title (data), ==, "Inputs of fc");
  g_assert_nonnull (strstr (bs_plot_data_description (data), "4 values from 0.0"));
  g_assert_nonnull (strstr (bs_plot_data_description (data), " 25.00 % of values lie outside"));
  bs_plot_data_handles (data, &n);
  g_assert_cmpuint (n, ==, 0);
  g_assert_null (bs_plot_activation_histogram.build (&f->input, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_NO_DATA);
}

/* The largest weight lies outside the range by no more than the rounding of its scale: it is kept. */
static void
test_clipped_share (Fixture *f, gconstpointer unused)
{
  float values[] = { -1, 0, 0.5f, 1 };

  f->view.values = values;
  f->view.n = 4;
  f->view.n_levels = 0;
  f->view.clip_hi = 1 - 1e-8;
  f->view.clip_lo = -f->view.clip_hi;
  g_autoptr (BsPlotData) kept = build (bs_plot_find ("weight-histogram"), &f->input);
  f->view.clip_lo = -0.99;
  g_autoptr (BsPlotData) clipped = build (bs_plot_find ("weight-histogram"), &f->input);
  g_assert_nonnull (strstr (bs_plot_data_description (kept), " 0.00 %"));
  g_assert_nonnull (strstr (bs_plot_data_description (clipped), " 25.00 %"));
}

static char *
read_file (const char *path, gsize *size)
{
  g_autoptr (GError) error = NULL;
  char *bytes = NULL;

  g_file_get_contents (path, &bytes, size, &error);
  g_assert_no_error (error);
  return bytes;
}

/* Each format starts as it should, twice the same bytes, and what cannot be written is said with
 * the path. */
static void
test_save (Fixture *f, gconstpointer unused)
{
  static const struct {
    const char *name, *start;
  } formats[] = { { "p.png", "\x89PNG" }, { "p.svg", "<?xml" }, { "p.pdf", "%PDF" } };
  const BsPlot *plot = bs_plot_find ("trade-off");
  g_autoptr (BsPlotData) data = build (plot, &f->input);
  g_autofree char *folder = g_dir_make_tmp ("bitstair-plot-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree char *path = g_build_filename (folder, formats[i].name, NULL);
    gsize size, again_size;
    g_assert_true (bs_plot_save (plot, data, path, 0, 0, &error));
    g_autofree char *bytes = read_file (path, &size);
    g_assert_true (bs_plot_save (plot, data, path, 0, 0, &error));
    g_autofree char *again = read_file (path, &again_size);
    g_assert_cmpmem (bytes, size, again, again_size);
    g_assert_true (g_str_has_prefix (bytes, formats[i].start));
    g_remove (path);
  }
  g_rmdir (folder);

  g_assert_false (bs_plot_save (plot, data, "/tmp/p.gif", 0, 0, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (bs_plot_save (plot, data, "/tmp/p.png", -1, NAN, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (bs_plot_save (plot, data, "/no/such/folder/p.png", 0, 0, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "/no/such/folder/p.png"));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/plots/table", test_table },
    { "/plots/items", test_items },
    { "/plots/trade-off-items", test_trade_off_items },
    { "/plots/golden", test_golden },
    { "/plots/perplexity", test_perplexity },
    { "/plots/without-labels", test_without_labels },
    { "/plots/extremes", test_extremes },
    { "/plots/scan", test_scan },
    { "/plots/activations", test_activations },
    { "/plots/clipped-share", test_clipped_share },
    { "/plots/save", test_save },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
