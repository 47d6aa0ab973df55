/* Recurrent layers in float: RNN, GRU, LSTM, forwards, backwards or both.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

typedef enum { RNN, GRU, LSTM } Kind;

static const guint gates_of[] = { [RNN] = 1, [GRU] = 3, [LSTM] = 4 };

typedef float (*Activation) (float x, float alpha, float beta);

static float
act_sigmoid (float x, float alpha, float beta)
{
  return 1 / (1 + expf (-x));
}

static float
act_tanh (float x, float alpha, float beta)
{
  return tanhf (x);
}

static float
act_relu (float x, float alpha, float beta)
{
  return x > 0 ? x : 0;
}

static float
act_leaky_relu (float x, float alpha, float beta)
{
  return x < 0 ? alpha * x : x;
}

static float
act_thresholded_relu (float x, float alpha, float beta)
{
  return x > alpha ? x : 0;
}

static float
act_affine (float x, float alpha, float beta)
{
  return alpha * x + beta;
}

static float
act_scaled_tanh (float x, float alpha, float beta)
{
  return alpha * tanhf (beta * x);
}

static float
act_hard_sigmoid (float x, float alpha, float beta)
{
  return fmaxf (0, fminf (1, alpha * x + beta));
}

static float
act_elu (float x, float alpha, float beta)
{
  return x < 0 ? alpha * expm1f (x) : x;
}

static float
act_softsign (float x, float alpha, float beta)
{
  return x / (1 + fabsf (x));
}

static float
act_softplus (float x, float alpha, float beta)
{
  return x > 20 ? x : log1pf (expf (x));
}

static const struct {
  const char *name;
  Activation func;
  float alpha, beta; /* defaults */
} activations[] = {
  { "Sigmoid", act_sigmoid, 0, 0 },
  { "Tanh", act_tanh, 0, 0 },
  { "Relu", act_relu, 0, 0 },
  { "LeakyRelu", act_leaky_relu, 0.01f, 0 },
  { "ThresholdedRelu", act_thresholded_relu, 1, 0 },
  { "Affine", act_affine, 1, 0 },
  { "ScaledTanh", act_scaled_tanh, 1, 1 },
  { "HardSigmoid", act_hard_sigmoid, 0.2f, 0.5f },
  { "Elu", act_elu, 1, 0 },
  { "Softsign", act_softsign, 0, 0 },
  { "Softplus", act_softplus, 0, 0 },
};

typedef struct {
  Activation func;
  float alpha, beta;
} Act;

typedef struct {
  Kind kind;
  gsize steps, batch, inputs, hidden, directions;
  gboolean batch_first; /* layout 1 */
  gboolean reverse;     /* of a single direction */
  gboolean linear_before_reset, input_forget;
  float clip;    /* 0: none */
  Act act[2][3]; /* per direction: f, g, h */
} Shape;

static float
apply (const Shape *s, Act act, float x)
{
  if (s->clip > 0)
    x = CLAMP (x, -s->clip, s->clip);
  return act.func (x, act.alpha, act.beta);
}

static gboolean
read_activations (const BsCall *call, Shape *s, GError **error)
{
  static const char *const defaults[][3] = { [RNN] = { "Tanh", "Tanh", "Tanh" },
                                             [GRU] = { "Sigmoid", "Tanh", "Tanh" },
                                             [LSTM] = { "Sigmoid", "Tanh", "Tanh" } };
  static const guint counts[] = { [RNN] = 1, [GRU] = 2, [LSTM] = 3 };
  const BsAttr *names = bs_node_attr (call->node, "activations");
  const BsAttr *alphas = bs_node_attr (call->node, "activation_alpha");
  const BsAttr *betas = bs_node_attr (call->node, "activation_beta");
  guint n = counts[s->kind], next_alpha = 0, next_beta = 0;

  for (guint d = 0; d < s->directions; d++)
    for (guint k = 0; k < 3; k++) {
      guint at = d * n + MIN (k, n - 1), found = G_MAXUINT;
      const char *name = names != NULL && names->kind == BS_ATTR_STRINGS && at < names->n
                           ? names->strings[at]
                           : defaults[s->kind][k];
      for (guint i = 0; i < G_N_ELEMENTS (activations); i++)
        if (g_ascii_strcasecmp (name, activations[i].name) == 0)
          found = i;
      if (found == G_MAXUINT)
        return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "activation “%s”", name);
      s->act[d][k] =
        (Act){ activations[found].func, activations[found].alpha, activations[found].beta };
      if (k >= n)
        continue;
      if (activations[found].alpha != 0 && alphas != NULL && alphas->kind == BS_ATTR_FLOATS &&
          next_alpha < alphas->n)
        s->act[d][k].alpha = alphas->floats[next_alpha++];
      if (activations[found].beta != 0 && betas != NULL && betas->kind == BS_ATTR_FLOATS &&
          next_beta < betas->n)
        s->act[d][k].beta = betas->floats[next_beta++];
    }
  return TRUE;
}

static gboolean
has_shape (const BsValue *value, guint n_dims, gsize a, gsize b, gsize c)
{
  return value == NULL ||
         (value->n_dims == n_dims && (gsize) value->dims[0] == a && (gsize) value->dims[1] == b &&
          (n_dims < 3 || (gsize) value->dims[2] == c));
}

static gboolean
resolve (const BsCall *call, Kind kind, Shape *s, GError **error)
{
  const BsValue *x = call->in[0], *w = call->in[1], *r = call->in[2];
  const char *direction = bs_node_string (call->node, "direction", "forward");
  guint gates = gates_of[kind];

  if (x->n_dims != 3 || w->n_dims != 3 || r->n_dims != 3 || r->dims[2] < 1)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its input and weights need three dimensions");
  *s = (Shape){ .kind = kind,
                .batch_first = bs_node_int (call->node, "layout", 0) != 0,
                .reverse = strcmp (direction, "reverse") == 0,
                .directions = strcmp (direction, "bidirectional") == 0 ? 2 : 1,
                .hidden = (gsize) r->dims[2],
                .inputs = (gsize) x->dims[2],
                .linear_before_reset = bs_node_int (call->node, "linear_before_reset", 0) != 0,
                .input_forget = bs_node_int (call->node, "input_forget", 0) != 0,
                .clip = bs_node_float (call->node, "clip", 0) };
  s->steps = (gsize) x->dims[s->batch_first ? 1 : 0];
  s->batch = (gsize) x->dims[s->batch_first ? 0 : 1];
  if (!has_shape (w, 3, s->directions, gates * s->hidden, s->inputs) ||
      !has_shape (r, 3, s->directions, gates * s->hidden, s->hidden) ||
      !has_shape (bs_in (call, 3), 2, s->directions, 2 * gates * s->hidden, 0))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its weights do not fit its input");
  for (guint i = 5; i < 7; i++)
    if (!has_shape (bs_in (call, i), 3, s->batch_first ? s->batch : s->directions,
                    s->batch_first ? s->directions : s->batch, s->hidden))
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its initial state does not fit");
  if (bs_in (call, 7) != NULL &&
      (kind != LSTM || !has_shape (bs_in (call, 7), 2, s->directions, 3 * s->hidden, 0)))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its peepholes do not fit");
  if (bs_in (call, 4) != NULL && bs_value_count (bs_in (call, 4)) != s->batch)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its sequence lengths do not fit its batch");
  return read_activations (call, s, error);
}

static gboolean
infer (BsCall *call, Kind kind, GError **error)
{
  Shape s;

  if (!resolve (call, kind, &s, error))
    return FALSE;
  gint64 t = (gint64) s.steps, n = (gint64) s.batch, d = (gint64) s.directions,
         h = (gint64) s.hidden;
  gint64 all[2][4] = { { t, d, n, h }, { n, t, d, h } }, last[2][3] = { { d, n, h }, { n, d, h } };
  bs_out_dims (call, 0, call->in[0]->dtype, all[s.batch_first], 4);
  for (guint i = 1; i < call->n_out; i++)
    bs_out_dims (call, i, call->in[0]->dtype, last[s.batch_first], 3);
  return TRUE;
}

/* One direction at work: state and scratch, all [batch × …] row-major. */
typedef struct {
  const float *x;    /* W·x + Wb for all steps: [steps × batch × gates·hidden] */
  const float *r;    /* [gates·hidden × hidden] */
  const float *rb;   /* [gates·hidden] */
  const float *peep; /* [3·hidden] or NULL */
  float *h, *c;      /* [batch × hidden] */
  float *g;          /* [batch × gates·hidden]: R·h of this step */
  float *reset;      /* [batch × hidden]: r ∘ h, GRU without linear_before_reset */
} Cell;

static void
multiply (const float *h,
          const float *r,
          const float *rb,
          float *out,
          gsize batch,
          gsize rows,
          gsize columns)
{
  for (gsize b = 0; b < batch; b++)
    memcpy (out + b * rows, rb, rows * sizeof *out);
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, (blasint) batch, (blasint) rows,
               (blasint) columns, 1, h, (blasint) columns, r, (blasint) columns, 1, out,
               (blasint) rows);
}

static void
step_rnn (const Shape *s, const Cell *cell, const float *x, guint d, const guint8 *live)
{
  gsize n = s->hidden;

  multiply (cell->h, cell->r, cell->rb, cell->g, s->batch, n, n);
  for (gsize b = 0; b < s->batch; b++)
    for (gsize i = 0; live[b] && i < n; i++)
      cell->h[b * n + i] = apply (s, s->act[d][0], x[b * n + i] + cell->g[b * n + i]);
}

/* Gates z, r, h: h′ = (1−z)∘ĥ + z∘h (Cho et al., 2014, as ONNX orders it) */
static void
step_gru (const Shape *s, const Cell *cell, const float *x, guint d, const guint8 *live)
{
  gsize n = s->hidden;
  gboolean linear = s->linear_before_reset;
  float *part = cell->reset + s->batch * n; /* R·(r∘h) */

  for (gsize b = 0; b < s->batch; b++)
    memcpy (cell->g + b * 3 * n, cell->rb, 3 * n * sizeof *cell->g);
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, (blasint) s->batch,
               (blasint) (linear ? 3 * n : 2 * n), (blasint) n, 1, cell->h, (blasint) n, cell->r,
               (blasint) n, 1, cell->g, (blasint) (3 * n));
  for (gsize b = 0; b < s->batch; b++)
    for (gsize i = 0; i < 2 * n; i++) {
      float *gate = &cell->g[b * 3 * n + i];
      *gate = apply (s, s->act[d][0], x[b * 3 * n + i] + *gate);
    }
  if (!linear) {
    for (gsize b = 0; b < s->batch; b++)
      for (gsize i = 0; i < n; i++)
        cell->reset[b * n + i] = cell->g[b * 3 * n + n + i] * cell->h[b * n + i];
    multiply (cell->reset, cell->r + 2 * n * n, cell->rb + 2 * n, part, s->batch, n, n);
  }
  for (gsize b = 0; b < s->batch; b++)
    for (gsize i = 0; live[b] && i < n; i++) {
      const float *g = cell->g + b * 3 * n;
      float z = g[i], *h = &cell->h[b * n + i];
      float recurrent = linear ? g[n + i] * g[2 * n + i] : part[b * n + i];
      *h = (1 - z) * apply (s, s->act[d][1], x[b * 3 * n + 2 * n + i] + recurrent) + z * *h;
    }
}

/* Gates i, o, f, c (Hochreiter & Schmidhuber 1997 with forget gate and peepholes, as ONNX orders
 * them) */
static void
step_lstm (const Shape *s, const Cell *cell, const float *x, guint d, const guint8 *live)
{
  gsize n = s->hidden;

  multiply (cell->h, cell->r, cell->rb, cell->g, s->batch, 4 * n, n);
  for (gsize b = 0; b < s->batch; b++)
    for (gsize k = 0; live[b] && k < n; k++) {
      const float *g = cell->g + b * 4 * n, *in = x + b * 4 * n, *p = cell->peep;
      float *c = &cell->c[b * n + k];
      float i = apply (s, s->act[d][0], in[k] + g[k] + (p != NULL ? p[k] * *c : 0));
      float f = s->input_forget
                  ? 1 - i
                  : apply (s, s->act[d][0],
                           in[2 * n + k] + g[2 * n + k] + (p != NULL ? p[2 * n + k] * *c : 0));
      *c = f * *c + i * apply (s, s->act[d][1], in[3 * n + k] + g[3 * n + k]);
      float o = apply (s, s->act[d][0], in[n + k] + g[n + k] + (p != NULL ? p[n + k] * *c : 0));
      cell->h[b * n + k] = o * s->act[d][2].func (*c, s->act[d][2].alpha, s->act[d][2].beta);
    }
}

static void
load_state (const Shape *s, const BsValue *initial, guint d, float *state)
{
  for (gsize b = 0; b < s->batch; b++) {
    gsize row = s->batch_first ? b * s->directions + d : d * s->batch + b;
    if (initial == NULL)
      memset (state + b * s->hidden, 0, s->hidden * sizeof *state);
    else
      memcpy (state + b * s->hidden, (const float *) initial->data + row * s->hidden,
              s->hidden * sizeof *state);
  }
}

static void
store_state (const Shape *s, const float *state, guint d, BsValue *out)
{
  for (gsize b = 0; b < s->batch; b++) {
    gsize row = s->batch_first ? b * s->directions + d : d * s->batch + b;
    memcpy ((float *) out->data + row * s->hidden, state + b * s->hidden,
            s->hidden * sizeof *state);
  }
}

/* W·x + Wb for all steps at once. */
static void
project_inputs (BsCall *call, const Shape *s, guint d, float *out)
{
  gsize rows = s->steps * s->batch, columns = gates_of[s->kind] * s->hidden;
  const float *w = (const float *) call->in[1]->data + d * columns * s->inputs;
  const float *b =
    bs_in (call, 3) != NULL ? (const float *) call->in[3]->data + d * 2 * columns : NULL;

  for (gsize i = 0; i < rows; i++)
    if (b != NULL)
      memcpy (out + i * columns, b, columns * sizeof *out);
    else
      memset (out + i * columns, 0, columns * sizeof *out);
  if (rows > 0 && s->inputs > 0)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, (blasint) rows, (blasint) columns,
                 (blasint) s->inputs, 1, call->in[0]->data, (blasint) s->inputs, w,
                 (blasint) s->inputs, 1, out, (blasint) columns);
}

/* Samples whose sequence has ended keep their state and give zeros. */
static void
run_direction (BsCall *call, const Shape *s, guint d, Cell *cell, guint8 *live, float *gathered)
{
  gboolean backwards = d == 1 || s->reverse;
  gsize gates = gates_of[s->kind] * s->hidden;

  for (gsize i = 0; i < s->steps; i++) {
    gsize t = backwards ? s->steps - 1 - i : i;
    for (gsize b = 0; b < s->batch; b++) {
      gint64 length = (gint64) s->steps;
      bs_value_int (bs_in (call, 4), b, &length);
      live[b] = (gint64) t < length;
    }
    const float *x = cell->x + t * s->batch * gates;
    if (s->batch_first) { /* rows of step t lie apart */
      for (gsize b = 0; b < s->batch; b++)
        memcpy (gathered + b * gates, cell->x + (b * s->steps + t) * gates,
                gates * sizeof *gathered);
      x = gathered;
    }
    if (s->kind == RNN)
      step_rnn (s, cell, x, d, live);
    else if (s->kind == GRU)
      step_gru (s, cell, x, d, live);
    else
      step_lstm (s, cell, x, d, live);
    for (gsize b = 0; b < s->batch && bs_has_out (call, 0); b++) {
      gsize row = s->batch_first ? (b * s->steps + t) * s->directions + d
                                 : (t * s->directions + d) * s->batch + b;
      float *y = (float *) call->out[0]->data + row * s->hidden;
      if (live[b])
        memcpy (y, cell->h + b * s->hidden, s->hidden * sizeof *y);
      else
        memset (y, 0, s->hidden * sizeof *y);
    }
  }
}

static gboolean
run (BsCall *call, Kind kind, GError **error)
{
  gsize gates, all, bytes;
  Shape s;
  Cell cell;

  for (guint i = 0; i < call->n_in; i++)
    if (i != 4 && !bs_require (call, i, BS_DTYPE_F32, error))
      return FALSE;
  if (!resolve (call, kind, &s, error))
    return FALSE;
  gates = gates_of[kind] * s.hidden;
  if (!g_size_checked_mul (&all, s.steps * s.batch, gates) ||
      !g_size_checked_mul (&bytes, all + s.batch * (2 * gates + 4 * s.hidden) + gates,
                           sizeof (float)))
    return bs_no_memory (call, error);
  float *x = call->scratch (call, bytes);
  guint8 *live = call->scratch (call, s.batch);
  if (x == NULL || live == NULL)
    return bs_no_memory (call, error);
  float *g = x + all, *gathered = g + s.batch * gates, *h = gathered + s.batch * gates,
        *c = h + s.batch * s.hidden;
  float *reset = c + s.batch * s.hidden, *zeros = reset + 2 * s.batch * s.hidden;
  memset (zeros, 0, gates * sizeof *zeros);
  for (guint d = 0; d < s.directions; d++) {
    project_inputs (call, &s, d, x);
    cell = (Cell){ .x = x, .h = h, .c = c, .g = g, .reset = reset };
    cell.r = (const float *) call->in[2]->data + d * gates * s.hidden;
    cell.rb =
      bs_in (call, 3) != NULL ? (const float *) call->in[3]->data + d * 2 * gates + gates : zeros;
    cell.peep =
      bs_in (call, 7) != NULL ? (const float *) call->in[7]->data + d * 3 * s.hidden : NULL;
    load_state (&s, bs_in (call, 5), d, h);
    load_state (&s, kind == LSTM ? bs_in (call, 6) : NULL, d, c);
    run_direction (call, &s, d, &cell, live, gathered);
    if (bs_has_out (call, 1))
      store_state (&s, h, d, call->out[1]);
    if (bs_has_out (call, 2))
      store_state (&s, c, d, call->out[2]);
  }
  return TRUE;
}

static guint64
macs_recurrent (const BsCall *call)
{
  const BsValue *x = call->in[0];
  guint64 weights = bs_value_count (call->in[1]) + bs_value_count (call->in[2]);

  return (guint64) x->dims[0] * (guint64) x->dims[1] * weights;
}

#define ROW(row, name, kind, high)                                                                 \
  static gboolean infer_##row (BsCall *call, GError **error)                                       \
  {                                                                                                \
    return infer (call, kind, error);                                                              \
  }                                                                                                \
  static gboolean run_##row (BsCall *call, GError **error)                                         \
  {                                                                                                \
    return run (call, kind, error);                                                                \
  }                                                                                                \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = 3,                                                          \
                             .max_in = high,                                                       \
                             .weight_input = 1,                                                    \
                             .infer = infer_##row,                                                 \
                             .run = run_##row,                                                     \
                             .macs = macs_recurrent };

ROW (rnn, "RNN", RNN, 6)
ROW (gru, "GRU", GRU, 6)
ROW (lstm, "LSTM", LSTM, 8)
