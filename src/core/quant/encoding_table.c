/* The table of encodings.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"

#include <string.h>

const BsEncoding *const bs_encodings[] = {
  &bs_encoding_float,
  &bs_encoding_int,
  &bs_encoding_uint,
  NULL,
};

const BsEncoding *
bs_encoding_find (const char *id)
{
  for (guint i = 0; bs_encodings[i] != NULL; i++)
    if (strcmp (bs_encodings[i]->id, id) == 0)
      return bs_encodings[i];
  return NULL;
}
