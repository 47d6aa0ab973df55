"""Writes tiny ONNX files for tests, straight in protobuf's wire format.
SPDX-License-Identifier: GPL-3.0-or-later"""
import numpy as np


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def value_info(name, dims):
    """A float32 tensor's name and shape; None is a free dimension."""
    shape = b"".join(block(1, block(2, "N") if d is None else number(1, d)) for d in dims)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, shape)))


def tensor(name, array):
    array = np.ascontiguousarray(array, np.float32)
    dims = b"".join(number(1, d) for d in array.shape)
    return dims + number(2, 1) + block(8, name) + block(9, array.tobytes())


def external_tensor(name, shape, location, offset):
    """A float32 tensor whose data lies in another file."""
    size = 4 * int(np.prod(shape))
    entries = {"location": location, "offset": str(offset), "length": str(size)}
    text = b"".join(number(1, d) for d in shape) + number(2, 1) + block(8, name)
    return text + b"".join(block(13, block(1, k) + block(2, v)) for k, v in entries.items()) + number(14, 1)


def node(op, inputs, outputs, name, domain=""):
    text = b"".join(block(1, i) for i in inputs) + b"".join(block(2, o) for o in outputs)
    return text + block(3, name) + block(4, op) + (block(7, domain) if domain else b"")


def model(nodes, inputs, outputs, tensors=(), opset=13):
    graph = b"".join(block(1, n) for n in nodes) + block(2, "graph") + b"".join(block(5, t) for t in tensors)
    graph += b"".join(block(11, value_info(*i)) for i in inputs) + b"".join(block(12, value_info(*o)) for o in outputs)
    return number(1, 7) + block(7, graph) + block(8, block(1, "") + number(2, opset))
