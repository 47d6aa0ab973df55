/* Command: the bundled examples.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/json.h"

#include "workbench/examples.h"

#include <stdio.h>

static void
print_json (GPtrArray *examples)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_begin_array (json, "examples");
  for (guint i = 0; i < examples->len; i++) {
    const BsExample *example = examples->pdata[i];

    json_builder_begin_object (json);
    bs_json_text (json, "id", example->id);
    bs_json_text (json, "title", example->title);
    bs_json_text (json, "shows", example->shows);
    bs_json_text (json, "model", example->model);
    bs_json_text (json, "data", example->data);
    bs_json_text (json, "weights", example->weights);
    bs_json_text (json, "acts", example->acts);
    bs_json_text (json, "scope", example->scopes);
    bs_json_text (json, "corrections", example->corrections);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  bs_json_print (json);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_autoptr (GPtrArray) examples = bs_examples (error);

  if (examples == NULL)
    return FALSE;
  if (cli->json) {
    print_json (examples);
    return TRUE;
  }
  for (guint i = 0; !cli->quiet && i < examples->len; i++) {
    const BsExample *example = examples->pdata[i];
    g_autofree char *model = g_shell_quote (example->model);

    printf ("%s – %s\n  %s\n", example->id, _ (example->title), _ (example->shows));
    printf ("  bitstair-cli sweep %s --data %s --weights %s --acts %s --scope %s\n\n", model,
            example->data, example->weights, example->acts, example->scopes);
  }
  return TRUE;
}

const BsCommand bs_command_examples = {
  .name = "examples",
  .arguments = "",
  .summary = N_ ("List the bundled models and data"),
  .example = "bitstair-cli examples",
  .run = run,
};
