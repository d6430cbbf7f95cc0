import * as fs from 'node:fs';
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import * as esbuild from 'esbuild';
import { type Defence, defencesOfFunction, without } from './defences';
import type { Trial, Verdict } from './trial';

const DEFAULT_LIVES = 12_000;
const FIRST_SEED = 1;
const WORKERS = 2;
/** A function that has lost a defence may go on for ever. */
const MAX_MINUTES = 5;

/**
 * Takes each defence out of the function, one at a time, and looks whether the regressions or random lives notice.
 * Nothing is written: each variant exists in memory only. `ablation.ts [lives] [name...]`
 */
async function main([lives = String(DEFAULT_LIVES), ...names]: string[]): Promise<void> {
  const all = defencesOfFunction();
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  const untouched = await attempt(undefined, Number(lives));
  if (untouched.noticedBy) throw new Error(`also the complete function breaks a promise: ${untouched.how}`);
  const verdicts = new Map<Defence, Verdict>();
  const waiting = [...chosen];
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const verdict = await attempt(next, Number(lives));
        verdicts.set(next, verdict);
        console.log(row(next.name, verdict));
      }
    }),
  );
  const noticed = chosen.filter((one) => verdicts.get(one)?.noticedBy);
  console.log(`ablation: ${noticed.length} of ${chosen.length} noticed`);
  if (noticed.length < chosen.length) process.exitCode = 1;
}

function row(name: string, { noticedBy, how }: Verdict): string {
  return `${name.padEnd(34)} ${noticedBy ? `${noticedBy}\n${' '.repeat(35)}${how?.slice(0, 160)}` : 'NOT NOTICED'}`;
}

async function attempt(defence: Defence | undefined, lives: number): Promise<Verdict> {
  const trial: Trial = { lives, seed: FIRST_SEED };
  const worker = new Worker(await bundle(defence), { eval: true, workerData: trial });
  const deadline = setTimeout(() => void worker.terminate(), MAX_MINUTES * 60_000);
  try {
    return await new Promise<Verdict>((resolve, reject) => {
      worker.on('message', resolve);
      worker.on('error', reject);
      worker.on('exit', () => resolve({ noticedBy: 'the clock', how: `no end within ${MAX_MINUTES} minutes` }));
    });
  } finally {
    clearTimeout(deadline);
    await worker.terminate();
  }
}

/** The lives, with the function as it is without the defence. */
async function bundle(defence: Defence | undefined): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(__dirname, 'trial.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    packages: 'external',
    plugins: [
      {
        name: 'ablation',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path: file }) =>
            file === defence?.file
              ? { contents: without(fs.readFileSync(file, 'utf8'), [defence]), loader: 'ts' }
              : undefined,
          );
        },
      },
    ],
  });
  return outputFiles[0].text;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
