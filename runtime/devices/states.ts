/** Where a session's states are: on the host, on the GPU, or the same on both. Imperative: they move. */
import { type Device, type Vault, vault } from './resident.js';

export interface States {
  /** The host's copy; stale after `changed` until `toHost`. */
  readonly get: (name: string) => Float32Array | undefined;
  readonly set: (values: ReadonlyMap<string, Float32Array>) => void;
  /** The device has advanced these. */
  readonly changed: (names: readonly string[]) => void;
  readonly toHost: () => Promise<void>;
  /** Brings the device's copies up to date; null where states cannot stay on it. */
  readonly toDevice: () => Vault | null;
  readonly destroy: () => void;
}

export const stateStore = (lengths: ReadonlyMap<string, number>, device: Device | null): States => {
  const host = new Map<string, Float32Array>([...lengths].map(([name, n]) => [name, new Float32Array(n)]));
  const held = device === null ? null : vault(device);
  const ahead = { host: new Set(lengths.keys()), device: new Set<string>() };
  return {
    get: (name) => host.get(name),
    set: (values) =>
      values.forEach((value, name) => {
        host.set(name, value);
        ahead.host.add(name);
        ahead.device.delete(name);
      }),
    changed: (names) => names.forEach((name) => ahead.device.add(name)),
    toHost: async () => {
      if (held === null || ahead.device.size === 0) return;
      (await held.get([...ahead.device])).forEach((value, name) => host.set(name, value));
      ahead.device.clear();
    },
    toDevice: () => {
      if (held === null) return null;
      ahead.host.forEach((name) => held.put(name, host.get(name) ?? new Float32Array(0)));
      ahead.host.clear();
      return held;
    },
    destroy: () => held?.destroy(),
  };
};
