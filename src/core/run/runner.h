/* The runner: one thread's buffers, and the loop over the steps of a prepared run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "run/prepare.h"

G_BEGIN_DECLS

typedef struct _BsRunner BsRunner;

/* Called after each step; look at its outputs with bs_runner_decode. */
typedef void (*BsRunnerTap) (gpointer user, BsRunner *runner, guint step);

/* One thread's. The plan must outlive it. */
BsRunner *bs_runner_new (const BsPrepared *prepared);
void bs_runner_free (BsRunner *runner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsRunner, bs_runner_free)

/* bs_runner_set_plan: another plan, of the same model if what was inferred about sizes is to be used
 * again; NULL: none, until there is one. */
void bs_runner_set_plan (BsRunner *runner, const BsPrepared *prepared);

/* bs_runner_run: n_samples samples through the steps from first_step on.
 *
 *   inputs      [model->n_inputs] with data for n_samples samples; not read when no step from
 *               first_step on needs them
 *   first_step  0, or a step before which bs_runner_feed has filled every slot that later steps read
 *   end_step    the first step that is not run
 *   tap         may be NULL
 *
 * Afterwards bs_runner_output_value gives the model's outputs, valid until the next run.
 * Errors  the operators' own. */
gboolean bs_runner_run (BsRunner *runner,
                        const BsValue *inputs,
                        guint n_samples,
                        guint first_step,
                        guint end_step,
                        BsRunnerTap tap,
                        gpointer user,
                        GError **error);
const BsValue *bs_runner_output_value (const BsRunner *runner, guint output);

/* bs_runner_begin: forget all data, for n_samples samples. bs_runner_feed: put a slot's bytes in by
 * hand (copied). */
gboolean bs_runner_begin (BsRunner *runner, guint n_samples, GError **error);
gboolean
bs_runner_feed (BsRunner *runner, guint slot, const void *data, gsize bytes, GError **error);

/* A slot's bytes, n_samples samples; NULL when it is not alive. */
const void *bs_runner_slot_data (const BsRunner *runner, guint slot, gsize *bytes);

/* bs_runner_decode: a slot as float32 in the graph's own order; bs_runner_decode_last: images channels
 * last. out: [n] elements. */
gboolean bs_runner_decode (const BsRunner *runner, guint slot, float *out, gsize n);
gboolean bs_runner_decode_last (const BsRunner *runner, guint slot, float *out, gsize n);

/* For steps. */
BsValue *bs_runner_value (BsRunner *runner, guint slot);
guint bs_runner_n_samples (const BsRunner *runner);
const BsPrepared *bs_runner_plan (const BsRunner *runner);
void *bs_runner_output (BsRunner *runner,
                        guint slot,
                        GError **error); /* memory for the slot, dims from its tensor */
gboolean bs_runner_allocate (BsRunner *runner,
                             BsValue *value,
                             GError **error); /* memory for a value's own dims */
/* bs_runner_share: the slot to holds the same bytes as from, without a copy; FALSE when from is
 * borrowed. */
gboolean bs_runner_share (BsRunner *runner, guint from, guint to);
void *bs_runner_scratch (BsRunner *runner,
                         gsize bytes,
                         GError **error); /* 64-byte aligned, until the next step */

G_END_DECLS
