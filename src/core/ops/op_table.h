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

/* compare.c */
extern const BsOp bs_op_equal;
extern const BsOp bs_op_less;
extern const BsOp bs_op_less_or_equal;
extern const BsOp bs_op_greater;
extern const BsOp bs_op_greater_or_equal;
extern const BsOp bs_op_and;
extern const BsOp bs_op_or;
extern const BsOp bs_op_xor;
extern const BsOp bs_op_not;
extern const BsOp bs_op_is_nan;
extern const BsOp bs_op_is_inf;
extern const BsOp bs_op_where;

/* control.c */
extern const BsOp bs_op_if;
extern const BsOp bs_op_loop;

/* conv.c */
extern const BsOp bs_op_conv;

/* conv_transpose.c */
extern const BsOp bs_op_conv_transpose;

/* gather.c */
extern const BsOp bs_op_gather;

/* gemm.c */
extern const BsOp bs_op_gemm;
extern const BsOp bs_op_matmul;

/* generate.c */
extern const BsOp bs_op_constant_of_shape;
extern const BsOp bs_op_range;
extern const BsOp bs_op_eye_like;
extern const BsOp bs_op_trilu;
extern const BsOp bs_op_one_hot;

/* integer.c */
extern const BsOp bs_op_mat_mul_integer;
extern const BsOp bs_op_q_linear_mat_mul;
extern const BsOp bs_op_conv_integer;
extern const BsOp bs_op_q_linear_conv;

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
extern const BsOp bs_op_group_norm;
extern const BsOp bs_op_mean_variance;

/* pad.c */
extern const BsOp bs_op_pad;
extern const BsOp bs_op_depth_to_space;
extern const BsOp bs_op_space_to_depth;

/* pool.c */
extern const BsOp bs_op_max_pool;
extern const BsOp bs_op_average_pool;
extern const BsOp bs_op_lp_pool;
extern const BsOp bs_op_global_average_pool;
extern const BsOp bs_op_global_max_pool;
extern const BsOp bs_op_global_lp_pool;

/* quantize.c */
extern const BsOp bs_op_quantize_linear;
extern const BsOp bs_op_dequantize_linear;
extern const BsOp bs_op_dynamic_quantize_linear;

/* recurrent.c */
extern const BsOp bs_op_rnn;
extern const BsOp bs_op_gru;
extern const BsOp bs_op_lstm;

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

/* resize.c */
extern const BsOp bs_op_resize;
extern const BsOp bs_op_upsample;

/* scatter.c */
extern const BsOp bs_op_gather_elements;
extern const BsOp bs_op_scatter_elements;
extern const BsOp bs_op_scatter;
extern const BsOp bs_op_gather_nd;
extern const BsOp bs_op_scatter_nd;

/* select.c */
extern const BsOp bs_op_top_k;
extern const BsOp bs_op_non_zero;
extern const BsOp bs_op_cum_sum;

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
