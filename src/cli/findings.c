/* Findings of the advice as text and JSON.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/findings.h"

#include "cli/json.h"
#include "quant/correction.h"

#include <glib/gi18n.h>
#include <stdio.h>

void
bs_json_findings (JsonBuilder *json, const GPtrArray *findings)
{
  bs_json_begin_array (json, "findings");
  for (guint i = 0; i < findings->len; i++) {
    const BsFinding *finding = findings->pdata[i];

    json_builder_begin_object (json);
    bs_json_text (json, "kind", bs_finding_id (finding->kind));
    bs_json_text (json, "where", finding->where);
    bs_json_number (json, "value", finding->value);
    bs_json_number (json, "bits", bs_finding_bits (finding));
    bs_json_text (json, "text", finding->text);
    bs_json_text (json, "cure", finding->cure);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

char *
bs_finding_cure_text (const BsFinding *finding)
{
  const BsCorrection *correction =
    finding->cure != NULL ? bs_correction_find (finding->cure) : NULL;

  return correction != NULL ? g_strdup_printf ("%s: %s", correction->id, _ (correction->title))
                            : g_strdup (finding->cure);
}

void
bs_print_findings (const GPtrArray *findings, const char *under)
{
  if (findings->len == 0) {
    printf (_ ("\nNothing stands out with %s.\n"), under);
    return;
  }
  printf (_ ("\nWhat will hurt with %s, worst first:\n"), under);
  for (guint i = 0; i < findings->len; i++) {
    const BsFinding *finding = findings->pdata[i];
    g_autofree char *cure = bs_finding_cure_text (finding);

    printf ("  %s", finding->text);
    if (cure != NULL)
      printf (_ (" Try %s."), cure);
    puts ("");
  }
}
