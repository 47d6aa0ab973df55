/* Fuzz target: any text as a configuration; what is accepted must read back as itself.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz_file.h"
#include "quant/config.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (BsConfig) config = bs_config_parse (text, NULL);

  if (config != NULL) {
    g_autoptr (BsConfig) again = bs_config_parse (config->text, NULL);
    g_assert (again != NULL && g_str_equal (again->key, config->key));
  }
  return 0;
}
