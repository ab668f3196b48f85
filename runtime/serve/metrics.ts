/** What a server tells Prometheus of itself. */
import type { Peers } from './peers.js';

/** What is counted, and who asks for it. */
export interface Metrics {
  readonly type: string;
  text(): Promise<string>;
  readonly answered: (route: string, status: number, seconds: number) => void;
  readonly batched: (rows: number, ms: number) => void;
  readonly reloaded: (well: boolean) => void;
}

/** What is looked at when it is asked for. */
export interface Gauges {
  readonly waiting: () => number;
  readonly alive: () => number;
}

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10];

/** A registry of its own, so that several servers of one process count apart. */
export const metrics = (
  prometheus: Peers['prometheus'],
  { waiting, alive }: Gauges,
  about: Readonly<Record<string, string>>,
): Metrics => {
  const registry = new prometheus.Registry();
  const registers = [registry];
  const requests = new prometheus.Histogram({
    name: 'pcrec_request_seconds',
    help: 'From the arrival of a request to its answer.',
    labelNames: ['route', 'status'],
    buckets: seconds,
    registers,
  });
  const rows = new prometheus.Histogram({
    name: 'pcrec_batch_requests',
    help: 'Requests that were scored together.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers,
  });
  const scoring = new prometheus.Histogram({
    name: 'pcrec_batch_seconds',
    help: 'From a batch to its scores.',
    buckets: seconds,
    registers,
  });
  const reloads = new prometheus.Counter({
    name: 'pcrec_reloads_total',
    help: 'Checkpoints that were taken while serving, and those that were refused.',
    labelNames: ['outcome'],
    registers,
  });
  const gauge = (name: string, help: string, look: () => number): void =>
    void new prometheus.Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(look());
      },
    });
  gauge('pcrec_waiting_requests', 'Requests that wait for a scorer.', waiting);
  gauge('pcrec_scorers', 'Scorers at work.', alive);
  new prometheus.Gauge({
    name: 'pcrec_model_info',
    help: 'What is served.',
    labelNames: Object.keys(about),
    registers,
  }).set(about, 1);
  prometheus.collectDefaultMetrics({ register: registry });
  return {
    type: registry.contentType,
    text: () => registry.metrics(),
    answered: (route, status, took) => requests.observe({ route, status: String(status) }, took),
    batched: (count, ms) => {
      rows.observe(count);
      scoring.observe(ms / 1000);
    },
    reloaded: (well) => reloads.inc({ outcome: well ? 'taken' : 'refused' }),
  };
};
