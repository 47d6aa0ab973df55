/* Parameter descriptors: the parameters of a table row, listed once, as data.
 * From them come the command-line token, the form row in the window and the configuration text.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_MAX_PARAMS 4

typedef enum { BS_PARAM_DOUBLE, BS_PARAM_INT } BsParamKind;

/* An array of these ends with key == NULL. */
typedef struct {
  const char *key;   /* token in specs: "p" */
  const char *title; /* for people, N_() */
  BsParamKind kind;
  double min, max, def;
} BsParam;

G_END_DECLS
