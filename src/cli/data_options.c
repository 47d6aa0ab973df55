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

const char bs_data_description[] = N_ (
  "In an .npz, x_test and y_test, else x and y, are evaluated; x_train, else the first samples of "
  "x, "
  "calibrates. Without labels the measures that need none are given. Samples are fitted to the "
  "model's input: a missing channel axis is inserted, HWC becomes CHW, integers are cast, uint8 is "
  "divided by 255. A folder of pictures (PNG, JPEG) or sounds (mono WAV, −1 to 1, cut or filled "
  "with "
  "silence to the input's length) has one sub-folder for each class. Text (UTF-8) is cut into "
  "samples "
  "of the input's length, the next character being the label; a file in its folder whose name ends "
  "in "
  ".vocab.txt has one character a line, in the order of the model's numbers.");

const GOptionEntry bs_data_option_entries[] = {
  { "data", 0, 0, G_OPTION_ARG_FILENAME, &spec,
    N_ ("Samples: .npz, .npy, IDX, CSV, text, a folder of pictures or sounds, synthetic:N"),
    "FILE" },
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
