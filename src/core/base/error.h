/* The one error domain of the program: what the world did wrong, in full sentences.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_ERROR (bs_error_quark ())

/* Every message is a full sentence that names the file, node or tensor and is ready to show. */
typedef enum {
  BS_ERROR_IO,          /* a file cannot be read or written */
  BS_ERROR_FORMAT,      /* a file is not what its format says */
  BS_ERROR_UNSUPPORTED, /* valid, but something the program cannot do; the message says what */
  BS_ERROR_SHAPE,       /* dimensions do not fit together */
  BS_ERROR_NO_DATA,     /* nothing to work on: an empty tensor, no samples */
  BS_ERROR_NOT_FINITE,  /* NaN or infinity where a number is needed */
  BS_ERROR_TOO_LARGE,   /* sizes that overflow or exceed a stated limit */
  BS_ERROR_INVALID,     /* a spec, plan, option or configuration that makes no sense */
  BS_ERROR_STORE,       /* the result database */
  BS_ERROR_CANCELLED,   /* the user stopped it */
} BsErrorCode;

GQuark bs_error_quark (void);

G_END_DECLS
