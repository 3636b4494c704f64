// Node's pools at the benchmarks' work; prints one line of JSON for each sample.
//
// workerpool and jest-worker run processes, with the serialisation that passes binary data as it is;
// piscina runs threads. NODE_PATH says where they are installed.
'use strict';

const childProcess = require('node:child_process');
const path = require('node:path');
const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { parseArgs } = require('node:util');
const jobs = require('./node_jobs.js');

const warmUp = 200;
const loopIntervalMs = 5;
const jobsFile = path.join(__dirname, 'node_jobs.js');

// Each pool as: run(function's name, argument) -> Promise, close().
const pools = {
  workerpool(workers) {
    const pool = require('workerpool').pool(path.join(__dirname, 'node_workerpool.js'), {
      workerType: 'process',
      minWorkers: workers,
      maxWorkers: workers,
      forkOpts: { serialization: 'advanced' },
    });
    return { run: (name, argument) => pool.exec(name, [argument]), close: () => pool.terminate() };
  },

  'jest-worker'(workers) {
    const { Worker } = require('jest-worker');
    const pool = new Worker(jobsFile, {
      numWorkers: workers,
      enableWorkerThreads: false,
      exposedMethods: Object.keys(jobs),
      forkOptions: { serialization: 'advanced' },
    });
    return { run: (name, argument) => pool[name](argument), close: () => pool.end() };
  },

  piscina(workers) {
    const { Piscina } = require('piscina');
    const pool = new Piscina({ filename: jobsFile, minThreads: workers, maxThreads: workers });
    return { run: (name, argument) => pool.run(argument, { name }), close: () => pool.destroy() };
  },
};

const subjects = {
  workerpool: 'workerpool (process)',
  'jest-worker': 'jest-worker (process)',
  piscina: 'piscina (threads)',
};

function quantile(values, fraction) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)];
}
const median = (values) => quantile(values, 0.5);
const p99 = (values) => quantile(values, 0.99);

function many(pool, count, name, argument) {
  const pending = new Array(count);
  for (let i = 0; i < count; ++i) pending[i] = pool.run(name, argument);
  return Promise.all(pending);
}

function secondsPerJob(each, steps) {
  const begin = performance.now();
  for (let i = 0; i < each; ++i) jobs.churn(steps);
  return (performance.now() - begin) / each / 1e3;
}

function stepsFor(seconds) {
  const steps = 1 << 20;
  let best = Infinity;
  for (let i = 0; i < 20; ++i) best = Math.min(best, secondsPerJob(1, steps));
  return Math.round((steps * seconds) / best);
}

// What the cores give without any pool: the mean of plain processes that work at once.
async function plainSecondsPerJob(processes, each, steps) {
  const one = () =>
    new Promise((resolve, reject) => {
      const child = childProcess.fork(__filename, ['--plain', String(each), String(steps)]);
      child.on('message', resolve);
      child.on('error', reject);
    });
  const seconds = await Promise.all(Array.from({ length: processes }, one));
  return seconds.reduce((sum, each) => sum + each) / processes;
}

async function latency(pool, options) {
  const samples = [];
  for (let i = -warmUp; i < options.jobs; ++i) {
    const begin = performance.now();
    await pool.run('noOp');
    if (i >= 0) samples.push((performance.now() - begin) * 1e3);
  }
  return { value: median(samples), unit: 'us', p99Us: p99(samples) };
}

async function burst(pool, options) {
  const begin = performance.now();
  await many(pool, options.jobs, 'noOp');
  return { value: (options.jobs / (performance.now() - begin)) * 1e3, unit: 'jobs/s' };
}

async function cpu(pool, options) {
  const { workers } = options;
  const steps = stepsFor(0.01);
  const each = Math.floor(options.jobs / 2 / workers) + 1;
  const before = await plainSecondsPerJob(workers, each, steps);
  await many(pool, 4 * workers, 'churn', steps); // compiled by now
  const begin = performance.now();
  await many(pool, options.jobs, 'churn', steps);
  const seconds = (performance.now() - begin) / 1e3;
  const after = await plainSecondsPerJob(workers, each, steps);
  return {
    value: (options.jobs * (before + after)) / 2 / (seconds * workers),
    unit: 'of ideal',
    jobMsBefore: before * 1e3,
    jobMsAfter: after * 1e3,
  };
}

async function large(pool, options) {
  const data = new Uint8Array(options.bytes).fill(1);
  const call = {
    'bytes-in': () => pool.run('take', data),
    'bytes-out': () => pool.run('give', options.bytes),
    'bytes-both': () => pool.run('echo', data),
  }[options.workload];
  await call();
  const samples = [];
  for (let i = 0; i < options.jobs; ++i) {
    const begin = performance.now();
    await call();
    samples.push(performance.now() - begin);
  }
  return { value: median(samples), unit: 'ms', worstMs: Math.max(...samples) };
}

async function mixed(pool, options) {
  const latencies = [];
  const short = async () => {
    const begin = performance.now();
    await pool.run('spin', 1);
    latencies.push(performance.now() - begin);
  };
  const pending = [];
  for (let i = 0; i < options.jobs; ++i) {
    if (i === Math.floor(options.jobs / 10)) pending.push(pool.run('spin', options.longMs));
    pending.push(short());
  }
  await Promise.all(pending);
  return { value: quantile(latencies, 1), unit: 'ms', p99Ms: p99(latencies) };
}

const workloads = {
  latency,
  burst,
  cpu,
  'bytes-in': large,
  'bytes-out': large,
  'bytes-both': large,
  mixed,
};

function usageError(message) {
  console.error(`node_pool.js: ${message} (see --help)`);
  process.exit(2);
}

function help() {
  console.log(`usage: node_pool.js --pool <pool> --workload <workload> --jobs <n> --workers <n>
                    [--bytes <n>] [--long-ms <n>]

Node's process and thread pools at the benchmarks' work; prints a line of JSON.

pools:     ${Object.keys(pools).join(', ')}
workloads: ${Object.keys(workloads).join(', ')}`);
  process.exit(0);
}

function parseOptions() {
  const names = ['pool', 'workload', 'jobs', 'workers', 'bytes', 'long-ms'];
  let given;
  try {
    given = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
      },
    }).values;
  } catch (error) {
    usageError(error.message);
  }
  if (given.help) help();
  for (const [name, all] of Object.entries({ pool: pools, workload: workloads })) {
    if (given[name] in all) continue;
    usageError(`--${name} must be one of ${Object.keys(all).join(', ')}`);
  }
  const number = (name, preset) => {
    const value = Number(given[name] ?? preset);
    if (!Number.isInteger(value) || value < 1) usageError(`--${name} must be a number above 0`);
    return value;
  };
  return {
    pool: given.pool,
    workload: given.workload,
    jobs: number('jobs'),
    workers: number('workers'),
    bytes: number('bytes', 64 << 20),
    longMs: number('long-ms', 2000),
  };
}

async function main() {
  const options = parseOptions();
  const pool = pools[options.pool](options.workers);
  await many(pool, warmUp, 'noOp');
  const loop = monitorEventLoopDelay({ resolution: loopIntervalMs });
  loop.enable();
  const sample = await workloads[options.workload](pool, options);
  loop.disable();
  // Its histogram is of intervals.
  const loopP99Ms = Math.max(0, loop.percentile(99) / 1e6 - loopIntervalMs);
  const { workload } = options;
  console.log(
    JSON.stringify({
      workload,
      subject: subjects[options.pool],
      ...sample,
      jobs: options.jobs,
      ...(workload === 'cpu' ? {} : { loopP99Ms }), // there this process calibrates, too
    }),
  );
  await pool.close();
}

if (process.argv[2] === '--plain') {
  process.send(secondsPerJob(Number(process.argv[3]), Number(process.argv[4])), () =>
    process.disconnect(),
  );
} else {
  main().then(
    () => process.exit(0),
    (error) => {
      const missing = error.code === 'MODULE_NOT_FOUND';
      console.error(
        missing ? `node_pool.js: ${error.message.split('\n')[0]} on NODE_PATH` : error,
      );
      process.exit(1);
    },
  );
}
