// Runs a model in ONNX Runtime: node run_onnx.js MODEL.onnx INPUT.npy OUTPUT.npy [LEVEL]; float32, first input and output.
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

const fs = require('fs');
const ort = require('onnxruntime-node');

const BATCH = 250;

// A .npy file of little-endian float32 in row-major order, which is what the test writes.
function load(path) {
  const bytes = fs.readFileSync(path);
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + length);
  if (!header.includes("'<f4'") || !header.includes("'fortran_order': False"))
    throw new Error(`${path} is not float32 in row-major order`);
  const dims = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((d) => d.trim() !== '').map(Number);
  const copy = new Uint8Array(bytes.subarray(10 + length)); // aligned
  return { dims, data: new Float32Array(copy.buffer) };
}

function save(path, dims, data) {
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims.join(', ')},), }`;
  header = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const start = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  fs.writeFileSync(path, Buffer.concat([start, length, Buffer.from(header, 'latin1'),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

async function main() {
  const [model, inputPath, outputPath, level] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: level || 'basic' });
  const input = load(inputPath);
  const [n, ...sample] = input.dims;
  const size = sample.reduce((a, b) => a * b, 1);
  const parts = [];
  let width = 0;

  for (let i = 0; i < n; i += BATCH) {
    const count = Math.min(BATCH, n - i);
    const tensor = new ort.Tensor('float32', input.data.slice(i * size, (i + count) * size), [count, ...sample]);
    const outputs = await session.run({ [session.inputNames[0]]: tensor });
    const output = outputs[session.outputNames[0]];
    width = output.data.length / count;
    parts.push(output.data);
  }
  const all = new Float32Array(n * width);
  parts.forEach((part, i) => all.set(part, i * BATCH * width));
  save(outputPath, [n, width], all);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
