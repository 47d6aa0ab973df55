/* The one error domain of the program: what the world did wrong, in full sentences.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"

/* clang-format off */
G_DEFINE_QUARK (bs-error-quark, bs_error)
/* clang-format on */
