/* Steps and slots: what a prepared run is made of. Private to src/core/run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "bsk.h"
#include "run/prepare.h"
#include "run/runner.h"

G_BEGIN_DECLS

/* In which form a tensor is at hand. Codes of images are kept channels last, as the kernels want
 * them. */
typedef enum {
  BS_FORM_FLOAT,      /* the graph's own type and order */
  BS_FORM_FLOAT_LAST, /* float32, channels last */
  BS_FORM_FAKE,       /* float32, the graph's order, quantized and decoded */
  BS_FORM_FAKE_LAST,  /* likewise, channels last */
  BS_FORM_CODES,      /* uint8 or int8, the graph's order */
  BS_FORM_CODES_LAST, /* uint8 or int8, channels last */
  BS_N_FORMS
} BsForm;

#define BS_SLOT_NONE G_MAXUINT
#define BS_STEP_MAX 16 /* slots that one step on codes reads or writes */

typedef struct _BsSlot {
  guint tensor;
  BsForm form;
  guint last_use; /* step after which nobody needs it; model outputs: n_steps */
  guint64 key;    /* of everything that decides the bytes: equal keys in two runs of one study hold
                     equal data */
} BsSlot;

struct _BsStep {
  /* Reads in, writes out. */
  gboolean (*run) (const BsStep *step, BsRunner *runner, GError **error);
  const BsNode *node; /* NULL: a conversion */
  gint layer;         /* index in prepared->layers, or −1 */
  guint n_in, n_out;
  guint *in, *out; /* slots; in: BS_SLOT_NONE where absent or constant */
  gpointer data;   /* the step's own, freed by free_data */
  GDestroyNotify free_data;
};

/* What lowering knows while it turns nodes into steps. */
typedef enum { BS_NODE_FLOAT, BS_NODE_INTEGER, BS_NODE_FUSED } BsNodeMode;

typedef struct {
  BsPrepared *p;
  BsStats *const *stats;
  gboolean whole;         /* nothing float is fused: every tensor is to be seen */
  const BsPrepared *like; /* whose packed weights may be shared, or NULL */
  gint *producers;        /* [n_tensors] */
  guint *n_readers;       /* [n_tensors], model outputs counted */
  GArray **readers;       /* [n_tensors] of node indices; NULL: none */
  BsNodeMode *modes;      /* [n_nodes] */
  gint *layer_of;         /* [n_nodes] index in p->layers, or −1 */
  gint *fused;    /* [n_nodes] the Relu or Clip that the node's kernel applies itself, or −1 */
  guint *outputs; /* [n_nodes] the tensor the node writes, after what is fused */
  const BsSpec **specs;  /* [n_tensors] what the tensor's codes would be asked to be */
  GArray *steps, *slots; /* BsStep, BsSlot */
  guint *slot_of;        /* [n_tensors · BS_N_FORMS] */
} BsLowering;

/* Operators that run on codes: one row each. */
typedef struct {
  const char *type;
  gboolean inherits; /* output codes mean what input 0's mean */

  /* TRUE when the kernels can do this node; layers: sets layer->why_not otherwise. */
  gboolean (*capable) (const BsLowering *l, guint node);
  gboolean (*lower) (BsLowering *l, guint node, GError **error);
} BsIntOp;

const BsIntOp *bs_int_op_find (const BsLowering *l, guint node);
extern const BsIntOp bs_int_conv, bs_int_conv_transpose, bs_int_gemm, bs_int_matmul;
extern const BsIntOp bs_int_max_pool, bs_int_average_pool, bs_int_global_average_pool,
  bs_int_reduce_mean;
extern const BsIntOp bs_int_add, bs_int_mul, bs_int_concat;
extern const BsIntOp bs_int_lookup, bs_int_move; /* by the operator's flags, not by type */

/* bs_lower_layer: a node that is a layer. */
BsPlannedLayer *bs_lower_layer (const BsLowering *l, guint node);

/* bs_lower_step: appends a step; arrays are copied. The slots of out are made by bs_lower_slot
 * before. */
BsStep *bs_lower_step (BsLowering *l,
                       gboolean (*run) (const BsStep *, BsRunner *, GError **),
                       const BsNode *node,
                       const guint *in,
                       guint n_in,
                       const guint *out,
                       guint n_out,
                       gpointer data,
                       GDestroyNotify free_data);

/* bs_lower_slot: a new slot for tensor in form. what: text of all that decides its bytes besides
 * the inputs. */
guint bs_lower_slot (BsLowering *l,
                     guint tensor,
                     BsForm form,
                     const char *what,
                     const guint *in,
                     guint n_in);

/* bs_lower_digest: a number for the content of weights, to describe a slot with. */
guint64 bs_lower_digest (const void *data, gsize bytes);

/* bs_lower_need: the slot that holds tensor in form, converting where necessary. */
guint bs_lower_need (BsLowering *l, guint tensor, BsForm form);
gboolean bs_lower_has (const BsLowering *l, guint tensor, BsForm form);

/* bs_lower_island: the float operator itself; inputs as the layer (if it is one) wants them.
 *   form  BS_FORM_FLOAT, or BS_FORM_FLOAT_LAST for operators that look at each element alone */
void bs_lower_island (BsLowering *l, guint node, BsForm form);

/* bs_lower_float_last: a float node as a step on channels-last images; FALSE where it cannot be
 * one. */
gboolean bs_lower_float_last (BsLowering *l, guint node);

/* bs_lower_conv_shape: the geometry of a convolution in one or two dimensions, as the kernels want
 * it. */
gboolean bs_lower_conv_shape (const BsLowering *l, const BsNode *node, BskConvShape *shape);

/* bs_lower_is_global_mean: GlobalAveragePool, or ReduceMean over all positions of an image. */
gboolean bs_lower_is_global_mean (const BsLowering *l, const BsNode *node);

/* bs_transpose_floats: [n_images][rows][cols] → [n_images][cols][rows]. */
void bs_transpose_floats (const float *a, gsize n_images, gsize rows, gsize cols, float *c);

/* bs_lower_wants_codes: every reader of the tensor takes it as codes, so that its writer should
 * give codes. */
gboolean bs_lower_wants_codes (const BsLowering *l, guint tensor);

/* bs_lower_clamp: narrows a kernel's output codes to what the fused Relu or Clip lets through;
 * fused −1: nothing. */
void bs_lower_clamp (const BsLowering *l, gint fused, BskQParams *out);

/* bs_clip_bounds: the constant bounds of a Relu or Clip node; FALSE for other nodes and computed
 * bounds. */
gboolean bs_clip_bounds (const BsModel *model, const BsNode *node, double *lo, double *hi);

/* bs_decide: which nodes run on integers, what is fused, and what the codes of each tensor mean. */
gboolean bs_decide (BsLowering *l, GError **error);

/* The codes of an activation tensor. */
BskQParams bs_lower_params (const BsLowering *l, guint tensor);
BskType bs_lower_type (const BsLowering *l, guint tensor);

/* The geometry of images: [images][channels][pixels] for one sample; FALSE when the rank is
 * below 3. */
gboolean bs_shape_image (const BsValue *shape, guint *images, gsize *channels, gsize *pixels);

/* Elements of tensor for one sample. */
gsize bs_lower_elements (const BsLowering *l, guint tensor);

gboolean bs_kernel_check (BskStatus status, const BsNode *node, GError **error);

G_END_DECLS
