/* The rows of the operator table, by the file that implements them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* activation.c */
extern const BsOp bs_op_clip;
extern const BsOp bs_op_leaky_relu;
extern const BsOp bs_op_thresholded_relu;
extern const BsOp bs_op_elu;
extern const BsOp bs_op_celu;
extern const BsOp bs_op_selu;
extern const BsOp bs_op_sigmoid;
extern const BsOp bs_op_hard_sigmoid;
extern const BsOp bs_op_hard_swish;
extern const BsOp bs_op_swish;
extern const BsOp bs_op_mish;
extern const BsOp bs_op_softplus;
extern const BsOp bs_op_softsign;
extern const BsOp bs_op_tanh;
extern const BsOp bs_op_erf;
extern const BsOp bs_op_exp;
extern const BsOp bs_op_log;
extern const BsOp bs_op_sqrt;
extern const BsOp bs_op_reciprocal;
extern const BsOp bs_op_floor;
extern const BsOp bs_op_ceil;
extern const BsOp bs_op_round;
extern const BsOp bs_op_sin;
extern const BsOp bs_op_cos;
extern const BsOp bs_op_tan;
extern const BsOp bs_op_asin;
extern const BsOp bs_op_acos;
extern const BsOp bs_op_atan;
extern const BsOp bs_op_sinh;
extern const BsOp bs_op_cosh;
extern const BsOp bs_op_asinh;
extern const BsOp bs_op_acosh;
extern const BsOp bs_op_atanh;
extern const BsOp bs_op_shrink;
extern const BsOp bs_op_gelu;
extern const BsOp bs_op_gelu_ms;
extern const BsOp bs_op_relu;
extern const BsOp bs_op_abs;
extern const BsOp bs_op_neg;
extern const BsOp bs_op_sign;

/* arithmetic.c */
extern const BsOp bs_op_add;
extern const BsOp bs_op_sub;
extern const BsOp bs_op_mul;
extern const BsOp bs_op_div;
extern const BsOp bs_op_pow;
extern const BsOp bs_op_mod;
extern const BsOp bs_op_prelu;
extern const BsOp bs_op_min;
extern const BsOp bs_op_max;
extern const BsOp bs_op_sum;
extern const BsOp bs_op_mean;

/* cast.c */
extern const BsOp bs_op_cast;
extern const BsOp bs_op_cast_like;

/* conv.c */
extern const BsOp bs_op_conv;

/* gather.c */
extern const BsOp bs_op_gather;

/* gemm.c */
extern const BsOp bs_op_gemm;
extern const BsOp bs_op_matmul;

/* move.c */
extern const BsOp bs_op_transpose;
extern const BsOp bs_op_concat;
extern const BsOp bs_op_split;
extern const BsOp bs_op_slice;
extern const BsOp bs_op_expand;
extern const BsOp bs_op_tile;

/* norm.c */
extern const BsOp bs_op_batch_norm;
extern const BsOp bs_op_instance_norm;
extern const BsOp bs_op_layer_norm;
extern const BsOp bs_op_lrn;

/* pool.c */
extern const BsOp bs_op_max_pool;
extern const BsOp bs_op_average_pool;
extern const BsOp bs_op_lp_pool;
extern const BsOp bs_op_global_average_pool;
extern const BsOp bs_op_global_max_pool;
extern const BsOp bs_op_global_lp_pool;

/* reduce.c */
extern const BsOp bs_op_reduce_sum;
extern const BsOp bs_op_reduce_mean;
extern const BsOp bs_op_reduce_max;
extern const BsOp bs_op_reduce_min;
extern const BsOp bs_op_reduce_prod;
extern const BsOp bs_op_reduce_l1;
extern const BsOp bs_op_reduce_l2;
extern const BsOp bs_op_reduce_sum_square;
extern const BsOp bs_op_reduce_log_sum;
extern const BsOp bs_op_reduce_log_sum_exp;
extern const BsOp bs_op_arg_max;
extern const BsOp bs_op_arg_min;

/* shape.c */
extern const BsOp bs_op_reshape;
extern const BsOp bs_op_flatten;
extern const BsOp bs_op_squeeze;
extern const BsOp bs_op_unsqueeze;
extern const BsOp bs_op_identity;
extern const BsOp bs_op_dropout;
extern const BsOp bs_op_shape;
extern const BsOp bs_op_size;

/* softmax.c */
extern const BsOp bs_op_softmax;
extern const BsOp bs_op_log_softmax;
extern const BsOp bs_op_hardmax;

G_END_DECLS
