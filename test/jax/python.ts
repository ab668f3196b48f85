/** The Python that tests run: JAX_PYTHON, or one on the path that has what `requirements.txt` asks for. */
import { execFile, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../compiler/package.js';

const candidates = [process.env['JAX_PYTHON'], 'python3'].filter((path) => path !== undefined && path !== '');

/** Undefined where there is none, which is then said. */
export const python = candidates.find(
  (path) => spawnSync(path!, ['-c', 'import jax, numpy, flatbuffers']).status === 0,
);
if (python === undefined)
  process.stderr.write(
    `What is tested of JAX programs here was left out: no Python with jax was found. Make one with: python3 -m venv FOLDER && FOLDER/bin/pip install -r compiler/targets/jax/train/requirements.txt ruff, and name it: JAX_PYTHON=FOLDER/bin/python\n`,
  );

const beside = join(dirname(python ?? ''), 'ruff');
/** Undefined where it does not stand beside that Python, which is then said. */
export const ruff = python === undefined || spawnSync(beside, ['--version']).status !== 0 ? undefined : beside;
if (ruff === undefined)
  process.stderr.write('What ruff says of the Python here was left out: it was not found beside Python.\n');

/** Where the emitted program stands in the repository. */
export const program = join(packageRoot, 'compiler/targets/jax/train');

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs Python on some forced host devices, without a terminal; never throws. */
export const ran = async (args: readonly string[], over: NodeJS.ProcessEnv = {}, devices = 1): Promise<Ran> => {
  const env = {
    ...process.env,
    JAX_PLATFORMS: 'cpu',
    PYTHONDONTWRITEBYTECODE: '1',
    XLA_FLAGS: `--xla_force_host_platform_device_count=${devices}`,
    ...over,
  };
  try {
    const { stdout, stderr } = await promisify(execFile)(python!, args, { env, maxBuffer: 2 ** 28 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: code ?? -1, out: stdout, err: stderr };
  }
};
