/* The bundled examples: models and data that come with the program.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *id;            /* "mnist" */
  char *title, *shows; /* for people; shows is one line on what can be seen */
  char *model;         /* path */
  char *data;          /* data text: path and options */
  char *weights, *acts, *scopes, *corrections; /* a plan worth running */
} BsExample;

void bs_example_free (BsExample *example);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsExample, bs_example_free)

/* bs_examples: all of them, from $BITSTAIR_EXAMPLES, the source tree the program was built in, or
 * where it is installed. Returns  (transfer full) array of BsExample Errors   BS_ERROR_IO,
 * BS_ERROR_FORMAT with the path. */
GPtrArray *bs_examples (GError **error);

G_END_DECLS
