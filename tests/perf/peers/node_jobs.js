// The jobs of the benchmarks, for Node's pools: each takes one argument.
'use strict';

const kept = new Map();

module.exports = {
  noOp() {},

  // So many steps of arithmetic.
  churn(steps) {
    let state = 1;
    for (let i = 0; i < steps; ++i) state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state;
  },

  spin(milliseconds) {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  },

  take(data) {
    return data.length + (data[0] ^ data[data.length - 1]);
  },

  // The same memory each time.
  give(size) {
    if (!kept.has(size)) kept.set(size, new Uint8Array(size).fill(1));
    return kept.get(size);
  },

  echo(data) {
    return data;
  },
};
