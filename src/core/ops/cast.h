/* Converting values between element types.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* bs_cast_values: fills out->data, whose dtype and dims are set and dims equal in's; float to
 * integer truncates. FALSE when a type cannot be converted (strings, types narrower than a byte).
 */
gboolean bs_cast_values (const BsValue *in, BsValue *out);

float bs_half_to_float (guint16 half);
guint16 bs_float_to_half (float value); /* nearest, half to even */

G_END_DECLS
