/* Command: join the databases of shards.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/json.h"

#include "store/store.h"

#include <stdio.h>

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_autoptr (BsStore) store = bs_store_open (args[0], error);
  gint64 added = 0;

  if (store == NULL)
    return FALSE;
  for (guint i = 1; args[i] != NULL; i++) {
    gint n = bs_store_merge (store, args[i], error);

    if (n < 0)
      return FALSE;
    added += n;
  }
  if (cli->json) {
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_object (json);
    bs_json_text (json, "into", args[0]);
    bs_json_integer (json, "added", added);
    json_builder_end_object (json);
    bs_json_print (json);
  } else if (!cli->quiet)
    printf (_ ("%lld results added to %s\n"), (long long) added, args[0]);
  return TRUE;
}

const BsCommand bs_command_merge = {
  .name = "merge",
  .arguments = "INTO.db FROM.db…",
  .summary = N_ ("Join the databases of shards"),
  .description = N_ ("Results that INTO has already are left as they are."),
  .example = "bitstair-cli merge all.db shard1.db shard2.db",
  .min_args = 2,
  .max_args = G_MAXUINT,
  .run = run,
};
