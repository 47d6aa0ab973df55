/* Export: the configuration file itself, which the command line and the window read back.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gi18n-lib.h>

#include "export/export.h"

static GPtrArray *
limits (BsStudy *study, BsConfig *config)
{
  return g_ptr_array_new_with_free_func (g_free);
}

static gboolean
write_config (BsStudy *study,
              BsConfig *config,
              const char *path,
              BsExportReport *report,
              GError **error)
{
  return bs_config_save (config, path, error);
}

const BsExport bs_export_config = {
  .id = "config",
  .title = N_ ("Bitstair configuration"),
  .description =
    N_ ("The choice for each layer as JSON, read by evaluate --config, export and the window."),
  .suffix = ".json",
  .limits = limits,
  .write = write_config,
};
