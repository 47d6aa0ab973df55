"""Makes digits_mlp_rescaled.onnx: the same function as digits_mlp.onnx, but hidden channels whose scales differ wildly.
Needs Debian's python3-onnx. Usage: rescale.py digits_mlp.onnx digits_mlp_rescaled.onnx
SPDX-License-Identifier: MIT

Each hidden unit's incoming weights and bias are multiplied by t = 2^k, k drawn evenly from -6 to 6, and its outgoing
weights divided by t. ReLU(t x) = t ReLU(x), so the float outputs stay the same; scales shared by a tensor collapse."""
import sys

import numpy as np
import onnx
from onnx import numpy_helper

SEED = 7


def main():
    model = onnx.load(sys.argv[1])
    tensors = {t.name: t for t in model.graph.initializer}
    gemms = [n for n in model.graph.node if n.op_type == "Gemm"]
    rng = np.random.default_rng(SEED)
    for first, second in zip(gemms, gemms[1:]):
        w1, b1, w2 = (numpy_helper.to_array(tensors[name]).copy() for name in (*first.input[1:3], second.input[1]))
        t = (2.0 ** rng.integers(-6, 7, w1.shape[0])).astype(np.float32)  # powers of two: exact in float
        for name, value in ((first.input[1], w1 * t[:, None]), (first.input[2], b1 * t), (second.input[1], w2 / t[None, :])):
            tensors[name].CopyFrom(numpy_helper.from_array(value, name))
    onnx.save(model, sys.argv[2])


main()
