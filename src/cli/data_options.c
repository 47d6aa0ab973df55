/* The options about data: --data, --scale, --mean and the others.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/data_options.h"

static char *spec;
static struct {
  const char *name;
  char *value;
} options[] = {
  { "scale", NULL }, { "mean", NULL },  { "std", NULL },         { "layout", NULL },
  { "input", NULL }, { "limit", NULL }, { "calibration", NULL }, { "seed", NULL },
};

const GOptionEntry bs_data_option_entries[] = {
  { "data", 0, 0, G_OPTION_ARG_FILENAME, &spec,
    N_ ("Samples and labels: a .npz or .npy file, or synthetic:N"), "FILE" },
  { "scale", 0, 0, G_OPTION_ARG_STRING, &options[0].value,
    N_ ("Multiply samples, e.g. 1/16; default 1/255 for uint8, else 1"), "X" },
  { "mean", 0, 0, G_OPTION_ARG_STRING, &options[1].value,
    N_ ("Subtract per channel, after --scale"), "A,B,C" },
  { "std", 0, 0, G_OPTION_ARG_STRING, &options[2].value, N_ ("Divide per channel, after --mean"),
    "A,B,C" },
  { "layout", 0, 0, G_OPTION_ARG_STRING, &options[3].value,
    N_ ("Order of image axes; default: found out"), "hwc|chw" },
  { "input", 0, 0, G_OPTION_ARG_STRING, &options[4].value,
    N_ ("The model's input to feed; default the first"), "NAME" },
  { "limit", 0, 0, G_OPTION_ARG_STRING, &options[5].value, N_ ("Evaluate at most N samples"), "N" },
  { "calibration", 0, 0, G_OPTION_ARG_STRING, &options[6].value,
    N_ ("Samples that choose activation ranges; default 256"), "N" },
  { "seed", 0, 0, G_OPTION_ARG_STRING, &options[7].value, N_ ("Of random choices"), "S" },
  { NULL },
};

gboolean
bs_data_is_given (void)
{
  return spec != NULL;
}

gboolean
bs_data_from_options (BsDataText *data, GError **error)
{
  *data = (BsDataText){ 0 };
  if (spec == NULL)
    return bs_cli_usage (error,
                         _ ("Please say what to measure on: --data FILE or --data synthetic:N"));
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    if (options[i].value != NULL &&
        !bs_data_option (data, options[i].name, options[i].value, error)) {
      bs_data_text_clear (data);
      return bs_cli_as_usage (error);
    }
  }
  data->spec = g_strdup (spec);
  return TRUE;
}
